"""People: making an account, checking a password, and the members of a workspace."""

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import func, select, update
from sqlalchemy.orm import contains_eager, selectinload

from opensink_web import clock
from opensink_web.errors import Conflict, FieldError, InvalidInput, NotFound
from opensink_web.models import (
    ApiKey,
    Invitation,
    Membership,
    Role,
    User,
    Workspace,
    db,
)
from opensink_web.operations.credential import PasswordHash, password_matches
from opensink_web.operations.permission import ROLE_PATTERNS, Principal
from opensink_web.operations.user_session import end_program_sessions, end_sessions


def user_count() -> int:
    """Count the accounts on this server."""
    return db.session.scalar(select(func.count()).select_from(User)) or 0


def find_user(email: str) -> User | None:
    """Find an account by its address, in whatever case it is written."""
    return db.session.scalars(select(User).where(User.email == email.strip().lower())).one_or_none()


def create_user(
    workspace: Workspace, email: str, password_hash: PasswordHash | None, *, role: Role
) -> User:
    """Make an account and a member of the workspace of it.

    Without a password it is entered in another way. Raises: InvalidInput for an address that is
    none; Conflict for a second account.
    """
    address = check_email(email)
    if find_user(address) is not None:
        raise Conflict("There is an account with this e-mail address already.")
    user = User(email=address, password_hash=password_hash)
    db.session.add(user)
    db.session.flush()
    db.session.add(Membership(user_id=user.id, workspace_id=workspace.id, role=role))
    db.session.flush()
    _close_the_first_admins_link()
    return user


def _close_the_first_admins_link() -> None:
    """Void the link that the terminal showed: whoever finds it later is not the first."""
    db.session.execute(
        update(Invitation)
        .where(Invitation.invited_by_id.is_(None), Invitation.used_at.is_(None))
        .values(expires_at=clock.now())
    )


def check_email(email: str) -> str:
    """Return the address in lower case. Raises: InvalidInput."""
    try:
        checked = validate_email(email.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        message = "This is not an e-mail address."
        raise InvalidInput(message, errors=(FieldError("/email", message),)) from None
    return checked.normalized.lower()


def authenticate(email: str, password: str) -> User | None:
    """Return the user whose password it is, or None."""
    user = find_user(email)
    matches = password_matches(user.password_hash if user else None, password)
    return user if user is not None and matches and user.is_active else None


def list_members(workspace: Workspace) -> list[Membership]:
    """Return the members with their users, by address."""
    query = (
        select(Membership)
        .join(Membership.user)
        .options(contains_eager(Membership.user), selectinload(Membership.custom_roles))
        .where(Membership.workspace_id == workspace.id)
        .order_by(User.email)
    )
    return list(db.session.scalars(query))


def change_role(by: Principal, user_id: object, role: Role) -> Membership:
    """Give a member another built-in role.

    Raises: NotFound; PermissionMissing for more than `by` has; Conflict for the last admin.
    """
    membership = find_member(by.workspace, user_id)
    by.require_giving(Principal.of(membership).patterns | ROLE_PATTERNS[role])
    if role is not Role.ADMIN:
        _keep_an_admin(by.workspace, membership)
    membership.role = role
    close_links_of(membership)
    return membership


def remove_member(by: Principal, user_id: object) -> User:
    """Take somebody out of the workspace and revoke their keys: neither comes back by itself.

    Nor do they by a link of their own: the links that they made invite nobody any more.

    Programs in which they are signed in to this workspace are signed out; whoever is then in no
    workspace is so everywhere.

    Raises: NotFound; PermissionMissing for somebody who has more than `by`; Conflict for the last
    admin.
    """
    workspace, membership = by.workspace, find_member(by.workspace, user_id)
    by.require_giving(Principal.of(membership).patterns)
    _keep_an_admin(workspace, membership)
    _close_links(membership)
    user = membership.user
    db.session.execute(
        update(ApiKey)
        .where(
            ApiKey.workspace_id == workspace.id,
            ApiKey.user_id == user.id,
            ApiKey.revoked_at.is_(None),
        )
        .values(revoked_at=clock.now())
    )
    end_program_sessions(user, workspace)
    db.session.delete(membership)
    if all(each is membership for each in user.memberships):
        end_sessions(user)
    return user


def find_member(workspace: Workspace, user_id: object) -> Membership:
    """Return a membership, locked until the transaction ends. Raises: NotFound."""
    query = (
        select(Membership)
        .where(Membership.workspace_id == workspace.id, Membership.user_id == user_id)
        .with_for_update()
    )
    membership = db.session.scalars(query).one_or_none()
    if membership is None:
        raise NotFound("There is no such member.")
    return membership


def close_links_of(member: Membership) -> None:
    """Let the links invite nobody any more that somebody made who is no admin (any more)."""
    if member.role is not Role.ADMIN:
        _close_links(member)


def _close_links(leaving: Membership) -> None:
    moment = clock.now()
    db.session.execute(
        update(Invitation)
        .where(
            Invitation.workspace_id == leaving.workspace_id,
            Invitation.invited_by_id == leaving.user_id,
            Invitation.used_at.is_(None),
            Invitation.expires_at > moment,
        )
        .values(expires_at=moment)
    )


def _keep_an_admin(workspace: Workspace, leaving: Membership) -> None:
    # every admin's row is locked, so that two admins cannot leave each other alone at once
    query = (
        select(Membership)
        .where(Membership.workspace_id == workspace.id, Membership.role == Role.ADMIN)
        .order_by(Membership.user_id)
        .with_for_update()
    )
    if all(admin.user_id == leaving.user_id for admin in db.session.scalars(query)):
        raise Conflict("A workspace needs an admin: make somebody else one first.")
