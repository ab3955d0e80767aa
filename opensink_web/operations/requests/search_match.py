"""Full-text search of requests, behind one class for SQLite's FTS5 and PostgreSQL.

What is looked for are keyed hashes of words, which search.py has indexed.
"""

import hmac
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

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

from opensink_web.errors import UnreadableSecret
from opensink_web.models import SearchDocument, WaitingDocument, Workspace, db
from opensink_web.operations.requests.search_words import query_words, token_of

_INDEXES = {SearchDocument: "search_index", WaitingDocument: "search_index_waiting"}
"""On SQLite, by the table whose words each has."""


@dataclass(frozen=True, slots=True)
class Words:
    """What is looked for, as tokens of which a request has to have every one."""

    tokens: Sequence[str]
    documents: type[SearchDocument] | type[WaitingDocument]

    @property
    def ids(self) -> Select[Any]:
        """Find all requests that have the words, by an index of them."""
        number, request_id = self.documents.number, self.documents.request_id
        if not _is_sqlite():
            # OFFSET: what else is asked of the requests is not to be looked at first
            return select(request_id).where(self._is_matched).offset(0)
        index = _INDEXES[self.documents]
        words = literal(" AND ".join(f'"{token}"' for token in self.tokens), Text)
        matched: Select[Any] = (
            select(literal_column("rowid"))
            .select_from(text(index))
            .where(literal_column(index).op("MATCH")(words))
        )
        return select(request_id).where(number.in_(matched))

    def are_in(self, request_id: SQLColumnExpression[Any]) -> ColumnElement[bool]:
        """Look whether one request has the words."""
        if _is_sqlite():
            # all tokens are of one length, with spaces between them
            parts = [func.instr(self.documents.tokens, token) > 0 for token in self.tokens]
            is_matched: ColumnElement[bool] = and_(*parts)
        else:
            is_matched = self._is_matched
        of_request = select(is_matched).where(self.documents.request_id == request_id)
        return of_request.correlate_except(self.documents).scalar_subquery()

    @property
    def _is_matched(self) -> ColumnElement[bool]:
        words = literal(" & ".join(f"'{token}'" for token in self.tokens), Text)
        return self.documents.tokens.op("@@", return_type=Boolean())(cast(words, TSQUERY))


def words_of_query(workspace: Workspace, query: str, *, is_waiting: bool = False) -> Words | None:
    """Return the words of a query; any text may be looked for.

    Returns None for what has no word at all, which finds nothing.
    """
    tokens: list[str] = []
    with suppress(UnreadableSecret):
        key = search_key(workspace)
        tokens = [token_of(key, word) for word in query_words(query)]
    return Words(tokens, WaitingDocument if is_waiting else SearchDocument) if tokens else None


def search_key(workspace: Workspace) -> bytes:
    """Derive the key that hashes a workspace's words. Raises: UnreadableSecret."""
    return hmac.digest(workspace.signing_root.encode(), b"opensink search v1", "sha256")


def _is_sqlite() -> bool:
    return db.engine.dialect.name == "sqlite"
