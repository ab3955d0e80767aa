"""Who has taken a request on: until when nobody else decides on it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web import clock
from opensink_web.models.base import Base, goes_with_membership
from opensink_web.models.user import User


class Claim(Base):
    """A member works on a request; of one request nobody else does.

    It is of no meaning any more from `lapses_at` on, nor where its request is decided.
    """

    __tablename__ = "claims"

    request_id: Mapped[UUID] = mapped_column(
        ForeignKey("input_requests.id", ondelete="CASCADE"), primary_key=True
    )
    workspace_id: Mapped[UUID]
    user_id: Mapped[UUID]
    claimed_at: Mapped[datetime] = mapped_column(default=clock.now)
    lapses_at: Mapped[datetime]

    user: Mapped[User] = relationship(
        primaryjoin="foreign(Claim.user_id) == User.id", viewonly=True
    )

    __table_args__ = (
        goes_with_membership(),
        Index(None, "user_id", "workspace_id", "lapses_at"),
        Index(None, "lapses_at"),
    )
