"""How much of a text fits into a row of a terminal."""

import unicodedata
from collections.abc import Iterable

_WIDE = frozenset("WF")


def columns_of(text: str) -> int:
    """Return how many columns a text takes at most; marks that join the one before count too."""
    return sum(map(_columns_of_one, text))


def start_within(text: str, columns: int) -> str:
    """Return a text, or its beginning and an ellipsis, in so many columns."""
    if columns_of(text) <= columns:
        return text
    return "".join(_fitting(text, columns - 1)) + "…"


def end_within(text: str, columns: int) -> str:
    """Return a text, or an ellipsis and its end, in so many columns."""
    if columns_of(text) <= columns:
        return text
    return "…" + "".join(reversed(list(_fitting(reversed(text), columns - 1))))


def _fitting(text: Iterable[str], columns: int) -> Iterable[str]:
    for character in text:
        columns -= _columns_of_one(character)
        if columns < 0:
            return
        yield character


def _columns_of_one(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1
