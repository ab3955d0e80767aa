"""What each of several people says to a request that more than one has to answer."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, query_expression, relationship

from opensink_web.models.base import Base, Identified, UserObject, word_type
from opensink_web.models.sealed import Sealed
from opensink_web.models.user import User


class VoteKind(StrEnum):
    """What somebody says: an answer, or that there is to be none."""

    ANSWERED = "answered"
    DECLINED = "declined"


class Vote(Identified, Base):
    """What one person has said, in one step; it stays on record when they leave.

    `response` and `edited` are those of an answer, as a request has them; `reason` is that of a
    decline. `request_digest` is of what they were shown. `cast_for` is in whose place they said it,
    as their deputy. `is_by_member`: whoever said it is an active member still; only where it was
    asked for.
    """

    __tablename__ = "votes"

    workspace_id: Mapped[UUID]
    request_id: Mapped[UUID] = mapped_column(ForeignKey("input_requests.id", ondelete="CASCADE"))
    step: Mapped[int] = mapped_column(default=0)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    # no foreign key, as of `resolved_for_id` of a request
    cast_for_id: Mapped[UUID | None]
    cast_at: Mapped[datetime]
    kind: Mapped[VoteKind] = mapped_column(word_type(VoteKind))
    sealed_response: Mapped[str | None] = mapped_column("response", Text)
    response = Sealed[UserObject | None]()
    sealed_edited: Mapped[str | None] = mapped_column("edited", Text)
    edited = Sealed[list[str] | None]()
    sealed_reason: Mapped[str | None] = mapped_column("reason", Text)
    reason = Sealed[str | None]()
    request_digest: Mapped[str] = mapped_column(String(64))

    is_by_member: Mapped[bool | None] = query_expression()
    user: Mapped[User | None] = relationship()
    cast_for: Mapped[User | None] = relationship(
        primaryjoin="foreign(Vote.cast_for_id) == User.id", viewonly=True
    )

    __table_args__ = (
        UniqueConstraint("request_id", "step", "user_id"),
        Index(None, "user_id"),
    )
