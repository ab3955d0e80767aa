"""Callbacks: what it takes to make those that are owed, and how each went. Each is made once.

A callback whose worker died while it held it is not made again: nobody knows whether it was heard,
and whoever waits for it can look at the execution or the batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select, update

from opensink_web import clock
from opensink_web.errors import UnreadableSecret
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    Batch,
    Callback,
    CallbackStatus,
    Execution,
    ExecutionStatus,
    StepKind,
    db,
)
from opensink_web.models.traced import trace_of
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.accounts.membership import is_active_member
from opensink_web.operations.executions.ending import Step, add_steps
from opensink_web.operations.executions.queries.batch import progress_of, status_of
from opensink_web.outbound.client import Call, Headers, Response
from opensink_web.outbound.explained import status_sentence
from opensink_web.trace_context import span_id_of

COLUMNS = (
    Callback.id,
    Callback.group_id,
    Callback.execution_id,
    Callback.batch_id,
    Callback.sealed_url,
    Callback.lease_token,
)
"""What is read of a callback that is due."""

UNKNOWN = (
    "How this call went is unknown: the worker stopped, or could not store it. The call is not made"
    " again."
)
_FINISH = update(Callback).where(
    Callback.id == bindparam("of_callback"), Callback.lease_token == bindparam("lease_held")
)


@dataclass(frozen=True, slots=True)
class CallbackClaim:
    """The right to make one callback: where to, what is said, and as whom.

    `reports_on` is the execution or batch that has ended. Whoever is no active member any more is
    told of it, and gives nobody a token. `trace` are the headers that go on with its trace.

    `is_lost` when another worker died with it, or its address cannot be decrypted: then there is
    nothing to do but to say so.
    """

    id: UUID
    group_id: UUID
    lease_token: str
    is_lost: bool
    execution_id: UUID | None
    reports_on: UUID
    url: str
    body: JSONObject
    workspace_id: UUID
    user_id: UUID
    user_is_member: bool
    scopes: tuple[str, ...] | None
    trace: Headers = ()


@dataclass(frozen=True, slots=True)
class CallbackResult:
    """What is kept of a call; without an `error` it was heard."""

    error: str | None
    response_code: int | None = None


def claims_of(rows: Sequence[Row[Any]], lease_token: str) -> list[CallbackClaim]:
    """Read what it takes to make callbacks that were taken."""
    return [*_claims_of_executions(rows, lease_token), *_claims_of_batches(rows, lease_token)]


def result_of(call: Call, answer: Response) -> CallbackResult:
    """Return what is kept of a call, which carries a token; costs time and needs no transaction."""
    if answer.error is not None:
        return CallbackResult(answer.error.message, answer.status_code)
    error = None
    if not answer.succeeded:
        error = status_sentence("The callback's receiver", call, answer)
    return CallbackResult(error, answer.status_code)


def finish_callbacks(settled: Sequence[tuple[CallbackClaim, CallbackResult | None]]) -> None:
    """Write down how callbacks went; None stands for one of which nobody knows."""
    moment = clock.now()
    steps = []
    for claim, result in sorted(settled, key=lambda each: each[0].id):
        ending = result or CallbackResult(UNKNOWN)
        error = ending.error
        values = {
            "of_callback": claim.id,
            "lease_held": claim.lease_token,
            "lease_token": None,
            "lease_until": None,
            "status": CallbackStatus.SENT if error is None else CallbackStatus.FAILED,
            "response_code": ending.response_code,
            "error_message": error,
            "finished_at": moment,
        }
        held = run_prepared(_FINISH, values).rowcount == 1
        if held and claim.execution_id is not None:
            kind = StepKind.CALLBACK_SENT if error is None else StepKind.CALLBACK_FAILED
            steps.append(Step(claim.execution_id, kind, error))
    add_steps(steps)


def _claims_of_executions(rows: Sequence[Row[Any]], token: str) -> list[CallbackClaim]:
    by_id = {row.execution_id: row for row in rows if row.execution_id is not None}
    executions = db.session.scalars(select(Execution).where(Execution.id.in_(by_id)))
    return [_claim(by_id[each.id], token, each, execution_summary(each)) for each in executions]


def _claims_of_batches(rows: Sequence[Row[Any]], token: str) -> list[CallbackClaim]:
    by_id = {row.batch_id: row for row in rows if row.batch_id is not None}
    batches = db.session.scalars(select(Batch).where(Batch.id.in_(by_id)))
    return [_claim(by_id[each.id], token, each, batch_summary(each)) for each in batches]


def _claim(row: Row[Any], token: str, ended: Execution | Batch, body: JSONObject) -> CallbackClaim:
    try:
        url, is_lost = Callback.url.unseal(row.id, row.url), row.lease_token is not None
    except UnreadableSecret:
        url, is_lost = "", True
    trace = trace_of(ended)
    return CallbackClaim(
        id=row.id,
        group_id=row.group_id,
        lease_token=token,
        is_lost=is_lost,
        execution_id=row.execution_id,
        reports_on=ended.id,
        url=url,
        body=body,
        workspace_id=ended.workspace_id,
        user_id=ended.user_id,
        user_is_member=is_active_member(ended.user_id, ended.workspace_id),
        scopes=None if ended.scopes is None else tuple(ended.scopes),
        trace=() if trace is None else trace.headers(span_id_of(row.id)),
    )


def execution_summary(execution: Execution) -> JSONObject:
    """Return what the callback of an execution says."""
    succeeded = execution.status is ExecutionStatus.COMPLETED
    return {
        "execution_id": str(execution.id),
        "trigger_id": execution.trigger_id,
        "function": {"namespace": execution.target_namespace, "name": execution.target_name},
        "status": "success" if succeeded else "failure",
        "started_at": _moment(execution.started_at),
        "finished_at": _moment(execution.finished_at),
        "duration_ms": execution.duration_ms,
        "result": execution.output_data if succeeded else None,
        "error": None if succeeded else execution.error,
    }


def batch_summary(batch: Batch) -> JSONObject:
    """Return what the callback of a batch says."""
    progress = progress_of([batch])[batch.id]
    return {
        "batch_id": str(batch.id),
        "kind": batch.kind.value,
        "target": {"namespace": batch.target_namespace, "name": batch.target_name},
        "total": batch.total,
        "completed": progress.count(ExecutionStatus.COMPLETED),
        "failed": progress.count(ExecutionStatus.FAILED),
        "cancelled": progress.count(ExecutionStatus.CANCELLED),
        "awaiting_input": progress.count(ExecutionStatus.AWAITING_INPUT),
        "status": status_of(batch, progress).value,
        "started_at": _moment(progress.started_at),
        "finished_at": _moment(batch.finished_at),
        "trigger_id_prefix": batch.trigger_id_prefix,
        "trace_id": batch.trace_id,
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
