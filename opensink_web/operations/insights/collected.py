"""What was collected of a range: counts and durations, in all, by each table's rows, over time."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from opensink_web.models import InsightKind
from opensink_web.operations.insights.counting import ASKER, KEY, REVIEWER, GroupKey
from opensink_web.operations.insights.outcome import timed_codes
from opensink_web.operations.insights.tally import Tally

Fact = tuple[int, int, int, int]
"""A group's number, when it ended, a code and a duration."""
_PLACES = {ASKER: 0, KEY: 1, REVIEWER: 2}


def tables_of(kind: InsightKind) -> tuple[int, ...]:
    """Return by which dimensions there are tables."""
    match kind:
        case InsightKind.REQUESTS:
            return (ASKER, KEY, REVIEWER)
        case InsightKind.DELIVERIES:
            return (ASKER,)
        case _:
            assert_never(kind)


@dataclass(slots=True)
class Collected:
    """What ended: all of it, by each dimension that has a table, and between each two bounds.

    `is_behind` if more than a few have ended that are not counted yet, and are left out.
    """

    kind: InsightKind
    bounds: Sequence[int]
    total: Tally = field(init=False)
    parts: dict[int, dict[str, Tally]] = field(init=False)
    points: list[Tally] = field(init=False)
    is_behind: bool = False

    def __post_init__(self) -> None:
        self.total = Tally(self.kind)
        self.parts = {each: {} for each in tables_of(self.kind)}
        self.points = [Tally(self.kind) for _ in self.bounds[1:]]

    def tallies(self, group: GroupKey) -> Iterator[Tally]:
        """Give where a group counts in the tables, by the dimensions that it has."""
        dimensions, values = group[0], group[1:]
        for dimension, part in self.parts.items():
            value = values[_PLACES[dimension]]
            if dimensions & dimension and (value or dimension != REVIEWER):
                tally = part.get(value)
                if tally is None:
                    tally = part[value] = Tally(self.kind)
                yield tally

    def first(self, rows_max: int) -> dict[int, dict[str, Tally]]:
        """Return the rows of each table of which most ended, and all that equal the last."""
        chosen = {}
        for dimension, part in self.parts.items():
            ended = sorted((each.ended for each in part.values()), reverse=True)
            least = ended[rows_max - 1] if len(ended) >= rows_max else 0
            rows = {value: tally for value, tally in part.items() if tally.ended >= least}
            chosen[dimension] = rows
        return chosen

    def add_facts(
        self, facts: Iterable[Fact], groups: Mapping[int, GroupKey], sign: int = 1
    ) -> None:
        """Add facts that lie between the first bound and the last, or take them away.

        Those of other groups than these are left out.
        """
        limit, bounds = timed_codes(self.kind), self.bounds
        points = [_lists(each, sign) for each in self.points]
        of_group: dict[int, tuple[_Lists, ...]] = {}
        for number, at, code, duration in facts:
            lists = of_group.get(number)
            if lists is None:
                group = groups.get(number)
                tallies = (self.total, *self.tallies(group)) if group else ()
                lists = of_group[number] = tuple(_lists(each, sign) for each in tallies)
            if not lists:
                continue
            counts, durations = points[bisect_right(bounds, at) - 1]
            counts[code] += sign
            if code < limit:
                durations.append(duration)
                for counts, durations in lists:
                    counts[code] += sign
                    durations.append(duration)
            else:
                for counts, _ in lists:
                    counts[code] += sign


_Lists = tuple[list[int], list[int]]


def _lists(tally: Tally, sign: int) -> _Lists:
    """Return where a tally counts, and where it keeps how long something took."""
    return tally.counts, tally.loose if sign > 0 else tally.taken
