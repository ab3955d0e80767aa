"""A stored answer as facts for people, without the secrets in it (schema/secrets.py)."""

from dataclasses import dataclass, replace

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.secrets import Secrets, secrets_of
from opensink_web.schema.tree.building import field_tree
from opensink_web.schema.tree.node import FieldNode, Kind

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
    whole = _fact(root, root.secrets, response)
    return StoredAnswer(whole.parts or (whole,), root.secrets.hide(response))


def preview_of(schema: JSONValue, response: JSONObject) -> str:
    """Return the beginning of an answer in a line, its secrets left out."""
    shown = secrets_of(schema).hide(response)
    parts = shown.items() if isinstance(shown, dict) else ()
    line = ", ".join(f"{key}: {dump(value)}" for key, value in parts)
    return line if len(line) <= PREVIEW_LENGTH else line[:PREVIEW_LENGTH] + "…"


def _fact(node: FieldNode | None, secrets: Secrets, value: JSONValue) -> Fact:
    """Draw up a value by its field; by its keys, where no field describes it."""
    title = node.title if node else ""
    if secrets.is_secret:
        return Fact(title, is_hidden=True)
    if isinstance(value, dict) and value:
        return Fact(title, parts=_facts_of_keys(node, secrets, value))
    if isinstance(value, list) and value and _has_parts(node, value):
        item = node.item if node and node.kind is Kind.LIST else None
        noun = item.title if item else "Entry"
        return Fact(
            title,
            parts=tuple(
                replace(_fact(item, secrets.at_index(index), row), title=f"{noun} {index + 1}")
                for index, row in enumerate(value)
            ),
        )
    return Fact(title, _labelled(node, secrets.hide(value)) if node else secrets.hide(value))


def _has_parts(node: FieldNode | None, rows: list[JSONValue]) -> bool:
    is_list = node is not None and node.kind is Kind.LIST and node.item is not None
    return is_list or any(isinstance(row, dict | list) for row in rows)


def _facts_of_keys(node: FieldNode | None, secrets: Secrets, value: JSONObject) -> tuple[Fact, ...]:
    children = node.children if node and node.kind is Kind.GROUP else ()
    named = [
        _fact(child, secrets.at_key(child.key), value[child.key])
        for child in children
        if child.key in value
    ]
    known = {child.key for child in children}
    further = [
        replace(_fact(None, secrets.at_key(key), inner), title=key)
        for key, inner in value.items()
        if key not in known
    ]
    return (*named, *further)


def _labelled(node: FieldNode, value: JSONValue) -> JSONValue:
    """Write a chosen option as it was offered."""
    written = dump(value)
    return next((option.label for option in node.options if dump(option.value) == written), value)
