"""A part of an answer that is typed as JSON, the secrets in it hidden behind numbered marks.

A mark stands for a value that this server keeps: the one proposed, or one typed before, which the
page brings back sealed. It may be left where it is, moved to where the schema keeps a secret too,
or replaced by another value.
"""

import re
from collections.abc import Iterator
from itertools import count
from typing import Any

from opensink_web.errors import InvalidInput
from opensink_web.json_value import JSONObject, JSONValue, dump, parse
from opensink_web.schema.controls.base import USUAL
from opensink_web.schema.controls.binding import fits
from opensink_web.schema.controls.list import MAX_ROWS
from opensink_web.schema.controls.typed import TypedField
from opensink_web.schema.controls.widgets import Area
from opensink_web.schema.secrets import HIDDEN, value_at, with_values
from opensink_web.schema.subschemas import Path
from opensink_web.schema.tree.node import ABSENT, Absent, FieldNode, Kind

_ONLY_JSON = 80
_MARK = re.compile(re.escape(HIDDEN) + r" [0-9]+")


class JsonField(TypedField):
    """A part of the answer that no form can draw, typed as JSON.

    `hidden` is what each mark in the text stands for; `texts` are those proposed that only look
    like one.
    """

    control = "json"
    kinds = frozenset(Kind)
    widget = Area()

    @classmethod
    def suits(cls, node: FieldNode, data: JSONValue | Absent) -> int:
        """Take what no other control can show."""
        if data is not ABSENT and not node.is_typed and not fits(node, data):
            return _ONLY_JSON  # keywords alone suggested the kind, and the value is of another
        has_rows = node.kind in {Kind.LIST, Kind.MAP}
        if has_rows and isinstance(data, (list, dict)) and len(data) > MAX_ROWS:
            return _ONLY_JSON
        if node.kind is Kind.GROUP and node.secret and isinstance(data, dict):
            # keys that the schema does not name are as secret as what is under them
            named = {child.key for child in node.children_for(data)}
            return USUAL + 1 if data.keys() - named else 0
        return USUAL if node.kind is Kind.JSON else 0

    def process_data(self, value: JSONValue | Absent) -> None:
        """Take the value to draw."""
        self.hidden: JSONObject = {}
        self.texts: frozenset[str] = frozenset()
        super().process_data(value)
        if value is None:
            self.text = "null"
        self._first_text = self.text

    def shown(self, value: JSONValue) -> str:
        paths = [] if self.node.secret else list(self.node.secrets.paths_in(value))
        if not paths:
            return dump(value, indent=2)
        texts = frozenset(text for _, text in _texts_in(value) if _MARK.fullmatch(text))
        # never a number anew: a mark whose sealed value was lost must not stand for another
        numbers = (
            n for n in count(len(self.hidden) + len(self.texts) + 1) if _mark(n) not in texts
        )
        marks = {path: _mark(number) for path, number in zip(paths, numbers, strict=False)}
        self.texts = texts
        self.hidden = {mark: value_at(value, path) for path, mark in marks.items()}
        return dump(with_values(value, dict(marks)), indent=2)

    def taken(self, typed: str) -> JSONValue | Absent:
        """Put the hidden values back, and hide those that were typed before this is drawn again."""
        if self.node.secret:
            return super().taken(typed)
        sealed, self.sealed = self.sealed, ""
        try:
            if sealed:
                self.hidden = self._form.unseal(self.name, sealed)
            value = self.read(typed)
        except ValueError as error:
            if not self.node.secrets.may_hold_any():
                raise
            self.text = self._first_text
            raise ValueError(
                f"{error} It is not shown again, since there may be a secret in it: type it again."
            ) from None
        if value is not ABSENT and any(self.node.secrets.paths_in(value)):
            self.text = self.shown(value)
            self.sealed = self._form.seal(self.name, self.hidden)
        return value

    def read(self, text: str) -> JSONValue | Absent:
        if not text.strip():
            return self.nothing()
        try:
            value = parse(text)
        except InvalidInput as error:
            raise ValueError(error.message) from None
        return value if self.node.secret else self._with_hidden(value)

    def _with_hidden(self, value: JSONValue) -> JSONValue:
        """Put back what the marks stand for. Raises: ValueError where none may stand."""
        marks = {
            path: text
            for path, text in _texts_in(value)
            if text in self.hidden or (_MARK.fullmatch(text) and text not in self.texts)
        }
        if not marks or not self.node.secrets.may_hold_any():
            return value
        for mark in marks.values():
            if mark not in self.hidden:
                raise ValueError(f"“{mark}” stands for no hidden value. Write the value itself.")
        secret = set(self.node.secrets.paths_in(value))
        for path, mark in marks.items():
            if not any(path[:length] in secret for length in range(len(path) + 1)):
                raise ValueError(f"“{mark}” stands where the schema keeps nothing secret.")
        return with_values(value, {path: self.hidden[mark] for path, mark in marks.items()})

    @property
    def hint(self) -> str:
        ending = " Leave it empty for nothing." if self.is_optional else ""
        if self.node.secret:
            return f"Written as JSON. {super().hint}"
        if self.hidden:
            ending += (
                f" “{HIDDEN} …” stands for a secret that is kept and not shown:"
                " leave it, or write another value in its place."
            )
        return f"Written as JSON.{ending}"

    def attributes(self) -> dict[str, Any]:
        rows = min(20, max(4, self.drawn_text().count("\n") + 2))
        return super().attributes() | {"rows": rows, "spellcheck": "false", "autocapitalize": "off"}


def _mark(number: int) -> str:
    return f"{HIDDEN} {number}"


def _texts_in(value: JSONValue, at: Path = ()) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts_in(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts_in(inner, (*at, index))
