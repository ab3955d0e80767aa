"""How executions end, and with the last of them their batch: the callbacks owed are written here.

Whoever ends executions has locked their batches first: of children that end at the same moment in
several processes the last one then sees all the others.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, assert_never
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, update

from opensink_web import clock
from opensink_web.errors import UnreadableSecret
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.keyring import Keyring
from opensink_web.models import (
    Batch,
    BatchStatus,
    Callback,
    CallbackStatus,
    Execution,
    ExecutionStatus,
    ExecutionStep,
    StepKind,
    db,
)
from opensink_web.models.base import new_id
from opensink_web.models.sealed import sealed_values
from opensink_web.models.transaction import (
    Area,
    changed_after_commit,
    notify_after_commit,
    run_prepared,
)
from opensink_web.operations.executions.callback_group import group_of_url
from opensink_web.schema.subschemas import Path

_log = logging.getLogger("opensink.executions")
UNFINISHED = (
    ExecutionStatus.QUEUED,
    ExecutionStatus.RUNNING,
    ExecutionStatus.AWAITING_INPUT,
)

# Built once, because building a statement costs more than running it.
_IS_WANTED = Execution.id.in_(bindparam("of_executions", expanding=True))
_IS_HELD = Execution.lease_token.in_(bindparam("of_leases", expanding=True))
_BATCH_IDS = (
    select(Execution.batch_id).where(_IS_WANTED, Execution.batch_id.is_not(None)).distinct()
)
_LOCK_BATCHES = (
    select(Batch.id)
    .where(Batch.id.in_(bindparam("of_batches", expanding=True)))
    .order_by(Batch.id)
    .with_for_update(key_share=True)  # rows that refer to these can be inserted meanwhile
)
_LOCK_EXECUTIONS = (
    select(
        Execution.id,
        Execution.workspace_id,
        Execution.batch_id,
        Execution.group_id,
        Execution.status,
        Execution.lease_token,
        Execution.sealed_callback_url,
    )
    .where(_IS_WANTED)
    .order_by(Execution.id)
    .with_for_update(key_share=True)
)
_LOCK_HELD = _LOCK_EXECUTIONS.where(_IS_HELD)
_END = update(Execution).where(Execution.id == bindparam("of_execution"))
_ADD_STEPS = insert(ExecutionStep)
_OWE_CALLBACKS = insert(Callback)
_UNFINISHED_CHILD = (
    select(Execution.id)
    .where(Execution.batch_id == bindparam("of_batch"), Execution.status.in_(UNFINISHED))
    .limit(1)
)
_COUNT_CHILDREN = (
    select(Execution.status, func.count().label("children"))
    .where(Execution.batch_id == bindparam("of_batch"))
    .group_by(Execution.status)
)
_END_BATCH = update(Batch).where(Batch.id == bindparam("of_batch"), Batch.ended_as.is_(None))
_FORGOTTEN_BATCHES = (
    select(Batch.id)
    .where(
        Batch.ended_as.is_(None),
        Batch.staged_until.is_(None),
        ~select(Execution.id)
        .where(Execution.batch_id == Batch.id, Execution.status.in_(UNFINISHED))
        .exists(),
    )
    .limit(100)
)


@dataclass(frozen=True, slots=True)
class LockedExecution:
    """What is read of an execution when it is locked."""

    id: UUID
    workspace_id: UUID
    batch_id: UUID | None
    group_id: UUID
    status: ExecutionStatus
    lease_token: str | None
    sealed_callback_url: str | None


@dataclass(frozen=True, slots=True)
class Ending:
    """How one execution ends. `output` is kept of a failed one too, where there is one.

    `secret_paths` are where secrets are in the output, and `details` go into its timeline.
    """

    status: ExecutionStatus
    output: JSONValue = None
    error: str | None = None
    error_code: str | None = None
    secret_paths: Sequence[Path] = ()
    details: JSONObject | None = None


@dataclass(frozen=True, slots=True)
class SealedEnding:
    """The same, sealed for the execution's row: what its columns say, and what its last step."""

    status: ExecutionStatus
    error: str | None
    columns: dict[str, Any]
    details: JSONObject | None


@dataclass(frozen=True, slots=True)
class Step:
    """A line for an execution's timeline."""

    execution_id: UUID
    kind: StepKind
    message: str | None = None
    details: dict[str, JSONValue] | None = None


def lock_executions(execution_ids: Collection[UUID]) -> dict[UUID, LockedExecution]:
    """Lock executions, their batches before them; those that are gone are left out."""
    values = {"of_executions": list(execution_ids)}
    if not execution_ids:
        return {}
    lock_batches(run_prepared(_BATCH_IDS, values).scalars().all())
    rows = run_prepared(_LOCK_EXECUTIONS, values).all()
    return {row.id: LockedExecution(*tuple(row)) for row in rows}


def lock_held_executions(
    leases: Collection[tuple[UUID, str]], batch_ids: Collection[UUID]
) -> dict[UUID, LockedExecution]:
    """Lock executions that are held by one of the leases; the others are left alone.

    One that was taken twice is there with the lease that it has now. Their batches, which are
    locked before, are known: an execution is of the same one from the first to the last.
    """
    if not leases:
        return {}
    values = {
        "of_executions": list({execution_id for execution_id, _ in leases}),
        "of_leases": list({token for _, token in leases}),
    }
    lock_batches(batch_ids)
    rows = run_prepared(_LOCK_HELD, values).all()
    return {row.id: LockedExecution(*tuple(row)) for row in rows}


def sealed_ending(execution_id: UUID, ending: Ending, ring: Keyring | None = None) -> SealedEnding:
    """Seal how an execution ends; with a `ring` where no application is at hand."""
    paths = [list(each) for each in ending.secret_paths]
    columns = {
        "of_execution": execution_id,
        "status": ending.status,
        "output_data": Execution.output_data.seal(execution_id, ending.output, ring),
        "secret_output_paths": Execution.secret_output_paths.seal(execution_id, paths, ring),
        "error": Execution.error.seal(execution_id, ending.error, ring),
        "error_code": ending.error_code,
    }
    return SealedEnding(ending.status, ending.error, columns, ending.details)


def end_executions(endings: Sequence[tuple[LockedExecution, Ending | SealedEnding]]) -> None:
    """End executions that are locked and unfinished, and the batches whose last ones they are."""
    if not endings:
        return
    freed = {"lease_token": None, "lease_until": None}
    moment = clock.now()
    common = {**freed, "finished_at": moment, "updated_at": moment}
    sealed = [
        ending if isinstance(ending, SealedEnding) else sealed_ending(execution.id, ending)
        for execution, ending in endings
    ]
    run_prepared(_END, [{**each.columns, **common} for each in sealed])
    add_steps(
        [
            Step(execution.id, _step_of(ending.status), ending.error, ending.details)
            for execution, ending in endings
        ]
    )
    for workspace_id in {each.workspace_id for each, _ in endings}:
        changed_after_commit(workspace_id, Area.EXECUTIONS)
    _owe_callbacks([each for each, _ in endings if each.sealed_callback_url is not None])
    # last: it looks for executions that have not ended
    end_batches({each.batch_id for each, _ in endings if each.batch_id is not None})


def add_steps(steps: Iterable[Step]) -> None:
    """Write lines into timelines."""
    rows = rows_of_steps(steps)
    if rows:
        run_prepared(_ADD_STEPS, rows)


def rows_of_steps(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Return what add_steps() inserts; needs no transaction."""
    moment = clock.now()
    return [
        sealed_values(
            ExecutionStep,
            {
                "id": new_id(),
                "created_at": moment,
                "execution_id": step.execution_id,
                "kind": step.kind,
                "message": step.message,
                "details": step.details,
            },
        )
        for step in steps
    ]


def end_batches(batch_ids: Collection[UUID]) -> None:
    """End those of the locked batches whose last execution has ended."""
    for batch_id in batch_ids:
        # one row says that it goes on; all of them are counted once, when it has ended
        if run_prepared(_UNFINISHED_CHILD, {"of_batch": batch_id}).first() is None:
            _end_batch(batch_id)


def is_a_batch_forgotten() -> bool:
    """Return True if a batch is done and nobody has ended it. Writes nothing."""
    return run_prepared(_FORGOTTEN_BATCHES, {}).first() is not None


def end_forgotten_batches() -> int:
    """End batches that nobody ended although they are done; return how many there were."""
    batch_ids = run_prepared(_FORGOTTEN_BATCHES, {}).scalars().all()
    lock_batches(batch_ids)
    end_batches(batch_ids)
    return len(batch_ids)


def lock_batches(batch_ids: Collection[UUID | None]) -> None:
    """Lock batches, by id: nobody else ends them until the commit."""
    # SQLite lets in one writer at a time anyway
    if batch_ids and db.session.get_bind().dialect.name == "postgresql":
        run_prepared(_LOCK_BATCHES, {"of_batches": list(batch_ids)})


def _end_batch(batch_id: UUID) -> None:
    batch = db.session.get_one(Batch, batch_id, populate_existing=True)
    counted = run_prepared(_COUNT_CHILDREN, {"of_batch": batch_id}).all()
    counts: dict[ExecutionStatus, int] = {row.status: row.children for row in counted}
    values = {"ended_as": _status_of(batch, counts), "finished_at": clock.now()}
    if run_prepared(_END_BATCH, {"of_batch": batch_id, **values}).rowcount != 1:
        return  # it has ended before
    changed_after_commit(batch.workspace_id, Area.EXECUTIONS)
    try:
        url = batch.callback_url
    except UnreadableSecret:  # it ends all the same
        _log.error("Batch %s has no callback: its address cannot be decrypted.", batch.id)
        return
    if url is not None:
        _write_callbacks([(batch.workspace_id, None, batch.id, url)])


def _status_of(batch: Batch, counts: dict[ExecutionStatus, int]) -> BatchStatus:
    if batch.cancelled_at is not None or counts.get(ExecutionStatus.CANCELLED) == batch.total:
        return BatchStatus.CANCELLED
    if counts.get(ExecutionStatus.COMPLETED) == batch.total:
        return BatchStatus.COMPLETED
    if counts.get(ExecutionStatus.FAILED) == batch.total:
        return BatchStatus.FAILED
    return BatchStatus.PARTIAL


def _owe_callbacks(executions: Sequence[LockedExecution]) -> None:
    owed = []
    for each in executions:
        try:
            url = Execution.callback_url.unseal(each.id, each.sealed_callback_url)
        except UnreadableSecret:  # it ends all the same
            _log.error("Execution %s has no callback: its address cannot be decrypted.", each.id)
            continue
        owed.append((each.workspace_id, each.id, None, url or ""))
    _write_callbacks(owed)


def _write_callbacks(owed: Sequence[tuple[UUID, UUID | None, UUID | None, str]]) -> None:
    """Each is the workspace, the execution or else the batch, and the URL."""
    if not owed:
        return
    moment = clock.now()
    rows = [
        sealed_values(
            Callback,
            {
                "id": new_id(),
                "created_at": moment,
                "workspace_id": workspace_id,
                "execution_id": execution_id,
                "batch_id": batch_id,
                "url": url,
                "status": CallbackStatus.PENDING,
                "group_id": group_of_url(url),
                "next_at": moment,
                "recovery_count": 0,
            },
        )
        for workspace_id, execution_id, batch_id, url in owed
    ]
    run_prepared(_OWE_CALLBACKS, rows)
    for group_id in {group_of_url(url) for *_, url in owed}:
        notify_after_commit(Callback, group_id)


def _step_of(status: ExecutionStatus) -> StepKind:
    """Return the step that tells of an end."""
    match status:
        case ExecutionStatus.COMPLETED:
            return StepKind.COMPLETED
        case ExecutionStatus.FAILED:
            return StepKind.FAILED
        case ExecutionStatus.CANCELLED:
            return StepKind.CANCELLED
        case ExecutionStatus.QUEUED | ExecutionStatus.RUNNING | ExecutionStatus.AWAITING_INPUT:
            raise ValueError(f"{status} is no end")
        case _:
            assert_never(status)
