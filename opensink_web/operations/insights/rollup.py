"""Rolling facts up: each whole day into cells of one day, of 8 and of 64, and changes into these.

A day is rolled up once all of it has been counted. Cells are worked out in a transaction that only
reads, and written in one that finds the same version of the progress, or not at all. What of a day
was deleted while it was looked at is noted as a change, so both looks must find the same ones.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from sqlalchemy import delete, select, tuple_

from opensink_web.models import InsightCell, InsightChange, InsightGroup, InsightKind, db
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
from opensink_web.operations.insights.packing import DAY, Packed, Signed, changed
from opensink_web.operations.slices import slices

SIZES = (64, 8, 1)
"""Of how many days cells are, the largest first."""
CHANGES_AT_ONCE = 1000
Place = tuple[GroupKey, int, int]
"""A group, a size and a block."""


@dataclass(frozen=True, slots=True)
class Rollup:
    """What is written: cells, the changes that are in them, and which version that goes on from."""

    version: int
    cells: Mapping[Place, Packed]
    change_ids: Sequence[int]
    built_until: int


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
    version, built_until = progress.version, progress.built_until
    changes = _changes(workspace_id, kind, built_until)
    if changes:
        signed = [change for _, change in changes if change.day < built_until]
        cells = _changed_cells(workspace_id, kind, signed)
        return Rollup(version, cells, [change_id for change_id, _ in changes], built_until)
    if not built_until or progress.counted_until < (built_until + 1) * DAY:
        return None
    begin, end = built_until * DAY, (built_until + 1) * DAY
    change_ids = _change_ids(workspace_id, kind, begin, end)
    facts = facts_between(workspace_id, kind, begin, end)
    cells = _changed_cells(workspace_id, kind, facts)
    if _change_ids(workspace_id, kind, begin, end) != change_ids:
        return None  # the next time
    if facts:
        return Rollup(version, cells, change_ids, built_until + 1)
    next_day = _next_day_with_facts(workspace_id, kind, built_until, progress.counted_until)
    # there are no facts: what went from there is in no cell
    change_ids = _change_ids(workspace_id, kind, begin, next_day * DAY)
    return Rollup(version, {}, change_ids, next_day)


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
    progress.built_until = rollup.built_until
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
    workspace_id: UUID, kind: InsightKind, facts: Iterable[Signed]
) -> dict[Place, Packed]:
    """Return the cells that facts change, as they are with them."""
    groups = groups_by_id(workspace_id, kind)
    of_place: dict[Place, list[Signed]] = defaultdict(list)
    for fact in facts:
        for place in _places(kind, groups[fact.group_id], fact.day):
            of_place[place].append(fact)
    stored = _stored(workspace_id, kind, of_place)
    return {
        place: changed(kind, stored.get(place), some, has_codes=place[1] == 1)
        for place, some in of_place.items()
    }


def _places(kind: InsightKind, group: GroupKey, day: int) -> Iterator[Place]:
    for dimensions in (0, *summed_dimensions(kind)):
        narrower = narrowed(group, dimensions)
        if narrower is not None:
            for size in SIZES if dimensions else (1,):
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
