"""What was said to an agent and what it said, in order."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web.models.agent import Agent
from opensink_web.models.base import Base, Created, Identified, UserObject
from opensink_web.models.sealed import Sealed


class Chat(Identified, Created, Base):
    """One conversation of a person with an agent."""

    __tablename__ = "chats"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id", ondelete="SET NULL"))
    # that it began in; no foreign key, so that it may be gone
    batch_id: Mapped[UUID | None]
    # what the agent's first messages were filled in with
    sealed_input_variables: Mapped[str | None] = mapped_column("input_variables", Text)
    input_variables = Sealed[UserObject](empty=dict)

    # of the message that it began with; null where it began before there were titles
    sealed_title: Mapped[str | None] = mapped_column("title", Text)
    title = Sealed[str | None]()

    agent: Mapped[Agent | None] = relationship()
    messages: Mapped[list["ChatMessage"]] = relationship(
        order_by="ChatMessage.number", passive_deletes=True
    )

    __table_args__ = (
        Index(None, "workspace_id", "id"),
        Index(None, "user_id", "id"),
        Index(None, "agent_id", "id"),
    )


class ChatMessage(Identified, Created, Base):
    """`content` is a text, or the list of parts that some models speak in."""

    __tablename__ = "chat_messages"

    chat_id: Mapped[UUID] = mapped_column(ForeignKey("chats.id", ondelete="CASCADE"))
    number: Mapped[int]
    role: Mapped[str] = mapped_column(String(32))
    sealed_content: Mapped[str | None] = mapped_column("content", Text)
    content = Sealed[Any]()
    sealed_tool_calls: Mapped[str | None] = mapped_column("tool_calls", Text)
    tool_calls = Sealed[list[Any] | None]()

    __table_args__ = (UniqueConstraint("chat_id", "number"),)
