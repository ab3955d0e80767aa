"""What an agent is to go by: versions that nobody changes, of one variant or of several."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web.models.agent import Agent
from opensink_web.models.base import Base, Created, Identified, UserObject
from opensink_web.models.leased import partial_index
from opensink_web.models.sealed import Sealed
from opensink_web.models.user import User


class AgentConfiguration(Identified, Created, Base):
    """A value that fits a schema, and that stays as it is; `agents.config_id` names the active one.

    `version` counts all of an agent, `variant_version` those of its variant. `schema_version` is
    its maker's own number. Of each variant one `is_newest`, from which the next carries over. The
    empty schema and the empty value are null.
    """

    __tablename__ = "agent_configurations"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    variant: Mapped[str] = mapped_column(String(255))
    version: Mapped[int]
    variant_version: Mapped[int]
    schema_version: Mapped[int]
    sealed_schema: Mapped[str | None] = mapped_column("schema", Text)
    schema = Sealed[Any](empty=dict)
    sealed_value: Mapped[str | None] = mapped_column("value", Text)
    value = Sealed[UserObject](empty=dict)
    is_newest: Mapped[bool] = mapped_column(default=True)
    made_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))

    agent: Mapped[Agent] = relationship()
    made_by: Mapped[User | None] = relationship()

    __table_args__ = (
        UniqueConstraint("agent_id", "version"),
        UniqueConstraint("agent_id", "variant", "variant_version"),
        Index(None, "workspace_id", "id"),
        Index(None, "workspace_id", "variant", "id"),
        Index(None, "agent_id", "id"),
        Index(None, "agent_id", "variant", "id"),
        Index(None, "made_by_id"),
        partial_index("ix_agent_configurations_variants", ("workspace_id", "id"), "is_newest"),
        partial_index("ix_agent_configurations_of_agent", ("agent_id", "id"), "is_newest"),
    )

    @property
    def updated_at(self) -> datetime:
        """When it was made: it does not change."""
        return self.created_at
