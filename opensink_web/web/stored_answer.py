"""A stored answer as facts for people, without the secrets in it.

What the schema calls writeOnly, or of the format password, goes to the agent and is shown to no
person again. Where a part of the schema has no fields of its own, secrets in it cannot be told
apart, so a part that knows of any is hidden whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.field_tree import FieldNode, Kind, field_tree

HIDDEN = "••••••"
PREVIEW_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Fact:
    """A value by its title: `parts` where it is made of others, else `value`, unless hidden.

    Of lists only those of single values stand in `value`.
    """

    title: str
    value: JSONValue = None
    parts: tuple["Fact", ...] = ()
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What is shown of an answer: its facts, and the JSON with secrets replaced."""

    facts: tuple[Fact, ...]
    shown: JSONValue


def stored_answer(schema: JSONValue, response: JSONObject) -> StoredAnswer:
    """Draw up an answer that fits this schema."""
    root = field_tree(schema)
    reader = _Reader(_has_secrets(schema), frozenset(_secret_keys(schema)))
    whole = reader.fact(root, response)
    return StoredAnswer(whole.parts or (whole,), reader.shown(root, response))


def preview_of(schema: JSONValue, response: JSONObject) -> str:
    """Return the beginning of an answer in a line, its secrets left out."""
    shown = stored_answer(schema, response).shown
    parts = shown.items() if isinstance(shown, dict) else ()
    line = ", ".join(f"{key}: {dump(value)}" for key, value in parts)
    return line if len(line) <= PREVIEW_LENGTH else line[:PREVIEW_LENGTH] + "…"


@dataclass(frozen=True, slots=True)
class _Reader:
    """Walks an answer along the fields of its schema.

    `secret_keys` are secret somewhere in the schema, perhaps under a condition only.
    """

    knows_secrets: bool
    secret_keys: frozenset[str]

    def fact(self, node: FieldNode | None, value: JSONValue) -> Fact:
        title = node.title if node else ""
        if self._is_hidden(node, value):
            return Fact(title, is_hidden=True)
        if node and node.kind is Kind.GROUP and isinstance(value, dict) and value:
            return Fact(title, parts=self._facts_of_keys(node, value))
        if node and node.kind is Kind.LIST and isinstance(value, list) and value and node.item:
            return Fact(title, parts=self._facts_of_rows(node.item, value))
        return _plain(title, _labelled(node, value) if node else value)

    def _facts_of_keys(self, node: FieldNode, value: JSONObject) -> tuple[Fact, ...]:
        named = [self.fact(one, value[one.key]) for one in node.children if one.key in value]
        known = {one.key for one in node.children}
        further = [
            replace(self.fact(None, rest), title=key)
            for key, rest in value.items()
            if key not in known
        ]
        return (*named, *further)

    def _facts_of_rows(self, item: FieldNode, rows: list[JSONValue]) -> tuple[Fact, ...]:
        return tuple(
            replace(self.fact(item, row), title=f"{item.title} {number}")
            for number, row in enumerate(rows, 1)
        )

    def shown(self, node: FieldNode | None, value: JSONValue) -> JSONValue:
        """Return the value with every secret in it replaced."""
        if self._is_hidden(node, value):
            return HIDDEN
        if node is None:
            return value
        if node.kind is Kind.LIST and isinstance(value, list) and node.item:
            return [self.shown(node.item, row) for row in value]
        if node.kind is not Kind.GROUP or not isinstance(value, dict):
            return value
        nodes = {one.key: one for one in node.children}
        return {key: self.shown(nodes.get(key), one) for key, one in value.items()}

    def _is_hidden(self, node: FieldNode | None, value: JSONValue) -> bool:
        if node is None:  # a key that the schema does not name
            return self.knows_secrets
        if node.secret or node.key in self.secret_keys:
            return True
        return self.knows_secrets and not _is_drawn(node, value) and _may_hold_secrets(node.schema)


def _is_drawn(node: FieldNode, value: JSONValue) -> bool:
    """Tell whether everything in the value has a field of its own, which says if it is secret."""
    if isinstance(value, dict):
        return node.kind is Kind.GROUP
    if isinstance(value, list):
        return node.kind is Kind.LIST
    return node.kind not in {Kind.JSON, Kind.FIXED}


def _plain(title: str, value: JSONValue) -> Fact:
    """Draw up a value that no field describes, by its keys."""
    if isinstance(value, dict) and value:
        return Fact(title, parts=tuple(_plain(key, one) for key, one in value.items()))
    if isinstance(value, list) and any(isinstance(one, dict | list) for one in value):
        rows = enumerate(value, 1)
        return Fact(title, parts=tuple(_plain(f"Entry {number}", one) for number, one in rows))
    return Fact(title, value)


def _labelled(node: FieldNode, value: JSONValue) -> JSONValue:
    """Write a chosen option as it was offered."""
    written = dump(value)
    return next((one.label for one in node.options if dump(one.value) == written), value)


def _may_hold_secrets(schema: JSONValue) -> bool:
    """Tell whether a part of a schema names a secret, or refers to what may."""
    return _has_secrets(schema) or '"$ref"' in dump(schema)


def _has_secrets(schema: JSONValue) -> bool:
    return _is_secret(schema) or any(_has_secrets(one) for one in _inside(schema))


def _secret_keys(schema: JSONValue) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from (key for key, one in schema.items() if _is_secret(one))
    for one in _inside(schema):
        yield from _secret_keys(one)


def _is_secret(schema: JSONValue) -> bool:
    if not isinstance(schema, dict):
        return False
    return schema.get("writeOnly") is True or schema.get("format") == "password"


def _inside(value: JSONValue) -> list[JSONValue]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
