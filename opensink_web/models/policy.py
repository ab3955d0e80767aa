"""Rules that say who decides what, in which steps; each change of one is a revision, and kept."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web.models.agent import Agent
from opensink_web.models.base import Base, Created, Identified, Updated
from opensink_web.models.function import Function
from opensink_web.models.user import User

_IS_THERE = text("deleted_at IS NULL")


class Policy(Identified, Updated, Base):
    """A rule: for which requests it is asked, in which order, and which revision holds.

    Of those that match the first by `position` holds. `look` is the same for names that look the
    same. One that was deleted stays, for the requests that were decided by it.
    """

    __tablename__ = "policies"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(64))
    look: Mapped[str] = mapped_column(Text)
    position: Mapped[int]
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    function_id: Mapped[UUID | None] = mapped_column(ForeignKey("functions.id", ondelete="CASCADE"))
    key: Mapped[str | None] = mapped_column(String(255))
    is_active: Mapped[bool] = mapped_column(default=True)
    deleted_at: Mapped[datetime | None]
    # the newest; no foreign key, for each refers to the other
    revision_id: Mapped[UUID]

    agent: Mapped[Agent | None] = relationship()
    function: Mapped[Function | None] = relationship()
    revision: Mapped["PolicyRevision"] = relationship(
        primaryjoin="foreign(Policy.revision_id) == PolicyRevision.id", viewonly=True
    )

    __table_args__ = (
        Index(
            "uq_policies_look",
            "workspace_id",
            "look",
            unique=True,
            sqlite_where=_IS_THERE,
            postgresql_where=_IS_THERE,
        ),
        Index(None, "workspace_id", "position"),
        Index(None, "workspace_id", "id"),
        Index(None, "agent_id"),
        Index(None, "function_id"),
    )


class PolicyRevision(Identified, Created, Base):
    """What a rule said from a moment on; nobody changes it.

    `condition` is the JSON Schema that a proposal must fit, `steps` who decides, one after the
    other (operations/requests/policy_step.py); `scope` names for which requests it was asked.
    """

    __tablename__ = "policy_revisions"

    policy_id: Mapped[UUID] = mapped_column(ForeignKey("policies.id", ondelete="CASCADE"))
    number: Mapped[int]
    condition: Mapped[Any] = mapped_column(JSON)
    steps: Mapped[Any] = mapped_column(JSON)
    scope: Mapped[Any] = mapped_column(JSON)
    made_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))

    policy: Mapped[Policy] = relationship(foreign_keys=[policy_id])
    made_by: Mapped[User | None] = relationship()

    __table_args__ = (
        UniqueConstraint("policy_id", "number"),
        Index(None, "made_by_id"),
    )
