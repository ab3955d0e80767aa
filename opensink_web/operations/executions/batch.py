"""Batches: cancelling one, also one that is too large to cancel at once."""

from uuid import UUID

from sqlalchemy import bindparam, func, select

from opensink_web import clock
from opensink_web.errors import Conflict, NotFound
from opensink_web.models import (
    AuditAction,
    Batch,
    Execution,
    ExecutionStatus,
    SubjectKind,
    Workspace,
    db,
)
from opensink_web.models.transaction import changed_after_commit, run_prepared
from opensink_web.operations.audit.record import record
from opensink_web.operations.executions.ending import (
    Ending,
    end_batches,
    end_executions,
    lock_batches,
    lock_executions,
)
from opensink_web.operations.executions.queries.batch import find_batch
from opensink_web.operations.requests.cancellation import cancel_requests_of_batch
from opensink_web.operations.slices import SLICE

_WAITING = (ExecutionStatus.QUEUED, ExecutionStatus.AWAITING_INPUT)

# Built once, because building a statement costs more than running it.
_LOCK = (
    select(Batch)
    .where(Batch.id == bindparam("of_batch"), Batch.workspace_id == bindparam("of_workspace"))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)

_IS_WAITING = (Execution.batch_id == bindparam("of_batch"), Execution.status.in_(_WAITING))
_COUNT_WAITING = select(func.count()).select_from(Execution).where(*_IS_WAITING)
_SOME_WAITING = select(Execution.id).where(*_IS_WAITING).limit(bindparam("most"))
_LEFT_OVER = (
    select(Batch.id)
    .where(
        Batch.ended_as.is_(None),
        Batch.cancelled_at.is_not(None),
        select(Execution.id)
        .where(Execution.batch_id == Batch.id, Execution.status.in_(_WAITING))
        .exists(),
    )
    .limit(1)
)


def lock_batch(workspace: Workspace, batch_id: UUID, *, user_id: UUID | None = None) -> Batch:
    """Find a batch and keep others from ending it until the commit. Raises: NotFound."""
    find_batch(workspace, batch_id, user_id=user_id)
    values = {"of_batch": batch_id, "of_workspace": workspace.id}
    batch = db.session.scalars(_LOCK, values).one_or_none()
    if batch is None:
        raise NotFound("There is no such batch.")
    return batch


def cancel_batch(workspace: Workspace, batch_id: UUID, *, user_id: UUID | None = None) -> int:
    """Cancel what has not begun or waits for a person; what runs goes on, and counts.

    Of a large batch some is cancelled now and the rest by cancel_some_left(), so that nobody waits
    for all of it; none of that begins any more. Returns how many executions that are. Raises:
    NotFound; Conflict for one that has ended.
    """
    batch = lock_batch(workspace, batch_id, user_id=user_id)
    if batch.ended_as is not None:
        raise Conflict(f"The batch has ended: it is {batch.ended_as}.")
    waiting = 0
    if batch.cancelled_at is None:
        waiting = db.session.scalar(_COUNT_WAITING, {"of_batch": batch_id}) or 0
        batch.cancelled_at = clock.now()
        cancelled = (AuditAction.BATCH_CANCELLED, workspace.id, SubjectKind.BATCH, batch_id)
        record(*cancelled, {"waiting": waiting})
        if waiting > SLICE:
            batch.unqueued_from = 0  # what is cancelled later stands in nobody's way meanwhile
        db.session.flush()
    return max(_cancel_some(batch_id), waiting)


def is_any_left_to_cancel() -> bool:
    """Return True if a batch was cancelled of which some still waits. Writes nothing."""
    return run_prepared(_LEFT_OVER, {}).first() is not None


def cancel_some_left() -> int:
    """Go on with a batch that was too large to cancel at once; return how many were cancelled."""
    batch_id = run_prepared(_LEFT_OVER, {}).scalar()
    if batch_id is None:
        return 0
    lock_batches([batch_id])
    return _cancel_some(batch_id)


def _cancel_some(batch_id: UUID) -> int:
    """Cancel a slice of a locked batch, and end it if nothing of it is left."""
    values = {"of_batch": batch_id, "most": SLICE}
    locked = lock_executions(run_prepared(_SOME_WAITING, values).scalars().all())
    cancelled = [each for each in locked.values() if each.status in _WAITING]
    ending = Ending(ExecutionStatus.CANCELLED, error="The batch was cancelled.")
    cancel_requests_of_batch(
        [each.id for each in cancelled if each.status is ExecutionStatus.AWAITING_INPUT]
    )
    for workspace_id in {each.workspace_id for each in cancelled}:
        changed_after_commit(workspace_id)
    end_executions([(each, ending) for each in cancelled])
    end_batches([batch_id])
    return len(cancelled)
