"""Which field describes a value that is there: its title, its label, and what is in it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.controls.list import ENTRY
from opensink_web.schema.controls.union import branch_of
from opensink_web.schema.tree.node import FieldNode, Kind
from opensink_web.schema.tree.options import Option

IsValid: TypeAlias = Callable[[FieldNode, JSONValue], bool]
"""Says whether a value fits the schema of a node."""


def described(node: FieldNode | None, value: JSONValue, is_valid: IsValid) -> FieldNode | None:
    """Return the node that describes a value: of what has several shapes, the shape that it has."""
    if node is None or node.kind is not Kind.UNION:
        return node
    number = branch_of(node, value, is_valid)
    return None if number is None else described(node.branches[number], value, is_valid)


def members(
    node: FieldNode | None, value: JSONObject
) -> Iterator[tuple[str, str, FieldNode | None]]:
    """Yield each key of an object with its title and its node, as the form has them.

    Those that no field is for come last; a name that a person gave is its own title.
    """
    fields = {child.key: child for child in _children(node, value)}
    yield from ((key, child.title, child) for key, child in fields.items() if key in value)
    rows = node.extras if node and node.kind is Kind.GROUP else node
    for key in value:
        if key not in fields:
            yield key, key, rows.value_at(key) if rows else None


def _children(node: FieldNode | None, value: JSONObject) -> Iterator[FieldNode]:
    """Yield the properties of a group; what marks a branch reads as the choice that it was."""
    if node is None or node.shape is None:
        return
    fields = node.shape.at(value)
    choices = {choice.node.key: choice for choice in fields.selectors}
    for child in fields.children:
        choice = choices.get(child.key) if child.key in fields.hidden else None
        number = node.shape.number_in(choice.number, value) if choice else None
        if choice is None or number is None or child.secret or child.key not in value:
            yield child
        else:
            label = next(each.label for each in choice.node.options if each.value == number)
            chosen = (Option(value[child.key], label),)
            yield replace(child, title=choice.node.title, options=chosen)


def entry_of(node: FieldNode | None, index: int) -> FieldNode | None:
    """Return the node of an entry of a list."""
    return node.entry_at(index) if node and node.kind is Kind.LIST else None


def title_of_entry(node: FieldNode | None, index: int) -> str:
    """Return how the form calls an entry of a list."""
    entry = entry_of(node, index)
    is_named = node is not None and index < len(node.prefix)
    if entry and is_named and entry.title != ENTRY:
        return entry.title
    return f"{entry.title if entry else ENTRY} {index + 1}"


def label_of(node: FieldNode | None, value: JSONValue) -> str | None:
    """Return how the form offers a value that can be chosen, None for any other."""
    if node is None:
        return None
    written = dump(value)
    inside = node.branches if node.kind is Kind.SCALAR else ()
    options = (option for each in (node, *inside) for option in each.options)
    return next((option.label for option in options if dump(option.value) == written), None)


def in_words(node: FieldNode | None, value: JSONValue, is_valid: IsValid, length: int) -> str:
    """Write a value in a line, its parts by their titles, and no longer than that."""
    words = ""
    for piece in _pieces(node, value, is_valid):
        words += piece
        if len(words) > length:
            return words[:length] + "…"
    return words


def _pieces(node: FieldNode | None, value: JSONValue, is_valid: IsValid) -> Iterator[str]:
    node = described(node, value, is_valid)
    label = None if isinstance(value, dict | list) else label_of(node, value)
    if label is not None:
        yield label
    elif isinstance(value, dict):
        yield "" if value else "nothing in it"
        for at, (key, title, child) in enumerate(members(node, value)):
            yield f"{', ' if at else ''}{title}: "
            yield from _inside(child, value[key], is_valid)
    elif isinstance(value, list):
        yield "" if value else "an empty list"
        for index, entry in enumerate(value):
            yield ", " if index else ""
            yield from _inside(entry_of(node, index), entry, is_valid)
    elif value is None:
        yield "none"
    elif isinstance(value, bool):
        yield "yes" if value else "no"
    else:
        yield (value or "an empty text") if isinstance(value, str) else dump(value)


def _inside(node: FieldNode | None, value: JSONValue, is_valid: IsValid) -> Iterator[str]:
    is_part = isinstance(value, dict | list) and bool(value)
    yield "(" * is_part
    yield from _pieces(node, value, is_valid)
    yield ")" * is_part
