"""By which words a request is found, as keyed hashes: what it says is in no index.

On PostgreSQL `tokens` has a GIN index; SQLite's FTS5 keeps `search_index` of all, and
`search_index_waiting` of what waits, by triggers of the tables. None of them is part of the model,
for the other database knows nothing like it: migrations make them.
"""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, false, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from opensink_web.models.base import Base

IS_WIDE = text("NOT is_narrowed")
"""By the word of the indexes, or they are not used."""


class _Document:
    """`tokens` are hashes of the words of one request, with spaces between them.

    `is_narrowed` says that they are also of what the request is listed by, such as its agent. A
    version that knew no such tokens leaves it as it is.
    """

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    request_id: Mapped[UUID] = mapped_column(
        ForeignKey("input_requests.id", ondelete="CASCADE"), unique=True
    )
    tokens: Mapped[str] = mapped_column(Text().with_variant(TSVECTOR(), "postgresql"))
    is_narrowed: Mapped[bool] = mapped_column(server_default=false())


class SearchDocument(_Document, Base):
    """The words of any request."""

    __tablename__ = "search_documents"
    __table_args__ = (
        Index(
            "ix_search_documents_wide",
            "number",
            sqlite_where=IS_WIDE,
            postgresql_where=IS_WIDE,
        ),
    )


class WaitingDocument(_Document, Base):
    """The words of a request that waits, once more: of a million that have a word few may wait.

    That of a decided one stays for a while, so whoever looks here looks at the request's status
    too.
    """

    __tablename__ = "search_waiting"
    __table_args__ = (
        Index("ix_search_waiting_wide", "number", sqlite_where=IS_WIDE, postgresql_where=IS_WIDE),
    )


class SearchProgress(Base):
    """How far requests have been indexed: all that are older than `indexed_until`. One row."""

    __tablename__ = "search_progress"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    indexed_until: Mapped[UUID]
