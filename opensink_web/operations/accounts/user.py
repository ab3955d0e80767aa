"""People: making an account, checking a password, and the members of a workspace.

Locks are taken in this order: the account of who is shut out, or promises something; members by
their ids, the admins of a workspace among them; roles by their ids; accounts otherwise; links; then
sessions, and keys, by their ids.
"""

from collections.abc import Mapping
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import ColumnElement, bindparam, select, update
from sqlalchemy.orm import contains_eager

from opensink_web import clock
from opensink_web.errors import Conflict, FieldError, InvalidInput, NotFound
from opensink_web.json_value import JSONObject
from opensink_web.lookalike import impostors
from opensink_web.models import (
    AuditAction,
    Invitation,
    Membership,
    Role,
    SubjectKind,
    User,
    Workspace,
    db,
)
from opensink_web.models.transaction import Area, changed_after_commit
from opensink_web.operations.accounts.api_key import revoke_keys_of
from opensink_web.operations.accounts.credential import PasswordHash, password_matches
from opensink_web.operations.accounts.permission import ROLE_PATTERNS, Principal
from opensink_web.operations.accounts.queries import find_user
from opensink_web.operations.accounts.user_session import end_program_sessions, end_sessions
from opensink_web.operations.audit.record import record, record_of_account
from opensink_web.operations.name import one_like

_OF_ACCOUNT = select(User.id).where(User.id == bindparam("of_user"))


def create_user(
    workspace: Workspace, email: str, password_hash: PasswordHash | None, *, role: Role
) -> User:
    """Make an account and a member of the workspace of it.

    Without a password it is entered in another way. Raises: InvalidInput for an address that is
    none; Conflict for a second account.
    """
    address = check_email(email)
    if find_user(address) is not None:
        raise Conflict("An account with this e-mail address already exists.")
    # two addresses of ASCII alone differ in any font that says so, and nobody forbids b0b@
    if not address.isascii() and one_like(address, db.session.scalars(select(User.email))):
        raise Conflict("This looks like the e-mail address of another account.")
    user = User(email=address, password_hash=password_hash)
    db.session.add(user)
    db.session.flush()
    db.session.add(Membership(user_id=user.id, workspace_id=workspace.id, role=role))
    db.session.flush()
    _close_the_first_admins_link()
    note_joined(user, workspace.id, role)
    return user


def note_joined(user: User, workspace_id: UUID, role: Role) -> None:
    """Note for the audit that somebody is a member from now on."""
    joined = {"email": user.email, "role": role.value}
    person = (SubjectKind.PERSON, user.id)
    record(AuditAction.MEMBER_JOINED, workspace_id, *person, {**joined}, by=user)


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
    address = checked.normalized.lower()
    if impostors(address):
        message = "This mixes letters of several alphabets that look alike. Type the address anew."
        raise InvalidInput(message, errors=(FieldError("/email", message),))
    return address


def authenticate(email: str, password: str) -> User | None:
    """Return the user whose password it is, or None."""
    user = find_user(email)
    matches = password_matches(user.password_hash if user else None, password)
    return user if user is not None and matches and user.is_active else None


def change_role(by: Principal, user_id: object, role: Role) -> Membership:
    """Give a member another built-in role.

    Raises: NotFound; PermissionMissing for more than `by` has; Conflict for the last admin.
    """
    membership, admins = _lock_with_admins(by.workspace, user_id)
    by.require_giving(Principal.of(membership).patterns | ROLE_PATTERNS[role])
    if role is not Role.ADMIN:
        _keep_an_admin(membership, admins)
    _note(
        AuditAction.MEMBER_ROLE_CHANGED,
        membership,
        {"changes": {"role": [membership.role.value, role.value]}},
    )
    membership.role = role
    changed_after_commit(membership.workspace_id, Area.MEMBERS)
    close_links_of(membership)
    return membership


def lock_leaver(by: Principal, user_id: object) -> Membership:
    """Return who is to be in the workspace no more, locked with its admins; see end_membership().

    Raises: NotFound; PermissionMissing for somebody else who has more than `by`; Conflict for the
    last admin.
    """
    membership, admins = _lock_with_admins(by.workspace, user_id)
    if membership.user_id != by.user.id:
        by.require_giving(Principal.of(membership).patterns)
    _keep_an_admin(membership, admins)
    return membership


def end_membership(
    membership: Membership, action: AuditAction, ended_with_it: Mapping[str, int]
) -> None:
    """Take somebody out of the workspace whom lock_leaver() locked, and revoke their keys.

    The links that they made invite nobody any more. Programs in which they are signed in to this
    workspace are signed out; whoever is then in no workspace is so everywhere. What else ends, and
    is noted with it, is in operations/decisions/ending.py, by which alone this is called.
    """
    _shut_out(membership)
    revoke_keys_of(membership.workspace, membership.user)
    _note(action, membership, {name: count for name, count in ended_with_it.items() if count})
    db.session.delete(membership)


def deactivate_member(
    by: Principal, user_id: UUID, ended_with_it: dict[str, int] | None = None
) -> Membership:
    """Shut somebody out of the workspace until they are activated again.

    They see nothing of it from now on, nor do programs in which they are signed in, their API keys
    and the tokens of what they have running; what they have queued does not begin. Their keys are
    not revoked, and work again with them; the links that they made do not. What else ends, and is
    noted with it, is in operations/decisions/ending.py.

    Raises: NotFound; PermissionMissing for somebody who has more than `by`; Conflict for oneself,
    the last admin, and who is deactivated already.
    """
    membership, admins = _lock_with_admins(by.workspace, user_id)
    by.require_giving(Principal.of(membership).patterns)
    if user_id == by.user.id:
        raise Conflict("Nobody deactivates themselves: another admin does.")
    if membership.deactivated_at is not None:
        raise Conflict(f"{membership.user.email} is deactivated already.")
    _keep_an_admin(membership, admins)
    membership.deactivated_at = clock.now()
    membership.deactivated_by_id = by.user.id
    membership.ended_with_it = ended_with_it
    ended = {name: count for name, count in (ended_with_it or {}).items() if count}
    _note(AuditAction.MEMBER_DEACTIVATED, membership, {**ended})
    _shut_out(membership)
    return membership


def activate_member(by: Principal, user_id: UUID) -> Membership:
    """Let somebody in again who was deactivated in the workspace, and their keys.

    Raises: NotFound; PermissionMissing for somebody who has more than `by`; Conflict for who is not
    deactivated.
    """
    membership, _ = _lock_with_admins(by.workspace, user_id)
    by.require_giving(Principal.of(membership).patterns)
    if membership.deactivated_at is None:
        raise Conflict(f"{membership.user.email} is not deactivated here.")
    membership.deactivated_at = membership.deactivated_by_id = membership.ended_with_it = None
    changed_after_commit(membership.workspace_id)
    _note(AuditAction.MEMBER_ACTIVATED, membership)
    return membership


def close_account(user: User) -> None:
    """Shut somebody out of the server whose account is locked. What else ends with it is in
    operations/decisions/ending.py, by which alone this is called.

    Raises: Conflict for the last active admin of a workspace in which there are others; one that
    somebody has made for themselves alone is in nobody's way.
    """
    workspace_ids = [each.workspace_id for each in user.memberships]
    locked = _lock(Membership.workspace_id.in_(workspace_ids))
    for membership in (each for each in locked if each.user_id == user.id):
        others = [
            each
            for each in locked
            if each.workspace_id == membership.workspace_id and each.user_id != user.id
        ]
        if others:
            _keep_an_admin(membership, [each for each in others if each.role is Role.ADMIN])
        _close_links(membership)
    user.is_active = False
    record_of_account(AuditAction.USER_DEACTIVATED, user)
    end_sessions(user)


def activate_user(user: User) -> None:
    """Let somebody in again who was shut out of the server."""
    user.is_active = True
    record_of_account(AuditAction.USER_ACTIVATED, user)


def _note(action: AuditAction, member: Membership, details: JSONObject | None = None) -> None:
    said: JSONObject = {"email": member.user.email, **(details or {})}
    record(action, member.workspace_id, SubjectKind.PERSON, member.user_id, said)


def _shut_out(leaving: Membership) -> None:
    """End where somebody is signed in to a workspace, and the links that they made for others."""
    user = leaving.user
    _close_links(leaving)
    changed_after_commit(leaving.workspace_id, Area.MEMBERS)
    if all(each is leaving for each in user.active_memberships):
        end_sessions(user)
    else:
        end_program_sessions(user, leaving.workspace)


def lock_account(user_id: UUID) -> None:
    """Wait for what somebody is promising at this moment, and let them begin nothing such until the
    transaction ends; see keep_account(). It comes before all other locks.
    """
    db.session.execute(_OF_ACCOUNT.with_for_update(key_share=True), {"of_user": user_id})


def keep_account(user_id: UUID) -> None:
    """Have whoever shuts somebody out wait, and find what is promised now. Before all other locks:
    what is promised is locked before the membership by whoever makes use of it.
    """
    db.session.execute(_OF_ACCOUNT.with_for_update(read=True), {"of_user": user_id})


def keep_member(workspace_id: UUID, user_id: UUID) -> None:
    """Have whoever ends a membership wait, as a row does that is stored for it; before requests."""
    member = select(Membership.user_id).filter_by(workspace_id=workspace_id, user_id=user_id)
    db.session.execute(member.with_for_update(read=True, key_share=True))


def lock_member(workspace: Workspace, user_id: object) -> Membership:
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


def _lock_with_admins(workspace: Workspace, user_id: object) -> tuple[Membership, list[Membership]]:
    """Return a member, and the workspace's admins, as they are until the transaction ends.

    Every admin's row is locked, so that two admins cannot leave each other alone at once; all in
    one order, so that they do not wait for each other either. Raises: NotFound.
    """
    is_it, is_admin = Membership.user_id == user_id, Membership.role == Role.ADMIN
    locked = _lock(Membership.workspace_id == workspace.id, is_it | is_admin)
    for membership in locked:
        if membership.user_id == user_id:
            return membership, [each for each in locked if each.role is Role.ADMIN]
    raise NotFound("There is no such member.")


def _lock(*conditions: ColumnElement[bool]) -> list[Membership]:
    """Lock members, in the order in which everybody does: before roles, keys and sessions."""
    query = (
        select(Membership)
        .join(Membership.user)
        .options(contains_eager(Membership.user))
        .where(*conditions)
        .order_by(Membership.workspace_id, Membership.user_id)
        .with_for_update(of=Membership)
        .execution_options(populate_existing=True)
    )
    return list(db.session.scalars(query))


def _keep_an_admin(leaving: Membership, admins: list[Membership]) -> None:
    """Raises: Conflict if nobody else is left who is an admin and can act as one."""
    is_one = leaving.role is Role.ADMIN and leaving.is_active
    others = [each for each in admins if each.user_id != leaving.user_id]
    if is_one and not any(each.role is Role.ADMIN and each.is_active for each in others):
        raise Conflict(
            f"A workspace needs an admin: make somebody else in {leaving.workspace.name} one first."
        )
