"""What a browser sent, and what a button of the form changes in it.

A button that draws the form again edits what was sent, and the form is made anew from that: so
names, titles and pointers are right everywhere, and everything typed is kept.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol


class FormData(Protocol):
    """What a browser sent: Werkzeug's MultiDict, or any other with these."""

    def __contains__(self, key: object, /) -> bool:
        """Return True if the name was sent."""

    def getlist(self, key: str, /) -> list[str]:
        """Return every value sent under the name."""

    def keys(self) -> Iterable[str]:
        """Return the names that were sent."""


class WithKept:
    """What was sent, with what was typed before in parts that are not drawn now.

    `fresh` are the names of fields that start as if nothing had been sent, `untouched` of those
    that were not drawn, so that nobody has changed them.
    """

    def __init__(self, sent: FormData, kept: Mapping[str, list[str]]) -> None:
        self._sent = sent
        self._kept = kept
        self.fresh: set[str] = getattr(sent, "fresh", set())
        self.restored: set[str] = getattr(sent, "restored", set())
        self.untouched: set[str] = set()

    def __contains__(self, key: object, /) -> bool:
        return key in self._sent or key in self._kept

    def getlist(self, key: str, /) -> list[str]:
        """Return every value under the name."""
        return self._sent.getlist(key) if key in self._sent else self._kept.get(key, [])

    def keys(self) -> Iterator[str]:
        """Return the names of both."""
        return iter(dict.fromkeys([*self._sent.keys(), *self._kept]))


class Edited:
    """What was sent, with what a button changes.

    `fresh` are the names of fields that start as if nothing had been sent, and so do `restored`
    ones, as a whole; `focus` is the name of the field that comes up focused, and which of its
    buttons, "" for its first control.
    """

    def __init__(self, sent: FormData) -> None:
        self._sent = sent
        self._replaced: dict[str, list[str]] = {}
        self.fresh: set[str] = set()
        self.restored: set[str] = set()
        self.focus: tuple[str, str] | None = None

    def __contains__(self, key: object, /) -> bool:
        if isinstance(key, str) and key in self._replaced:
            return bool(self._replaced[key])
        return key in self._sent

    def getlist(self, key: str, /) -> list[str]:
        """Return every value under the name."""
        return self._replaced[key] if key in self._replaced else self._sent.getlist(key)

    def keys(self) -> Iterator[str]:
        """Return the names there are now."""
        names = dict.fromkeys([*self._sent.keys(), *self._replaced])
        return (name for name in names if name in self)

    def replace(self, name: str, values: list[str]) -> None:
        """Put these values under the name, in place of those that were sent."""
        self._replaced[name] = values


def starts_fresh(name: str, sent: FormData | None) -> bool:
    """Return True if a field of this name starts as if nothing had been sent."""
    return sent is None or name in getattr(sent, "fresh", ())


def sent_to(name: str, sent: FormData | None) -> FormData | None:
    """Return what was sent for a field of this name.

    That is nothing where a proposal is put back, or where the field was on another page.
    """
    is_as_it_was = name in getattr(sent, "restored", ()) or name in getattr(sent, "untouched", ())
    return None if is_as_it_was else sent
