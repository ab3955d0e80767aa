"""Counts and durations that were put together of cells and facts, and what they say."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from opensink_web.models import InsightKind
from opensink_web.operations.insights.outcome import codes_of_kind, timed_codes
from opensink_web.operations.insights.packing import Part

_SHORT_RUN = 150
"""Of runs that are as short on average it is faster to put them all in order."""
_NO_LESS = 2**63


@dataclass(slots=True)
class Tally:
    """How many ended in which way, and how long what is timed took.

    `runs` are durations of cells, `parts` of days that were cut; `loose` those of single facts, and
    `taken` what is in any of them and is not to count.
    """

    kind: InsightKind
    counts: list[int] = field(init=False)
    runs: list[Sequence[int]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    loose: list[int] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.counts = [0] * codes_of_kind(self.kind)

    def add_counts(self, counts: Iterable[tuple[int, int]]) -> None:
        """Add how many are in a cell of which code."""
        for code, count in counts:
            self.counts[code] += count

    def add_cell(self, counts: Iterable[tuple[int, int]], durations: Sequence[int]) -> None:
        """Add what is in a cell: how many of which code, and durations in order."""
        self.add_counts(counts)
        if durations:
            self.runs.append(durations)

    def add_part(self, counts: Iterable[tuple[int, int]], part: Part) -> None:
        """Add a part of a day."""
        self.add_counts(counts)
        if part:
            self.parts.append(part)

    @property
    def ended(self) -> int:
        """Return how many it counts."""
        return sum(self.counts)

    @property
    def timed_count(self) -> int:
        """Return of how many it counts how long they took."""
        return sum(self.counts[: timed_codes(self.kind)])

    def quantiles(self, *percents: int) -> list[int | None]:
        """Return the least durations within which so many percent were done; None where none was.

        Each is one that there was: of 10 the 50th percentile is the fifth, the 90th the ninth.
        """
        count = self.timed_count
        if not count:
            return [None for _ in percents]
        self.taken.sort()
        runs, parts = self.runs, self.parts
        if count < _SHORT_RUN * (len(runs) + len(parts)) or not (runs or parts):
            runs, parts = [sorted(chain(self.loose, *runs, *parts))], []
        elif self.loose:
            runs = [*runs, sorted(self.loose)]
        return [_quantile(each, count, runs, parts, self.taken) for each in percents]


def _quantile(
    percent: int,
    count: int,
    runs: Sequence[Sequence[int]],
    parts: Sequence[Part],
    taken: Sequence[int],
) -> int:
    """Return the least value that so many percent of all together do not exceed, without what was
    taken.

    The value is halved in, not its place: in each run a bisection counts what is not above it. It
    lies between the least and the greatest of the runs' own quantiles, unless something was taken.
    """
    place = -(-count * percent // 100)
    if len(runs) == 1 and not (parts or taken):
        return runs[0][place - 1]
    if not (parts or taken):
        own = [each[-(-len(each) * percent // 100) - 1] for each in runs]
        low, high = min(own), max(own)
    else:
        low = min(*(each[0] for each in runs), *(each.least for each in parts), _NO_LESS)
        high = max(*(each[-1] for each in runs), *(each.most for each in parts), 0)
    while low < high:
        middle = (low + high) // 2
        below = -bisect_right(taken, middle)
        for run in runs:
            below += bisect_right(run, middle)
        for part in parts:
            below += part.count_to(middle)
        if below >= place:
            high = middle
        else:
            low = middle + 1
    return low
