"""By which words an item of a sink is found, as keyed hashes (docs/decisions/search.md).

They are written with the item, and anew when it changes.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from opensink_web.errors import UnreadableSecret
from opensink_web.models import SinkItemDocument, Workspace
from opensink_web.operations.requests.search_match import Words, search_key, words_among
from opensink_web.operations.requests.search_words import filter_token, token_of, words_of


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
        return " ".join([*narrowing, *(token_of(key, word) for word in words)])
    return ""


def words_in_items(workspace: Workspace, query: str, narrowing: ItemNarrowing) -> Words | None:
    """Return the words of a query among items; None for what has no word at all."""
    return words_among(SinkItemDocument, workspace, query, narrowing)


def _in_fields(fields: Mapping[str, Any]) -> Iterator[str]:
    for name, value in fields.items():
        yield name
        for each in value if isinstance(value, list) else [value]:
            if each is not None and not isinstance(each, bool):
                yield str(each)


def _labels(resources: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for each in resources:
        yield str(each["label"])
