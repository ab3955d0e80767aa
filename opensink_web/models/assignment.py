"""Whose a request is: the members and teams to whom it is assigned."""

from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web.models.base import Base, Created, Identified, goes_with_membership
from opensink_web.models.team import Team
from opensink_web.models.user import User

_BY_SOMEBODY = text("assigned_by_id IS NOT NULL")
_IS_DELEGATED = text("delegated_from_id IS NOT NULL")


class Assignment(Identified, Created, Base):
    """A request is a member's, or a team's; it ends with the membership, or with the team.

    `assigned_by` is nobody where whoever asked said so. `delegated_from` is whose it was before
    they handed it on. `is_open` is False once the request is decided, so that what waits is found
    among few.
    """

    __tablename__ = "assignments"

    workspace_id: Mapped[UUID]
    request_id: Mapped[UUID] = mapped_column(ForeignKey("input_requests.id", ondelete="CASCADE"))
    user_id: Mapped[UUID | None]
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    assigned_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    delegated_from_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL")
    )
    is_open: Mapped[bool] = mapped_column(default=True)

    user: Mapped[User | None] = relationship(
        primaryjoin="foreign(Assignment.user_id) == User.id", viewonly=True
    )
    team: Mapped[Team | None] = relationship()
    assigned_by: Mapped[User | None] = relationship(foreign_keys=[assigned_by_id])
    delegated_from: Mapped[User | None] = relationship(foreign_keys=[delegated_from_id])

    __table_args__ = (
        goes_with_membership(),
        CheckConstraint("(user_id IS NULL) <> (team_id IS NULL)", name="of_one"),
        UniqueConstraint("request_id", "user_id"),
        UniqueConstraint("request_id", "team_id"),
        Index(None, "user_id", "workspace_id", "is_open", "request_id"),
        Index(None, "team_id", "is_open", "request_id"),
        Index(None, "assigned_by_id", sqlite_where=_BY_SOMEBODY, postgresql_where=_BY_SOMEBODY),
        Index(
            None, "delegated_from_id", sqlite_where=_IS_DELEGATED, postgresql_where=_IS_DELEGATED
        ),
    )

    @property
    def whom(self) -> tuple[UUID | None, UUID | None]:
        """The same for who is the same, whoever gave it to them."""
        return self.user_id, self.team_id

    @property
    def name(self) -> str:
        """What whoever it is assigned to is called."""
        if self.team is not None:
            return self.team.name
        return self.user.email if self.user else "somebody who has left"
