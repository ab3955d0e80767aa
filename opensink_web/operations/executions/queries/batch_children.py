"""The executions of a batch, as somebody looks through them: what needs a person first."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import defer

from opensink_web.models import (
    OPEN_STATUSES,
    Batch,
    Execution,
    ExecutionStatus,
    InputRequest,
    db,
)
from opensink_web.models.execution import DECLINED_CODES, ENDED
from opensink_web.operations.executions.queries.batch import Progress

_URGENCY = (
    ExecutionStatus.FAILED,
    ExecutionStatus.AWAITING_INPUT,
    ExecutionStatus.RUNNING,
    ExecutionStatus.QUEUED,
    ExecutionStatus.COMPLETED,
    ExecutionStatus.CANCELLED,
)


def list_children(
    batch: Batch, progress: Progress, status: ExecutionStatus | None, *, skip: int, limit: int
) -> list[Execution]:
    """Return executions without their input and output: failed ones first, then by number.

    Of each status they are in order in an index, and how many there are of each is known. So
    nothing is sorted, however large the batch is.
    """
    children: list[Execution] = []
    for each in _URGENCY if status is None else (status,):
        count = progress.count(each)
        if skip < count and len(children) < limit:
            children += _in_status(batch, each, skip=skip, limit=limit - len(children))
        skip = max(skip - count, 0)
    return children


def _in_status(
    batch: Batch, status: ExecutionStatus, *, skip: int, limit: int
) -> Sequence[Execution]:
    query = (
        select(Execution)
        .options(
            defer(Execution.sealed_input_data, raiseload=True),
            defer(Execution.sealed_output_data, raiseload=True),
        )
        .where(Execution.batch_id == batch.id, Execution.status == status)
        .order_by(Execution.batch_index)
    )
    return db.session.scalars(query.offset(skip).limit(limit)).all()


def pending_requests_of(execution_ids: Collection[UUID]) -> dict[UUID, InputRequest]:
    """Return what each of these executions asks a person; those that ask nothing are left out."""
    if not execution_ids:
        return {}
    query = select(InputRequest).where(
        InputRequest.execution_id.in_(execution_ids),
        InputRequest.status.in_(OPEN_STATUSES),
    )
    return {one.execution_id: one for one in db.session.scalars(query) if one.execution_id}


def count_declined(batch_ids: Collection[UUID]) -> dict[UUID, int]:
    """Count what of each batch ended with a person's No, in one query; those without are left out.

    These count as failed too, in what programs are told.
    """
    query = (
        select(Execution.batch_id, func.count())
        # written out, for the index of those alone
        .where(
            Execution.batch_id.in_(batch_ids),
            Execution.error_code.in_([literal_column(f"'{code}'") for code in DECLINED_CODES]),
        )
        .group_by(Execution.batch_id)
    )
    rows = db.session.execute(query).all()
    return {batch_id: count for batch_id, count in rows if batch_id is not None}


def count_ended_since(batch: Batch, moment: datetime) -> int:
    """Count the executions that have ended since then."""
    query = (
        select(func.count())
        .select_from(Execution)
        .where(
            Execution.batch_id == batch.id,
            Execution.status.in_(ENDED),
            Execution.finished_at >= moment,
        )
    )
    return db.session.scalar(query) or 0


def due_at(batch: Batch) -> datetime | None:
    """Return when the first execution of a batch that has not begun is due."""
    if batch.due_at is not None:
        return batch.due_at
    query = select(Execution.next_at).where(
        Execution.batch_id == batch.id, Execution.batch_index == 0
    )
    return db.session.scalar(query)
