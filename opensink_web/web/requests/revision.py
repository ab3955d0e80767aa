"""What a request asks otherwise than the one before it, and where it is asked now.

Changes are told field by field: of the form, what each part of the schema says by its title.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from uuid import UUID

from opensink_web.json_value import JSONValue, dump
from opensink_web.models import InputRequest, InputRequestStatus
from opensink_web.operations.accounts.disclosure import shown_response, shown_schema
from opensink_web.operations.requests.queries import (
    find_successor,
    newest_revision,
    predecessor_of,
    tags_of,
)
from opensink_web.schema.tree.node import ABSENT, Absent

CHANGES_MAX = 40
WORDS_MAX = 2000
"""In longer texts it is not looked for which words stayed: the time grows with the square."""
_VALUE_LENGTH = 200
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
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


@dataclass(frozen=True, slots=True)
class Revision:
    """Where a request stands among its revisions.

    `changes` are since the one before, of which `left_out` are not listed. `newest_id` is what is
    asked now, where that is another one.
    """

    number: int
    before_id: UUID | None
    newest_id: UUID | None
    changes: tuple[FieldChange, ...]
    left_out: int


def revision_of(request: InputRequest) -> Revision | None:
    """Return what to tell of revisions; None where there is but one.

    Of a superseded request that is what its successor changed.
    """
    is_old = request.status is InputRequestStatus.SUPERSEDED
    before, after = request, request
    if is_old:
        after = find_successor(request.id) or request
    else:
        before = predecessor_of(request) or request
    if before is after and request.revision == 1 and not is_old:
        return None
    changes = tuple(_changes(before, after)) if before is not after else ()
    return Revision(
        number=after.revision,
        before_id=None if before is request else before.id,
        newest_id=newest_revision(request.id) if is_old else None,
        changes=changes[:CHANGES_MAX],
        left_out=max(0, len(changes) - CHANGES_MAX),
    )


def _changes(before: InputRequest, after: InputRequest) -> Iterator[FieldChange]:
    for label, old, new in (
        ("Title", before.title, after.title),
        ("Message", before.message, after.message),
    ):
        if old != new:
            yield FieldChange(label, pieces=pieces_of(old, new))
    yield from schema_changes(shown_schema(before), shown_schema(after))
    tags = tags_of([before.id, after.id])
    for label, was, now in (
        ("Key", before.key, after.key),
        ("Reference", before.reference, after.reference),
        ("Priority", before.priority, after.priority),
        ("Tags", ", ".join(tags.get(before.id, ())), ", ".join(tags.get(after.id, ()))),
        ("Can be declined", before.allow_decline, after.allow_decline),
        ("People who have to answer", before.required_responses, after.required_responses),
        ("Whoever asked may decide", not before.forbid_requester, not after.forbid_requester),
        ("Due", _moment(before), _moment(after)),
        ("When it is over", before.on_expire.value, after.on_expire.value),
        (
            "Answer then",
            shown_response(before, before.default_response),
            shown_response(after, after.default_response),
        ),
        ("Links", _links(before), _links(after)),
    ):
        if was != now:
            yield FieldChange(label, before=_written(was or None), after=_written(now or None))


def _moment(request: InputRequest) -> str | None:
    return f"{request.expires_at:%Y-%m-%d %H:%M} UTC" if request.expires_at else None


def _links(request: InputRequest) -> str:
    return ", ".join(str(link["text"]) for link in request.context)


def pieces_of(before: str, after: str) -> tuple[Piece, ...]:
    """Return a text's words with those that were taken out and put in."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if len(old) + len(new) > WORDS_MAX:
        whole = (Piece(before, Mark.REMOVED), Piece(after, Mark.ADDED))
        return tuple(piece for piece in whole if piece.text)
    pieces = []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if tag == "equal":
            pieces.append(Piece("".join(old[old_from:old_to]), Mark.SAME))
            continue
        pieces.append(Piece("".join(old[old_from:old_to]), Mark.REMOVED))
        pieces.append(Piece("".join(new[new_from:new_to]), Mark.ADDED))
    return tuple(piece for piece in pieces if piece.text)


def schema_changes(before: JSONValue, after: JSONValue) -> Iterator[FieldChange]:
    """Yield what a form asks otherwise, each part by the titles on the way to it."""
    for path, old, new in _differences(before, after, ()):
        # the titles are those of now, and of what is gone those that it had
        yield FieldChange(
            _label(path, before if new is ABSENT else after),
            before=None if old is ABSENT else _written(old, path),
            after=None if new is ABSENT else _written(new, path),
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


def _written(value: JSONValue, path: tuple[str, ...] = ()) -> str | None:
    """Write a value for people; of a field that came or went, its title is said already."""
    if value is None:
        return None if not path else "null"
    if len(path) > 1 and path[-2] == "properties":
        return "a field"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else dump(value)
    return text if len(text) <= _VALUE_LENGTH else text[:_VALUE_LENGTH] + "…"
