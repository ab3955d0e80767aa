"""Sinks, into which agents put what people may want to read, and what is in them.

A sink's items are found by words as requests are (models/search_document.py), by a table of their
own: what an item says can change, so its words are written with it.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web.models.base import Base, Identified, Updated, UserObject, word_type
from opensink_web.models.deletable import Deletable, deleted_index
from opensink_web.models.sealed import Sealed


class SinkColor(StrEnum):
    """How a sink is told from others at a glance; the API's own words."""

    NEUTRAL = "neutral"
    BLUE = "blue"
    GREEN = "green"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"
    PURPLE = "purple"
    PINK = "pink"


class Sink(Identified, Updated, Deletable, Base):
    """Whoever has its `secret` may add items to it and do nothing else.

    Its page at `public_slug`, an address that is the only one on the server, is there for everybody
    while it `is_public`, and search engines are told to keep it where it `is_indexed`.
    """

    __tablename__ = "sinks"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    color: Mapped[SinkColor] = mapped_column(word_type(SinkColor))
    is_public: Mapped[bool] = mapped_column(default=False)
    public_slug: Mapped[str | None] = mapped_column(String(63), unique=True)
    is_indexed: Mapped[bool] = mapped_column(default=False)
    sealed_secret: Mapped[str] = mapped_column("secret", Text)
    secret = Sealed[str]()
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)

    __table_args__ = (
        Index(None, "workspace_id", "id"),
        Index(None, "owner_id"),
        deleted_index("sinks"),
    )


class SinkItem(Identified, Updated, Base):
    """One thing in a sink; `fields` are named values, `resources` {type, label, url} each."""

    __tablename__ = "sink_items"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    sink_id: Mapped[UUID] = mapped_column(ForeignKey("sinks.id", ondelete="CASCADE"))
    type: Mapped[str | None] = mapped_column(String(255))
    sealed_title: Mapped[str] = mapped_column("title", Text)
    title = Sealed[str]()
    sealed_body: Mapped[str | None] = mapped_column("body", Text)
    body = Sealed[str | None]()
    sealed_url: Mapped[str | None] = mapped_column("url", Text)
    url = Sealed[str | None]()
    sealed_fields: Mapped[str | None] = mapped_column("fields", Text)
    fields = Sealed[dict[str, Any]](empty=dict)
    sealed_resources: Mapped[str | None] = mapped_column("resources", Text)
    resources = Sealed[list[UserObject]](empty=list)
    occurred_at: Mapped[datetime | None]

    sink: Mapped[Sink] = relationship()

    __table_args__ = (
        Index(None, "workspace_id", "id"),
        Index(None, "sink_id", "id"),
        Index(None, "workspace_id", "type", "id"),
        Index(None, "sink_id", "type", "id"),
    )


class SinkItemDocument(Base):
    """`tokens` are hashes of an item's words and of what it is listed by, with spaces between.

    On PostgreSQL they have a GIN index, on SQLite `search_index_sink_items` keeps them by triggers:
    migrations make both.
    """

    __tablename__ = "search_sink_items"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    item_id: Mapped[UUID] = mapped_column(
        ForeignKey("sink_items.id", ondelete="CASCADE"), unique=True
    )
    tokens: Mapped[str] = mapped_column(Text().with_variant(TSVECTOR(), "postgresql"))
