"""What came of an answer that somebody typed: where it is another, and what was told of it."""

from collections.abc import Iterable, Iterator

from opensink_web.errors import FieldError
from opensink_web.json_value import JSONValue, dump
from opensink_web.schema.subschemas import Path


def differences(read: JSONValue, target: JSONValue, at: Path = ()) -> Iterator[Path]:
    """Yield where two values differ, also in kind; typed keys may come in any order."""
    if isinstance(read, dict) and isinstance(target, dict):
        for key in read.keys() | target.keys():
            if key not in read or key not in target:
                yield (*at, key)
            else:
                yield from differences(read[key], target[key], (*at, key))
    elif isinstance(read, list) and isinstance(target, list) and len(read) == len(target):
        for index, (one, other) in enumerate(zip(read, target, strict=True)):
            yield from differences(one, other, (*at, index))
    elif isinstance(read, int) and isinstance(target, float) and read == target:
        return  # a whole number is typed without its fraction
    elif dump(read) != dump(target):
        yield at


def path_of(pointer: str, value: JSONValue) -> Path:
    """Return the place in a value that a pointer leads to, as far as it does."""
    steps: list[str | int] = []
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        steps.append(int(key) if isinstance(value, list) else key)
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list):
            value = value[int(key)] if int(key) < len(value) else None
    return tuple(steps)


def told(errors: Iterable[FieldError]) -> str:
    """Write errors in a line."""
    return "; ".join(f"{error.path} {error.message}" for error in errors)


def _nearest_first(place: Path) -> tuple[int, bool]:
    """Of the ways at one place, what it is sent as is tried before its shape."""
    return -len(place), place[-1] != "kind"


class Ways:
    """Where a page offers several ways, how many at each place, and which are tried."""

    def __init__(self) -> None:
        self._tried: dict[Path, int] = {}
        self._offered: dict[Path, int] = {}

    def begin(self) -> None:
        """Begin anew, with what is to be tried next."""
        self._offered = {}

    def turn(self, wrong: Iterable[Path]) -> bool:
        """Turn to the next way of a choice: one at or around what went wrong, else the last."""
        for place in [*self._around(wrong), *reversed(self._offered)]:
            if self._tried.get(place, 0) + 1 < self._offered[place]:
                self._tried[place] = self._tried.get(place, 0) + 1
                return True
        return False

    def _around(self, wrong: Iterable[Path]) -> list[Path]:
        return [
            place
            for each in wrong
            for place in sorted(self._offered, key=_nearest_first)
            if place[:-1] == each[: len(place) - 1]
        ]

    def at(self, place: Path, count: int) -> int:
        """Return which of so many ways to try at a place."""
        self._offered.setdefault(place, count)
        return min(self._tried.get(place, 0), count - 1)
