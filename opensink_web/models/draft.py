"""What somebody has entered and not sent."""

from uuid import UUID

from sqlalchemy import ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web.models.base import Base, Identified, Updated
from opensink_web.models.sealed import Sealed
from opensink_web.models.user import User


class Draft(Identified, Updated, Base):
    """The fields of a form as they were typed, of one person for one request, without secrets.

    `fields` are the names and texts that a browser would send, in its order.
    """

    __tablename__ = "drafts"

    workspace_id: Mapped[UUID] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), index=True
    )
    request_id: Mapped[UUID] = mapped_column(ForeignKey("input_requests.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    sealed_fields: Mapped[str] = mapped_column("fields", Text)
    fields = Sealed[list[list[str]]]()

    user: Mapped[User] = relationship()

    __table_args__ = (UniqueConstraint("request_id", "user_id"),)
