"""An agent, and the endpoint that is called when it may go on."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from opensink_web.models.base import Base, Identified, Updated, UserObject, word_type
from opensink_web.models.deletable import Deletable, deleted_index
from opensink_web.models.sealed import Sealed
from opensink_web.models.signed import Signed


class SessionStatus(StrEnum):
    """Where a session stands, and so its agent; the API's own words."""

    RUNNING = "running"
    WAITING_FOR_INPUT = "waiting_for_input"
    PROCESSING_INPUT = "processing_input"
    COMPLETED = "completed"
    FAILED = "failed"

    @property
    def has_ended(self) -> bool:
        return self in {SessionStatus.COMPLETED, SessionStatus.FAILED}


class Agent(Identified, Updated, Signed, Deletable, Base):
    """`status` mirrors the newest session; `execution_endpoint` is the API's object, or null.

    `newest_session_id` lets one UPDATE decide whether a session's status is the agent's too.
    """

    __tablename__ = "agents"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    namespace: Mapped[str] = mapped_column(String(255), default="default")
    slug: Mapped[str] = mapped_column(String(255))
    status: Mapped[SessionStatus | None] = mapped_column(word_type(SessionStatus))
    newest_session_id: Mapped[UUID | None]
    config_id: Mapped[UUID | None]
    sealed_execution_endpoint: Mapped[str | None] = mapped_column("execution_endpoint", Text)
    execution_endpoint = Sealed[UserObject | None]()
    # what each chat of a batch begins with: a list of {role, content} templates
    initial_messages: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    # calls that failed one after the other; the rest is null while the endpoint is healthy
    endpoint_failure_count: Mapped[int] = mapped_column(default=0, server_default="0")
    endpoint_unhealthy_since: Mapped[datetime | None]
    endpoint_next_call_at: Mapped[datetime | None]
    endpoint_pause_seconds: Mapped[float | None]
    endpoint_last_error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        UniqueConstraint("workspace_id", "namespace", "slug"),
        Index(None, "workspace_id", "id"),
        deleted_index("agents"),
    )

    @property
    def has_endpoint(self) -> bool:
        """Return True if the agent is called, without decrypting how."""
        return self.sealed_execution_endpoint is not None
