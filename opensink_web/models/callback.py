"""A callback that is owed to whoever submitted an execution or a batch, now that it has ended."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from opensink_web.models.base import Base, Created, Identified, word_type
from opensink_web.models.leased import Leased, group_indexes
from opensink_web.models.sealed import Sealed


class CallbackStatus(StrEnum):
    """Where a callback stands."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"


class Callback(Identified, Created, Leased, Base):
    """One POST, made once; its id is the `webhook-id`. There is one per execution or batch."""

    __tablename__ = "callbacks"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    execution_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("executions.id", ondelete="CASCADE"), unique=True
    )
    batch_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("batches.id", ondelete="CASCADE"), unique=True
    )
    sealed_url: Mapped[str] = mapped_column("url", Text)
    url = Sealed[str]()
    status: Mapped[CallbackStatus] = mapped_column(
        word_type(CallbackStatus), default=CallbackStatus.PENDING
    )
    response_code: Mapped[int | None]
    error_message: Mapped[str | None] = mapped_column(Text)
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        Index(None, "workspace_id"),
        *group_indexes("callbacks", "status = 'pending'"),
    )
