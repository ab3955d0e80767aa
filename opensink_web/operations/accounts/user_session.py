"""Where people are signed in: beginning a session in a browser, keeping it, ending it.

What is said here of ending holds for programs too; how they sign in is in program_session.py.

A session ends IDLE_LIFETIME after it was last used and SESSION_LIFETIME after it began, whichever
comes first. Ending one takes effect with the browser's next request: each looks its row up, and
pages that are open make one at once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, delete, select, update

from opensink_web import clock
from opensink_web.errors import Conflict, NotFound
from opensink_web.models import (
    AuditAction,
    NotificationChannel,
    User,
    UserSession,
    Workspace,
    db,
)
from opensink_web.models.transaction import Area, changed_after_commit, rows_changed
from opensink_web.operations.accounts.credential import hash_token, new_token
from opensink_web.operations.accounts.queries import is_live
from opensink_web.operations.audit.record import record_of_account
from opensink_web.operations.slices import SLICE, slices

SESSION_LIFETIME = timedelta(days=30)
USER_AGENT_LENGTH_MAX = 255


def begin_session(user: User, *, user_agent: str, remote_address: str) -> tuple[UserSession, str]:
    """Open a session for a browser; return it and its token, and forget those that are over."""
    token = new_token()
    session = add_session(user, user_agent=user_agent, remote_address=remote_address)
    session.token_hash = hash_token(token)
    db.session.flush()
    record_of_account(AuditAction.SIGNED_IN, user, {"session": str(session.id)})
    return session, token


def add_session(user: User, *, user_agent: str, remote_address: str) -> UserSession:
    """Add a session that nobody can use yet, and forget those that are over."""
    moment = clock.now()
    _end(UserSession.user_id == user.id, ~is_live())
    session = UserSession(
        user=user,
        created_at=moment,
        last_seen_at=moment,
        expires_at=moment + SESSION_LIFETIME,
        user_agent=user_agent[:USER_AGENT_LENGTH_MAX],
        remote_address=remote_address[:64],
    )
    db.session.add(session)
    return session


def note_seen(seen: Mapping[UUID, datetime]) -> None:
    """Write down when sessions were used last."""
    if seen:
        moments = [{"of_session": each, "moment": seen[each]} for each in sorted(seen)]
        db.session.connection().execute(_NOTE_SEEN, moments)


_NOTE_SEEN = (
    update(UserSession)
    .where(UserSession.id == bindparam("of_session"))
    .values(last_seen_at=bindparam("moment"))
)


def is_any_over() -> bool:
    """Return True if a session counts no more. Writes nothing."""
    over = select(UserSession.id).where(~is_live()).limit(1)
    return db.session.scalars(over).first() is not None


def forget_over() -> int:
    """Delete a slice of the sessions, of browsers and programs, that count no more."""
    over = select(UserSession.id).where(~is_live()).limit(SLICE)
    return rows_changed(delete(UserSession).where(UserSession.id.in_(over)))


def end_session(
    user: User, session_id: UUID, action: AuditAction = AuditAction.SESSION_ENDED
) -> None:
    """Sign a browser out; SIGNED_OUT is that itself. Raises: NotFound, also for somebody else's."""
    chosen = (UserSession.id == session_id, UserSession.user_id == user.id)
    if rows_changed(delete(UserSession).where(*chosen)) == 0:
        raise NotFound("There is no such sign-in; it may have ended in the meantime.")
    record_of_account(action, user, {"session": str(session_id)})
    _silence(user, [session_id])
    _have_pages_ask(user)


def end_other_sessions(user: User, but: UUID) -> int:
    """Sign somebody out everywhere else, as they want it; return in how many sessions."""
    record_of_account(AuditAction.OTHER_SESSIONS_ENDED, user)
    return end_sessions(user, but=but)


def end_sessions(user: User, *, but: UUID | None = None) -> int:
    """Sign somebody out everywhere, or everywhere but in one session; return in how many."""
    is_theirs = UserSession.user_id == user.id
    _have_pages_ask(user)
    ended = _end(is_theirs) if but is None else _end(is_theirs, UserSession.id != but)
    _silence(user, ended)
    return len(ended)


def keep_session(user: User, session_id: UUID) -> None:
    """Have whoever ends a sign-in wait until the transaction ends, which promises something for as
    long as it lasts. After members, before what is promised. Raises: Conflict where it has ended.
    """
    chosen = (UserSession.id == session_id, UserSession.user_id == user.id)
    # a key share: it keeps the row, and lets others note when it was used last
    query = select(UserSession.id).where(*chosen).with_for_update(read=True, key_share=True)
    if db.session.scalars(query).one_or_none() is None:
        raise Conflict("You have been signed out here meanwhile. Sign in again.")


def end_program_sessions(user: User, workspace: Workspace) -> None:
    """Sign out every program in which somebody is signed in to a workspace."""
    _end(UserSession.user_id == user.id, UserSession.workspace_id == workspace.id)


def _have_pages_ask(user: User) -> None:
    for membership in user.memberships:
        changed_after_commit(membership.workspace_id, Area.MEMBERS)


def _silence(user: User, session_ids: Sequence[UUID]) -> None:
    """Have the devices told no more that were turned on where somebody is signed out now."""
    for some in slices(session_ids):
        devices = update(NotificationChannel).where(
            NotificationChannel.user_id == user.id, NotificationChannel.session_id.in_(some)
        )
        db.session.execute(devices.values(signed_out_at=clock.now()))


def _end(*conditions: ColumnElement[bool]) -> Sequence[UUID]:
    """End sessions; return which. They are locked in one order, whoever ends some of them."""
    query = select(UserSession.id).where(*conditions).order_by(UserSession.id).with_for_update()
    ended = db.session.scalars(query).all()
    for some in slices(ended):
        db.session.execute(delete(UserSession).where(UserSession.id.in_(some)))
    return ended
