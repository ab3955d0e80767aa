"""How a person wants to be told of requests, and of which: each person's own, in a workspace."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web.models.agent import Agent
from opensink_web.models.base import Base, Created, Identified, goes_with_membership, word_type
from opensink_web.models.function import Function
from opensink_web.models.sealed import Sealed


class NotificationScope(StrEnum):
    """Which requests a rule is about; each takes in those that follow it."""

    ALL = "all"
    MINE = "mine"
    """Assigned to the person or to a team of theirs."""
    MENTIONS = "mentions"
    """Where a comment mentions the person."""


class NotificationMode(StrEnum):
    """When a rule has people told."""

    AT_ONCE = "at_once"
    DIGEST = "digest"


class NotificationChannel(Identified, Created, Base):
    """A place where a person is told. `kind` is one of `channels.CHANNELS`, `config` what it takes.

    It is used once `confirmed_at` is set, and while it `is_active`; `paused_reason` says why not,
    where it was not the person who paused it. A code that was sent there confirms it. A device is
    told while the sign-in `session_id` lasts in which it was turned on, or signed in to again; it
    rests from `signed_out_at`.
    """

    __tablename__ = "notification_channels"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    user_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(80))
    sealed_config: Mapped[str] = mapped_column("config", Text)
    config = Sealed[dict[str, Any]]()
    is_active: Mapped[bool] = mapped_column(default=True)
    paused_reason: Mapped[str | None] = mapped_column(Text)
    confirmed_at: Mapped[datetime | None]
    # no foreign key: a sign-in that is over by itself is forgotten, and the device goes on
    session_id: Mapped[UUID | None]
    signed_out_at: Mapped[datetime | None]
    sealed_code: Mapped[str | None] = mapped_column("code", Text)
    code = Sealed[str | None]()
    code_expires_at: Mapped[datetime | None]
    code_tries_left: Mapped[int] = mapped_column(default=0)

    rules: Mapped[list["NotificationRule"]] = relationship(
        order_by="NotificationRule.id", passive_deletes=True, back_populates="channel"
    )

    __table_args__ = (
        goes_with_membership(),
        Index(None, "workspace_id", "user_id", "id"),
        Index(None, "user_id", "workspace_id"),
        Index(None, "kind", "is_active"),
    )

    @property
    def is_in_use(self) -> bool:
        """Return True if somebody is told there."""
        return self.is_active and self.confirmed_at is not None and self.signed_out_at is None


class NotificationRule(Identified, Created, Base):
    """What is told by one channel: requests of the scope that have all that is named here.

    `digest_minutes` is how long what comes gathers; without `with_details` nothing is sent of what
    is asked.
    """

    __tablename__ = "notification_rules"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    channel_id: Mapped[UUID] = mapped_column(
        ForeignKey("notification_channels.id", ondelete="CASCADE"), index=True
    )
    scope: Mapped[NotificationScope] = mapped_column(
        word_type(NotificationScope), default=NotificationScope.ALL
    )
    agent_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("agents.id", ondelete="CASCADE"), index=True
    )
    function_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("functions.id", ondelete="CASCADE"), index=True
    )
    key: Mapped[str | None] = mapped_column(String(255))
    tag: Mapped[str | None] = mapped_column(String(64))
    min_priority: Mapped[int | None]
    mode: Mapped[NotificationMode] = mapped_column(
        word_type(NotificationMode), default=NotificationMode.AT_ONCE
    )
    digest_minutes: Mapped[int] = mapped_column(default=60)
    with_details: Mapped[bool] = mapped_column(default=True)

    channel: Mapped[NotificationChannel] = relationship(back_populates="rules")
    agent: Mapped[Agent | None] = relationship()
    function: Mapped[Function | None] = relationship()

    __table_args__ = (Index(None, "workspace_id", "id"),)
