"""A workspace: a separate world of agents, requests and people."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from opensink_web.models.base import Base, Created, Identified
from opensink_web.models.sealed import Sealed


class Workspace(Identified, Created, Base):
    """`slug` stands in addresses; `execution_secret` goes with every call to an endpoint.

    For a while after a rotation calls are signed with `previous_execution_secret` too. Members who
    have a password need a second factor where `requires_second_factor`.
    """

    __tablename__ = "workspaces"

    slug: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str] = mapped_column(String(255))
    sealed_execution_secret: Mapped[str] = mapped_column("execution_secret", Text)
    execution_secret = Sealed[str]()
    sealed_previous_execution_secret: Mapped[str | None] = mapped_column(
        "previous_execution_secret", Text
    )
    previous_execution_secret = Sealed[str | None]()
    previous_secret_expires_at: Mapped[datetime | None]
    secret_rotated_at: Mapped[datetime | None]
    requires_second_factor: Mapped[bool] = mapped_column(default=False)

    def signing_secrets(self, moment: datetime) -> tuple[str, ...]:
        """Return the secrets that sign a call made at `moment`, the current one first.

        Raises: UnreadableSecret.
        """
        previous = self.previous_execution_secret if self.overlaps_at(moment) else None
        return (self.execution_secret, previous) if previous else (self.execution_secret,)

    def overlaps_at(self, moment: datetime) -> bool:
        """Tell whether calls made at `moment` are signed with the previous secret too."""
        expires_at = self.previous_secret_expires_at
        has_previous = self.sealed_previous_execution_secret is not None
        return has_previous and expires_at is not None and moment < expires_at
