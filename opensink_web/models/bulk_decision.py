"""What somebody decided on many requests in one go, and what became of each."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from opensink_web.models.base import Base, Created, Identified
from opensink_web.models.sealed import Sealed


class BulkDecision(Identified, Created, Base):
    """`refusals` has each request's id, in the order it was decided in, and why it was not.

    The text is null for what was decided. It is there to be looked at for a while, and for undoing
    all of it; after `expires_at` it is gone.
    """

    __tablename__ = "bulk_decisions"

    workspace_id: Mapped[UUID] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), index=True
    )
    decided_by_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    sealed_refusals: Mapped[str] = mapped_column("refusals", Text)
    refusals = Sealed[dict[str, str | None]]()
    expires_at: Mapped[datetime] = mapped_column(index=True)
