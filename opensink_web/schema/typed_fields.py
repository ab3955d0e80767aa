"""Fields into which something is typed: text, numbers, JSON.

Type-exact: what a browser sends back untouched becomes the very value it was drawn from, so 1.0
does not become 1 and "" is not mistaken for an absent key. Only what was changed is read anew.
"""

import re
from datetime import date
from fractions import Fraction
from typing import Any

from wtforms import widgets

from opensink_web.errors import InvalidInput
from opensink_web.json_value import JSONValue, dump, parse
from opensink_web.schema.field_tree import ABSENT, Absent, FieldNode, Kind
from opensink_web.schema.fields import AnswerField
from opensink_web.visible_text import in_plain


class TypedField(AnswerField):
    """A field into which something is typed; subclasses say how it reads."""

    control = "input"
    widget = widgets.TextInput()

    def process_data(self, value: JSONValue | Absent) -> None:
        """Take the value to draw."""
        self.initial = self.data = value
        self.text = "" if value is ABSENT or value is None else self.shown(value)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what the browser sent.

        Raises: ValueError with a sentence for people.
        """
        typed = _with_plain_newlines(valuelist[0]) if valuelist else ""
        self.changed = bool(self.sealed) or typed != _with_plain_newlines(self.drawn_text())
        if not self.changed and self.initial is not ABSENT:
            return
        self.text = typed
        self.data = ABSENT
        self.data = self.taken(typed)

    def taken(self, typed: str) -> JSONValue | Absent:
        """Return the value of what was typed; a secret goes back into the page sealed alone."""
        if not self.node.secret:
            return self.read(typed)
        sealed, self.sealed = self.sealed, ""
        is_kept = sealed and not typed
        value: JSONValue | Absent = (
            self._form.unseal(self.name, sealed) if is_kept else self.read(typed)
        )
        if (is_kept or typed) and value is not ABSENT:
            self.sealed = self._form.seal(self.name, value)
        return value

    def shown(self, value: JSONValue) -> str:
        """Write a value as the text to edit."""
        raise NotImplementedError  # each kind of field has its own

    def read(self, text: str) -> JSONValue | Absent:
        """Read what was typed as a value."""
        raise NotImplementedError  # each kind of field has its own

    def drawn_text(self) -> str:
        """Return the text that goes into the page: never a secret."""
        return "" if self.node.secret else self.text

    def _value(self) -> str:
        return self.drawn_text()

    @property
    def hint(self) -> str:
        if not self.node.secret:
            return ""
        if self.sealed:
            return "Secret: what you typed is kept, not shown. Left empty, it stays what you typed."
        if self.initial is not ABSENT:
            return "Secret: it is not shown. Left empty, it stays what was proposed."
        return "Secret: it is not shown again."


class TextField(TypedField):
    """A string."""

    def shown(self, value: JSONValue) -> str:
        return str(value)

    def read(self, text: str) -> JSONValue | Absent:
        try:
            parse(dump(text))
        except InvalidInput:
            raise ValueError("This contains a character that cannot be stored.") from None
        if text:
            return text
        return "" if self.node.required and not self.node.nullable else self.nothing()

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

    def attributes(self) -> dict[str, Any]:
        attributes = super().attributes()
        rows = min(16, max(4, self.drawn_text().count("\n") + 2))
        return {name: attributes[name] for name in attributes if name != "type"} | {"rows": rows}


class NumberField(TypedField):
    """A number, kept an integer or a float as it was written."""

    def shown(self, value: JSONValue) -> str:
        return dump(value)

    def read(self, text: str) -> JSONValue | Absent:
        text = text.strip()
        if not text:
            return self.nothing()
        if not _NUMBER.fullmatch(text):
            raise ValueError(self._example())
        try:
            if not re.search(r"[.eE]", text):
                return parse(str(int(text)) if len(text) < 400 else text)
            number = float(text)
            is_whole = self.node.kind is Kind.INTEGER and number.is_integer()
            return int(number) if is_whole else parse(dump(number))
        except (InvalidInput, OverflowError):
            raise ValueError("This number is too large to be stored.") from None

    def _example(self) -> str:
        if self.node.kind is Kind.INTEGER:
            return "Enter a whole number using digits only, such as 1200."
        return "Enter a number with a decimal point, such as 1200.5."

    def attributes(self) -> dict[str, Any]:
        whole = self.node.kind is Kind.INTEGER
        if self.node.secret:
            mode = "numeric" if whole else "decimal"
            return super().attributes() | {"type": "password", "inputmode": mode}
        if not _browser_takes_number(self.text):
            return super().attributes() | {"inputmode": "numeric" if whole else "decimal"}
        limits = self.node.constraints
        attributes = super().attributes() | {"type": "number", "step": self._step()}
        if self.node.placeholder:
            attributes["placeholder"] = self.node.placeholder
        return attributes | {
            name: dump(limit)
            for name, limit in (("min", limits.minimum), ("max", limits.maximum))
            if limit is not None
        }

    def _step(self) -> str:
        """Steps count from the minimum in HTML, from zero in JSON Schema: mirror where equal."""
        limits = self.node.constraints
        fallback = "1" if self.node.kind is Kind.INTEGER else "any"
        if limits.multiple_of is None:
            return fallback
        # as fractions, because a large enough integer is no float
        is_even = not limits.minimum or Fraction(limits.minimum) % Fraction(limits.multiple_of) == 0
        return dump(limits.multiple_of) if is_even else fallback


_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
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


def _browser_takes_number(text: str) -> bool:
    """Return True if a number input would keep this text; it blanks what no double can hold."""
    if not text:
        return True
    is_plain = re.fullmatch(r"-?(\d+(\.\d+)?|\.\d+)([eE][+-]?\d+)?", text, re.ASCII) is not None
    return is_plain and abs(float(text)) != float("inf")


def _given(**attributes: int | None) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}


def _with_plain_newlines(text: str) -> str:
    """Browsers send every line break of a text area as CR LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
