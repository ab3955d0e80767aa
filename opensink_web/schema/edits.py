"""What a person changed of what was proposed to them, as JSON Pointers (RFC 6901).

Values are compared as JSON Schema compares them (Core 2020-12, 4.2.2): the order of keys says
nothing, nor does how a number is written, so `1` and `1.0` are one value, `1` and `true` two.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from opensink_web.json_value import JSONObject, JSONValue, dump, parse
from opensink_web.schema.secrets import Secrets, secrets_of
from opensink_web.schema.subschemas import Path, pointer_to, walk
from opensink_web.schema.tree.building import field_tree
from opensink_web.schema.tree.defaults import start_of
from opensink_web.schema.tree.node import ABSENT, Absent
from opensink_web.schema.validation import Checker

MAX_PLACES = 1_000
"""In how many places a part may differ before it counts as changed as a whole."""
MAX_CHARACTERS = 64 * 1024
"""Of all pointers together: a long key stands in the pointer of whatever is below it."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an answer is compared with.

    An exact one is an instance, such as the input of a call: a key that is added to it is a change.
    One that is not is what a schema names itself, by defaults and constants: filling in what they
    leave open is no change, nor is a value in place of null, which says there that nothing is
    proposed yet.
    """

    value: JSONObject
    is_exact: bool
    schema: JSONValue = field(default=True, repr=False, compare=False)

    def changed_in(self, answer: JSONObject) -> list[str]:
        """Return pointers to what is not as it was proposed, in the order of the proposal.

        Entries of a list are compared one by one where none was added or removed; when not one of
        them is left, it is the list that was changed. Of a secret no more is told than that it was
        changed. The time is linear in both values.
        """
        comparison = _Comparison(self.is_exact)
        comparison.compare(self.value, answer, None)
        if not comparison.places:
            return []
        secrets = secrets_of(self.schema)
        paths = dict.fromkeys(_up_to_secret(_path_to(each), secrets) for each in comparison.places)
        return [pointer_to(path) for path in _shortened(list(paths))]


def proposal_of(schema: JSONValue, proposed: JSONObject | None = None) -> Proposal | None:
    """Return what an answer is compared with; None where nothing is proposed.

    The schema has passed `check_schema`; `proposed` is the instance that came with it, if one did.
    """
    if proposed is not None:
        return Proposal(proposed, is_exact=True, schema=schema)
    if not _names_values(schema):
        return None
    start = _start_of(dump(schema))
    return Proposal(start, is_exact=False, schema=schema) if says_something(start) else None


def differs(proposed: JSONValue | Absent, answer: JSONValue | Absent, *, is_exact: bool) -> bool:
    """Return True if a part of an answer is not as it was proposed."""
    comparison = _Comparison(is_exact)
    comparison.compare(proposed, answer, None)
    return bool(comparison.places)


_Place: TypeAlias = "tuple[_Place, str | int] | None"
"""The place around, and the step from there; None for the whole answer. Each is made once."""


class _Comparison:
    """One walk through two values, noting the `places` where they differ."""

    def __init__(self, is_exact: bool) -> None:
        self.is_exact = is_exact
        self.places: list[_Place] = []

    def compare(self, proposed: JSONValue | Absent, answer: JSONValue | Absent, at: _Place) -> None:
        count_before = len(self.places)
        if isinstance(proposed, dict) and isinstance(answer, dict):
            added = [key for key in answer if key not in proposed] if self.is_exact else []
            for key in (*proposed, *added):
                self.compare(proposed.get(key, ABSENT), answer.get(key, ABSENT), (at, key))
        elif isinstance(proposed, list) and isinstance(answer, list):
            if self._compare_entries(proposed, answer, at):
                self._replace(count_before, at)
        elif not self._is_same(proposed, answer):
            self.places.append(at)
        if len(self.places) - count_before > MAX_PLACES:
            self._replace(count_before, at)

    def _compare_entries(
        self, proposed: list[JSONValue], answer: list[JSONValue], at: _Place
    ) -> bool:
        """Return True if it is the list as a whole that was changed."""
        if len(proposed) != len(answer):
            return True
        replaced_count = 0
        for index, (before, after) in enumerate(zip(proposed, answer, strict=True)):
            place, count = (at, index), len(self.places)
            self.compare(before, after, place)
            replaced_count += len(self.places) > count and self.places[count] is place
        return 0 < replaced_count == len(proposed)

    def _replace(self, count_before: int, at: _Place) -> None:
        """Note one place in the stead of those found in it."""
        del self.places[count_before:]
        self.places.append(at)

    def _is_same(self, proposed: JSONValue | Absent, answer: JSONValue | Absent) -> bool:
        if not self.is_exact and (proposed is ABSENT or not says_something(proposed)):
            return True
        # for Python True is 1
        return proposed == answer and isinstance(proposed, bool) == isinstance(answer, bool)


def _path_to(place: _Place) -> Path:
    steps: list[str | int] = []
    while place is not None:
        place, step = place
        steps.append(step)
    return tuple(reversed(steps))


def _up_to_secret(path: Path, secrets: Secrets) -> Path:
    """Cut a path at what is secret: the keys in there are nobody's to read either."""
    for length, step in enumerate(path):
        if secrets.is_secret:
            return path[:length]
        secrets = secrets.at_index(step) if isinstance(step, int) else secrets.at_key(step)
    return path


def _shortened(paths: list[Path]) -> list[Path]:
    """Point at the parts around the deepest places, until the pointers are short enough."""
    while sum(len(str(step)) + 1 for path in paths for step in path) > MAX_CHARACTERS:
        deepest = max(map(len, paths))
        paths = list(dict.fromkeys(path[: deepest - 1] for path in paths))
    return paths


def says_something(value: JSONValue) -> bool:
    """Return True unless a value only leaves open what might stand there."""
    if isinstance(value, dict):
        return any(map(says_something, value.values()))
    return value is not None


def _names_values(schema: JSONValue) -> bool:
    """Return True if a schema may propose something; most do not, and this is quickly told."""
    return any(
        part.get("default") is not None or "const" in part or part.get("readOnly") is True
        for _, part in walk(schema)
    )


@lru_cache(maxsize=256)
def _start_of(schema_text: str) -> JSONObject:
    """Return what a form starts from; nobody changes it."""
    schema = parse(schema_text)
    start = start_of(field_tree(schema), Checker(schema).errors_of).value
    return start if isinstance(start, dict) else {}
