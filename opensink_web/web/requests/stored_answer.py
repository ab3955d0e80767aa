"""A stored answer as facts for people: what was proposed, what was decided, no secret of either.

Which parts are secret schema/secrets.py says, and what was changed schema/edits.py.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import StrEnum

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.models import InputRequest
from opensink_web.schema.edits import proposal_of
from opensink_web.schema.secrets import Secrets, secrets_of
from opensink_web.schema.subschemas import pointer_to
from opensink_web.schema.tree.building import field_tree
from opensink_web.schema.tree.node import ABSENT, Absent, FieldNode, Kind

PREVIEW_LENGTH = 120
MATCHED_ENTRIES_MAX = 500
"""In longer lists it is not looked for which entries stayed: the time grows with the square."""


class Change(StrEnum):
    """What became of a part of a proposal, in words for people."""

    CHANGED = "changed"
    ADDED = "added"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Fact:
    """A value by its title: `parts` where it is made of others, else `value`, unless hidden.

    Of lists only those of single values stand in `value`. Of one that was changed, `before` is what
    was proposed; one that was left out is drawn as it was proposed.
    """

    title: str
    value: JSONValue = None
    parts: tuple["Fact", ...] = ()
    is_hidden: bool = False
    change: Change | None = None
    before: "Fact | None" = None


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What is shown of an answer: its facts, and the JSON with secrets replaced.

    `edit_count` says in how many places it is not what was proposed, None where nothing was; then,
    and where it is as it was proposed, there is no `proposed`.
    """

    facts: tuple[Fact, ...]
    shown: JSONValue
    edit_count: int | None = None
    proposed: JSONValue = None


def answer_of(input_request: InputRequest) -> StoredAnswer | None:
    """Draw up what was answered to a request, or else the input whose call was not approved."""
    schema, response = input_request.schema, input_request.response
    if response is None:
        proposed = input_request.proposed_response
        return None if proposed is None else stored_answer(schema, proposed)
    proposal = proposal_of(schema, input_request.proposed_response)
    if proposal is None:
        return stored_answer(schema, response)
    edited = input_request.edited
    if edited is None:  # it was decided before that was kept
        edited = proposal.changed_in(response)
    return stored_answer(schema, response, proposal.value, edited)


def stored_answer(
    schema: JSONValue,
    response: JSONObject,
    proposed: JSONObject | None = None,
    edited: Sequence[str] = (),
) -> StoredAnswer:
    """Draw up an answer that fits this schema, and at each `edited` pointer what was proposed."""
    root = field_tree(schema)
    if proposed is None:
        whole = _plain(root, root.secrets, response)
    else:
        whole = _Drawing(edited).fact(root, root.secrets, response, proposed, "")
    return StoredAnswer(
        facts=whole.parts if whole.parts and whole.change is None else (whole,),
        shown=root.secrets.hide(response),
        edit_count=None if proposed is None else len(edited),
        proposed=root.secrets.hide(proposed) if proposed is not None and edited else None,
    )


def preview_of(schema: JSONValue, response: JSONObject) -> str:
    """Return the beginning of an answer in a line, its secrets left out."""
    shown = secrets_of(schema).hide(response)
    parts = shown.items() if isinstance(shown, dict) else ()
    line = ", ".join(f"{key}: {dump(value)}" for key, value in parts)
    return line if len(line) <= PREVIEW_LENGTH else line[:PREVIEW_LENGTH] + "…"


class _Drawing:
    """Facts of what was decided beside what was proposed, ABSENT where it was not."""

    def __init__(self, edited: Iterable[str]) -> None:
        self._edited = frozenset(edited)
        self._around = {around for pointer in self._edited for around in _places_around(pointer)}

    def fact(
        self,
        node: FieldNode | None,
        secrets: Secrets,
        value: JSONValue | Absent,
        before: JSONValue | Absent,
        at: str,
    ) -> Fact:
        """Draw up a value by its field; by its keys, where no field describes it."""
        if at in self._edited:
            return _changed(node, secrets, value, before)
        if at in self._around and not secrets.is_secret:
            title = node.title if node else ""
            if isinstance(value, dict) and isinstance(before, dict):
                return Fact(title, parts=tuple(self._of_keys(node, secrets, value, before, at)))
            if isinstance(value, list) and isinstance(before, list):
                return Fact(title, parts=tuple(self._of_entries(node, secrets, value, before, at)))
        return _plain(node, secrets, value)

    def _of_keys(
        self,
        node: FieldNode | None,
        secrets: Secrets,
        value: JSONObject,
        before: JSONObject,
        at: str,
    ) -> Iterator[Fact]:
        for key, child in _in_order(node, {**value, **before}):
            place = at + pointer_to((key,))
            if key in value or place in self._edited:
                given = (value.get(key, ABSENT), before.get(key, ABSENT))
                fact = self.fact(child, secrets.at_key(key), *given, place)
                yield fact if child else replace(fact, title=key)

    def _of_entries(
        self,
        node: FieldNode | None,
        secrets: Secrets,
        rows: list[JSONValue],
        before: list[JSONValue],
        at: str,
    ) -> Iterator[Fact]:
        item = _item_of(node)
        for index, (row, row_before) in enumerate(zip(rows, before, strict=False)):
            fact = self.fact(item, secrets.at_index(index), row, row_before, f"{at}/{index}")
            yield replace(fact, title=_title_of_entry(item, index))


def _places_around(pointer: str) -> Iterator[str]:
    while pointer:
        pointer = pointer.rpartition("/")[0]
        yield pointer


def _changed(
    node: FieldNode | None,
    secrets: Secrets,
    value: JSONValue | Absent,
    before: JSONValue | Absent,
) -> Fact:
    if before is ABSENT:
        return replace(_plain(node, secrets, value), change=Change.ADDED)
    if value is ABSENT:
        return replace(_plain(node, secrets, before), change=Change.LEFT_OUT)
    if isinstance(value, list) and isinstance(before, list) and not secrets.is_secret:
        longest = max(len(value), len(before))
        if value and before and longest <= MATCHED_ENTRIES_MAX:
            title = node.title if node else ""
            rows = tuple(_matched_entries(_item_of(node), secrets, value, before))
            return Fact(title, parts=rows, change=Change.CHANGED)
    was = _plain(node, secrets, before)
    return replace(_plain(node, secrets, value), change=Change.CHANGED, before=was)


def _matched_entries(
    item: FieldNode | None, secrets: Secrets, rows: list[JSONValue], before: list[JSONValue]
) -> Iterator[Fact]:
    """Draw up the entries that stayed, and among them those that were added or left out."""
    matcher = SequenceMatcher(None, [*map(dump, before)], [*map(dump, rows)], autojunk=False)
    for kind, first, end, new_first, new_end in matcher.get_opcodes():
        if kind != "equal":
            for index in range(first, end):
                fact = _plain(item, secrets.at_index(index), before[index])
                title = item.title if item else "Entry"
                yield replace(fact, title=title, change=Change.LEFT_OUT)
        for index in range(new_first, new_end):
            fact = _plain(item, secrets.at_index(index), rows[index])
            change = None if kind == "equal" else Change.ADDED
            yield replace(fact, title=_title_of_entry(item, index), change=change)


def _plain(node: FieldNode | None, secrets: Secrets, value: JSONValue | Absent) -> Fact:
    """Draw up a value without a word on what was proposed."""
    title = node.title if node else ""
    if secrets.is_secret:
        return Fact(title, is_hidden=True)
    if value is ABSENT:
        return Fact(title)
    if isinstance(value, dict) and value:
        facts = [
            (key, child, _plain(child, secrets.at_key(key), value[key]))
            for key, child in _in_order(node, value)
        ]
        parts = tuple(fact if child else replace(fact, title=key) for key, child, fact in facts)
        return Fact(title, parts=parts)
    if isinstance(value, list) and value and _has_parts(node, value):
        item = _item_of(node)
        parts = tuple(
            replace(_plain(item, secrets.at_index(index), row), title=_title_of_entry(item, index))
            for index, row in enumerate(value)
        )
        return Fact(title, parts=parts)
    return Fact(title, _labelled(node, secrets.hide(value)) if node else secrets.hide(value))


def _in_order(node: FieldNode | None, value: JSONObject) -> Iterator[tuple[str, FieldNode | None]]:
    """Yield the keys of an object as its form has them, then those that no field is for."""
    children = node.children_for(value) if node and node.kind is Kind.GROUP else ()
    fields = {child.key: child for child in children}
    yield from ((key, child) for key, child in fields.items() if key in value)
    yield from ((key, None) for key in value if key not in fields)


def _has_parts(node: FieldNode | None, rows: list[JSONValue]) -> bool:
    return _item_of(node) is not None or any(isinstance(row, dict | list) for row in rows)


def _item_of(node: FieldNode | None) -> FieldNode | None:
    return node.item if node and node.kind is Kind.LIST else None


def _title_of_entry(item: FieldNode | None, index: int) -> str:
    return f"{item.title if item else 'Entry'} {index + 1}"


def _labelled(node: FieldNode, value: JSONValue) -> JSONValue:
    """Write a chosen option as it was offered."""
    written = dump(value)
    return next((option.label for option in node.options if dump(option.value) == written), value)
