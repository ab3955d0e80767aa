"""Texts, of one line or several.

To the browser all are plain texts: a native input for e-mail addresses or URLs changes what it
does not know, such as the letter ß.
"""

import re
from functools import lru_cache
from typing import Any

from jsonschema_rs import Validator

from opensink_web.errors import InvalidInput
from opensink_web.json_value import JSONObject, JSONValue, dump, parse
from opensink_web.schema.controls.base import USUAL, Meaning
from opensink_web.schema.controls.typed import TypedField
from opensink_web.schema.controls.widgets import Area
from opensink_web.schema.line_breaks import ONE_LINE_FORMATS, may_have_lines
from opensink_web.schema.tree.node import ABSENT, Absent, Constraints, FieldNode, Kind
from opensink_web.schema.validation import compile_schema
from opensink_web.visible_text import in_plain

_LONGEST_TRIMMED = 10_000


class TextField(TypedField):
    """A string of one line."""

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
        if self._fits_but_for_blanks(text):
            raise ValueError("There are blanks before or after what you typed. Remove them.")
        return text or self.nothing()

    def _fits_but_for_blanks(self, text: str) -> bool:
        trimmed, limits = text.strip(), self.node.constraints
        if trimmed == text or not trimmed or len(text) > _LONGEST_TRIMMED:
            return False
        rules = rules_of(self.node.format, limits.pattern)
        return rules.is_valid(trimmed) and not rules.is_valid(text)

    @property
    def own_meaning(self) -> Meaning | None:
        return Meaning.TEXT if takes_empty(self.node) else None

    @property
    def hint(self) -> str:
        """Say how to write it, and of a secret how long it may be."""
        if self.node.secret:
            return " ".join(filter(None, [super().hint, lengths_in_words(self.node.constraints)]))
        return _FORMAT_HINTS.get(self.node.format, "")

    @property
    def lengths(self) -> str:
        """The length that is asked for, in words, where a script may count along."""
        return "" if self.node.secret else lengths_in_words(self.node.constraints)

    def described_by(self) -> str:
        """Return the ids of what stands around the control, the count of its letters too."""
        return " ".join(
            filter(None, [super().described_by(), f"{self.name}-count" if self.lengths else ""])
        )

    def attributes(self) -> dict[str, Any]:
        attributes = super().attributes() | {"dir": "auto"}
        attributes["type"] = "password" if self.node.secret else "text"
        # No "maxlength": a browser cuts off what is longer without a word, and what is left of it
        # may be an answer that nobody gave. The page counts, and the server refuses.
        if self.node.format in ONE_LINE_FORMATS:
            attributes |= {"autocapitalize": "off", "spellcheck": "false"}
        if self.node.format in _KEYBOARDS:
            attributes["inputmode"] = _KEYBOARDS[self.node.format]
        # No "pattern": browsers' engines can backtrack for hours, and ours is not one of them.
        if self.node.placeholder:
            attributes["placeholder"] = in_plain(self.node.placeholder)
        return attributes


class LongTextField(TextField):
    """A string that may have more than one line; unless it is long, it begins with one."""

    control = "textarea"
    widget = Area()

    @classmethod
    def suits(cls, node: FieldNode, data: JSONValue | Absent) -> int:
        """Take what may have several lines, or has them already; a secret, where it may be long."""
        if node.secret:
            return USUAL + 1 if node.multiline else 0
        has_lines = isinstance(data, str) and re.search(r"[\r\n]", data) is not None
        may = node.multiline or may_have_lines(node.format, node.constraints.pattern)
        return USUAL + 1 if has_lines or may else 0

    @property
    def is_long(self) -> bool:
        """Return True if there is to be space for several lines from the start."""
        return self.node.multiline

    def attributes(self) -> dict[str, Any]:
        attributes = super().attributes()
        lines = self.drawn_text().count("\n") + 1
        rows = min(16, max(4, lines + 1) if self.is_long else lines)
        if self.node.secret:  # the style sheet masks it; no speller shall send it anywhere
            attributes |= {"autocapitalize": "off", "spellcheck": "false"}
        return {name: attributes[name] for name in attributes if name != "type"} | {"rows": rows}


@lru_cache(maxsize=1_000)
def rules_of(format_name: str, pattern: str) -> Validator:
    """Return what checks a text by the format and the pattern of a checked schema."""
    rules: JSONObject = {"format": format_name} if format_name else {}
    return compile_schema(rules | ({"pattern": pattern} if pattern else {}))


def takes_empty(node: FieldNode) -> bool:
    """Return True if a text that is empty fits."""
    limits = node.constraints
    return not limits.min_length and rules_of(node.format, limits.pattern).is_valid("")


def lengths_in_words(limits: Constraints) -> str:
    """Say how long a text may be, nothing where any length but none is right."""
    shortest, longest = limits.min_length or 0, limits.max_length
    if longest is None:
        return f"At least {shortest} characters." if shortest > 1 else ""
    noun = "character" if longest == 1 else "characters"
    if shortest == longest:
        return f"Exactly {longest} {noun}."
    return f"{shortest} to {longest} {noun}." if shortest > 1 else f"At most {longest} {noun}."


_KEYBOARDS = {
    "email": "email",
    "idn-email": "email",
    "uri": "url",
    "iri": "url",
    "uri-reference": "url",
    "iri-reference": "url",
}
_FORMAT_HINTS = {
    "time": "A time with its offset, for example 14:30:00Z or 14:30:00+01:00.",
    "date": "A date, for example 2026-01-31.",
    "date-time": "A date and time with its offset, for example 2026-01-31T14:30:00+01:00.",
    "duration": "A duration, for example P3DT4H for 3 days and 4 hours.",
    "uuid": "A UUID, for example 123e4567-e89b-12d3-a456-426614174000.",
    "ipv4": "An IPv4 address, for example 192.0.2.1.",
    "ipv6": "An IPv6 address, for example 2001:db8::1.",
    "uri": "A full address, for example https://example.com/page.",
    "iri": "A full address, for example https://example.com/page.",
    "email": "An e-mail address, for example name@example.com.",
    "idn-email": "An e-mail address, for example name@example.com.",
    "hostname": "A host name, for example example.com.",
    "color": "A colour, for example #1f6feb.",
}
