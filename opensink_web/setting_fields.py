"""How a field of `Settings` is declared: its default, what it is, and how its text is read."""

from dataclasses import dataclass, field
from typing import Any

from opensink_web import setting_values as read
from opensink_web.errors import ConfigurationError

RETENTION_DAYS_MAX = 36_500


@dataclass(frozen=True, slots=True)
class Setting:
    """What a field of `Settings` is to an operator.

    `default` is written as an operator would write it; where it is "", or says too little,
    `default_in_words` says what happens. One without a description is not for operators.
    """

    variable: str
    description: str
    default: str
    default_in_words: str
    reader: read.Reader
    is_secret: bool

    def value(self, text: str) -> Any:
        """Return what a text stands for. Raises: ConfigurationError."""
        try:
            return self.reader(text.strip() or self.default)
        except read.NotValid as error:
            raise ConfigurationError(f"{self.variable} {error}.") from None


def declared(
    default: str,
    description: str,
    reader: read.Reader = str,
    *,
    unset: str = "",
    is_secret: bool = False,
    variable: str = "",
) -> Any:
    """Declare a field of `Settings`; `unset` says what happens where there is no default."""
    setting = Setting(variable, description, default, unset, reader, is_secret)
    return field(repr=not is_secret, metadata={"setting": setting})


def number(default: int, least: int, most: int, description: str) -> Any:
    """Declare one that is a whole number in a range."""
    return declared(
        str(default), f"{description} ({least:,} to {most:,})", read.whole_number(least, most)
    )


def days(description: str, default: int = 0) -> Any:
    """Declare one that says for how many days something is kept."""
    reader = read.whole_number(0, RETENTION_DAYS_MAX)
    unset = f"`{default}`; `0` is forever" if default else "`0`: forever"
    return declared(str(default), description, reader, unset=unset)


def written(value: Any) -> str:
    """Return the text by which a variable says a value."""
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, tuple):
        return ",".join(value)
    return "" if value is None else str(value)
