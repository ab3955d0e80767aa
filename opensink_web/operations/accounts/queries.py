"""Accounts, read: people, members, roles, keys, invitations and sessions.

Nothing is written here, and nothing of what writes is imported.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from opensink_web import clock
from opensink_web.errors import FieldError, InvalidInput, NotFound
from opensink_web.models import (
    Absence,
    ApiKey,
    CustomRole,
    Identity,
    Invitation,
    Membership,
    MembershipRole,
    RecoveryCode,
    SecondFactor,
    Team,
    User,
    UserSession,
    Workspace,
    db,
)
from opensink_web.operations import page
from opensink_web.operations.accounts.credential import hash_token
from opensink_web.outbound.oidc import Claims

IDLE_LIFETIME = timedelta(days=7)
_WITH_MEMBERS = (selectinload(Team.members),)
_OF_ABSENCE = (joinedload(Absence.user), joinedload(Absence.deputy))
Moment: TypeAlias = datetime | ColumnElement[datetime]


def user_count() -> int:
    """Count the accounts on this server."""
    return db.session.scalar(select(func.count()).select_from(User)) or 0


def find_user(email: str) -> User | None:
    """Find an account by its address, in whatever case it is written."""
    return db.session.scalars(select(User).where(User.email == email.strip().lower())).one_or_none()


def list_members(workspace: Workspace) -> list[Membership]:
    """Return the members with their users, by address."""
    query = (
        select(Membership)
        .join(Membership.user)
        .options(
            contains_eager(Membership.user),
            selectinload(Membership.custom_roles),
            selectinload(Membership.deactivated_by),
        )
        .where(Membership.workspace_id == workspace.id)
        .order_by(User.email)
    )
    return list(db.session.scalars(query))


def members_by_address(workspace: Workspace, most: int) -> list[tuple[UUID, str]]:
    """Return the ids and addresses of the first of the members, to choose one."""
    rows = db.session.execute(_addresses_in(workspace).order_by(User.email).limit(most))
    return [(user_id, email) for user_id, email in rows]


def active_members_by_address(workspace: Workspace, most: int) -> list[str]:
    """Return the addresses of the first of the members who are not deactivated."""
    query = _addresses_in(workspace).where(Membership.deactivated_at.is_(None), User.is_active)
    rows = db.session.execute(query.order_by(User.email).limit(most))
    return [row.email for row in rows]


def names_of_teams(workspace: Workspace) -> list[str]:
    """Return what the teams are called, in order."""
    query = select(Team.name).where(Team.workspace_id == workspace.id).order_by(Team.name)
    return list(db.session.scalars(query))


def ids_of_members(workspace: Workspace, named: Sequence[str]) -> set[UUID]:
    """Find members by id or by address. Raises: InvalidInput naming each that is none."""
    rows = db.session.execute(_addresses_in(workspace)).all()
    known = {name: user_id for user_id, email in rows for name in (str(user_id), email)}
    keys = [each.strip().lower() for each in named]
    errors = [
        FieldError(f"/members/{index}", "There is no such member.")
        for index, key in enumerate(keys)
        if key not in known
    ]
    if errors:
        raise InvalidInput("Only members of the workspace can be named.", errors=tuple(errors))
    return {known[key] for key in keys}


def find_member_called(workspace: Workspace, email: str) -> UUID:
    """Find a member by address. Raises: NotFound."""
    query = _addresses_in(workspace).where(User.email == email.strip().lower())
    user_id: UUID | None = db.session.scalars(query).one_or_none()
    if user_id is None:
        raise NotFound("There is no member with this e-mail address.")
    return user_id


def find_member(workspace: Workspace, user_id: UUID) -> Membership:
    """Raises: NotFound."""
    member = db.session.get(Membership, (user_id, workspace.id))
    if member is None:
        raise NotFound("There is no such member.")
    return member


def find_active_member_called(workspace: Workspace, email: str) -> UUID:
    """Find who may stand in for another, by address. Raises: InvalidInput."""
    query = _addresses_in(workspace).where(
        User.email == email.strip().lower(), Membership.deactivated_at.is_(None), User.is_active
    )
    user_id: UUID | None = db.session.scalars(query).one_or_none()
    if user_id is None:
        message = "There is no active member with this e-mail address."
        raise InvalidInput(message, errors=(FieldError("/deputy", message),))
    return user_id


def list_absences(workspace: Workspace, page_request: page.PageRequest) -> page.Page[Absence]:
    """Return who is away, or will be, and who stands in for them."""
    query = select(Absence).where(
        Absence.workspace_id == workspace.id, Absence.ends_at > clock.now()
    )
    return page.fetch(query.options(*_OF_ABSENCE), Absence.id, page_request)


def find_absence(workspace: Workspace, absence_id: UUID) -> Absence:
    """Raises: NotFound."""
    query = select(Absence).where(Absence.id == absence_id, Absence.workspace_id == workspace.id)
    absence = db.session.scalars(query.options(*_OF_ABSENCE)).one_or_none()
    if absence is None:
        raise NotFound("There is no such absence.")
    return absence


def address_of_member(workspace: Workspace, user_id: UUID) -> str | None:
    """Return a member's address; None for anybody else's."""
    row = db.session.execute(_addresses_in(workspace).where(User.id == user_id)).one_or_none()
    return None if row is None else row.email


def _addresses_in(workspace: Workspace) -> Select[UUID, str]:
    of_members = Membership.user_id == User.id
    query = select(User.id, User.email).join(Membership, of_members)
    return query.where(Membership.workspace_id == workspace.id)


def list_roles(workspace: Workspace, page_request: page.PageRequest) -> page.Page[CustomRole]:
    """Return a page of the workspace's own roles, the newest first."""
    query = select(CustomRole).where(CustomRole.workspace_id == workspace.id)
    return page.fetch(query, CustomRole.id, page_request)


def all_roles(workspace: Workspace) -> list[CustomRole]:
    """Return the workspace's own roles by name."""
    query = select(CustomRole).where(CustomRole.workspace_id == workspace.id)
    return list(db.session.scalars(query.order_by(CustomRole.name)))


def find_role(workspace: Workspace, role_id: UUID) -> CustomRole:
    """Raises: NotFound."""
    role = db.session.get(CustomRole, role_id)
    if role is None or role.workspace_id != workspace.id:
        raise NotFound("There is no such role.")
    return role


def list_role_members(role: CustomRole, page_request: page.PageRequest) -> page.Page[User]:
    """Return a page of the people who have a role."""
    query = (
        select(User)
        .join(MembershipRole, MembershipRole.user_id == User.id)
        .where(MembershipRole.role_id == role.id)
    )
    return page.fetch(query, User.id, page_request)


def who_has(workspace: Workspace, role_id: UUID) -> Sequence[UUID]:
    """Return the accounts of all who have a role; nobody has one of another workspace."""
    query = select(MembershipRole.user_id).filter_by(role_id=role_id, workspace_id=workspace.id)
    return db.session.scalars(query).all()


def members_with(workspace: Workspace) -> dict[UUID, list[Membership]]:
    """Return who has each role of the workspace's own that anybody has."""
    members: dict[UUID, list[Membership]] = {}
    for member in list_members(workspace):
        for role in member.custom_roles:
            members.setdefault(role.id, []).append(member)
    return members


def list_teams(workspace: Workspace, page_request: page.PageRequest) -> page.Page[Team]:
    """Return a page of the teams with who is in them, the newest first."""
    query = select(Team).where(Team.workspace_id == workspace.id)
    return page.fetch(query.options(*_WITH_MEMBERS), Team.id, page_request)


def all_teams(workspace: Workspace) -> list[Team]:
    """Return the teams with who is in them, by name."""
    query = select(Team).where(Team.workspace_id == workspace.id)
    return list(db.session.scalars(query.options(*_WITH_MEMBERS).order_by(Team.name)))


def find_team(workspace: Workspace, team_id: UUID) -> Team:
    """Raises: NotFound."""
    team = db.session.get(Team, team_id, options=_WITH_MEMBERS)
    if team is None or team.workspace_id != workspace.id:
        raise NotFound("There is no such team.")
    return team


def list_keys(workspace: Workspace, page_request: page.PageRequest) -> page.Page[ApiKey]:
    """Return the keys that have not been revoked, with their users."""
    query = (
        select(ApiKey)
        .options(joinedload(ApiKey.user))
        .where(ApiKey.workspace_id == workspace.id, ApiKey.revoked_at.is_(None))
    )
    return page.fetch(query, ApiKey.id, page_request)


def find_key(workspace: Workspace, key_id: UUID) -> ApiKey:
    """Raises: NotFound, also for a revoked key."""
    key = db.session.get(ApiKey, key_id)
    if key is None or key.workspace_id != workspace.id or key.revoked_at is not None:
        raise NotFound("There is no such API key.")
    return key


def list_open_invitations(workspace: Workspace) -> list[Invitation]:
    """Return the links nobody has used yet, newest first."""
    query = (
        select(Invitation)
        .where(
            Invitation.workspace_id == workspace.id,
            Invitation.used_at.is_(None),
            Invitation.expires_at > clock.now(),
        )
        .order_by(Invitation.id.desc())
    )
    return list(db.session.scalars(query))


def find_invitation(token: str) -> Invitation:
    """Raises: NotFound for a link that is unknown, used or too old."""
    query = select(Invitation).where(Invitation.token_hash == hash_token(token))
    invitation = db.session.scalars(query).one_or_none()
    if invitation is None or not invitation.is_open(clock.now()):
        raise NotFound("This link has already been used or has expired. Ask for a new one.")
    return invitation


def find_invitation_for(email: str) -> Invitation | None:
    """Return the newest open invitation that is for this very address, if there is one."""
    query = (
        select(Invitation)
        .where(
            Invitation.email == email,
            Invitation.used_at.is_(None),
            Invitation.expires_at > clock.now(),
        )
        .order_by(Invitation.id.desc())
        .limit(1)
    )
    return db.session.scalars(query).one_or_none()


def find_identity(claims: Claims) -> Identity | None:
    """Return the identity if it is linked to an account."""
    query = select(Identity).where(
        Identity.issuer == claims.issuer, Identity.subject == claims.subject
    )
    return db.session.scalars(query).one_or_none()


def list_identities(user: User) -> list[Identity]:
    """Return the user's identities in the order in which they were linked."""
    query = select(Identity).where(Identity.user_id == user.id).order_by(Identity.id)
    return list(db.session.scalars(query))


def second_factor_of(user: User) -> SecondFactor | None:
    """Return what is asked of the user after the password, if anything is."""
    query = select(SecondFactor).where(
        SecondFactor.user_id == user.id, SecondFactor.confirmed_at.is_not(None)
    )
    return db.session.scalars(query).one_or_none()


def lacks_second_factor(user: User, workspace: Workspace) -> bool:
    """Return True if the user has to set one up before they see anything of the workspace.

    An account without a password is entered through a provider, which asks for what it wants.
    """
    if not workspace.requires_second_factor or user.password_hash is None:
        return False
    return second_factor_of(user) is None


def find_setup(user: User) -> SecondFactor | None:
    """Return the second factor that the user has begun to set up."""
    query = select(SecondFactor).where(
        SecondFactor.user_id == user.id, SecondFactor.confirmed_at.is_(None)
    )
    return db.session.scalars(query).one_or_none()


def recovery_codes_left(factor: SecondFactor) -> int:
    """Count the recovery codes that still let in."""
    query = select(func.count()).where(
        RecoveryCode.second_factor_id == factor.id, RecoveryCode.used_at.is_(None)
    )
    return db.session.scalar(query) or 0


def members_with_second_factor(workspace: Workspace) -> set[UUID]:
    """Return the ids of the members who have one in use."""
    query = (
        select(SecondFactor.user_id)
        .join(Membership, Membership.user_id == SecondFactor.user_id)
        .where(Membership.workspace_id == workspace.id, SecondFactor.confirmed_at.is_not(None))
    )
    return set(db.session.scalars(query))


def find_session(token: str) -> UserSession | None:
    """Return the session of a token with its user; None when it no longer counts."""
    moment = clock.now()
    values = {
        "of_token": hash_token(token),
        "moment": moment,
        "used_since": moment - IDLE_LIFETIME,
    }
    session = db.session.scalars(_OF_TOKEN, values).one_or_none()
    return session if session is not None and session.user.is_active else None


def list_sessions(user: User) -> list[UserSession]:
    """Return where somebody is signed in, the browser that was used last first."""
    query = (
        select(UserSession)
        .where(UserSession.user_id == user.id, is_live())
        .order_by(UserSession.last_seen_at.desc(), UserSession.id.desc())
    )
    return list(db.session.scalars(query))


def is_live() -> ColumnElement[bool]:
    """Say in a query that a session still counts."""
    moment = clock.now()
    return is_live_at(moment, moment - IDLE_LIFETIME)


def is_live_at(moment: Moment, used_since: Moment) -> ColumnElement[bool]:
    """Say that a session counts at a moment, if it was used since another, IDLE_LIFETIME before."""
    return and_(UserSession.expires_at > moment, UserSession.last_seen_at > used_since)


# Each page asks this, and building it costs more than running it.
_OF_TOKEN = (
    select(UserSession)
    .options(joinedload(UserSession.user))
    .where(
        UserSession.token_hash == bindparam("of_token"),
        is_live_at(
            bindparam("moment", type_=UserSession.expires_at.type),
            bindparam("used_since", type_=UserSession.last_seen_at.type),
        ),
    )
)


def list_workspaces() -> list[Workspace]:
    """Return all there are, the oldest first."""
    return list(db.session.scalars(select(Workspace).order_by(Workspace.id)))


def find_workspace(slug: str) -> Workspace:
    """Raises: NotFound."""
    workspace = db.session.scalars(select(Workspace).where(Workspace.slug == slug)).one_or_none()
    if workspace is None:
        raise NotFound("There is no such workspace.")
    return workspace
