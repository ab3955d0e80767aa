"""A list with its filters and its order, which somebody named to come back to."""

from uuid import UUID

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from opensink_web.models.base import Base, Created, Identified


class SavedView(Identified, Created, Base):
    """One person's own; `query` is what stands in the inbox's address behind the question mark."""

    __tablename__ = "saved_views"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    query: Mapped[str] = mapped_column(Text)

    __table_args__ = (UniqueConstraint("workspace_id", "user_id", "name"),)
