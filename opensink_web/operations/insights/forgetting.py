"""Groups of which nothing is counted any more: what they name was deleted, or is too old."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import delete, select

from opensink_web.models import InsightCell, InsightChange, InsightGroup, InsightProgress, db
from opensink_web.operations.insights.counting import fact_table, lock_progress
from opensink_web.operations.insights.packing import DAY
from opensink_web.operations.slices import SLICE


def is_any_group_over() -> bool:
    """Return True if there is a group to forget; writes nothing."""
    return any(_over(progress, 1) for progress in _all_progress())


def forget_groups() -> int:
    """Delete some groups that no fact, change or cell is of; return how many."""
    for progress in _all_progress():
        if not _over(progress, 1):
            continue
        # nobody counts or rolls up meanwhile, and whoever has worked something out finds it changed
        locked = lock_progress(progress.workspace_id, progress.kind)
        over = _over(locked, SLICE)
        db.session.execute(delete(InsightGroup).where(InsightGroup.id.in_(over)))
        locked.version += 1
        return len(over)
    return 0


def _all_progress() -> Iterator[InsightProgress]:
    query = select(InsightProgress).order_by(InsightProgress.workspace_id, InsightProgress.kind)
    yield from db.session.scalars(query).all()


def _over(progress: InsightProgress, limit: int) -> list[int]:
    """Return groups without cells; what is in no cell yet is among the facts of the last days."""
    fact, _ = fact_table(progress.kind)
    facts: Any = select(fact.group_id).where(
        fact.workspace_id == progress.workspace_id, fact.at >= progress.built_until * DAY
    )
    changes = select(InsightChange.group_id).where(
        InsightChange.workspace_id == progress.workspace_id, InsightChange.kind == progress.kind
    )
    has_cell = select(InsightCell.block).where(InsightCell.group_id == InsightGroup.id)
    query = (
        select(InsightGroup.id)
        .where(
            InsightGroup.workspace_id == progress.workspace_id,
            InsightGroup.kind == progress.kind,
            ~has_cell.exists(),
            InsightGroup.id.not_in(facts),
            InsightGroup.id.not_in(changes),
        )
        .limit(limit)
    )
    return list(db.session.scalars(query))
