"""Facts of a group and a day, or several, in few bytes; adding to them, and taking from them.

Durations stand in order, so of many cells the one in a place is found by halving. A cell that keeps
when on the day something ended has for each duration its quarter of an hour, and codes by which it
is counted how many ended in which quarters, and how.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, compress

from opensink_web.models import InsightKind
from opensink_web.operations.insights.outcome import codes_of_kind, timed_codes

DAY = 86_400_000
"""In milliseconds."""
SIZES = (64, 8, 1)
"""Of how many days cells are, the largest first; each is made of those of the next size."""
QUARTER = 900_000
QUARTERS = DAY // QUARTER
_STRIDE = 256
_SHORT, _LONG = "I", "Q"
_SHORT_MAX = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Signed:
    """A fact that is added, or with -1 taken away."""

    group_id: int
    at: int
    code: int
    duration_ms: int
    sign: int = 1

    @property
    def day(self) -> int:
        """Return the day, counted from 1970 in UTC, on which it ended."""
        return self.at // DAY


@dataclass(frozen=True, slots=True)
class Packed:
    """A cell as it is stored."""

    counts: bytes
    codes: bytes | None
    quarters: bytes | None
    durations: bytes

    @property
    def is_empty(self) -> bool:
        """Return True if nothing is counted in it any more."""
        return not any(counts_of(self.counts))


def counts_of(packed: bytes) -> "array[int]":
    """Return how many facts there are of each code."""
    return _unpacked(packed)


def durations_of(packed: bytes) -> "array[int]":
    """Return the durations in the order in which they are kept."""
    return _unpacked(packed)


def changed(
    kind: InsightKind, cell: Packed | None, facts: Sequence[Signed], *, has_codes: bool
) -> Packed:
    """Return a cell with these facts; `has_codes` says which kind of cell it is."""
    counts = _with_counts(kind, cell, facts)
    limit = timed_codes(kind)
    timed = [each for each in facts if each.code < limit]
    durations = list(durations_of(cell.durations)) if cell else []
    if not has_codes:
        _apply(durations, ((each.duration_ms, each.sign) for each in timed))
        return Packed(_packed(counts), None, None, _packed(durations))
    codes = list(array("H", cell.codes or b"")) if cell else []
    _apply(codes, ((each.code * QUARTERS + _quarter(each.at), each.sign) for each in facts))
    placed = list(zip(durations, (cell.quarters or b"") if cell else b"", strict=True))
    _apply(placed, (((each.duration_ms, _quarter(each.at)), each.sign) for each in timed))
    quarters = bytes(quarter for _, quarter in placed)
    durations = [duration for duration, _ in placed]
    return Packed(_packed(counts), array("H", codes).tobytes(), quarters, _packed(durations))


def merged(kind: InsightKind, cells: Iterable[Packed]) -> Packed:
    """Return a cell of all that is in cells, without when on the day it ended."""
    counts, durations = [0] * codes_of_kind(kind), list[int]()
    for cell in cells:
        durations.extend(durations_of(cell.durations))
        for code, count in enumerate(counts_of(cell.counts)):
            counts[code] += count
    durations.sort()  # of runs that are in order, which it finds
    return Packed(_packed(counts), None, None, _packed(durations))


class Day:
    """A cell that keeps when on the day something ended, to be cut into parts of the day."""

    def __init__(self, kind: InsightKind, codes: bytes, quarters: bytes, durations: bytes) -> None:
        self._kind, self._quarters = kind, quarters
        self._codes, self.durations = array("H", codes), durations_of(durations)

    def cut(self, begin: int, end: int) -> tuple[list[tuple[int, int]], "Part"]:
        """Return how many ended in the quarters from `begin` to `end`, by code, and how long that
        took.
        """
        counts = []
        for code in range(codes_of_kind(self._kind)):
            first = code * QUARTERS
            last = bisect_left(self._codes, first + end)
            counts.append((code, last - bisect_left(self._codes, first + begin)))
        return counts, Part(self.durations, self._quarters.translate(_mask(begin, end)))


class Part:
    """Some of the durations of a cell, in order, without a list of their own.

    Which are of it says a mask; how many these are is known at every `_STRIDE`th.
    """

    __slots__ = ("_counts", "_durations", "_mask")

    def __init__(self, durations: Sequence[int], mask: bytes) -> None:
        self._durations, self._mask = durations, mask
        strides = range(0, len(mask), _STRIDE)
        self._counts = [0, *accumulate(mask.count(1, each, each + _STRIDE) for each in strides)]

    def __len__(self) -> int:
        return self._counts[-1]

    def __iter__(self) -> Iterator[int]:
        return compress(self._durations, self._mask)

    @property
    def least(self) -> int:
        """Return what none of them is below."""
        return self._durations[0]

    @property
    def most(self) -> int:
        """Return what none of them is above."""
        return self._durations[-1]

    def count_to(self, value: int) -> int:
        """Count those that are not above a value."""
        place = bisect_right(self._durations, value)
        stride = place // _STRIDE
        return self._counts[stride] + self._mask.count(1, stride * _STRIDE, place)


@cache
def _mask(begin: int, end: int) -> bytes:
    """Return what `bytes.translate` makes a mask of quarters with: 1 for those in between."""
    return bytes(begin <= quarter < end for quarter in range(256))


def _with_counts(kind: InsightKind, cell: Packed | None, facts: Iterable[Signed]) -> list[int]:
    counts = list(counts_of(cell.counts)) if cell else []
    counts += [0] * (codes_of_kind(kind) - len(counts))
    for fact in facts:
        counts[fact.code] += fact.sign
    return counts


def _quarter(at: int) -> int:
    return at % DAY // QUARTER


def _apply(kept: list, changes: Iterator[tuple]) -> None:  # type: ignore[type-arg]
    """Add to what is in order, and take from it."""
    gone: Counter[object] = Counter()
    for value, sign in changes:
        if sign > 0:
            kept.append(value)
        else:
            gone[value] += 1
    kept.sort()
    for value, count in gone.items():
        place = bisect_left(kept, value)
        del kept[place : place + count]


def _packed(values: Sequence[int]) -> bytes:
    kind = _LONG if values and max(values) > _SHORT_MAX else _SHORT
    return kind.encode() + array(kind, values).tobytes()


def _unpacked(packed: bytes) -> "array[int]":
    return array(chr(packed[0]), packed[1:])
