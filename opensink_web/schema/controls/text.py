"""Texts, of one line or several."""

import re
from datetime import date
from functools import lru_cache
from typing import Any

from wtforms import widgets

from opensink_web.errors import InvalidInput
from opensink_web.json_value import JSONObject, JSONValue, dump, parse
from opensink_web.schema.controls.base import USUAL, Meaning
from opensink_web.schema.controls.typed import TypedField
from opensink_web.schema.tree.node import ABSENT, Absent, FieldNode, Kind
from opensink_web.schema.validation import compile_schema
from opensink_web.visible_text import in_plain


class TextField(TypedField):
    """A string."""

    kinds = frozenset({Kind.TEXT})

    def process_data(self, value: JSONValue | Absent) -> None:
        """Take the value to draw; an empty text that the schema refuses proposes nothing."""
        super().process_data(ABSENT if value == "" and not self.own_meaning else value)

    def shown(self, value: JSONValue) -> str:
        return str(value)

    def read(self, text: str) -> JSONValue | Absent:
        try:
            parse(dump(text))
        except InvalidInput:
            raise ValueError("This contains a character that cannot be stored.") from None
        return text or self.nothing()

    @property
    def own_meaning(self) -> Meaning | None:
        limits = self.node.constraints
        is_possible = not limits.min_length and takes_empty(self.node.format, limits.pattern)
        return Meaning.TEXT if is_possible else None

    @property
    def input_type(self) -> str:
        """The type of the input: a native one only where the browser leaves the text as it is."""
        if self.node.secret:
            return "password"
        return _native_type(self.node, self.drawn_text())

    @property
    def hint(self) -> str:
        if self.node.secret:
            return super().hint
        shows_itself = self.input_type == self.node.format
        return "" if shows_itself else _FORMAT_HINTS.get(self.node.format, "")

    def attributes(self) -> dict[str, Any]:
        limits = self.node.constraints
        attributes = super().attributes() | {"type": self.input_type, "dir": "auto"}
        attributes |= _given(minlength=limits.min_length, maxlength=limits.max_length)
        # No "pattern": browsers' engines can backtrack for hours, and ours is not one of them.
        if self.node.placeholder:
            attributes["placeholder"] = in_plain(self.node.placeholder)
        return attributes


class LongTextField(TextField):
    """A string of more than one line."""

    control = "textarea"
    widget = widgets.TextArea()

    @classmethod
    def suits(cls, node: FieldNode, data: JSONValue | Absent) -> int:
        """Take what may be long, or has several lines already; a secret has a line."""
        has_lines = isinstance(data, str) and re.search(r"[\r\n]", data) is not None
        is_long = not node.secret and (node.multiline or has_lines)
        return USUAL + 1 if node.kind is Kind.TEXT and is_long else 0

    def attributes(self) -> dict[str, Any]:
        attributes = super().attributes()
        rows = min(16, max(4, self.drawn_text().count("\n") + 2))
        return {name: attributes[name] for name in attributes if name != "type"} | {"rows": rows}


@lru_cache(maxsize=1_000)
def takes_empty(format_name: str, pattern: str) -> bool:
    """Return True if a format and a pattern of a checked schema let the empty text pass."""
    rules: JSONObject = {"format": format_name} if format_name else {}
    rules |= {"pattern": pattern} if pattern else {}
    return compile_schema(rules).is_valid("")


_FORMAT_HINTS = {
    "time": "A time with its offset, for example 14:30:00Z or 14:30:00+01:00.",
    "date": "A date, for example 2026-01-31.",
    "date-time": "A date and time with its offset, for example 2026-01-31T14:30:00+01:00.",
    "uuid": "A UUID, for example 123e4567-e89b-12d3-a456-426614174000.",
    "ipv4": "An IPv4 address, for example 192.0.2.1.",
    "ipv6": "An IPv6 address, for example 2001:db8::1.",
    "uri": "A full address, for example https://example.com/page.",
    "email": "An e-mail address, for example name@example.com.",
    "color": "A colour, for example #1f6feb.",
}


def _native_type(node: FieldNode, text: str) -> str:
    if node.format == "email" and text.isascii() and text == text.strip():
        return "email"
    if node.format == "uri" and text == text.strip():
        return "url"
    if node.format == "date" and (not text or _is_date(text)):
        return "date"
    # An empty colour input says black, so it stands only where a colour is there to show.
    is_plain_colour = re.fullmatch(r"#[0-9a-f]{6}", text) is not None
    return "color" if node.format == "color" and is_plain_colour and node.required else "text"


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _given(**attributes: int | None) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}
