"""Full-text search of requests and sinks' items, by one class for SQLite's FTS5 and PostgreSQL.

What is looked for are keyed hashes of words, which search.py has indexed, and for items
operations/sinks/words.py.
"""

import hmac
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    SQLColumnExpression,
    Text,
    and_,
    cast,
    func,
    literal,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import InstrumentedAttribute

from opensink_web.errors import UnreadableSecret
from opensink_web.models import (
    InputRequestKind,
    SearchDocument,
    SinkItemDocument,
    WaitingDocument,
    Workspace,
    db,
)
from opensink_web.models.search_document import IS_WIDE
from opensink_web.operations.requests.search_words import filter_token, query_words, token_of

Documents: TypeAlias = type[SearchDocument] | type[WaitingDocument] | type[SinkItemDocument]
_INDEXES: dict[Documents, str] = {
    SearchDocument: "search_index",
    WaitingDocument: "search_index_waiting",
    SinkItemDocument: "search_index_sink_items",
}
"""On SQLite, by the table whose words each has."""
_OWNER_IDS: dict[Documents, InstrumentedAttribute[UUID]] = {
    SearchDocument: SearchDocument.request_id,
    WaitingDocument: WaitingDocument.request_id,
    SinkItemDocument: SinkItemDocument.item_id,
}
"""Whose words they are."""


class Narrows(Protocol):
    """By what something is listed that has tokens of it beside its words."""

    def tokens(self, key: bytes) -> Iterable[str]:
        """Return one of each value, by a workspace's key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """By what requests are listed that have tokens of it beside their words; it never changes.

    `function_name` is `namespace/name`.
    """

    kind: InputRequestKind | None = None
    agent_id: UUID | None = None
    key: str | None = None
    function_name: str | None = None
    batch_id: UUID | None = None
    tag: str | None = None

    def tokens(self, key: bytes) -> Iterator[str]:
        """Yield one of each value, by a workspace's key."""
        values = {
            "kind": self.kind,
            "agent": self.agent_id,
            "key": self.key,
            "function": self.function_name,
            "batch": self.batch_id,
            "tag": self.tag,
        }
        for name, value in values.items():
            if value is not None:
                said = value.hex if isinstance(value, UUID) else value
                yield filter_token(key, name, said)


@dataclass(frozen=True)
class Words:
    """What is looked for, as tokens of which a request, or an item, has to have every one.

    `narrowing` are tokens of what else is asked of them, which is looked at all the same:
    of two things that are frequent alone, so that few are looked at that have both.
    """

    tokens: Sequence[str]
    documents: Documents
    narrowing: Sequence[str] = ()

    @property
    def ids(self) -> Select[Any]:
        """Find all that have the words and are wanted, by an index of them."""
        tokens = [*self.tokens, *(self.narrowing if self._is_narrowed else ())]
        number, owner_id = self.documents.number, _OWNER_IDS[self.documents]
        if not _is_sqlite():
            # OFFSET: what else is asked of them is not to be looked at first
            return select(owner_id).where(self._has(tokens)).offset(0)
        index = _INDEXES[self.documents]
        words = literal(" AND ".join(f'"{token}"' for token in tokens), Text)
        matched: Select[Any] = (
            select(literal_column("rowid"))
            .select_from(text(index))
            .where(literal_column(index).op("MATCH")(words))
        )
        return select(owner_id).where(number.in_(matched))

    def are_in(self, owner_id: SQLColumnExpression[Any]) -> ColumnElement[bool]:
        """Look whether one request, or item, has the words."""
        if _is_sqlite():
            # all tokens are of one length, with spaces between them
            parts = [func.instr(self.documents.tokens, token) > 0 for token in self.tokens]
            is_matched: ColumnElement[bool] = and_(*parts)
        else:
            is_matched = self._has(self.tokens)
        of_one = select(is_matched).where(_OWNER_IDS[self.documents] == owner_id)
        return of_one.correlate_except(self.documents).scalar_subquery()

    @cached_property
    def _is_narrowed(self) -> bool:
        """Return True if each document has the tokens of what requests are listed by."""
        if self.documents is SinkItemDocument or not self.narrowing:
            return bool(self.narrowing)
        wide = select(func.min(self.documents.number)).where(IS_WIDE)
        return db.session.scalar(wide) is None

    def _has(self, tokens: Sequence[str]) -> ColumnElement[bool]:
        words = literal(" & ".join(f"'{token}'" for token in tokens), Text)
        return self.documents.tokens.op("@@", return_type=Boolean())(cast(words, TSQUERY))


def words_of_query(
    workspace: Workspace,
    query: str,
    narrowing: Narrowing = Narrowing(),
    *,
    is_waiting: bool = False,
) -> Words | None:
    """Return the words of a query; any text may be looked for.

    Returns None for what has no word at all, which finds nothing.
    """
    documents = WaitingDocument if is_waiting else SearchDocument
    return words_among(documents, workspace, query, narrowing)


def words_among(
    documents: Documents, workspace: Workspace, query: str, narrowing: Narrows
) -> Words | None:
    """Return the words of a query among documents of any sort; None as words_of_query()."""
    tokens: list[str] = []
    narrower: list[str] = []
    with suppress(UnreadableSecret):
        key = search_key(workspace)
        tokens = [token_of(key, word) for word in query_words(query)]
        narrower = [*narrowing.tokens(key)]
    return Words(tokens, documents, narrower) if tokens else None


def search_key(workspace: Workspace) -> bytes:
    """Derive the key that hashes a workspace's words. Raises: UnreadableSecret."""
    return hmac.digest(workspace.signing_root.encode(), b"opensink search v1", "sha256")


def _is_sqlite() -> bool:
    return db.engine.dialect.name == "sqlite"
