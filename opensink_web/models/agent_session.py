"""One run of an agent, from its start to its end."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web.models.agent import Agent, SessionStatus
from opensink_web.models.base import Base, Identified, Updated, UserObject, word_type
from opensink_web.models.deletable import Deletable, deleted_index
from opensink_web.models.sealed import Sealed
from opensink_web.models.traced import Traced


class AgentSession(Identified, Updated, Deletable, Traced, Base):
    """`state` is the agent's own memory; `error_message` says why it failed."""

    __tablename__ = "agent_sessions"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    status: Mapped[SessionStatus] = mapped_column(word_type(SessionStatus))
    sealed_state: Mapped[str | None] = mapped_column("state", Text)
    state = Sealed[UserObject](empty=dict)
    # SQLAlchemy keeps the name `metadata` on the class for itself
    sealed_metadata: Mapped[str | None] = mapped_column("metadata", Text)
    metadata_ = Sealed[UserObject](empty=dict)
    sealed_error_message: Mapped[str | None] = mapped_column("error_message", Text)
    error_message = Sealed[str | None]()

    agent: Mapped[Agent] = relationship()

    __table_args__ = (
        Index(None, "workspace_id", "id"),
        deleted_index("agent_sessions"),
        Index(None, "workspace_id", "status", "id"),
        Index(None, "agent_id", "id"),
    )
