"""Who has seen a request."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from opensink_web import clock
from opensink_web.models.base import Base


class RequestView(Base):
    """When a person opened the page of a request first; what is asked anew is another request."""

    __tablename__ = "request_views"

    request_id: Mapped[UUID] = mapped_column(
        ForeignKey("input_requests.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    viewed_at: Mapped[datetime] = mapped_column(default=clock.now)
