"""What was answered to a POST that carried an Idempotency-Key, so that a retry hears it again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from opensink_web.models.base import Base, Created, Identified
from opensink_web.models.sealed import Sealed


class IdempotencyRecord(Identified, Created, Base):
    """Written in the transaction of the request itself: no answer without its effect."""

    __tablename__ = "idempotency_records"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    key: Mapped[str] = mapped_column(String(255))
    request_hash: Mapped[str] = mapped_column(String(64))
    response_status: Mapped[int | None]
    sealed_response_body: Mapped[str | None] = mapped_column("response_body", Text)
    response_body = Sealed[str | None]()
    expires_at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (UniqueConstraint("workspace_id", "user_id", "key"),)
