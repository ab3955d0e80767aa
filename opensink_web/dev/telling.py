"""What `opensink dev` says of requests: lines for people, or lines of JSON for programs.

What agents write is hostile. A terminal carries out what is written to it, so every character that
it or a reader would take for something else is written as its name: `[U+001B]`.
"""

import json
from collections.abc import Callable, Iterator
from typing import Protocol

from opensink_web.dev.waiting import Asked, Gone
from opensink_web.schema.tree.building import field_tree
from opensink_web.schema.tree.node import FieldNode, Kind
from opensink_web.visible_text import isolated

LINES_MAX = 200
LINE_CHARACTERS_MAX = 2_000
_FIELDS_MAX = 40
_OPTIONS_MAX = 8


class Teller(Protocol):
    """Says what happens to requests."""

    def asked(self, asked: Asked) -> None:
        """Say that somebody waits for an answer."""

    def gone(self, gone: Gone) -> None:
        """Say that nobody waits any more."""

    def left_open(self, asked: Asked, reason: str) -> None:
        """Say why a request that was to be answered by itself was not."""


class Lines:
    """For people who read."""

    def __init__(self, say: Callable[[str], None], inbox: str) -> None:
        self._say = say
        self._inbox = inbox

    def asked(self, asked: Asked) -> None:
        for line in lines_of(asked):
            self._say(line)
        self._say(f"  {place_of(self._inbox, asked)}")

    def gone(self, gone: Gone) -> None:
        self._say(said_of(gone))

    def left_open(self, asked: Asked, reason: str) -> None:
        self._say(f"Left open: {plain(asked.title)}: {plain(reason)}")


class JsonLines:
    """For programs; ASCII alone, so that nothing in it is a terminal's."""

    def __init__(self, say: Callable[[str], None], inbox: str) -> None:
        self._say = say
        self._inbox = inbox

    def asked(self, asked: Asked) -> None:
        self._tell("asked", asked, key=asked.key, url=place_of(self._inbox, asked))

    def gone(self, gone: Gone) -> None:
        self._tell("gone", gone.request, status=gone.status.value, how=gone.sentence)

    def left_open(self, asked: Asked, reason: str) -> None:
        self._tell("left_open", asked, reason=reason)

    def _tell(self, event: str, asked: Asked, **more: str) -> None:
        said = {"event": event, "id": str(asked.id), "title": asked.title, **more}
        self._say(json.dumps(said))


def place_of(inbox: str, asked: Asked) -> str:
    """Return where a request stands in the browser."""
    return f"{inbox.removesuffix('/inbox')}/requests/{asked.id}"


def plain(text: str) -> str:
    """Return a text as one line that a terminal only shows."""
    line = isolated(" ".join(text.split("\n")).replace("\t", "    "))
    is_long = len(line) > LINE_CHARACTERS_MAX
    return f"{line[:LINE_CHARACTERS_MAX]} … (cut)" if is_long else line


def lines_of(asked: Asked) -> Iterator[str]:
    """Yield what is asked: by whom, what, and what there is to fill in."""
    yield f"{plain(asked.asker)} asks: {plain(asked.title)}"
    lines = asked.message.replace("\r\n", "\n").strip("\n").split("\n") if asked.message else []
    yield from (f"  {plain(line)}" for line in lines[:LINES_MAX])
    if len(lines) > LINES_MAX:
        yield f"  … (cut: {len(lines) - LINES_MAX} more lines in the browser)"
    if asked.proposed is not None:
        yield f"  Proposed: {plain(json.dumps(asked.proposed, ensure_ascii=False))}"
    fields = list(_fields(field_tree(asked.schema)))
    yield from (f"  - {field}" for field in fields[:_FIELDS_MAX])
    if len(fields) > _FIELDS_MAX:
        yield f"  … and {len(fields) - _FIELDS_MAX} more fields"


def said_of(gone: Gone) -> str:
    """Return how a request ended, in a line."""
    return f"{gone.sentence.capitalize()}: {plain(gone.request.title)}"


def _fields(group: FieldNode, depth: int = 0) -> Iterator[str]:
    for child in group.children:
        yield "  " * depth + described(child)
        if child.kind is Kind.GROUP and not child.is_recursive:
            yield from _fields(child, depth + 1)


def described(node: FieldNode) -> str:
    """Return what is asked for in one field, in a line."""
    words = [
        f"{plain(node.title or node.key)} ({kind_of(node)}{'' if node.required else ', optional'})"
    ]
    if node.description:
        words.append(plain(node.description))
    return ": ".join(words)


def kind_of(node: FieldNode) -> str:
    """Say what a field takes."""
    if node.kind is Kind.CHOICE:
        labels = [plain(option.label) for option in node.options[:_OPTIONS_MAX]]
        more = (
            f", {len(node.options) - _OPTIONS_MAX} more" if len(node.options) > _OPTIONS_MAX else ""
        )
        return f"one of: {', '.join(labels)}{more}"
    return _KINDS[node.kind]


_KINDS = {
    Kind.TEXT: "text",
    Kind.NUMBER: "number",
    Kind.INTEGER: "whole number",
    Kind.CONSENT: "yes",
    Kind.GROUP: "several fields",
    Kind.LIST: "list",
    Kind.FIXED: "fixed",
    Kind.JSON: "JSON",
    Kind.SCALAR: "text, number, yes or no",
    Kind.UNION: "one of several shapes",
    Kind.MAP: "keys and values",
}
