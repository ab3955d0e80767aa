"""The executions of a batch, as somebody looks through them: what needs a person first."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import defer

from opensink_web.models import (
    Batch,
    Execution,
    ExecutionStatus,
    InputRequest,
    InputRequestStatus,
    db,
)

_URGENCY = (
    ExecutionStatus.FAILED,
    ExecutionStatus.AWAITING_INPUT,
    ExecutionStatus.RUNNING,
    ExecutionStatus.QUEUED,
    ExecutionStatus.COMPLETED,
    ExecutionStatus.CANCELLED,
)


def list_children(
    batch: Batch, status: ExecutionStatus | None, *, skip: int, limit: int
) -> list[Execution]:
    """Return executions without their input and output: failed ones first, then by number."""
    query = (
        select(Execution)
        .options(
            defer(Execution.sealed_input_data, raiseload=True),
            defer(Execution.sealed_output_data, raiseload=True),
        )
        .where(Execution.batch_id == batch.id)
    )
    if status is not None:
        query = query.where(Execution.status == status)
    urgency = case({each: number for number, each in enumerate(_URGENCY)}, value=Execution.status)
    ordered = query.order_by(urgency, Execution.batch_index)
    return list(db.session.scalars(ordered.offset(skip).limit(limit)))


def pending_requests_of(execution_ids: Collection[UUID]) -> dict[UUID, InputRequest]:
    """Return what each of these executions asks a person; those that ask nothing are left out."""
    if not execution_ids:
        return {}
    query = select(InputRequest).where(
        InputRequest.execution_id.in_(execution_ids),
        InputRequest.status == InputRequestStatus.PENDING,
    )
    return {one.execution_id: one for one in db.session.scalars(query) if one.execution_id}


def count_ended_since(batch: Batch, moment: datetime) -> int:
    """Count the executions that have ended since then."""
    query = (
        select(func.count())
        .select_from(Execution)
        .where(Execution.batch_id == batch.id, Execution.finished_at >= moment)
    )
    return db.session.scalar(query) or 0


def due_at(batch: Batch) -> datetime | None:
    """Return when the first execution of a batch that has not begun is due."""
    query = select(Execution.next_at).where(
        Execution.batch_id == batch.id, Execution.batch_index == 0
    )
    return db.session.scalar(query)
