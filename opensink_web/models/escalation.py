"""Escalation: who is reminded and who else is asked when nobody decides, and where that stands.

A chain is of one agent, of one function, or of all that have none of their own. What it says is in
its revisions, which nobody changes: a request goes on by the one with which it began.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship, synonym

from opensink_web.models.agent import Agent
from opensink_web.models.base import Base, Identified, Updated
from opensink_web.models.function import Function
from opensink_web.models.leased import Leased, partial_index
from opensink_web.models.user import User


def _one_for_each(name: str, columns: tuple[str, ...], condition: str) -> Index:
    where = text(condition)
    return Index(name, *columns, unique=True, sqlite_where=where, postgresql_where=where)


class EscalationChain(Identified, Updated, Base):
    """`number` is that of its newest revision."""

    __tablename__ = "escalation_chains"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(64))
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    function_id: Mapped[UUID | None] = mapped_column(ForeignKey("functions.id", ondelete="CASCADE"))
    is_active: Mapped[bool] = mapped_column(default=True)
    number: Mapped[int] = mapped_column(default=1)

    agent: Mapped[Agent | None] = relationship()
    function: Mapped[Function | None] = relationship()

    __table_args__ = (
        _one_for_each("uq_escalation_chains_agent", ("agent_id",), "agent_id IS NOT NULL"),
        _one_for_each("uq_escalation_chains_function", ("function_id",), "function_id IS NOT NULL"),
        _one_for_each(
            "uq_escalation_chains_default",
            ("workspace_id",),
            "agent_id IS NULL AND function_id IS NULL",
        ),
        Index("ix_escalation_chains_workspace_id_id", "workspace_id", "id"),
    )


class EscalationRevision(Identified, Base):
    """What a chain says from a moment on: `plan` is what operations/notifications/plan.py reads."""

    __tablename__ = "escalation_revisions"

    chain_id: Mapped[UUID] = mapped_column(ForeignKey("escalation_chains.id", ondelete="CASCADE"))
    number: Mapped[int]
    plan: Mapped[dict[str, Any]] = mapped_column(JSON)
    made_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    made_at: Mapped[datetime]

    made_by: Mapped[User | None] = relationship()

    __table_args__ = (
        UniqueConstraint("chain_id", "number"),
        Index(None, "made_by_id"),
    )


class Escalation(Identified, Leased, Base):
    """Where a request that waits stands in its chain. Its concurrency group is the workspace.

    `step` is the number of the next step, from 0, which is due at `next_at`.
    """

    __tablename__ = "escalations"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    request_id: Mapped[UUID] = mapped_column(
        ForeignKey("input_requests.id", ondelete="CASCADE"), unique=True
    )
    revision_id: Mapped[UUID] = mapped_column(
        ForeignKey("escalation_revisions.id", ondelete="CASCADE")
    )
    asked_at: Mapped[datetime]
    step: Mapped[int] = mapped_column(default=0)

    group_id: Mapped[UUID] = synonym("workspace_id")

    __table_args__ = (
        Index("ix_escalations_due", "workspace_id", "next_at", "id"),  # all that are there are open
        partial_index(
            "ix_escalations_leased", ("workspace_id", "lease_until"), "lease_until IS NOT NULL"
        ),
        Index(None, "revision_id"),
    )


class EscalationCursor(Base):
    """Up to which number of the workspace's audit it was looked for what begins to wait.

    Of the batch that is next `request_id` is the last that was looked at.
    """

    __tablename__ = "escalation_cursors"

    workspace_id: Mapped[UUID] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(BigInteger)
    request_id: Mapped[UUID | None]
