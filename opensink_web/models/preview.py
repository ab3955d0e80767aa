"""A form that somebody looks at before anybody is asked: a schema, and values to fill it with."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from opensink_web.models.base import Base, Created, Identified, UserObject
from opensink_web.models.sealed import Sealed


class Preview(Identified, Created, Base):
    """No request: nobody is asked, nothing can be answered, and after `expires_at` it is gone."""

    __tablename__ = "previews"

    workspace_id: Mapped[UUID] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), index=True
    )
    sealed_schema: Mapped[str] = mapped_column("schema", Text)
    schema = Sealed[Any]()
    sealed_proposed_response: Mapped[str | None] = mapped_column("proposed_response", Text)
    proposed_response = Sealed[UserObject | None]()
    expires_at: Mapped[datetime] = mapped_column(index=True)
