"""What happens to a request at a moment: a decision that can be undone takes effect, or nobody has
decided in time. Work of the engine: a row is due at its moment, and gone once it was carried out.
"""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, synonym

from opensink_web.models.base import Base, Identified, word_type
from opensink_web.models.leased import Leased, group_indexes


class DeadlineKind(StrEnum):
    """What happens."""

    EFFECT = "effect"
    EXPIRY = "expiry"


class Deadline(Identified, Leased, Base):
    """One moment of one request. Its concurrency group is the workspace."""

    __tablename__ = "deadlines"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    request_id: Mapped[UUID] = mapped_column(ForeignKey("input_requests.id", ondelete="CASCADE"))
    kind: Mapped[DeadlineKind] = mapped_column(word_type(DeadlineKind))

    group_id: Mapped[UUID] = synonym("workspace_id")

    __table_args__ = (
        UniqueConstraint("request_id", "kind"),
        *group_indexes("deadlines", "next_at IS NOT NULL", "workspace_id"),
    )
