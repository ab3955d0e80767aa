"""Executions of a large batch become due in slices: the first when it is accepted, then the rest.

While a batch that large is cancelled, which takes longer, they are taken out of the queue again in
the same way: whoever looks for what is due would pass by all of them each time.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Update, bindparam, select, update

from opensink_web import clock
from opensink_web.models import Batch, Execution, ExecutionKind, ExecutionStatus
from opensink_web.models.execution import NOT_DUE_YET
from opensink_web.models.transaction import notify_after_commit, run_prepared

QUEUED_AT_ONCE = 1000

# Built once, because building a statement costs more than running it.
_UNQUEUED = (
    select(
        Batch.id,
        Batch.total,
        Batch.unqueued_from,
        Batch.due_at,
        Batch.cancelled_at,
        Batch.kind,
        Batch.function_id,
        Batch.agent_id,
    )
    .where(Batch.unqueued_from.is_not(None), Batch.staged_until.is_(None))
    .order_by(Batch.id)
    .limit(1)
)
_UNQUEUE = update(Execution).where(
    Execution.batch_id == bindparam("of_batch"),
    Execution.batch_index >= bindparam("first"),
    Execution.batch_index < bindparam("end"),
    Execution.status == ExecutionStatus.QUEUED,
)
# one that a person has answered meanwhile has a moment of its own
_QUEUE = _UNQUEUE.where(Execution.next_at == NOT_DUE_YET)
_NOTE_QUEUED = update(Batch).where(Batch.id == bindparam("of_batch"))


def is_any_unqueued() -> bool:
    """Return True if executions of a batch are not due yet, or are still. Writes nothing."""
    return run_prepared(_UNQUEUED, {}).first() is not None


def queue_some() -> int:
    """Go on with a batch; return how many executions were looked at, 0 when there is none."""
    batch = run_prepared(_UNQUEUED.with_for_update(key_share=True), {}).first()
    if batch is None:
        return 0
    if batch.cancelled_at is not None:
        return _move(_UNQUEUE, batch.id, batch.unqueued_from, batch.total, NOT_DUE_YET)
    group_id = batch.function_id if batch.kind is ExecutionKind.FUNCTION else batch.agent_id
    if group_id is not None and batch.due_at <= clock.now():
        notify_after_commit(Execution, group_id)
    return queue(batch.id, batch.unqueued_from, batch.total, batch.due_at)


def queue(batch_id: UUID, first: int, total: int, due_at: datetime) -> int:
    """Let a slice of executions become due from number `first` on; return how many those are."""
    return _move(_QUEUE, batch_id, first, total, due_at)


def _move(statement: Update, batch_id: UUID, first: int, total: int, moment: datetime) -> int:
    end = min(first + QUEUED_AT_ONCE, total)
    run_prepared(statement, {"of_batch": batch_id, "first": first, "end": end, "next_at": moment})
    rest = end if end < total else None
    run_prepared(_NOTE_QUEUED, {"of_batch": batch_id, "unqueued_from": rest})
    return end - first
