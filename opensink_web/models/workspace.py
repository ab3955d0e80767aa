"""A workspace: a separate world of agents, requests and people."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from opensink_web.models.base import Base, Created, Identified


class Workspace(Identified, Created, Base):
    """`slug` stands in addresses; `execution_secret` goes with every call to an endpoint.

    For a while after a rotation calls are signed with `previous_execution_secret` too.
    """

    __tablename__ = "workspaces"

    slug: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str] = mapped_column(String(255))
    execution_secret: Mapped[str] = mapped_column(String(255))
    previous_execution_secret: Mapped[str | None] = mapped_column(String(255))
    previous_secret_expires_at: Mapped[datetime | None]
    secret_rotated_at: Mapped[datetime | None]

    def signing_secrets(self, moment: datetime) -> tuple[str, ...]:
        """Return the secrets that sign a call made at `moment`, the current one first."""
        expires_at = self.previous_secret_expires_at
        if self.previous_execution_secret and expires_at and moment < expires_at:
            return (self.execution_secret, self.previous_execution_secret)
        return (self.execution_secret,)
