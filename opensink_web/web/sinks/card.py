"""An item of a sink as a page draws it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from opensink_web import json_value
from opensink_web.errors import UnreadableSecret
from opensink_web.models import Sink, SinkItem
from opensink_web.operations.page import trail_of

FIELDS_MAX = 12
RESOURCES_MAX = 12
BODY_LENGTH_MAX = 1500
"""How much of an item one of many on a page shows."""


@dataclass(frozen=True, slots=True)
class Card:
    """What is drawn of an item; `is_cut` where its own page shows more.

    `place` is the cursor of a list that begins with it.
    """

    item: SinkItem
    sink: Sink
    title: str
    body: str | None
    url: str | None
    fields: list[tuple[str, str]]
    resources: Sequence[Mapping[str, Any]]
    is_cut: bool
    place: str


def card_of(item: SinkItem, sink: Sink, *, is_whole: bool = False) -> Card:
    """Return what is drawn of an item: the beginning, or all of it."""
    title, body, url, fields, resources = "Cannot be read: its key is missing", None, None, {}, []
    with suppress(UnreadableSecret):
        title, body, url = item.title, item.body, item.url
        fields, resources = item.fields, item.resources
    rows = [(name, _text(value)) for name, value in fields.items()]
    text, is_cut = body, False
    if not is_whole:
        is_cut = (
            len(body or "") > BODY_LENGTH_MAX
            or len(rows) > FIELDS_MAX
            or len(resources) > RESOURCES_MAX
        )
        rows, resources = rows[:FIELDS_MAX], resources[:RESOURCES_MAX]
        text = body[:BODY_LENGTH_MAX] + "…" if body and len(body) > BODY_LENGTH_MAX else body
    place = trail_of(UUID(int=item.id.int + 1))
    return Card(item, sink, title, text, url, rows, resources, is_cut, place)


def _text(value: Any) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case list():
            return ", ".join(_text(each) for each in value) or "none"
        case _:
            return json_value.dump(value)
