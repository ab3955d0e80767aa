"""A key with which a program speaks for one person in one workspace."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web.models.base import Base, Created, Identified
from opensink_web.models.user import User
from opensink_web.models.workspace import Workspace

_EXPIRES = text("expires_at IS NOT NULL")


class ApiKey(Identified, Created, Base):
    """`prefix` is the part that is shown to recognise a key by; the key itself is only hashed.

    `parent_id` names the key with which a program made this one; people's keys have none.
    """

    __tablename__ = "api_keys"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    parent_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("api_keys.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(String(255))
    prefix: Mapped[str] = mapped_column(String(32))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()
    workspace: Mapped[Workspace] = relationship()

    __table_args__ = (
        Index(None, "workspace_id", "id"),
        Index(
            "ix_api_keys_expiring", "expires_at", sqlite_where=_EXPIRES, postgresql_where=_EXPIRES
        ),
    )

    def is_usable(self, moment: datetime) -> bool:
        """Return True if the key still opens anything at `moment`."""
        expired = self.expires_at is not None and self.expires_at <= moment
        return self.revoked_at is None and not expired
