"""What happens to a request at a moment: a decision that can be undone takes effect, nobody has
decided in time, or a standing approval may hold for it. Work of the engine: a row is due at its
moment, and gone once it was carried out.
"""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, synonym

from opensink_web.models.base import Base, Identified, word_type
from opensink_web.models.leased import Leased, partial_index


class DeadlineKind(StrEnum):
    """What happens."""

    EFFECT = "effect"
    EXPIRY = "expiry"
    STANDING = "standing"


class Deadline(Identified, Leased, Base):
    """One moment of one request. Its concurrency group is the workspace."""

    __tablename__ = "deadlines"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    request_id: Mapped[UUID] = mapped_column(ForeignKey("input_requests.id", ondelete="CASCADE"))
    kind: Mapped[DeadlineKind] = mapped_column(word_type(DeadlineKind))

    group_id: Mapped[UUID] = synonym("workspace_id")

    __table_args__ = (
        UniqueConstraint("request_id", "kind"),
        Index("ix_deadlines_due", "workspace_id", "next_at", "id"),  # all that are there are open
        partial_index(
            "ix_deadlines_leased", ("workspace_id", "lease_until"), "lease_until IS NOT NULL"
        ),
    )
