"""People: who they are, which workspaces they belong to, where they are signed in."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opensink_web import clock
from opensink_web.models.base import Base, Created, Identified, word_type
from opensink_web.models.role import CustomRole
from opensink_web.models.workspace import Workspace


class Role(StrEnum):
    """What a member is in a workspace; what each may do: operations/accounts/permission.py."""

    ADMIN = "admin"
    REVIEWER = "reviewer"
    VIEWER = "viewer"


class User(Identified, Created, Base):
    """A person. `email` is kept in lower case; `password_hash` is argon2id.

    One that is not active gets in nowhere, nor does any key or token of theirs.
    """

    __tablename__ = "users"

    email: Mapped[str] = mapped_column(String(320), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(255))
    is_active: Mapped[bool] = mapped_column(default=True)

    memberships: Mapped[list["Membership"]] = relationship(
        back_populates="user", order_by="Membership.created_at", passive_deletes=True
    )

    @property
    def active_memberships(self) -> list["Membership"]:
        """Where the person may still do something, the workspace they joined first at the top."""
        return [each for each in self.memberships if each.is_active]


class Membership(Created, Base):
    """One person's built-in role in one workspace, and those of its own that they have besides.

    An admin shuts somebody out of one workspace, by `deactivated_at`; whoever runs the server shuts
    them out of all, by `User.is_active`. `ended_with_it` is how much of what ended with that, or
    rests until they are back (operations/decisions/ending.py).
    """

    __tablename__ = "memberships"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    workspace_id: Mapped[UUID] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    role: Mapped[Role] = mapped_column(word_type(Role))
    deactivated_at: Mapped[datetime | None]
    deactivated_by_id: Mapped[UUID | None]
    ended_with_it: Mapped[dict[str, int] | None] = mapped_column(JSON)

    user: Mapped[User] = relationship(back_populates="memberships")
    deactivated_by: Mapped[User | None] = relationship(
        primaryjoin="foreign(Membership.deactivated_by_id) == User.id", viewonly=True
    )
    workspace: Mapped[Workspace] = relationship()
    custom_roles: Mapped[list[CustomRole]] = relationship(
        secondary="membership_roles", order_by=CustomRole.name, viewonly=True
    )

    __table_args__ = (Index(None, "workspace_id"),)

    @property
    def is_active(self) -> bool:
        """Return True if the person may do anything in this workspace."""
        return self.deactivated_at is None and self.user.is_active


class UserSession(Identified, Created, Base):
    """A browser or a program in which somebody is signed in.

    A browser's cookie holds the token and this row its hash. A program holds refresh tokens, which
    have rows of their own, and is in one workspace. `last_seen_at` is up to a minute old, and of a
    program as old as its access token.
    """

    __tablename__ = "user_sessions"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    workspace_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), index=True
    )
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
    last_seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    user_agent: Mapped[str] = mapped_column(String(255), default="")
    remote_address: Mapped[str] = mapped_column(String(64), default="")

    user: Mapped[User] = relationship()


class RefreshToken(Identified, Created, Base):
    """With it a program gets another access token, and another of these, once: only hashed.

    Those that were exchanged are kept as long as the sign-in, to tell when one is used again.
    """

    __tablename__ = "refresh_tokens"

    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("user_sessions.id", ondelete="CASCADE"), index=True
    )
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    exchanged_at: Mapped[datetime | None]
