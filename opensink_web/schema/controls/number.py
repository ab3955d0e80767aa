"""Numbers, whole or not."""

import re
from fractions import Fraction
from typing import Any

from opensink_web.errors import InvalidInput
from opensink_web.json_value import JSONValue, dump, parse
from opensink_web.schema.controls.typed import TypedField
from opensink_web.schema.tree.node import Absent, Kind


class NumberField(TypedField):
    """A number, kept an integer or a float as it was written."""

    kinds = frozenset({Kind.NUMBER, Kind.INTEGER})

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


def _browser_takes_number(text: str) -> bool:
    """Return True if a number input would keep this text; it blanks what no double can hold."""
    if not text:
        return True
    is_plain = re.fullmatch(r"-?(\d+(\.\d+)?|\.\d+)([eE][+-]?\d+)?", text, re.ASCII) is not None
    return is_plain and abs(float(text)) != float("inf")
