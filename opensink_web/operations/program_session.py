"""Programs in which people are signed in: POST /auth/login, /auth/refresh and /auth/logout.

Each refresh token is exchanged once (RFC 9700, section 4.14.2). One that comes a second time is in
two hands, so the whole sign-in ends: its access tokens too, because each call looks its session up.
Two tabs may exchange the same one at the same moment, so that a second exchange within
REUSE_LEEWAY is taken for that, and both go on.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select, update

from opensink_web import clock
from opensink_web.models import RefreshToken, User, UserSession, Workspace, db
from opensink_web.models.transaction import rows_changed
from opensink_web.operations.credential import hash_token, new_token
from opensink_web.operations.user_session import add_session, is_live

REUSE_LEEWAY = timedelta(seconds=10)
TOKEN_PREFIX = "osr_"  # noqa: S105 - the beginning of every one of them


@dataclass(frozen=True, slots=True)
class Renewed:
    """A sign-in that goes on, with another refresh token."""

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
    return Renewed(session, workspace, _add_token(session))


def renew_program_session(refresh_token: str) -> Renewed | Ended | None:
    """Exchange a refresh token; None for one that opens nothing (any more).

    What ends here is to be committed. Whether the user is still a member is the caller's to ask.
    """
    session, token = _find(refresh_token)
    if session is None or token is None:
        return None
    moment = clock.now()
    exchanged = (
        update(RefreshToken)
        .where(RefreshToken.id == token.id, RefreshToken.exchanged_at.is_(None))
        .values(exchanged_at=moment)
    )
    if rows_changed(exchanged) == 0:
        db.session.refresh(token)
        if token.exchanged_at is None or moment - token.exchanged_at > REUSE_LEEWAY:
            _end(session)
            return Ended(session.user_id)
    session.last_seen_at = moment
    workspace = db.session.get_one(Workspace, session.workspace_id)
    return Renewed(session, workspace, _add_token(session))


def end_program_session(refresh_token: str) -> UUID | None:
    """Sign out with any refresh token of the sign-in; return who, None if it opened nothing."""
    session, _ = _find(refresh_token)
    if session is None:
        return None
    _end(session)
    return session.user_id


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


def _add_token(session: UserSession) -> str:
    text = new_token(TOKEN_PREFIX)
    db.session.add(RefreshToken(session_id=session.id, token_hash=hash_token(text)))
    db.session.flush()
    return text


def _end(session: UserSession) -> None:
    db.session.execute(delete(UserSession).where(UserSession.id == session.id))
