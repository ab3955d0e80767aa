"""Batches, read: finding and listing them, and how far one is.

Nothing is written here, and nothing of what writes is imported.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select, union_all
from sqlalchemy.orm import joinedload

from opensink_web.errors import NotFound
from opensink_web.models import (
    Batch,
    BatchStatus,
    Execution,
    ExecutionKind,
    ExecutionStatus,
    Workspace,
    db,
)
from opensink_web.operations import page

_COUNTED = [each for each in ExecutionStatus if each is not ExecutionStatus.QUEUED]
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_OF_BATCHES = Execution.batch_id.in_(bindparam("of_batches", expanding=True))
_PART = select(
    Execution.batch_id, Execution.status, func.count(), func.min(Execution.started_at)
).group_by(Execution.batch_id, Execution.status)
# Built once, because building a statement costs more than running it. Reads an index alone, and in
# it nothing that is still to begin: that is what is left of all. PostgreSQL looks every row up that
# was changed since the last VACUUM, and those are all of a large batch when it becomes due.
PROGRESS = union_all(
    _PART.where(_OF_BATCHES, Execution.status.in_(_COUNTED)),
    # one that a person has answered waits again, and its batch has begun all the same
    _PART.where(
        _OF_BATCHES,
        Execution.status == ExecutionStatus.QUEUED,
        Execution.started_at > _LONG_AGO,  # an index finds that, but not IS NOT NULL on SQLite
    ),
)


@dataclass(slots=True)
class Progress:
    """How many executions of a batch are in each status, and when the first one started."""

    counts: dict[ExecutionStatus, int] = field(default_factory=dict)
    started_at: datetime | None = None

    def count(self, status: ExecutionStatus) -> int:
        return self.counts.get(status, 0)

    @property
    def ended(self) -> int:
        return sum(count for status, count in self.counts.items() if status.has_ended)


@dataclass(frozen=True, slots=True)
class BatchFilter:
    """Which batches to list; None means any."""

    user_id: UUID | None = None
    kind: ExecutionKind | None = None
    target_namespace: str | None = None
    target_name: str | None = None
    function_id: UUID | None = None
    agent_id: UUID | None = None
    is_open: bool | None = None
    ended_as: BatchStatus | None = None
    status: BatchStatus | None = None


def find_batch(workspace: Workspace, batch_id: UUID, *, user_id: UUID | None = None) -> Batch:
    """Return a batch; with `user_id` only one of that user's. Raises: NotFound."""
    batch = db.session.get(Batch, batch_id)
    is_theirs = batch is not None and user_id in {None, batch.user_id}
    if batch is None or batch.workspace_id != workspace.id or not is_theirs:
        raise NotFound("There is no such batch.")
    return batch


def list_batches(
    workspace: Workspace, filters: BatchFilter, page_request: page.PageRequest
) -> page.Page[Batch]:
    """Return batches with who submitted them, newest first, for a page."""
    query = _listed(workspace, filters).options(joinedload(Batch.user))
    return page.fetch(query, Batch.id, page_request)


def slice_batches(
    workspace: Workspace, filters: BatchFilter, *, skip: int, limit: int
) -> list[Batch]:
    """Return batches by offset, newest first."""
    query = _listed(workspace, filters).order_by(Batch.id.desc())
    return list(db.session.scalars(query.offset(skip).limit(limit)))


def _listed(workspace: Workspace, filters: BatchFilter) -> Select[Batch]:
    narrower = (filters.user_id, filters.function_id, filters.agent_id)
    query = select(Batch).where(page.is_in(Batch.workspace_id, workspace, *narrower))
    query = page.narrowed(
        query,
        (Batch.user_id, filters.user_id),
        (Batch.kind, filters.kind),
        (Batch.target_namespace, filters.target_namespace),
        (Batch.target_name, filters.target_name),
        (Batch.function_id, filters.function_id),
        (Batch.agent_id, filters.agent_id),
        (Batch.ended_as, filters.ended_as),
    )
    if filters.is_open is not None:
        is_open = Batch.ended_as.is_(None)
        query = query.where(is_open if filters.is_open else ~is_open)
    return query if filters.status is None else query.where(_stands_at(filters.status))


def _stands_at(status: BatchStatus) -> ColumnElement[bool]:
    """As status_of() has it."""
    is_cancelled = Batch.cancelled_at.is_not(None)
    if status is BatchStatus.CANCELLED:
        return or_(is_cancelled, Batch.ended_as == status)
    if status not in {BatchStatus.QUEUED, BatchStatus.RUNNING}:
        return and_(~is_cancelled, Batch.ended_as == status)
    has_begun = (
        select(Execution.id)
        .where(Execution.batch_id == Batch.id, Execution.started_at.is_not(None))
        .exists()
    )
    begun = has_begun if status is BatchStatus.RUNNING else ~has_begun
    return and_(~is_cancelled, Batch.ended_as.is_(None), begun)


def progress_of(batches: Sequence[Batch]) -> dict[UUID, Progress]:
    """Count the executions of batches, in one query."""
    by_batch = {batch.id: Progress() for batch in batches}
    rows = db.session.execute(PROGRESS, {"of_batches": list(by_batch)})
    for batch_id, status, count, started_at in rows.all():
        progress = by_batch[cast("UUID", batch_id)]
        if status is not ExecutionStatus.QUEUED:
            progress.counts[status] = count
        moments = [each for each in (progress.started_at, started_at) if each is not None]
        progress.started_at = min(moments, default=None)
    for batch in batches:
        counts = by_batch[batch.id].counts
        left = batch.total - sum(counts.values())
        # of one that has ended some may be deleted already
        if batch.ended_as is None and left > 0:
            counts[ExecutionStatus.QUEUED] = left
    return by_batch


def status_of(batch: Batch, progress: Progress) -> BatchStatus:
    """Return where a batch stands."""
    if batch.cancelled_at is not None:
        return BatchStatus.CANCELLED
    if batch.ended_as is not None:
        return batch.ended_as
    return BatchStatus.QUEUED if progress.started_at is None else BatchStatus.RUNNING
