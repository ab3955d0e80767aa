"""What a JSON Schema says otherwise than another, field by field, to who fills in its form."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from opensink_web.json_value import JSONValue, dump
from opensink_web.schema.tree.node import ABSENT, Absent

CHANGES_MAX = 40
_VALUE_LENGTH = 200
_SAID = {
    "default": "proposed value",
    "const": "fixed value",
    "title": "label",
    "description": "explanation",
    "enum": "choices",
    "oneOf": "choices",
    "anyOf": "choices",
    "required": "required fields",
    "type": "kind of value",
    "format": "kind of value",
    "minimum": "smallest value",
    "maximum": "largest value",
    "minLength": "shortest length",
    "maxLength": "longest length",
    "minItems": "fewest entries",
    "maxItems": "most entries",
    "readOnly": "read only",
    "examples": "examples",
}
"""What keywords of schemas mean to somebody who fills in a form; others are named as they are."""


class Mark(StrEnum):
    """Whether a piece of text stayed."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a text, and whether they stayed."""

    text: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One thing that is asked otherwise: its words, or else what it was and what it is."""

    label: str
    pieces: tuple[Piece, ...] = ()
    before: str | None = None
    after: str | None = None


def schema_changes(before: JSONValue, after: JSONValue) -> Iterator[FieldChange]:
    """Yield what a form asks otherwise, each part by the titles on the way to it."""
    for path, old, new in _differences(before, after, ()):
        # the titles are those of now, and of what is gone those that it had
        yield FieldChange(
            _label(path, before if new is ABSENT else after),
            before=None if old is ABSENT else written(old, path),
            after=None if new is ABSENT else written(new, path),
        )


def _differences(
    old: JSONValue | Absent, new: JSONValue | Absent, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], JSONValue | Absent, JSONValue | Absent]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            yield from _differences(old.get(key, ABSENT), new.get(key, ABSENT), (*path, key))
    elif _is_other(old, new):
        yield path, old, new


def _is_other(old: JSONValue | Absent, new: JSONValue | Absent) -> bool:
    if old is ABSENT or new is ABSENT:
        return old is not new
    return dump(old) != dump(new)  # to Python 1 equals True


def _label(path: tuple[str, ...], schema: JSONValue) -> str:
    """Name a place in a schema by the titles of the fields on the way, and what it says there."""
    names, rest, here = [], list(path), schema
    while len(rest) > 1 and rest[0] in {"properties", "$defs", "patternProperties"}:
        inside = here.get(rest[0]) if isinstance(here, dict) else None
        here = inside.get(rest[1]) if isinstance(inside, dict) else None
        title = here.get("title") if isinstance(here, dict) else None
        names.append(title if isinstance(title, str) and title else rest[1])
        rest = rest[2:]
    said = _SAID.get(rest[0], rest[0]) if rest else ""
    inner = [key for key in rest[1:] if not key.isdecimal()]
    where = ", ".join([*names, *inner]) or "The form"
    return f"{where}: {said}" if said else where


def written(value: JSONValue, path: tuple[str, ...] = ()) -> str | None:
    """Write a value for people, cut where it is long; of a field that came or went, its title is
    said already.
    """
    if value is None:
        return None if not path else "null"
    if len(path) > 1 and path[-2] == "properties":
        return "a field"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else dump(value)
    return text if len(text) <= _VALUE_LENGTH else text[:_VALUE_LENGTH] + "…"
