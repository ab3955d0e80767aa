"""One run of an agent, from its start to its end."""

from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web.models.agent import Agent, SessionStatus
from opensink_web.models.base import Base, Identified, Updated, UserObject, word_type


class AgentSession(Identified, Updated, Base):
    """`state` is the agent's own memory; `error_message` says why it failed."""

    __tablename__ = "agent_sessions"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    status: Mapped[SessionStatus] = mapped_column(word_type(SessionStatus))
    state: Mapped[UserObject] = mapped_column(JSON, default=dict)
    # SQLAlchemy keeps the name `metadata` on the class for itself
    metadata_: Mapped[UserObject] = mapped_column("metadata", JSON, default=dict)
    error_message: Mapped[str | None] = mapped_column(Text)

    agent: Mapped[Agent] = relationship()

    __table_args__ = (
        Index(None, "workspace_id", "id"),
        Index(None, "workspace_id", "status", "id"),
        Index(None, "agent_id", "id"),
    )
