"""An item of a sink as a page draws it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from opensink_web import json_value
from opensink_web.errors import UnreadableSecret
from opensink_web.models import Sink, SinkItem
from opensink_web.operations.page import trail_of
from opensink_web.operations.sinks.item import BODY_LENGTH_MAX as ITEM_BODY_LENGTH_MAX
from opensink_web.operations.sinks.words import value_text

FIELDS_MAX = 12
RESOURCES_MAX = 12
BODY_LENGTH_MAX = 1500
FIELD_LENGTH_MAX = 300
FIELD_NAME_LENGTH_MAX = 100
"""How much of an item one of many on a page shows."""
LINKED_VALUES_MAX, LINKED_LENGTH_MAX = 12, 60
"""Of a field with more values, or longer ones, none leads to what else has it."""


@dataclass(frozen=True, slots=True)
class _Limits:
    """How much of an item is drawn; whoever sends it may write a megabyte, in any part of it."""

    rows: int
    resources: int
    body_length: int
    field_length: int


_BEGINNING = _Limits(FIELDS_MAX, RESOURCES_MAX, BODY_LENGTH_MAX, FIELD_LENGTH_MAX)
_WHOLE = _Limits(rows=100, resources=100, body_length=ITEM_BODY_LENGTH_MAX, field_length=1000)


@dataclass(frozen=True, slots=True)
class Field:
    """A field as it is drawn: its text, or of short values (text, what items are filtered by)."""

    name: str
    text: str
    values: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """What is drawn of an item; `is_cut` where that is not all of it.

    `place` is the cursor of a list that begins with it.
    """

    item: SinkItem
    sink: Sink
    title: str
    body: str | None
    url: str | None
    fields: list[Field]
    resources: Sequence[Mapping[str, Any]]
    is_cut: bool
    place: str


def card_of(item: SinkItem, sink: Sink, *, is_whole: bool = False) -> Card:
    """Return what is drawn of an item: the beginning, or all that a page has room for."""
    limits = _WHOLE if is_whole else _BEGINNING
    title, body, url, fields, resources = "Cannot be read: its key is missing", None, None, {}, []
    with suppress(UnreadableSecret):
        title, body, url = item.title, item.body, item.url
        fields, resources = item.fields, item.resources
    drawn = [
        Field(name, _text(value, limits.field_length), _filtered_by(name, value))
        for name, value in islice(fields.items(), limits.rows)
    ]
    is_cut = (
        len(body or "") > limits.body_length
        or len(fields) > limits.rows
        or len(resources) > limits.resources
        or any(
            len(each.name) > FIELD_NAME_LENGTH_MAX or len(each.text) > limits.field_length
            for each in drawn
        )
    )
    return Card(
        item,
        sink,
        title,
        _cut(body, limits.body_length) if body else body,
        url,
        [
            Field(
                _cut(each.name, FIELD_NAME_LENGTH_MAX),
                _cut(each.text, limits.field_length),
                each.values,
            )
            for each in drawn
        ],
        resources[: limits.resources],
        is_cut,
        place=trail_of(UUID(int=item.id.int + 1)),
    )


def _filtered_by(name: str, value: Any) -> Sequence[tuple[str, str]]:
    """Return the values of a field by each of which items can be filtered; none of what is long."""
    values = value if isinstance(value, list) else [value]
    if len(name) > FIELD_NAME_LENGTH_MAX or len(values) > LINKED_VALUES_MAX:
        return ()
    shown = [(_text(each, LINKED_LENGTH_MAX), value_text(each)) for each in values]
    is_short = all(text and len(text) <= LINKED_LENGTH_MAX for text, _ in shown)
    return shown if is_short else ()


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + "…"


def _text(value: Any, most: int) -> str:
    """Write a field's value; of one that is longer than `most`, at least one character more."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case list():
            return ", ".join(_text(each, most) for each in value[: most + 1]) or "none"
        case _:
            return json_value.dump(value)
