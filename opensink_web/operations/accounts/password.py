"""Passwords: changing one's own, and links with which somebody chooses a new one.

A link opens an account, so it is made only by who has power over it: the operator, or somebody who
is an admin wherever the account belongs. That is asked again when the link is used, because its
owner may have been given more power since.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update

from opensink_web import clock
from opensink_web.errors import Conflict, NotFound
from opensink_web.models import AuditAction, PasswordReset, User, Workspace, db
from opensink_web.models.transaction import rows_changed
from opensink_web.operations.accounts.credential import PasswordHash, hash_token, new_token
from opensink_web.operations.accounts.power import has_power_over
from opensink_web.operations.accounts.user import lock_member
from opensink_web.operations.accounts.user_session import end_sessions
from opensink_web.operations.audit.record import record_of_account

RESET_LIFETIME = timedelta(hours=24)
_GONE = "This link has already been used or has expired. Ask for a new one."


def change_password(user: User, password_hash: PasswordHash, *, keep: UUID) -> int:
    """Give the user another password and end all sessions but one; return how many.

    Whoever calls has checked the current password.
    """
    _set_password(user, password_hash)
    record_of_account(AuditAction.PASSWORD_CHANGED, user)
    return end_sessions(user, but=keep)


def renew_hash(user: User, old_hash: str, new_hash: str) -> None:
    """Keep the same password under a stronger hash, unless it was changed meanwhile."""
    db.session.execute(
        update(User)
        .where(User.id == user.id, User.password_hash == old_hash)
        .values(password_hash=new_hash)
    )


def make_reset_link_for_member(workspace: Workspace, user_id: UUID, *, by: User) -> tuple[str, str]:
    """Return a member's address and the token of a link for them.

    Raises: NotFound; Conflict when `by` has not the power over the account.
    """
    member = lock_member(workspace, user_id)
    user = member.user
    if not member.is_active:
        raise Conflict(f"{user.email} is deactivated. Activate them first.")
    if user.id == by.id:
        raise Conflict("You can change your own password on the page Your account.")
    require_power_over(user, by=by)
    return user.email, make_reset_link(user, by=by)


def make_reset_link(user: User, *, by: User | None) -> str:
    """Return the token of a link, made by an admin or (None) the operator; older ones end.

    Raises: Conflict for a deactivated account.
    """
    if not user.is_active:
        raise Conflict("This account is deactivated.")
    _close_links(user)
    record_of_account(AuditAction.RESET_LINK_MADE, user, by=by)
    token = new_token()
    db.session.add(
        PasswordReset(
            user_id=user.id,
            made_by_id=by.id if by else None,
            token_hash=hash_token(token),
            expires_at=clock.now() + RESET_LIFETIME,
        )
    )
    return token


def require_power_over(user: User, *, by: User) -> None:
    """Raises: Conflict unless `by` may look after members wherever the user is one.

    Whoever gets into an account has all its power, so nobody gets into one that reaches further
    than their own.
    """
    if not has_power_over(user, by=by):
        raise Conflict(
            f"{user.email} also belongs to a workspace in which you are no admin, so you cannot "
            "let anybody into this account. Whoever runs the server can: opensink user reset-link, "
            "or reset-second-factor."
        )


def find_reset(token: str) -> PasswordReset:
    """Raises: NotFound for a link that is unknown, used, too old, or its maker's no more."""
    query = select(PasswordReset).where(PasswordReset.token_hash == hash_token(token))
    reset = db.session.scalars(query).one_or_none()
    if reset is None or not reset.is_open(clock.now()) or not reset.user.is_active:
        raise NotFound(_GONE)
    if reset.made_by is not None:
        _require_power_still(reset.user, reset.made_by)
    return reset


def reset_password(token: str, password_hash: PasswordHash) -> User:
    """Use a link up: set the password, end all sessions and all other links.

    Raises: NotFound for a link that opens nothing.
    """
    reset = find_reset(token)
    # before the link, as whoever changes a password has it
    db.session.refresh(reset.user, with_for_update={"key_share": True})
    used = rows_changed(
        update(PasswordReset)
        .where(PasswordReset.id == reset.id, PasswordReset.used_at.is_(None))
        .values(used_at=clock.now())
    )
    if used != 1:
        raise NotFound(_GONE)
    _set_password(reset.user, password_hash)
    end_sessions(reset.user)
    record_of_account(AuditAction.PASSWORD_RESET, reset.user)
    return reset.user


def _set_password(user: User, password_hash: PasswordHash) -> None:
    user.password_hash = password_hash
    _close_links(user)


def _close_links(user: User) -> None:
    moment = clock.now()
    db.session.execute(
        update(PasswordReset)
        .where(PasswordReset.user_id == user.id, PasswordReset.used_at.is_(None))
        .where(PasswordReset.expires_at > moment)
        .values(expires_at=moment)
    )


def _require_power_still(user: User, made_by: User) -> None:
    try:
        require_power_over(user, by=made_by)
    except Conflict:
        raise NotFound(_GONE) from None
    if not made_by.is_active:
        raise NotFound(_GONE)
