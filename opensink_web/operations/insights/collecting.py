"""Putting together what ended in a range of time: cells of whole days, and single facts beside.

Every number is exact, whatever the rollups have: what is in no cell is read fact by fact, what has
no fact yet from its row, and what was deleted since is taken away again. A collection that found
another version of the progress at its end than at its beginning is begun anew.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, and_, exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from opensink_web.models import (
    Agent,
    AgentSession,
    Delivery,
    InputRequest,
    InsightCell,
    InsightChange,
    InsightGroup,
    InsightKind,
    db,
)
from opensink_web.models.binary import binary_results
from opensink_web.operations.insights.collected import Collected, Fact
from opensink_web.operations.insights.counting import (
    ALL_DIMENSIONS,
    ASKER,
    KEY,
    LATE,
    REVIEWER,
    GroupKey,
    fact_table,
    group_of,
    progress_of,
    uncounted,
)
from opensink_web.operations.insights.packing import (
    DAY,
    QUARTER,
    SIZES,
    Day,
    counts_of,
    durations_of,
)
from opensink_web.operations.insights.rollup import groups_by_id, summed_dimensions
from opensink_web.operations.insights.tally import Tally

UNCOUNTED_MAX = 2000
"""So many are read from their rows; of more it is said that they are still being counted."""
NAMED_MAX = 1000
"""So many rows of tables are named to the database; where more are alike, all is read."""
_TRIES = 3
# of the tables, not the classes: what is deleted is what is looked for
_DELETED = tuple(
    cast("Table", each.__table__).alias(f"deleted_{each.__tablename__}")
    for each in (Agent, AgentSession)
)
_COLUMNS = {ASKER: InsightGroup.asker, KEY: InsightGroup.key, REVIEWER: InsightGroup.reviewer}
_NAMES = (InsightGroup.dimensions, *_COLUMNS.values())


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Of what something is counted; None means any."""

    asker: str | None = None
    key: str | None = None
    reviewer: str | None = None

    @property
    def narrows(self) -> bool:
        """Return True if it leaves anything out."""
        return any(each is not None for each in (self.asker, self.key, self.reviewer))

    def has(self, group: GroupKey) -> bool:
        """Return True if a group, by all dimensions, is to be counted."""
        pairs = zip((self.asker, self.key, self.reviewer), group[1:], strict=True)
        return all(each is None or each == value for each, value in pairs)


def collect(
    workspace_id: UUID,
    kind: InsightKind,
    bounds: Sequence[int],
    narrowing: Narrowing,
    rows_max: int | None = None,
) -> Collected:
    """Return what ended from the first bound (ms) until before the last.

    The bounds between these are on quarters of an hour. Of each table the first `rows_max` rows, by
    how many ended, have their durations; the others only counts.
    """
    for _ in range(_TRIES):
        before = _state(workspace_id, kind)
        collected = _Collection(workspace_id, kind, bounds, narrowing).collected(rows_max)
        if _state(workspace_id, kind) == before:
            break
    return collected


def _state(workspace_id: UUID, kind: InsightKind) -> int:
    return progress_of(workspace_id, kind).version


class _Collection:
    """One look at what ended."""

    def __init__(
        self, workspace_id: UUID, kind: InsightKind, bounds: Sequence[int], narrowing: Narrowing
    ) -> None:
        self._workspace_id, self._kind = workspace_id, kind
        self._since, self._until = bounds[0], bounds[-1]
        self._narrowing = narrowing
        progress = progress_of(workspace_id, kind)
        self._counted_until, self._folded_until = progress.counted_until, progress.folded_until
        self._first_day = -(-self._since // DAY)
        self._last_day = min(self._until // DAY, progress.built_until)
        self._groups = groups_by_id(workspace_id, kind)
        if narrowing.narrows:
            self._groups = {
                number: group for number, group in self._groups.items() if narrowing.has(group)
            }
        self._result = Collected(kind, bounds)

    def collected(self, rows_max: int | None) -> Collected:
        """Put it together."""
        has_days = self._first_day < self._last_day
        begin, end = self._first_day * DAY, self._last_day * DAY
        if has_days:
            self._add_points()
            self._add_cells(has_durations=rows_max is None)
            self._add_stored(self._since, begin)
            self._add_stored(end, self._until)
            for sign in (1, -1):
                self._result.add_facts(self._changes(begin, end, sign), self._groups, sign)
        else:
            self._add_stored(self._since, self._until)
        self._result.add_facts(self._hidden(), self._groups, -1)
        self._add_uncounted()
        if has_days and rows_max is not None:
            self._add_durations(self._result.first(rows_max))
        return self._result

    def _add_cells(self, *, has_durations: bool) -> None:
        """Add what the rows of tables count, with how long that took or without."""
        names = (*_NAMES, InsightCell.counts)
        for row in self._cells_summed(*names, *[InsightCell.durations] * has_durations):
            counts = _counted(row[4])
            durations = durations_of(row[5]) if has_durations else ()
            for tally in self._result.tallies((row[0], row[1], row[2], row[3])):
                tally.add_cell(counts, durations)

    def _add_durations(self, chosen: Mapping[int, Mapping[str, Tally]]) -> None:
        """Add to some rows of tables how long what they count took."""
        tallies = {id(tally) for rows in chosen.values() for tally in rows.values()}
        condition = None
        if len(tallies) <= NAMED_MAX:
            condition = or_(
                *(
                    InsightGroup.dimensions.in_((dimension, ALL_DIMENSIONS))
                    & _COLUMNS[dimension].in_(rows)
                    for dimension, rows in chosen.items()
                )
            )
        for row in self._cells_summed(*_NAMES, InsightCell.durations, condition=condition):
            durations = durations_of(row[4])
            for tally in self._result.tallies((row[0], row[1], row[2], row[3])):
                if id(tally) in tallies:
                    tally.add_cell((), durations)

    def _cells_summed(
        self, *columns: InstrumentedAttribute[Any], condition: ColumnElement[bool] | None = None
    ) -> Iterator[Any]:
        """Read cells of the whole days of the range, of as many days each as there are."""
        query = select(*columns).join(InsightCell, InsightCell.group_id == InsightGroup.id)
        query = query.where(*self._are_of(self._summed))
        if condition is not None:
            query = query.where(condition)
        for size, blocks in _cover(self._first_day, self._last_day, self._folded_until).items():
            yield from _rows(query.where(InsightCell.size == size, InsightCell.block.in_(blocks)))

    def _add_points(self) -> None:
        """Add cells of days to the whole, and to the parts of the range, cut where these end."""
        bounds, points, total = self._result.bounds, self._result.points, self._result.total
        is_cut = {each // DAY for each in bounds if each % DAY}
        days = range(self._first_day, self._last_day)
        drawn = self._cells_drawn(InsightCell.counts, InsightCell.durations)
        whole = drawn.where(InsightCell.block.in_([day for day in days if day not in is_cut]))
        for block, packed_counts, packed in _rows(whole):
            counts, durations = _counted(packed_counts), durations_of(packed)
            for tally in (total, points[bisect_right(bounds, block * DAY) - 1]):
                tally.add_cell(counts, durations)
        names = (InsightCell.counts, InsightCell.codes, InsightCell.quarters, InsightCell.durations)
        parted = self._cells_drawn(*names)
        parted = parted.where(InsightCell.block.in_([day for day in days if day in is_cut]))
        for block, packed_counts, codes, quarters, packed in _rows(parted):
            day = Day(self._kind, codes or b"", quarters or b"", packed)
            total.add_cell(_counted(packed_counts), day.durations)
            begin, end = block * DAY, (block + 1) * DAY
            place = bisect_right(bounds, begin) - 1
            while begin < end:
                until = min(bounds[place + 1], end)
                counts, part = day.cut((begin % DAY) // QUARTER, (until - block * DAY) // QUARTER)
                points[place].add_part(counts, part)
                begin, place = until, place + 1

    def _cells_drawn(self, *columns: InstrumentedAttribute[Any]) -> Select[Any]:
        return (
            select(InsightCell.block, *columns)
            .join(InsightGroup, InsightCell.group_id == InsightGroup.id)
            .where(*self._are_of((self._drawn,)), InsightCell.size == 1)
        )

    @property
    def _summed(self) -> tuple[int, ...]:
        """By which dimensions the groups are that are added up: by as few as will do."""
        if self._narrowing.narrows or self._kind is InsightKind.DELIVERIES:
            return (ALL_DIMENSIONS,)
        return (ASKER, KEY, REVIEWER)

    @property
    def _drawn(self) -> int:
        """By which dimensions the groups are of which the parts of the range are put together."""
        named = (self._narrowing.asker, self._narrowing.key, self._narrowing.reviewer)
        pairs = zip(named, (ASKER, KEY, REVIEWER), strict=True)
        dimensions = sum(dimension for value, dimension in pairs if value is not None)
        is_kept = dimensions in (0, *summed_dimensions(self._kind))
        return dimensions if is_kept else ALL_DIMENSIONS

    def _are_of(self, dimensions: Sequence[int]) -> list[ColumnElement[bool]]:
        """Find the groups by these dimensions that are to be counted."""
        conditions = [
            InsightGroup.workspace_id == self._workspace_id,
            InsightGroup.kind == self._kind,
            InsightGroup.dimensions.in_(dimensions),
        ]
        for column, value in (
            (InsightGroup.asker, self._narrowing.asker),
            (InsightGroup.key, self._narrowing.key),
            (InsightGroup.reviewer, self._narrowing.reviewer),
        ):
            if value is not None:
                conditions.append(column == value)
        return conditions

    def _add_stored(self, begin: int, end: int) -> None:
        """Add facts that are in no cell."""
        if begin < end:
            fact, _ = fact_table(self._kind)
            query = select(fact.group_id, fact.at, fact.code, fact.duration_ms).where(
                fact.workspace_id == self._workspace_id, fact.at >= begin, fact.at < end
            )
            self._result.add_facts(_rows(query), self._groups)

    def _changes(self, begin: int, end: int, sign: int) -> Iterable[Fact]:
        """Return what came to days that were rolled up, or went from them."""
        query = select(
            InsightChange.group_id,
            InsightChange.at,
            InsightChange.code,
            InsightChange.duration_ms,
        ).where(
            InsightChange.workspace_id == self._workspace_id,
            InsightChange.kind == self._kind,
            InsightChange.at >= begin,
            InsightChange.at < end,
            InsightChange.sign == sign,
        )
        return _rows(query)

    def _hidden(self) -> Iterable[Fact]:
        """Return facts of what was deleted, and whose rows are still there: nobody sees them."""
        if not any(
            db.session.scalar(select(exists().where(each.c.deleted_at.is_not(None))))
            for each in _DELETED
        ):
            return ()
        is_of_requests = self._kind is InsightKind.REQUESTS
        rows = cast("Table", (InputRequest if is_of_requests else Delivery).__table__)
        fact, column = fact_table(self._kind)
        of_agents, of_sessions = (
            select(each.c.id).where(each.c.deleted_at.is_not(None)) for each in _DELETED
        )
        query = (
            select(fact.group_id, fact.at, fact.code, fact.duration_ms)
            .join(rows, rows.c.id == column)
            .where(
                fact.workspace_id == self._workspace_id,
                or_(rows.c.agent_id.in_(of_agents), rows.c.session_id.in_(of_sessions)),
                and_(fact.at >= self._since, fact.at < self._until),
            )
        )
        return _rows(query)

    def _add_uncounted(self) -> None:
        late = self._counted_until - LATE // timedelta(milliseconds=1)
        newest = uncounted(
            self._workspace_id,
            self._kind,
            max(late, self._since),
            UNCOUNTED_MAX + 1,
            before=self._until,
        )
        if len(newest.ended) > UNCOUNTED_MAX:
            self._result.is_behind = True
            return
        # their groups may have no numbers yet
        groups = {group_of(each): -place for place, (_, each) in enumerate(newest.ended)}
        facts = (
            (groups[group_of(each)], each.at, each.code, each.duration_ms)
            for _, each in newest.ended
        )
        named = {number: group for group, number in groups.items() if self._narrowing.has(group)}
        self._result.add_facts(facts, named)


def _rows(query: Select[*tuple[Any, ...]]) -> Sequence[Any]:
    """Return what a query has, past the session, which has nothing to hide of these."""
    with binary_results():
        return db.session.connection().execute(query).all()


def _counted(packed: bytes) -> list[tuple[int, int]]:
    return [(code, count) for code, count in enumerate(counts_of(packed)) if count]


def _cover(first: int, last: int, folded_until: int) -> dict[int, list[int]]:
    """Return by which blocks of which sizes days are covered, the fewest that are put together."""
    blocks: dict[int, list[int]] = {}
    day = first
    while day < last:
        size = next(
            each
            for each in SIZES
            if each == 1 or (day % each == 0 and day + each <= min(last, folded_until))
        )
        blocks.setdefault(size, []).append(day // size)
        day += size
    return blocks
