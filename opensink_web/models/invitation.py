"""A link that lets somebody sign up, once."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web.models.base import Base, Created, Identified, word_type
from opensink_web.models.user import Role
from opensink_web.models.workspace import Workspace


class Invitation(Identified, Created, Base):
    """`email` is set when the link is meant for one person; the link holds the token."""

    __tablename__ = "invitations"

    workspace_id: Mapped[UUID] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), index=True
    )
    role: Mapped[Role] = mapped_column(word_type(Role))
    email: Mapped[str | None] = mapped_column(String(320))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    invited_by_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    workspace: Mapped[Workspace] = relationship()

    def is_open(self, moment: datetime) -> bool:
        """Return True if the link still lets somebody in."""
        return self.used_at is None and moment < self.expires_at
