"""A question an agent asks a person, and the answer."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web.models.agent import Agent
from opensink_web.models.agent_session import AgentSession
from opensink_web.models.base import Base, Created, Identified, UserObject, word_type
from opensink_web.models.sealed import Sealed
from opensink_web.models.user import User


class InputRequestStatus(StrEnum):
    """Where a request stands; the API's own words."""

    PENDING = "pending"
    RESOLVED = "resolved"
    CANCELLED = "cancelled"


class InputRequest(Identified, Created, Base):
    """`message` is Markdown; `schema` is JSON Schema; `response` fits it or is null."""

    __tablename__ = "input_requests"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    session_id: Mapped[UUID] = mapped_column(ForeignKey("agent_sessions.id", ondelete="CASCADE"))
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(255))
    title: Mapped[str] = mapped_column(String(255))
    message: Mapped[str] = mapped_column(Text)
    schema: Mapped[Any] = mapped_column(JSON)
    sealed_response: Mapped[str | None] = mapped_column("response", Text)
    response = Sealed[UserObject | None]()
    status: Mapped[InputRequestStatus] = mapped_column(
        word_type(InputRequestStatus), default=InputRequestStatus.PENDING
    )
    resolved_at: Mapped[datetime | None]
    resolved_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))

    session: Mapped[AgentSession] = relationship()
    agent: Mapped[Agent] = relationship()
    resolved_by: Mapped[User | None] = relationship()

    __table_args__ = (
        Index(None, "workspace_id", "id"),
        Index(None, "workspace_id", "status", "id"),
        Index(None, "session_id", "id"),
        Index(None, "agent_id", "id"),
    )
