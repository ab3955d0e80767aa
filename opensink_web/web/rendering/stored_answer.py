"""A stored answer as facts for people: what was proposed, what was decided, no secret of either.

Which parts are secret schema/secrets.py says, and what was changed schema/edits.py.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import StrEnum

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.models import InputRequest
from opensink_web.schema.controls.list import ENTRY
from opensink_web.schema.described import (
    described,
    entry_of,
    label_of,
    members,
    title_of_entry,
)
from opensink_web.schema.edits import proposal_of
from opensink_web.schema.part_checker import PartChecker
from opensink_web.schema.secrets import Secrets
from opensink_web.schema.subschemas import pointer_to
from opensink_web.schema.tree.building import field_tree
from opensink_web.schema.tree.node import ABSENT, Absent, FieldNode

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
    before = ABSENT if proposed is None else proposed
    whole = _Drawing(schema, edited).fact(root, root.secrets, response, before, "")
    return StoredAnswer(
        facts=whole.parts if whole.parts and whole.change is None else (whole,),
        shown=root.secrets.hide(response),
        edit_count=None if proposed is None else len(edited),
        proposed=root.secrets.hide(proposed) if proposed is not None and edited else None,
    )


class _Drawing:
    """Facts of what was decided beside what was proposed, ABSENT where it was not."""

    def __init__(self, schema: JSONValue, edited: Iterable[str]) -> None:
        self._checker = PartChecker(schema)
        self._edited = frozenset(edited)
        self._around = {around for pointer in self._edited for around in _places_around(pointer)}

    def fact(
        self,
        node: FieldNode | None,
        secrets: Secrets,
        value: JSONValue | Absent,
        before: JSONValue | Absent,
        at: str,
        node_before: FieldNode | None = None,
    ) -> Fact:
        """Draw up a value by its field; by its keys, where no field describes it.

        `node_before` is the field of what was proposed, where that is another.
        """
        if at in self._edited:
            return self._changed(node, secrets, value, before, node_before or node)
        if at in self._around and not secrets.is_secret:
            title = node.title if node else ""
            if isinstance(value, dict) and isinstance(before, dict):
                return Fact(title, parts=tuple(self._of_keys(node, secrets, value, before, at)))
            if isinstance(value, list) and isinstance(before, list):
                return Fact(title, parts=tuple(self._of_entries(node, secrets, value, before, at)))
        return self._plain(node, secrets, value)

    def _described(self, node: FieldNode | None, value: JSONValue) -> FieldNode | None:
        return described(node, value, lambda each, part: self._checker.fits(each.schema, part))

    def _of_keys(
        self,
        node: FieldNode | None,
        secrets: Secrets,
        value: JSONObject,
        before: JSONObject,
        at: str,
    ) -> Iterator[Fact]:
        shape = self._described(node, value)
        # what is not there any more has its words from the shape that was proposed
        known = [*members(self._described(node, before), before)]
        nodes_before = {key: child for key, _, child in known}
        words = {key: (title, child) for key, title, child in [*known, *members(shape, value)]}
        order = [key for key, _, _ in members(shape, {**before, **value})]
        for key in order:
            place = at + pointer_to((key,))
            if key in value or place in self._edited:
                title, child = words[key]
                given = (value.get(key, ABSENT), before.get(key, ABSENT))
                was = nodes_before.get(key)
                fact = self.fact(child, secrets.at_key(key), *given, place, was)
                yield replace(fact, title=title)

    def _of_entries(
        self,
        node: FieldNode | None,
        secrets: Secrets,
        rows: list[JSONValue],
        before: list[JSONValue],
        at: str,
    ) -> Iterator[Fact]:
        shape = self._described(node, rows)
        for index, (row, row_before) in enumerate(zip(rows, before, strict=False)):
            item = entry_of(shape, index)
            fact = self.fact(item, secrets.at_index(index), row, row_before, f"{at}/{index}")
            yield replace(fact, title=title_of_entry(shape, index))

    def _changed(
        self,
        node: FieldNode | None,
        secrets: Secrets,
        value: JSONValue | Absent,
        before: JSONValue | Absent,
        node_before: FieldNode | None,
    ) -> Fact:
        if before is ABSENT:
            return replace(self._plain(node, secrets, value), change=Change.ADDED)
        if value is ABSENT:
            return replace(self._plain(node_before, secrets, before), change=Change.LEFT_OUT)
        if isinstance(value, list) and isinstance(before, list) and not secrets.is_secret:
            longest = max(len(value), len(before))
            if value and before and longest <= MATCHED_ENTRIES_MAX:
                title = node.title if node else ""
                shape = self._described(node, value)
                rows = tuple(self._matched_entries(shape, secrets, value, before))
                return Fact(title, parts=rows, change=Change.CHANGED)
        was = self._plain(node_before, secrets, before)
        return replace(self._plain(node, secrets, value), change=Change.CHANGED, before=was)

    def _matched_entries(
        self,
        node: FieldNode | None,
        secrets: Secrets,
        rows: list[JSONValue],
        before: list[JSONValue],
    ) -> Iterator[Fact]:
        """Draw up the entries that stayed, and among them those that were added or left out."""
        matcher = SequenceMatcher(None, [*map(dump, before)], [*map(dump, rows)], autojunk=False)
        for kind, first, end, new_first, new_end in matcher.get_opcodes():
            if kind != "equal":
                for index in range(first, end):
                    item = entry_of(node, index)
                    fact = self._plain(item, secrets.at_index(index), before[index])
                    title = item.title if item else ENTRY
                    yield replace(fact, title=title, change=Change.LEFT_OUT)
            for index in range(new_first, new_end):
                fact = self._plain(entry_of(node, index), secrets.at_index(index), rows[index])
                change = None if kind == "equal" else Change.ADDED
                yield replace(fact, title=title_of_entry(node, index), change=change)

    def _plain(self, node: FieldNode | None, secrets: Secrets, value: JSONValue | Absent) -> Fact:
        """Draw up a value without a word on what was proposed."""
        title = node.title if node else ""
        if secrets.is_secret:
            return Fact(title, is_hidden=True)
        if value is ABSENT:
            return Fact(title)
        shape = self._described(node, value)
        if isinstance(value, dict) and value:
            facts = [
                replace(self._plain(child, secrets.at_key(key), value[key]), title=word)
                for key, word, child in members(shape, value)
            ]
            return Fact(title, parts=tuple(facts))
        if isinstance(value, list) and value and _has_parts(shape, value):
            entries = [
                replace(
                    self._plain(entry_of(shape, index), secrets.at_index(index), row),
                    title=title_of_entry(shape, index),
                )
                for index, row in enumerate(value)
            ]
            return Fact(title, parts=tuple(entries))
        label = None if isinstance(value, dict | list) else label_of(shape, value)
        return Fact(title, secrets.hide(value) if label is None else label)


def _places_around(pointer: str) -> Iterator[str]:
    while pointer:
        pointer = pointer.rpartition("/")[0]
        yield pointer


def _has_parts(node: FieldNode | None, rows: list[JSONValue]) -> bool:
    return entry_of(node, 0) is not None or any(isinstance(row, dict | list) for row in rows)
