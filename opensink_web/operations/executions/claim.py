"""What a worker needs to carry out executions that it has taken.

The calls themselves are made outside any transaction; how they went is outcome.py's. What is due in
a group, and who has leased it, is the queue's (work/queue.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, or_

from opensink_web.json_value import JSONObject
from opensink_web.keyring import Keyring
from opensink_web.models import (
    Batch,
    Execution,
    ExecutionKind,
    ExecutionStatus,
    Membership,
    StepKind,
    User,
)
from opensink_web.models.leased import RECOVERIES_MAX
from opensink_web.models.sealed import keyring
from opensink_web.models.traced import trace_of
from opensink_web.operations.executions.ending import Step, add_steps
from opensink_web.operations.executions.queries.chat import messages_of
from opensink_web.operations.executions.queries.question import Answer, answers_of
from opensink_web.operations.executions.target import (
    AgentTarget,
    Target,
    target_of_agent,
    target_of_function,
)
from opensink_web.outbound.client import Headers
from opensink_web.outbound.outcome import Failure
from opensink_web.trace_context import TraceContext, span_id_of

TIMEOUT = "timeout"
"""The `error_code` of what took too long."""

NO_MEMBER = "not_a_member"
"""The `error_code` of what somebody started who has left, or was shut out, since then."""
_NO_MEMBER = "The person who started it is no longer an active member of the workspace."

COLUMNS = (
    Execution.id,
    Execution.group_id,
    Execution.workspace_id,
    Execution.batch_id,
    Execution.user_id,
    User.email,
    Execution.kind,
    Execution.function_id,
    Execution.agent_id,
    Execution.chat_id,
    Execution.trigger_type,
    Execution.trigger_id,
    Execution.scopes,
    Execution.status,
    Execution.sealed_input_data,
    Execution.timeout_seconds,
    Execution.pause_count,
    Execution.lease_token,
    Execution.recovery_count,
    Execution.trace_id,
    Execution.trace_parent,
    Execution.trace_state,
    and_(
        User.is_active, Membership.user_id.is_not(None), Membership.deactivated_at.is_(None)
    ).label("user_is_member"),
)
"""What is read of an execution that is due."""


@dataclass(frozen=True, slots=True)
class ExecutionClaim:
    """The right to carry one execution out and to say how it went, and what it takes.

    `target` is a Failure where there is nothing left to do but to end it so. `scopes` is what the
    key that started it was limited to. `answer` is what a person answered at its last pause,
    `messages` what was said in the chat that an agent is to answer. The input is decrypted with the
    keys of `ring` when it is read, outside the transaction.
    """

    id: UUID
    group_id: UUID
    lease_token: str
    target: Target | Failure
    workspace_id: UUID
    user_id: UUID
    user_email: str
    scopes: tuple[str, ...] | None
    chat_id: UUID | None
    trigger_type: str
    trigger_id: str
    batch_id: UUID | None
    sealed_input_data: str
    ring: Keyring
    answer: Answer | None
    timeout_seconds: int
    pause_count: int
    messages: Sequence[JSONObject] = ()
    trace: TraceContext | None = None

    def read_input(self) -> JSONObject:
        """Return the input. Raises: UnreadableSecret."""
        input_data: JSONObject = Execution.input_data.unseal(
            self.id, self.sealed_input_data, self.ring
        )
        return input_data

    @property
    def message_id(self) -> str:
        """The `webhook-id`: the same for the same call made again, another after each pause."""
        return f"{self.id}-{self.pause_count}" if self.pause_count else str(self.id)

    @property
    def trace_headers(self) -> Headers:
        """By which its call goes on with the trace; each call is a span of its own."""
        return (
            () if self.trace is None else self.trace.headers(span_id_of(self.id, self.lease_token))
        )


def joined(due: Select[Any]) -> Select[Any]:
    """Join what COLUMNS are of to a query of executions, and leave out what must not begin."""
    is_members = and_(
        Membership.user_id == Execution.user_id,
        Membership.workspace_id == Execution.workspace_id,
    )
    return (
        due.join(User, User.id == Execution.user_id)
        # may be missing, and what is due has to end even then
        .outerjoin(Membership, is_members)
        # a batch that was cancelled is cancelled in slices; nothing of it begins meanwhile
        .outerjoin(Batch, Batch.id == Execution.batch_id)
        .where(or_(Batch.cancelled_at.is_(None), Execution.status == ExecutionStatus.RUNNING))
    )


def target_of(row: Row[Any]) -> Target | Failure:
    """Return what an execution calls: the same as all others of its group."""
    if row.kind is ExecutionKind.AGENT:
        return target_of_agent(row.agent_id)
    return target_of_function(row.function_id)


def claims_of(
    rows: Sequence[Row[Any]], lease_token: str, target: Target | Failure
) -> list[ExecutionClaim]:
    """Note that executions were taken, and read what it takes to carry them out."""
    add_steps([Step(row.id, _step_of(row)) for row in rows if not _has_not_reported(row)])
    answers = answers_of([row.id for row in rows if row.pause_count])
    ring = keyring()
    claims = [_claim(row, lease_token, target, answers.get(row.id), ring) for row in rows]
    return _with_messages(claims) if isinstance(target, AgentTarget) else claims


def _with_messages(claims: Sequence[ExecutionClaim]) -> list[ExecutionClaim]:
    said = messages_of([each.chat_id for each in claims if each.chat_id is not None])
    with_messages = []
    for each in claims:
        messages = said.get(each.chat_id) if each.chat_id is not None else None
        if messages is not None:
            with_messages.append(replace(each, messages=messages))
        else:
            why = "no longer exists" if each.chat_id is None else "cannot be decrypted"
            with_messages.append(replace(each, target=Failure(f"The chat {why}.")))
    return with_messages


def _has_not_reported(row: Row[Any]) -> bool:
    """Return True if it is due because the time to report by itself is over."""
    return row.status is ExecutionStatus.RUNNING and row.lease_token is None


def _step_of(row: Row[Any]) -> StepKind:
    return StepKind.STARTED if row.lease_token is None else StepKind.RECOVERED


def _claim(
    row: Row[Any],
    lease_token: str,
    target: Target | Failure,
    answer: Answer | Failure | None,
    ring: Keyring,
) -> ExecutionClaim:
    if isinstance(answer, Failure):
        target, answer = answer, None
    return ExecutionClaim(
        id=row.id,
        group_id=row.group_id,
        lease_token=lease_token,
        target=_reason_to_end(row) or target,
        workspace_id=row.workspace_id,
        user_id=row.user_id,
        user_email=row.email,
        scopes=None if row.scopes is None else tuple(row.scopes),
        chat_id=row.chat_id,
        trigger_type=row.trigger_type,
        trigger_id=row.trigger_id,
        batch_id=row.batch_id,
        sealed_input_data=row.input_data,
        ring=ring,
        answer=answer,
        timeout_seconds=row.timeout_seconds,
        pause_count=row.pause_count,
        trace=trace_of(row),
    )


def _reason_to_end(row: Row[Any]) -> Failure | None:
    """Say why an execution that is due is not carried out any more."""
    if _has_not_reported(row):
        return Failure(f"It did not report within {row.timeout_seconds} seconds.", TIMEOUT)
    if not row.user_is_member:
        return Failure(_NO_MEMBER, NO_MEMBER)
    lost_count = row.recovery_count + (row.lease_token is not None)
    if lost_count > RECOVERIES_MAX:
        message = f"Outcome unknown: the worker stopped during {lost_count} attempts."
        return Failure(message, "outcome_unknown")
    return None
