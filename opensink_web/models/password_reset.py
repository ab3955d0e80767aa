"""A link with which somebody chooses a new password, once."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web.models.base import Base, Created, Identified
from opensink_web.models.user import User


class PasswordReset(Identified, Created, Base):
    """The link holds the token. `made_by_id` is the admin who made it, None for the operator."""

    __tablename__ = "password_resets"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    # not SET NULL: without its admin the link would be an operator's, who may do everything
    made_by_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(foreign_keys=[user_id])
    made_by: Mapped[User | None] = relationship(foreign_keys=[made_by_id])

    def is_open(self, moment: datetime) -> bool:
        """Return True if the link can still be used."""
        return self.used_at is None and moment < self.expires_at
