"""Identities: who somebody is to an OpenID Connect provider, and which account that opens.

An identity is linked to an account once, and from then on opens it. An e-mail address links one
only when the provider has verified it, and never to an account that has a password: addresses are
given to new people, and what "verified" means is the provider's word, so whoever owns the account
signs in with the password and links the identity themselves. Nobody gets an account who was not
invited, unless the operator lets a domain join.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from opensink_web import clock
from opensink_web.errors import Conflict, NotFound, SignInRefused
from opensink_web.models import AuditAction, Identity, Invitation, Role, User, db
from opensink_web.operations.accounts.invitation import sign_up_by
from opensink_web.operations.accounts.queries import (
    find_identity,
    find_invitation,
    find_invitation_for,
    find_user,
    list_identities,
    user_count,
)
from opensink_web.operations.accounts.user import check_email, create_user
from opensink_web.operations.accounts.workspace import first_workspace
from opensink_web.operations.audit.record import record_of_account
from opensink_web.outbound.oidc import Claims


@dataclass(frozen=True, slots=True)
class JoinRule:
    """Who joins the first workspace without an invitation: verified addresses at `domains`."""

    domains: tuple[str, ...]
    role: Role


def user_of(claims: Claims, *, invitation_token: str | None, rule: JoinRule) -> User | None:
    """Return whom these claims let in, making the account or the link that is missing.

    None means that the account with this address has a password, and its owner must link the
    identity. Raises: SignInRefused; NotFound and Conflict for an invitation that does not fit.
    """
    identity = find_identity(claims)
    if identity is not None:
        identity.label, identity.last_used_at = claims.label, clock.now()
        return _active(identity.user)
    if claims.verified_email is None:
        raise SignInRefused(
            "The provider has not verified your e-mail address, so it opens no account here. "
            "If you have an account, sign in with your password and link the two on its page."
        )
    email = check_email(claims.verified_email)
    user = find_user(email)
    if user is None:
        user = _newcomer(email, invitation_token, rule)
    elif user.password_hash is not None:
        return None
    elif _has_identity_at(claims.issuer, user):
        raise SignInRefused(
            "Somebody else had this e-mail address before, and the account is theirs. "
            "Ask an admin of your workspace."
        )
    link(_active(user), claims)
    return user


def link(user: User, claims: Claims) -> None:
    """Let an identity open the user's account. Raises: Conflict when it opens another."""
    identity = find_identity(claims)
    if identity is None:
        db.session.add(
            Identity(
                user_id=user.id,
                issuer=claims.issuer,
                subject=claims.subject,
                label=claims.label,
                last_used_at=clock.now(),
            )
        )
        record_of_account(AuditAction.IDENTITY_LINKED, user, {"issuer": claims.issuer})
    elif identity.user_id != user.id:
        raise Conflict(f"{claims.label} is linked to another account. Unlink it there first.")


def unlink(user: User, identity_id: UUID) -> Identity:
    """Take an identity from the user's account.

    Raises: NotFound; Conflict when it is the only way in.
    """
    identity = db.session.get(Identity, identity_id)
    if identity is None or identity.user_id != user.id:
        raise NotFound("There is no such sign-in.")
    if user.password_hash is None and len(list_identities(user)) == 1:
        raise Conflict("This is the only way into your account, so it stays.")
    db.session.delete(identity)
    record_of_account(AuditAction.IDENTITY_UNLINKED, user, {"issuer": identity.issuer})
    return identity


def _newcomer(email: str, invitation_token: str | None, rule: JoinRule) -> User:
    invitation = _invitation_of(email, invitation_token)
    if invitation is not None:
        return sign_up_by(invitation, email, None)
    # the first account is an admin's, and is made by invitation
    if email.rpartition("@")[2] in rule.domains and user_count() > 0:
        return create_user(first_workspace(), email, None, role=rule.role)
    raise SignInRefused(
        f"Nobody has invited {email} to this server. Ask an admin of your workspace."
    )


def _invitation_of(email: str, token: str | None) -> Invitation | None:
    if token is None:
        return find_invitation_for(email)
    invitation = find_invitation(token)
    if invitation.email and invitation.email != email:
        raise Conflict(f"This invitation is for another e-mail address than {email}.")
    return invitation


def _has_identity_at(issuer: str, user: User) -> bool:
    query = select(func.count()).where(Identity.user_id == user.id, Identity.issuer == issuer)
    return bool(db.session.scalar(query))


def _active(user: User) -> User:
    if not user.is_active:
        raise SignInRefused("This account is closed. Ask an admin of your workspace.")
    return user
