"""Who is away: from when until when, and who stands in for them meanwhile."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web.models.base import Base, Created, Identified, goes_with_membership
from opensink_web.models.sealed import Sealed
from opensink_web.models.user import User


class Absence(Identified, Created, Base):
    """A member is out of office; `ends_at` is the first moment in which they are back.

    Without a deputy, or where the deputy has left, what is theirs is nobody's meanwhile.
    """

    __tablename__ = "absences"

    workspace_id: Mapped[UUID]
    user_id: Mapped[UUID]
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    deputy_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    sealed_note: Mapped[str | None] = mapped_column("note", Text)
    note = Sealed[str | None]()

    user: Mapped[User] = relationship(
        primaryjoin="foreign(Absence.user_id) == User.id", viewonly=True
    )
    deputy: Mapped[User | None] = relationship(foreign_keys=[deputy_id])

    __table_args__ = (
        goes_with_membership(),
        Index(None, "user_id", "workspace_id", "ends_at"),
        Index(None, "deputy_id", "workspace_id", "ends_at"),
        Index(None, "workspace_id", "ends_at"),
    )
