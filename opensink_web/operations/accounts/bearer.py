"""Who a bearer speaks for: an API key, or an access token; and the access tokens that we make.

A token is looked up at every call as a key is: its user is active and a member, and the sign-in it
was made for has not ended.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import bindparam, select

from opensink_web import clock
from opensink_web.access_token import AccessToken, TokenSigner
from opensink_web.models import Membership, User, UserSession, Workspace
from opensink_web.operations.accounts.api_key import KEY_PREFIX, key_exists, principal_of_key
from opensink_web.operations.accounts.caller import CallerQuery
from opensink_web.operations.accounts.membership import IS_ACTIVE
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.accounts.queries import IDLE_LIFETIME, is_live_at

ACCESS_LIFETIME = timedelta(minutes=15)
EXECUTION_GRACE = timedelta(seconds=300)
"""How much longer an execution's token lives than the execution may take."""
EXECUTION_LIFETIME_MAX = timedelta(hours=24)

Scopes = Sequence[str]


class Delegating(Protocol):
    """For whom a delegated token speaks, and within which limits."""

    @property
    def user_id(self) -> UUID: ...
    @property
    def workspace_id(self) -> UUID: ...
    @property
    def scopes(self) -> Scopes | None: ...


class Executed(Delegating, Protocol):
    """What an execution's token says of it: an Execution, or what a worker knows of one."""

    @property
    def id(self) -> UUID: ...
    @property
    def timeout_seconds(self) -> int: ...


class Reported(Delegating, Protocol):
    """What a callback's token says of the execution or batch whose end it tells of."""

    @property
    def reports_on(self) -> UUID: ...


def principal_of_bearer(
    bearer: str, signer: TokenSigner, called_at: datetime | None = None
) -> Principal | None:
    """Return who a key or a token speaks for; None when it opens nothing (any more).

    A token's time is over when it was over at `called_at`, which is now unless given.
    """
    if bearer.startswith(KEY_PREFIX):
        return principal_of_key(bearer)
    token = signer.read(bearer, called_at)
    return None if token is None else _principal_of_token(token)


def was_a_bearer(bearer: str, signer: TokenSigner) -> bool:
    """Return True if this is a key or token of ours, even if it opens nothing any more."""
    if bearer.startswith(KEY_PREFIX):
        return key_exists(bearer)
    return signer.verifies(bearer)


def mint_session_token(signer: TokenSigner, session: UserSession, workspace: Workspace) -> str:
    """Make the access token of a program in which somebody is signed in."""
    expires_at = min(_in_a_while(), session.expires_at)
    token = AccessToken(session.user_id, workspace.id, expires_at, session_id=session.id)
    return signer.sign(token)


def mint_callback_token(signer: TokenSigner, reported: Reported) -> str:
    """Make the access token that tells a callback's receiver for whom we call."""
    return signer.sign(
        AccessToken(
            reported.user_id,
            reported.workspace_id,
            _in_a_while(),
            reports_on=reported.reports_on,
            scopes=_limits(reported.scopes),
        )
    )


def mint_execution_token(signer: TokenSigner, execution: Executed) -> str:
    """Make an execution's own token, which lives a little longer than the execution may take."""
    lifetime = timedelta(seconds=execution.timeout_seconds) + EXECUTION_GRACE
    return signer.sign(
        AccessToken(
            execution.user_id,
            execution.workspace_id,
            clock.now() + min(lifetime, EXECUTION_LIFETIME_MAX),
            execution_id=execution.id,
            scopes=_limits(execution.scopes),
        )
    )


def _principal_of_token(token: AccessToken) -> Principal | None:
    who = {"user_id": token.user_id, "workspace_id": token.workspace_id}
    if token.session_id is None:
        caller = _MEMBER.find(who)
    else:
        who["session_id"] = token.session_id
        moment = clock.now()
        caller = _SIGNED_IN.find(who, moment=moment, used_since=moment - IDLE_LIFETIME)
    if caller is None:
        return None
    user, workspace, role = caller.rows
    return Principal(workspace, user, role, caller.own_role_names, caller.own_patterns, token=token)


_IS_THIS_MEMBER = (
    select(User)
    .join(Membership, Membership.user_id == User.id)
    .join(Workspace, Workspace.id == Membership.workspace_id)
    .where(
        Membership.user_id == bindparam("user_id"),
        Membership.workspace_id == bindparam("workspace_id"),
        *IS_ACTIVE,
    )
)
_HAS_SESSION = select(UserSession.id).where(
    UserSession.id == bindparam("session_id"),
    UserSession.user_id == User.id,
    is_live_at(bindparam("moment"), bindparam("used_since")),
)
_ENTITIES = (User, Workspace, Membership.role)
_MEMBER = CallerQuery(_IS_THIS_MEMBER, *_ENTITIES)
_SIGNED_IN = CallerQuery(_IS_THIS_MEMBER.where(_HAS_SESSION.exists()), *_ENTITIES)


def _limits(scopes: Scopes | None) -> tuple[str, ...] | None:
    return None if scopes is None else tuple(scopes)


def _in_a_while() -> datetime:
    return clock.now() + ACCESS_LIFETIME
