"""Roles that a workspace makes itself, besides the built-in ones, and which members have them."""

from uuid import UUID

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from opensink_web.models.base import Base, Created, Identified, Updated, goes_with_membership


class CustomRole(Identified, Updated, Base):
    """`permissions` are patterns as written (operations/accounts/permission_pattern.py)."""

    __tablename__ = "roles"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(64))
    description: Mapped[str] = mapped_column(Text, default="")
    permissions: Mapped[list[str]] = mapped_column(JSON)

    __table_args__ = (UniqueConstraint("workspace_id", "name"), Index(None, "workspace_id", "id"))


class MembershipRole(Created, Base):
    """A member has a role besides the built-in one."""

    __tablename__ = "membership_roles"

    role_id: Mapped[UUID] = mapped_column(
        ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[UUID]

    __table_args__ = (
        goes_with_membership(),
        Index(None, "user_id", "workspace_id"),
    )
