"""Numbers, whole or not."""

from typing import Any

from opensink_web.json_value import JSONValue, dump
from opensink_web.schema.controls.typed import TypedField
from opensink_web.schema.tree.node import Absent, Constraints, Kind
from opensink_web.schema.written_number import EXAMPLE, EXAMPLE_WHOLE, read_number


class NumberField(TypedField):
    """A number, kept an integer or a float as it was written.

    It is a text to the browser: native number inputs drop or change what they cannot read.
    """

    kinds = frozenset({Kind.NUMBER, Kind.INTEGER})

    @property
    def is_whole(self) -> bool:
        """Return True if the schema takes whole numbers only."""
        return self.node.kind is Kind.INTEGER

    def shown(self, value: JSONValue) -> str:
        return dump(value)

    def read(self, text: str) -> JSONValue | Absent:
        if not text.strip():
            return self.nothing()
        try:
            return read_number(text, is_whole=self.is_whole)
        except ValueError:
            if self.node.secret:  # the sentence may repeat what was typed
                raise ValueError(EXAMPLE_WHOLE if self.is_whole else EXAMPLE) from None
            raise

    @property
    def hint(self) -> str:
        return " ".join(filter(None, [limits_in_words(self.node.constraints), super().hint]))

    def attributes(self) -> dict[str, Any]:
        minimum = self.node.constraints.minimum
        mode = "numeric" if self.is_whole else "decimal"
        if minimum is not None and minimum < 0:
            mode = "text"  # phones' keyboards for numbers may have no minus
        attributes = super().attributes() | {"type": "text", "inputmode": mode}
        if not (self.is_whole or self.node.secret):
            attributes["data-decimal"] = ""
        if self.node.secret:
            attributes["type"] = "password"
        elif self.node.placeholder:
            attributes["placeholder"] = self.node.placeholder
        return attributes


def limits_in_words(limits: Constraints) -> str:
    """Say between which limits a number has to be, nothing where there are none."""
    low, high = limits.minimum, limits.maximum
    words = []
    if low is not None and high is not None and not (limits.is_above or limits.is_below):
        words.append(f"from {dump(low)} to {dump(high)}")
    else:
        if low is not None:
            words.append(f"more than {dump(low)}" if limits.is_above else f"at least {dump(low)}")
        if high is not None:
            words.append(f"less than {dump(high)}" if limits.is_below else f"at most {dump(high)}")
    if limits.multiple_of is not None and limits.multiple_of != 1:
        words.append(f"a multiple of {dump(limits.multiple_of)}")
    sentence = ", ".join(words)
    return f"{sentence[0].upper()}{sentence[1:]}." if words else ""
