"""Where members are signed in, as those see and end it who look after the workspace.

A program is signed in to one workspace, and its admins see and end that. A browser is signed in to
the account: it is shown to, and ended by, those alone who look after members wherever the account
belongs, so that nobody signs somebody out of a workspace that is none of their business.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, or_, select

from opensink_web.errors import Conflict, NotFound
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    ApiKey,
    AuditAction,
    Membership,
    SubjectKind,
    User,
    UserSession,
    Workspace,
    db,
)
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.accounts.power import has_power_over, ids_within_power
from opensink_web.operations.accounts.queries import is_live, list_members
from opensink_web.operations.accounts.user import lock_member
from opensink_web.operations.accounts.user_session import (
    end_program_sessions,
    end_session,
    end_sessions,
)
from opensink_web.operations.audit.record import record, record_of_account
from opensink_web.operations.page import is_in


@dataclass(frozen=True, slots=True)
class SignIns:
    """In how many places a member is signed in, and how many keys are theirs.

    `browser_count` is None where whoever asks may not know.
    """

    member: Membership
    browser_count: int | None
    program_count: int
    last_seen_at: datetime | None
    key_count: int
    key_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class MemberPlaces:
    """Where one member is signed in, what was used last first, and their keys.

    Without `with_browsers` only what is of this workspace is in it.
    """

    member: Membership
    sessions: Sequence[UserSession]
    keys: Sequence[ApiKey]
    with_browsers: bool


def sign_ins_in(by: Principal) -> list[SignIns]:
    """Return how each member is signed in, by address."""
    workspace = by.workspace
    within = ids_within_power(workspace, by=by.user) | {by.user.id}
    of_session = _counted(workspace)
    of_key = {
        user_id: (count, used_at)
        for user_id, count, used_at in db.session.execute(
            select(ApiKey.user_id, func.count(), func.max(ApiKey.last_used_at))
            .where(ApiKey.workspace_id == workspace.id, ApiKey.revoked_at.is_(None))
            .group_by(ApiKey.user_id)
        )
    }
    signed_in = []
    for member in list_members(workspace):
        programs = of_session.get((member.user_id, True), (0, None))
        browsers = of_session.get((member.user_id, False), (0, None))
        is_within = member.user_id in within
        seen = [programs[1], browsers[1] if is_within else None]
        signed_in.append(
            SignIns(
                member,
                browsers[0] if is_within else None,
                programs[0],
                max((each for each in seen if each is not None), default=None),
                *of_key.get(member.user_id, (0, None)),
            )
        )
    return signed_in


def _counted(workspace: Workspace) -> dict[tuple[UUID, bool], tuple[int, datetime]]:
    """Count by member, and by whether they are programs, the sign-ins that still count."""
    is_program = UserSession.workspace_id.is_not(None)
    query = (
        select(UserSession.user_id, is_program, func.count(), func.max(UserSession.last_seen_at))
        .join(Membership, Membership.user_id == UserSession.user_id)
        .where(Membership.workspace_id == workspace.id, is_live(), _concerns(workspace))
        .group_by(UserSession.user_id, is_program)
    )
    rows = db.session.execute(query)
    return {(user_id, bool(program)): (count, seen) for user_id, program, count, seen in rows}


def member_places(by: Principal, user_id: UUID) -> MemberPlaces:
    """Return where a member is signed in. Raises: NotFound."""
    member = db.session.get(Membership, (user_id, by.workspace.id))
    if member is None:
        raise NotFound("There is no such member.")
    with_browsers = user_id == by.user.id or has_power_over(member.user, by=by.user)
    sessions = (
        select(UserSession)
        .where(UserSession.user_id == user_id, is_live(), _concerns(by.workspace))
        .order_by(UserSession.last_seen_at.desc(), UserSession.id.desc())
    )
    keys = (
        select(ApiKey)
        .where(ApiKey.user_id == user_id, is_in(ApiKey.workspace_id, by.workspace, user_id))
        .where(ApiKey.revoked_at.is_(None))
        .order_by(ApiKey.last_used_at.desc().nulls_last(), ApiKey.id.desc())
    )
    return MemberPlaces(
        member,
        [
            each
            for each in db.session.scalars(sessions)
            if with_browsers or each.workspace_id is not None
        ],
        db.session.scalars(keys).all(),
        with_browsers,
    )


def end_member_session(by: Principal, user_id: UUID, session_id: UUID) -> User:
    """Sign a member out of one browser or program.

    Raises: NotFound, also for one that is not shown to `by`; PermissionMissing for somebody who has
    more than `by`; Conflict for oneself.
    """
    user = _lock_other(by, user_id)
    session = db.session.get(UserSession, session_id)
    is_theirs = session is not None and session.user_id == user_id
    if session is None or not is_theirs or not _may_end(by, user, session):
        raise NotFound("There is no such sign-in; it may have ended in the meantime.")
    if session.workspace_id is None:
        end_session(user, session_id)
    else:
        db.session.execute(delete(UserSession).where(UserSession.id == session_id))
        said: JSONObject = {"email": user.email, "program": True}
        _note(AuditAction.SESSION_ENDED, by.workspace, user, said)
    return user


def end_member_sessions(by: Principal, user_id: UUID) -> User:
    """Sign a member out of every program of this workspace, and of every browser that is shown.

    Raises: as end_member_session().
    """
    user = _lock_other(by, user_id)
    if has_power_over(user, by=by.user):
        record_of_account(AuditAction.ALL_SESSIONS_ENDED, user, {"email": user.email})
        end_sessions(user)
    else:
        said: JSONObject = {"email": user.email, "program": True}
        _note(AuditAction.ALL_SESSIONS_ENDED, by.workspace, user, said)
        end_program_sessions(user, by.workspace)
    return user


def _note(action: AuditAction, workspace: Workspace, user: User, details: JSONObject) -> None:
    record(action, workspace.id, SubjectKind.PERSON, user.id, details)


def _lock_other(by: Principal, user_id: UUID) -> User:
    member = lock_member(by.workspace, user_id)
    if user_id == by.user.id:
        raise Conflict("Where you are signed in yourself stands on the page Your account.")
    by.require_giving(Principal.of(member).patterns)
    return member.user


def _may_end(by: Principal, user: User, session: UserSession) -> bool:
    if session.workspace_id is not None:
        return session.workspace_id == by.workspace.id
    return has_power_over(user, by=by.user)


def _concerns(workspace: Workspace) -> ColumnElement[bool]:
    return or_(UserSession.workspace_id.is_(None), UserSession.workspace_id == workspace.id)
