"""Teams: members of a workspace who share what is theirs to decide."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web.models.base import Base, Created, Identified, Updated, goes_with_membership
from opensink_web.models.user import User


class Team(Identified, Updated, Base):
    """`look` is the same for names that look the same, so that no team passes for another."""

    __tablename__ = "teams"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(64))
    look: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")

    members: Mapped[list[User]] = relationship(
        secondary="team_members",
        primaryjoin="Team.id == TeamMember.team_id",
        secondaryjoin="TeamMember.user_id == User.id",
        order_by=User.email,
        viewonly=True,
    )

    __table_args__ = (UniqueConstraint("workspace_id", "look"), Index(None, "workspace_id", "id"))


class TeamMember(Created, Base):
    """Somebody is in a team, for as long as they are in its workspace."""

    __tablename__ = "team_members"

    team_id: Mapped[UUID] = mapped_column(
        ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[UUID]

    __table_args__ = (
        goes_with_membership(),
        Index(None, "user_id", "workspace_id"),
    )
