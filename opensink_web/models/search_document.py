"""By which words a request is found, as keyed hashes: what it says is in no index.

On PostgreSQL `tokens` has a GIN index; SQLite's FTS5 keeps `search_index` by triggers of the table.
Neither is part of the model, for the other knows nothing like it: a migration makes them.
"""

from uuid import UUID

from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from opensink_web.models.base import Base


class SearchDocument(Base):
    """`tokens` are hashes of the words of one request, with spaces between them."""

    __tablename__ = "search_documents"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    request_id: Mapped[UUID] = mapped_column(
        ForeignKey("input_requests.id", ondelete="CASCADE"), unique=True
    )
    tokens: Mapped[str] = mapped_column(Text().with_variant(TSVECTOR(), "postgresql"))


class SearchProgress(Base):
    """How far requests have been indexed: all that are older than `indexed_until`. One row."""

    __tablename__ = "search_progress"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    indexed_until: Mapped[UUID]
