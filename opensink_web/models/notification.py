"""What people are told of, the messages by which they are, and how far the audit was read for it.

A notification is one event of one request on one channel, and there is one at most. A message is
what is sent, and work of the engine: its rows are the ledger of what was sent.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship, synonym

from opensink_web.channels.base import MessageKind
from opensink_web.models.base import Base, Created, Identified, goes_with_membership, word_type
from opensink_web.models.leased import Leased, group_indexes, partial_index
from opensink_web.models.notification_channel import NotificationChannel
from opensink_web.models.sealed import Sealed


class NotificationEvent(StrEnum):
    """Why somebody is told of a request."""

    ASKED = "asked"
    BATCH_ASKED = "batch_asked"
    """The calls of a batch wait for approval; its id stands in place of the request's."""
    ASSIGNED = "assigned"
    MENTIONED = "mentioned"
    REMARKED = "remarked"
    """A comment mentions them where nothing waits any more: there is nothing to be taken back."""
    REMINDER = "reminder"
    ESCALATION = "escalation"


class NotificationState(StrEnum):
    """Where a notification stands."""

    WAITING = "waiting"
    SENT = "sent"
    WITHDRAWN = "withdrawn"
    """It was never sent, or taken back."""


class MessageStatus(StrEnum):
    """Where a message stands."""

    DUE = "due"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"
    """There was nothing to tell any more."""


class NotificationMessage(Identified, Created, Leased, Base):
    """Something to tell one person by one channel, which is its concurrency group.

    `started_at` is when it was tried first: after a day it has failed. `round` counts how often
    somebody had it sent again. `headline` and `provider_ref` are of what was sent; `reason` says
    why, where the requests alone do not. `refers_to_id` is the message that it takes back.
    """

    __tablename__ = "notification_messages"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    user_id: Mapped[UUID]
    channel_id: Mapped[UUID] = mapped_column(
        ForeignKey("notification_channels.id", ondelete="CASCADE")
    )
    kind: Mapped[MessageKind] = mapped_column(word_type(MessageKind))
    status: Mapped[MessageStatus] = mapped_column(
        word_type(MessageStatus), default=MessageStatus.DUE
    )
    attempt_count: Mapped[int] = mapped_column(default=0)
    round: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    # no foreign key: it may be gone
    refers_to_id: Mapped[UUID | None]
    sealed_reason: Mapped[str | None] = mapped_column("reason", Text)
    reason = Sealed[str | None]()
    sealed_headline: Mapped[str | None] = mapped_column("headline", Text)
    headline = Sealed[str | None]()
    sealed_provider_ref: Mapped[str | None] = mapped_column("provider_ref", Text)
    provider_ref = Sealed[dict[str, Any] | None]()
    sealed_last_error: Mapped[str | None] = mapped_column("last_error", Text)
    last_error = Sealed[str | None]()

    group_id: Mapped[UUID] = synonym("channel_id")
    channel: Mapped[NotificationChannel] = relationship()
    items: Mapped[list["Notification"]] = relationship(
        order_by="Notification.id", passive_deletes=True, back_populates="message"
    )

    __table_args__ = (
        goes_with_membership(),
        Index(None, "workspace_id", "user_id", "id"),
        Index(None, "user_id", "workspace_id"),
        # how many there were within the last minute
        Index(None, "channel_id", "created_at"),
        # what takes a message back is looked for by it
        partial_index(
            "ix_notification_messages_refers_to_id", ("refers_to_id",), "refers_to_id IS NOT NULL"
        ),
        # what is too old is looked for by it
        partial_index(
            "ix_notification_messages_finished_at", ("finished_at",), "finished_at IS NOT NULL"
        ),
        *group_indexes("notification_messages", "status = 'due'", "channel_id"),
    )


class Notification(Identified, Created, Base):
    """One event of one request, or of a batch, on one channel.

    `occurrence` tells events of the same kind apart: a comment, a step of an escalation.
    """

    __tablename__ = "notifications"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    channel_id: Mapped[UUID] = mapped_column(
        ForeignKey("notification_channels.id", ondelete="CASCADE")
    )
    message_id: Mapped[UUID] = mapped_column(
        ForeignKey("notification_messages.id", ondelete="CASCADE"), index=True
    )
    # no foreign key: what is told of a request outlives it, until it was taken back
    request_id: Mapped[UUID]
    event: Mapped[NotificationEvent] = mapped_column(word_type(NotificationEvent))
    occurrence: Mapped[str] = mapped_column(String(64), default="")
    with_details: Mapped[bool] = mapped_column(default=True)
    state: Mapped[NotificationState] = mapped_column(
        word_type(NotificationState), default=NotificationState.WAITING
    )

    message: Mapped[NotificationMessage] = relationship(back_populates="items")

    __table_args__ = (
        UniqueConstraint("channel_id", "request_id", "event", "occurrence"),
        Index(None, "workspace_id"),
        # whoever takes back what was told of a request
        Index(None, "request_id", "state"),
    )


class NotificationCursor(Base):
    """Up to which number of its chain a workspace's audit was read."""

    __tablename__ = "notification_cursors"

    workspace_id: Mapped[UUID] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(BigInteger, default=0)
