"""A workspace: a separate world of agents, requests and people."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from opensink_web.models.base import Base, Created, Identified
from opensink_web.models.sealed import Sealed


class Workspace(Identified, Created, Base):
    """`slug` stands in addresses; `execution_secret` goes with every call to an endpoint.

    For a while after a rotation `previous_execution_secret` goes with them still. From
    `signing_root`, which nobody is shown, the signing secret of each
    agent, function and background job is made.
    Members who have a password need a second factor where `requires_second_factor`. What ended is
    kept for `retention_days_…`, where the workspace says so for itself.
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
    sealed_signing_root: Mapped[str] = mapped_column("signing_root", Text)
    signing_root = Sealed[str]()
    requires_second_factor: Mapped[bool] = mapped_column(default=False)
    retention_days_sessions: Mapped[int | None]
    retention_days_executions: Mapped[int | None]
    retention_days_chats: Mapped[int | None]
    retention_days_audit: Mapped[int | None]
    retention_days_job_runs: Mapped[int | None]
    retention_days_sink_items: Mapped[int | None]

    def execution_secrets(self, moment: datetime) -> tuple[str, ...]:
        """Return the secrets that count at `moment`, first the one that calls carry.

        While two overlap that is the previous one, so that a receiver has time to accept both.
        Raises: UnreadableSecret.
        """
        previous = self.previous_execution_secret if self.overlaps_at(moment) else None
        return (previous, self.execution_secret) if previous else (self.execution_secret,)

    def overlaps_at(self, moment: datetime) -> bool:
        """Return True if calls made at `moment` carry the previous secret still."""
        expires_at = self.previous_secret_expires_at
        has_previous = self.sealed_previous_execution_secret is not None
        return has_previous and expires_at is not None and moment < expires_at
