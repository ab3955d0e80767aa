"""By which words an item of a sink is found, as keyed hashes (docs/decisions/search.md).

They are written with the item, and anew when it changes.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any
from uuid import UUID

from opensink_web import json_value
from opensink_web.errors import UnreadableSecret
from opensink_web.models import SinkItemDocument, Workspace
from opensink_web.operations.requests.search_match import Words, search_key, words_among
from opensink_web.operations.requests.search_words import filter_token, token_of, words_of

FILTERS_MAX = 500
"""Of one item; by what of its fields is beyond these it is not found."""


@dataclass(frozen=True, slots=True)
class FieldFilter:
    """Items that have a value in the field of a name, alone or in a list; None stands for any.

    `value` is as `value_text()` writes it: a text as it is, all else as JSON has it.
    """

    name: str | None
    value: str | None

    def token(self, key: bytes) -> str:
        """Return what stands for it, by a workspace's key."""
        if self.value is None:
            return filter_token(key, "field", self.name or "")
        if self.name is None:
            return filter_token(key, "value", self.value)
        return filter_token(key, "fieldvalue", f"{len(self.name)} {self.name} {self.value}")


@dataclass(frozen=True, slots=True)
class ItemNarrowing:
    """By what items are listed that have tokens of it beside their words."""

    sink_id: UUID | None = None
    type: str | None = None

    def tokens(self, key: bytes) -> Iterator[str]:
        """Yield one of each value, by a workspace's key."""
        if self.sink_id is not None:
            yield filter_token(key, "sink", self.sink_id.hex)
        if self.type is not None:
            yield filter_token(key, "type", self.type)


def tokens_of(workspace: Workspace, sink_id: UUID, said: Mapping[str, Any]) -> str:
    """Return the tokens of an item that says this; none where the workspace's key is missing."""
    with suppress(UnreadableSecret):
        key = search_key(workspace)
        narrowing = ItemNarrowing(sink_id, said["type"]).tokens(key)
        words = words_of(
            [said["title"], said["type"] or ""],
            [said["body"] or "", *_in_fields(said["fields"]), *_labels(said["resources"])],
        )
        values = islice(_values(said["fields"]), FILTERS_MAX)
        of_fields = dict.fromkeys(each.token(key) for each in values)
        return " ".join([*narrowing, *of_fields, *(token_of(key, word) for word in words)])
    return ""


def words_in_items(
    workspace: Workspace, query: str | None, narrowing: ItemNarrowing, field: FieldFilter | None
) -> Words | None:
    """Return what items must have: the words of a query, a value of a field, or both.

    None where a query has no word at all, which finds nothing.
    """
    words = Words([], SinkItemDocument)
    if query is not None:
        in_query = words_among(SinkItemDocument, workspace, query, narrowing)
        if in_query is None:
            return None
        words = in_query
    if field is None:
        return words
    with suppress(UnreadableSecret):
        key = search_key(workspace)
        tokens = [*words.tokens, field.token(key)]
        return replace(words, tokens=tokens, narrowing=[*narrowing.tokens(key)])
    return None


def value_text(value: Any) -> str:
    """Write a value of a field, not a list of them, as it is filtered by."""
    return value if isinstance(value, str) else json_value.dump(value)


def _values(fields: Mapping[str, Any]) -> Iterator[FieldFilter]:
    """Give by what an item with these fields is found."""
    for name, value in fields.items():
        yield FieldFilter(name, None)
        for each in value if isinstance(value, list) else [value]:
            yield FieldFilter(name, value_text(each))
            yield FieldFilter(None, value_text(each))


def _in_fields(fields: Mapping[str, Any]) -> Iterator[str]:
    for name, value in fields.items():
        yield name
        for each in value if isinstance(value, list) else [value]:
            if each is not None and not isinstance(each, bool):
                yield str(each)


def _labels(resources: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for each in resources:
        yield str(each["label"])
