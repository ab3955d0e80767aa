"""Links that let somebody sign up, once."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import update

from opensink_web import clock
from opensink_web.errors import Conflict, NotFound
from opensink_web.json_value import JSONObject
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
from opensink_web.models.transaction import rows_changed
from opensink_web.operations.accounts.credential import PasswordHash, hash_token, new_token
from opensink_web.operations.accounts.permission import ROLE_PATTERNS, Principal
from opensink_web.operations.accounts.queries import find_invitation
from opensink_web.operations.accounts.user import check_email, create_user, note_joined
from opensink_web.operations.accounts.workspace import first_workspace
from opensink_web.operations.audit.record import record

INVITATION_LIFETIME = timedelta(days=7)


def invite(workspace: Workspace, *, role: Role, email: str | None, by: User | None) -> str:
    """Make a link and return the token that stands in it. Raises: InvalidInput."""
    token = new_token()
    invitation = Invitation(
        workspace_id=workspace.id,
        role=role,
        email=check_email(email) if email else None,
        token_hash=hash_token(token),
        invited_by_id=by.id if by else None,
        expires_at=clock.now() + INVITATION_LIFETIME,
    )
    db.session.add(invitation)
    db.session.flush()
    _note(AuditAction.MEMBER_INVITED, invitation, by)
    return token


def invite_for(by: Principal, *, role: Role, email: str | None) -> str:
    """Make a link for a member who invites; return its token.

    Raises: InvalidInput; PermissionMissing for a role that may do more than `by`.
    """
    by.require_giving(ROLE_PATTERNS[role])
    return invite(by.workspace, role=role, email=email, by=by.user)


def invite_first_admin() -> str:
    """Return the token of the one link with which the first admin signs up."""
    workspace = first_workspace()
    db.session.execute(
        update(Invitation)
        .where(Invitation.invited_by_id.is_(None), Invitation.used_at.is_(None))
        .values(expires_at=clock.now())
    )
    return invite(workspace, role=Role.ADMIN, email=None, by=None)


def revoke_invitation(workspace: Workspace, invitation_id: UUID) -> None:
    """Make a link useless. Raises: NotFound."""
    invitation = db.session.get(Invitation, invitation_id)
    if invitation is None or invitation.workspace_id != workspace.id:
        raise NotFound("There is no such invitation.")
    _note(AuditAction.INVITATION_REVOKED, invitation)
    db.session.delete(invitation)


def _note(action: AuditAction, invitation: Invitation, by: User | None = None) -> None:
    details: JSONObject = {"role": invitation.role.value, "email": invitation.email}
    subject = (SubjectKind.INVITATION, invitation.id)
    record(action, invitation.workspace_id, *subject, details, by=by)


def sign_up(token: str, email: str, password_hash: PasswordHash) -> User:
    """Use a link: make the account it is for.

    Raises: NotFound for a link that is used up; InvalidInput; Conflict for a second account.
    """
    return sign_up_by(find_invitation(token), email, password_hash)


def sign_up_by(invitation: Invitation, email: str, password_hash: PasswordHash | None) -> User:
    """Use an open invitation; without a password the account is entered in another way.

    Raises: NotFound if somebody else has just used it; InvalidInput; Conflict.
    """
    _use(invitation)
    address = invitation.email or email
    return create_user(invitation.workspace, address, password_hash, role=invitation.role)


def join(token: str, user: User) -> Workspace:
    """Use a link with an account one has: become a member of its workspace.

    Raises: NotFound for a link that is used up; Conflict for somebody else's link, or a member.
    """
    invitation = find_invitation(token)
    _use(invitation)
    if invitation.email and invitation.email != user.email:
        raise Conflict("This invitation is for another e-mail address.")
    member = db.session.get(Membership, (user.id, invitation.workspace_id))
    if member is not None and not member.is_active:
        raise Conflict("You are deactivated in this workspace. Ask one of its admins.")
    if member is not None:
        raise Conflict("You already belong to this workspace.")
    db.session.add(
        Membership(user_id=user.id, workspace_id=invitation.workspace_id, role=invitation.role)
    )
    note_joined(user, invitation.workspace_id, invitation.role)
    return invitation.workspace


def _use(invitation: Invitation) -> None:
    """Use a link up; of two at once only one gets through."""
    used = rows_changed(
        update(Invitation)
        .where(Invitation.id == invitation.id, Invitation.used_at.is_(None))
        .values(used_at=clock.now())
    )
    if used != 1:
        raise NotFound("This link has already been used or has expired. Ask for a new one.")
