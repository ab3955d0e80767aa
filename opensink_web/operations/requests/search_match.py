"""Full-text search of requests, behind one function for SQLite's FTS5 and PostgreSQL.

What is looked for are keyed hashes of words, which search.py has indexed.
"""

import hmac
from contextlib import suppress
from typing import Any

from sqlalchemy import (
    Select,
    Text,
    cast,
    literal,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from opensink_web.errors import UnreadableSecret
from opensink_web.models import SearchDocument, Workspace, db
from opensink_web.operations.requests.search_words import query_words, token_of

LOOKED_AT_MAX = 10_000
"""Of what has the words, the newest so many are looked through."""


def matching_ids(
    workspace: Workspace, query: str, limit: int = LOOKED_AT_MAX
) -> Select[Any] | None:
    """Find the newest requests that have every word of a query; any text may be looked for.

    Returns None for what has no word at all, which finds nothing.
    """
    tokens: list[str] = []
    with suppress(UnreadableSecret):
        key = search_key(workspace)
        tokens = [token_of(key, word) for word in query_words(query)]
    if not tokens:
        return None
    number, request_id = SearchDocument.number, SearchDocument.request_id
    if db.engine.dialect.name == "sqlite":
        words = literal(" AND ".join(f'"{token}"' for token in tokens), Text)
        matched: Select[Any] = (
            select(literal_column("rowid"))
            .select_from(text("search_index"))
            .where(literal_column("search_index").op("MATCH")(words))
            .order_by(literal_column("rowid").desc())
            .limit(LOOKED_AT_MAX)
        )
        return select(request_id).where(number.in_(matched))
    words = literal(" & ".join(f"'{token}'" for token in tokens), Text)
    return (
        select(request_id)
        .where(SearchDocument.tokens.op("@@")(cast(words, TSQUERY)))
        .order_by(number.desc())
        .limit(LOOKED_AT_MAX)
    )


def search_key(workspace: Workspace) -> bytes:
    """Derive the key that hashes a workspace's words. Raises: UnreadableSecret."""
    return hmac.digest(workspace.signing_root.encode(), b"opensink search v1", "sha256")
