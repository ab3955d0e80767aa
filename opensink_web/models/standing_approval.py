"""Leave that somebody gave, with a decision, for the same to be approved again without a person."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web import clock
from opensink_web.models.agent import Agent
from opensink_web.models.base import Base, Created, Identified, UserObject
from opensink_web.models.function import Function
from opensink_web.models.leased import partial_index
from opensink_web.models.sealed import Sealed
from opensink_web.models.user import User

_IS_SOMEBODYS = text("granted_by_id IS NOT NULL")
_IS_REVOKED = text("revoked_by_id IS NOT NULL")


class StandingState(StrEnum):
    """Whether it can be used."""

    IN_FORCE = "in_force"
    USED_UP = "used_up"
    EXPIRED = "expired"
    REVOKED = "revoked"


class StandingApproval(Identified, Created, Base):
    """What is asked by one agent or function under one key is approved if its proposal is valid
    against `condition`, at most `uses_max` times and before `expires_at`.

    `is_for_calls`: it lets calls of the function be made, and answers no question of it. `shape` is
    the digest of the question's schema without what it proposes, `wording` that of its title,
    message and links, null where these may be others. `seen_digest` is of what the person was shown
    who granted it, `from_request_id` the request that they decided on; it may be gone.
    """

    __tablename__ = "standing_approvals"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    granted_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    from_request_id: Mapped[UUID] = mapped_column(index=True)
    seen_digest: Mapped[str] = mapped_column(String(64))
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id", ondelete="SET NULL"))
    function_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("functions.id", ondelete="SET NULL")
    )
    key: Mapped[str] = mapped_column(String(255))
    is_for_calls: Mapped[bool]
    # its constants are what somebody was asked
    sealed_condition: Mapped[str] = mapped_column("condition", Text)
    condition = Sealed[UserObject]()
    shape: Mapped[str] = mapped_column(String(64))
    wording: Mapped[str | None] = mapped_column(String(64))
    uses_max: Mapped[int]
    uses_count: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    sealed_note: Mapped[str | None] = mapped_column("note", Text)
    note = Sealed[str](empty=str)

    granted_by: Mapped[User | None] = relationship(foreign_keys=[granted_by_id])
    revoked_by: Mapped[User | None] = relationship(foreign_keys=[revoked_by_id])
    agent: Mapped[Agent | None] = relationship()
    function: Mapped[Function | None] = relationship()

    @property
    def same_words(self) -> bool:
        """Return True if what is asked has to be worded as it was."""
        return self.wording is not None

    @property
    def state(self) -> StandingState:
        """Return whether it can be used at this moment, or why not."""
        if self.revoked_at is not None:
            return StandingState.REVOKED
        if self.uses_count >= self.uses_max:
            return StandingState.USED_UP
        is_over = self.expires_at <= clock.now()
        return StandingState.EXPIRED if is_over else StandingState.IN_FORCE

    __table_args__ = (
        Index(None, "workspace_id", "id"),
        partial_index("ix_standing_approvals_of_agent", ("agent_id", "key"), "revoked_at IS NULL"),
        partial_index(
            "ix_standing_approvals_of_function", ("function_id", "key"), "revoked_at IS NULL"
        ),
        Index(None, "granted_by_id", sqlite_where=_IS_SOMEBODYS, postgresql_where=_IS_SOMEBODYS),
        Index(None, "revoked_by_id", sqlite_where=_IS_REVOKED, postgresql_where=_IS_REVOKED),
    )
