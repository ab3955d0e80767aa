"""Programs in which people are signed in: POST /auth/login, /auth/refresh and /auth/logout.

A program keeps the refresh token that it got at the sign-in, or asks for another one each time
(RFC 9700, section 4.14.2). One that was exchanged so and comes again is in two hands: the whole
sign-in ends, its access tokens too, because each call looks its session up. Two tabs may exchange
the same one at the same moment, so that a second exchange within REUSE_LEEWAY is taken for that,
and both go on.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, exists, select, update

from opensink_web import clock
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    AuditAction,
    RefreshToken,
    SubjectKind,
    User,
    UserSession,
    Workspace,
    db,
)
from opensink_web.models.transaction import rows_changed
from opensink_web.operations.accounts.credential import hash_token, new_token
from opensink_web.operations.accounts.queries import is_live
from opensink_web.operations.accounts.sign_in import Known
from opensink_web.operations.accounts.user_session import USER_AGENT_LENGTH_MAX, add_session
from opensink_web.operations.audit.record import record
from opensink_web.rate_limit import network_of

REUSE_LEEWAY = timedelta(seconds=10)
TOKEN_PREFIX = "osr_"  # noqa: S105 - the beginning of every one of them


@dataclass(frozen=True, slots=True)
class Renewed:
    """A sign-in that goes on, and the refresh token for the next time."""

    session: UserSession
    workspace: Workspace
    refresh_token: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A sign-in that was ended, because a refresh token was used again."""

    user_id: UUID


def begin_program_session(
    user: User, workspace: Workspace, *, user_agent: str, remote_address: str
) -> Renewed:
    """Sign somebody in to one workspace."""
    session = add_session(user, user_agent=user_agent, remote_address=remote_address)
    session.workspace_id = workspace.id
    db.session.flush()
    _note(AuditAction.SIGNED_IN, user, session)
    return Renewed(session, workspace, _add_token(session))


def renew_program_session(refresh_token: str, *, rotate: bool = False) -> Renewed | Ended | None:
    """Let a sign-in go on, with another refresh token if asked; None for one that opens nothing.

    What ends here is to be committed. Whether the user is still a member is the caller's to ask.
    """
    session, token = _find(refresh_token)
    if session is None or token is None:
        return None
    moment = clock.now()
    is_spent = not _exchange(token, moment) if rotate else token.exchanged_at is not None
    if is_spent and _is_reused(token, moment):
        _note(AuditAction.REFRESH_TOKEN_REUSED, session.user, session)
        _end(session)
        return Ended(session.user_id)
    session.last_seen_at = moment
    # of two tabs that exchange one token at once both go on, each with a token of its own
    workspace = db.session.get_one(Workspace, session.workspace_id)
    next_token = _add_token(session) if rotate or is_spent else refresh_token
    return Renewed(session, workspace, next_token)


def known_client(
    email: str, refresh_token: str | None, *, remote_address: str, user_agent: str
) -> Known | None:
    """Return the client that signs in, if the account's owner has signed in with it and still is.

    It is known by a refresh token; else by its network and what it says it is; else by its network
    alone. Guesses from elsewhere are not counted against it.
    """
    query = (
        select(UserSession.remote_address, UserSession.user_agent)
        .join(User, User.id == UserSession.user_id)
        .where(User.email == email.strip().lower(), is_live())
    )
    if refresh_token is not None:
        has_it = RefreshToken.session_id == UserSession.id
        is_it = RefreshToken.token_hash == hash_token(refresh_token)
        if db.session.scalar(select(query.where(exists().where(has_it, is_it)).exists())):
            return Known(hash_token(refresh_token))
    network, calls_itself = network_of(remote_address), user_agent[:USER_AGENT_LENGTH_MAX]
    there = {
        row.user_agent
        for row in db.session.execute(query.distinct())
        if network_of(row.remote_address) == network
    }
    if calls_itself in there:
        program = hash_token(f"{network} {calls_itself}")
        return Known(program, shared=program)
    return Known(network, shared=network) if there else None


def is_refresh_token(refresh_token: str) -> bool:
    """Return True if this token was ever given out, while its sign-in is remembered."""
    given_out = exists().where(RefreshToken.token_hash == hash_token(refresh_token))
    return bool(db.session.scalar(select(given_out)))


def end_program_session(refresh_token: str) -> UUID | None:
    """Sign out with any refresh token of the sign-in; return who, None if it opened nothing."""
    session, _ = _find(refresh_token)
    if session is None:
        return None
    _note(AuditAction.SIGNED_OUT, session.user, session)
    _end(session)
    return session.user_id


def _note(action: AuditAction, user: User, session: UserSession) -> None:
    if session.workspace_id is not None:
        details: JSONObject = {"session": str(session.id), "program": True}
        person = (SubjectKind.PERSON, user.id)
        record(action, session.workspace_id, *person, details, by=user)


def _find(refresh_token: str) -> tuple[UserSession | None, RefreshToken | None]:
    """Return a token and its live session, locked until the transaction ends."""
    query = select(RefreshToken).where(RefreshToken.token_hash == hash_token(refresh_token))
    token = db.session.scalars(query).one_or_none()
    if token is None:
        return None, None
    query_of_session = (
        select(UserSession)
        .where(UserSession.id == token.session_id, is_live())
        .with_for_update(of=UserSession)
    )
    session = db.session.scalars(query_of_session).one_or_none()
    if session is None or not session.user.is_active:
        return None, None
    return session, token


def _exchange(token: RefreshToken, moment: datetime) -> bool:
    """Mark a token as exchanged; return True if it was not before."""
    exchanged = (
        update(RefreshToken)
        .where(RefreshToken.id == token.id, RefreshToken.exchanged_at.is_(None))
        .values(exchanged_at=moment)
    )
    return rows_changed(exchanged) == 1


def _is_reused(token: RefreshToken, moment: datetime) -> bool:
    """Return True if a token that was exchanged comes again, and not from a second tab just now."""
    db.session.refresh(token)
    return token.exchanged_at is None or moment - token.exchanged_at > REUSE_LEEWAY


def _add_token(session: UserSession) -> str:
    text = new_token(TOKEN_PREFIX)
    db.session.add(RefreshToken(session_id=session.id, token_hash=hash_token(text)))
    db.session.flush()
    return text


def _end(session: UserSession) -> None:
    db.session.execute(delete(UserSession).where(UserSession.id == session.id))
