"""Rolling facts up: each whole day into cells of one day, these into cells of 8 and of 64 days.

A day is rolled up once all of it has been counted, some facts at a time, and blocks of days some
groups at a time; no reader looks at a day or block before all of it is there. What came late and
what went is taken into the cells that are there. Each piece is worked out in a transaction that
only reads, and written in one that finds the same version of the progress, or not at all: with how
far it has come, so whoever goes on begins where the last piece ended. What was deleted while it was
looked at is noted as a change, so both looks must find the same ones.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never
from uuid import UUID

from sqlalchemy import and_, delete, or_, select, tuple_

from opensink_web.models import (
    InsightCell,
    InsightChange,
    InsightGroup,
    InsightKind,
    InsightProgress,
    db,
)
from opensink_web.operations.insights.counting import (
    ALL_DIMENSIONS,
    ASKER,
    KEY,
    REVIEWER,
    GroupKey,
    fact_table,
    group_ids,
    lock_progress,
    progress_of,
)
from opensink_web.operations.insights.packing import DAY, SIZES, Packed, Signed, changed, merged
from opensink_web.operations.slices import slices

FACTS_AT_ONCE, CHANGES_AT_ONCE, GROUPS_AT_ONCE = 400, 100, 40
"""So much is in a piece: other chores, and who decides, wait for one."""
Place = tuple[GroupKey, int, int]
"""A group, a size and a block."""


@dataclass(frozen=True, slots=True)
class Rollup:
    """A piece: cells, the changes that are in them, what the progress is with it, and which version
    that goes on from.
    """

    version: int
    cells: Mapping[Place, Packed]
    change_ids: Sequence[int] = ()
    progress: Mapping[str, int] = field(default_factory=dict)


def summed_dimensions(kind: InsightKind) -> tuple[int, ...]:
    """Return by which dimensions there are cells of every size; of all together those of a day."""
    match kind:
        case InsightKind.REQUESTS:
            return (ASKER, KEY, REVIEWER, ALL_DIMENSIONS)
        case InsightKind.DELIVERIES:
            return (ALL_DIMENSIONS,)
        case _:
            assert_never(kind)


def next_rollup(workspace_id: UUID, kind: InsightKind) -> Rollup | None:
    """Work out what is to be written next, changes first; None if there is nothing."""
    progress = progress_of(workspace_id, kind)
    changes = _changes(workspace_id, kind, progress.built_until)
    if changes:
        return _with_changes(progress, changes)
    if progress.built_until and progress.counted_until >= (progress.built_until + 1) * DAY:
        return _more_of_day(progress)
    if progress.folded_until + SIZES[1] <= progress.built_until:
        return _more_of_block(progress)
    return None


def _with_changes(progress: InsightProgress, changes: list[tuple[int, Signed]]) -> Rollup:
    """Take what came late, and what went, into the cells that are there."""
    signed = [change for _, change in changes]
    cells = _changed_cells(progress, signed, folded_until=progress.folded_until)
    is_under_way = any(each.day >= progress.folded_until for each in signed)
    # a block that is being put together is begun anew
    restart = {"folded_group": 0} if is_under_way else {}
    return Rollup(progress.version, cells, [change_id for change_id, _ in changes], restart)


def _more_of_day(progress: InsightProgress) -> Rollup | None:
    """Roll up the next facts of the first day that is in no cell."""
    workspace_id, kind, day = progress.workspace_id, progress.kind, progress.built_until
    begin, end = max(progress.building_at, day * DAY), (day + 1) * DAY
    fact, _ = fact_table(kind)
    of_day = select(fact.at).where(
        fact.workspace_id == workspace_id, fact.at >= begin, fact.at < end
    )
    next_at = db.session.scalar(of_day.order_by(fact.at).offset(FACTS_AT_ONCE).limit(1))
    if next_at is not None:
        end = max(next_at, begin + 1)
    change_ids = _change_ids(workspace_id, kind, begin, end)
    facts = facts_between(workspace_id, kind, begin, end)
    cells = _changed_cells(progress, facts, folded_until=0)
    if _change_ids(workspace_id, kind, begin, end) != change_ids:
        return None  # the next time
    if next_at is not None:
        return Rollup(progress.version, cells, change_ids, {"building_at": end})
    following = day + 1
    if not facts and begin == day * DAY:
        following = _next_day_with_facts(workspace_id, kind, day, progress.counted_until)
        # there are no facts: what went from there is in no cell
        change_ids = _change_ids(workspace_id, kind, begin, following * DAY)
    return Rollup(progress.version, cells, change_ids, {"built_until": following})


def _more_of_block(progress: InsightProgress) -> Rollup:
    """Put together the cells of 8 days of the next groups, and of 64 where that many are over."""
    (large, small, day), begin = SIZES, progress.folded_until
    end = begin + small
    is_large = end % large == 0
    of_days = and_(InsightCell.size == day, InsightCell.block >= begin, InsightCell.block < end)
    of_blocks = and_(
        InsightCell.size == small,
        InsightCell.block >= (end - large) // small,
        InsightCell.block < begin // small,
    )
    ids = _groups_with_cells(progress, or_(of_days, of_blocks) if is_large else of_days)
    if not ids:
        return Rollup(progress.version, {}, (), {"folded_until": end, "folded_group": 0})
    cells: dict[Place, Packed] = {}
    days = _cells_of(ids, of_days)
    earlier = _cells_of(ids, of_blocks) if is_large else {}
    for group_id, group in ids.items():
        if group_id in days:
            cells[group, small, begin // small] = merged(progress.kind, days[group_id])
        if is_large:
            every = [*earlier.get(group_id, ()), *days.get(group_id, ())]
            cells[group, large, (end - 1) // large] = merged(progress.kind, every)
    return Rollup(progress.version, cells, (), {"folded_group": max(ids)})


def _groups_with_cells(progress: InsightProgress, condition: Any) -> dict[int, GroupKey]:
    """Return the next groups, by their numbers, that have such cells."""
    has_cell = select(InsightCell.block).where(InsightCell.group_id == InsightGroup.id, condition)
    query = (
        select(
            InsightGroup.id,
            InsightGroup.dimensions,
            InsightGroup.asker,
            InsightGroup.key,
            InsightGroup.reviewer,
        )
        .where(
            InsightGroup.workspace_id == progress.workspace_id,
            InsightGroup.kind == progress.kind,
            InsightGroup.dimensions.in_(summed_dimensions(progress.kind)),
            InsightGroup.id > progress.folded_group,
            has_cell.exists(),
        )
        .order_by(InsightGroup.id)
        .limit(GROUPS_AT_ONCE)
    )
    rows = db.session.connection().execute(query)
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}


def _cells_of(ids: Iterable[int], condition: Any) -> dict[int, list[Packed]]:
    """Return such cells by the numbers of their groups."""
    query = select(InsightCell.group_id, InsightCell.counts, InsightCell.durations)
    cells: dict[int, list[Packed]] = defaultdict(list)
    query = query.where(InsightCell.group_id.in_(ids), condition)
    for group_id, counts, durations in db.session.connection().execute(query):
        cells[group_id].append(Packed(counts, None, None, durations))
    return cells


def store_rollup(workspace_id: UUID, kind: InsightKind, rollup: Rollup) -> int:
    """Write it, unless something else was written meanwhile; return 1 if it was."""
    progress = lock_progress(workspace_id, kind)
    if progress.version != rollup.version:
        return 0
    ids = group_ids(workspace_id, kind, {group for group, _, _ in rollup.cells})
    places = [(ids[group], size, block) for group, size, block in rollup.cells]
    key = tuple_(InsightCell.group_id, InsightCell.size, InsightCell.block)
    for some in slices(places):
        db.session.execute(delete(InsightCell).where(key.in_(some)))
    rows = [
        {
            "group_id": place[0],
            "size": place[1],
            "block": place[2],
            "counts": cell.counts,
            "codes": cell.codes,
            "quarters": cell.quarters,
            "durations": cell.durations,
        }
        for place, cell in zip(places, rollup.cells.values(), strict=True)
        if not cell.is_empty
    ]
    if rows:
        db.session.execute(InsightCell.__table__.insert(), rows)  # type: ignore[attr-defined]
    for ids_of_some in slices(rollup.change_ids):
        db.session.execute(delete(InsightChange).where(InsightChange.id.in_(ids_of_some)))
    for name, value in rollup.progress.items():
        setattr(progress, name, value)
    progress.version += 1
    return 1


def facts_between(workspace_id: UUID, kind: InsightKind, begin: int, end: int) -> list[Signed]:
    """Return what ended from one moment (ms) until before another."""
    fact, _ = fact_table(kind)
    query = select(fact.group_id, fact.at, fact.code, fact.duration_ms).where(
        fact.workspace_id == workspace_id, fact.at >= begin, fact.at < end
    )
    return [Signed(*row) for row in db.session.connection().execute(query)]


def groups_by_id(workspace_id: UUID, kind: InsightKind) -> dict[int, GroupKey]:
    """Return all groups of facts."""
    query = select(
        InsightGroup.id, InsightGroup.asker, InsightGroup.key, InsightGroup.reviewer
    ).where(
        InsightGroup.workspace_id == workspace_id,
        InsightGroup.kind == kind,
        InsightGroup.dimensions == ALL_DIMENSIONS,
    )
    return {
        row[0]: (ALL_DIMENSIONS, row[1], row[2], row[3])
        for row in db.session.connection().execute(query)
    }


def narrowed(group: GroupKey, dimensions: int) -> GroupKey | None:
    """Return the group by fewer dimensions; None where nobody decided and it is by who did."""
    _, asker, key, reviewer = group
    if dimensions == REVIEWER and not reviewer:
        return None
    return (
        dimensions,
        asker if dimensions & ASKER else "",
        key if dimensions & KEY else "",
        reviewer if dimensions & REVIEWER else "",
    )


def _changed_cells(
    progress: InsightProgress, facts: Iterable[Signed], *, folded_until: int
) -> dict[Place, Packed]:
    """Return the cells that facts change, as they are with them: of days, and of blocks before."""
    workspace_id, kind = progress.workspace_id, progress.kind
    groups = groups_by_id(workspace_id, kind)
    of_place: dict[Place, list[Signed]] = defaultdict(list)
    for fact in facts:
        for place in _places(kind, groups[fact.group_id], fact.day, folded_until):
            of_place[place].append(fact)
    stored = _stored(workspace_id, kind, of_place)
    return {
        place: changed(kind, stored.get(place), some, has_codes=place[1] == 1)
        for place, some in of_place.items()
    }


def _places(kind: InsightKind, group: GroupKey, day: int, folded_until: int) -> Iterator[Place]:
    sizes = [size for size in SIZES if size == 1 or (day // size + 1) * size <= folded_until]
    for dimensions in (0, *summed_dimensions(kind)):
        narrower = narrowed(group, dimensions)
        if narrower is not None:
            for size in sizes if dimensions else (1,):
                yield narrower, size, day // size


def _stored(workspace_id: UUID, kind: InsightKind, places: Iterable[Place]) -> dict[Place, Packed]:
    places = set(places)
    stored: dict[Place, Packed] = {}
    blocks = sorted({(size, block) for _, size, block in places})
    query = (
        select(
            InsightGroup.dimensions,
            InsightGroup.asker,
            InsightGroup.key,
            InsightGroup.reviewer,
            InsightCell.size,
            InsightCell.block,
            InsightCell.counts,
            InsightCell.codes,
            InsightCell.quarters,
            InsightCell.durations,
        )
        .join(InsightCell, InsightCell.group_id == InsightGroup.id)
        .where(InsightGroup.workspace_id == workspace_id, InsightGroup.kind == kind)
    )
    for size, block in blocks:
        of_block = query.where(InsightCell.size == size, InsightCell.block == block)
        for row in db.session.connection().execute(of_block):
            place = ((row[0], row[1], row[2], row[3]), row[4], row[5])
            if place in places:
                stored[place] = Packed(row[6], row[7], row[8], row[9])
    return stored


def _changes(workspace_id: UUID, kind: InsightKind, built_until: int) -> list[tuple[int, Signed]]:
    """Return some changes of days that are rolled up; those of others are there for nothing."""
    query = (
        select(
            InsightChange.id,
            InsightChange.group_id,
            InsightChange.at,
            InsightChange.code,
            InsightChange.duration_ms,
            InsightChange.sign,
        )
        .where(
            InsightChange.workspace_id == workspace_id,
            InsightChange.kind == kind,
            InsightChange.at < built_until * DAY,
        )
        .order_by(InsightChange.at)
        .limit(CHANGES_AT_ONCE)
    )
    return [(row[0], Signed(*row[1:])) for row in db.session.connection().execute(query)]


def _change_ids(workspace_id: UUID, kind: InsightKind, begin: int, end: int) -> list[int]:
    query = select(InsightChange.id).where(
        InsightChange.workspace_id == workspace_id,
        InsightChange.kind == kind,
        InsightChange.at >= begin,
        InsightChange.at < end,
    )
    return sorted(db.session.scalars(query))


def _next_day_with_facts(
    workspace_id: UUID, kind: InsightKind, day: int, counted_until: int
) -> int:
    """Return up to which day there is nothing to roll up, of those that are counted."""
    fact, _ = fact_table(kind)
    first = select(fact.at).where(fact.workspace_id == workspace_id, fact.at >= day * DAY)
    at = db.session.scalar(first.order_by(fact.at).limit(1))
    counted = counted_until // DAY
    return counted if at is None else min(at // DAY, counted)
