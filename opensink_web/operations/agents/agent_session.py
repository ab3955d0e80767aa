"""Sessions: starting one, moving it on, ending it."""

from collections.abc import Sequence
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm.attributes import set_committed_value

from opensink_web import clock
from opensink_web.errors import NotFound
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    ActivitySource,
    ActivityType,
    AgentSession,
    AuditAction,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    SessionStatus,
    SubjectKind,
    Workspace,
    db,
)
from opensink_web.models.base import detached
from opensink_web.models.hidden import is_there
from opensink_web.models.traced import trace_values
from opensink_web.models.transaction import Area, changed_after_commit, run_prepared
from opensink_web.operations.agents.activity import log_activity
from opensink_web.operations.agents.agent import (
    keep_agent,
    lock_agent,
    mirror_newest_session,
    mirror_status,
)
from opensink_web.operations.audit.record import record
from opensink_web.operations.requests.cancellation import cancel_requests_of_session
from opensink_web.operations.requests.queries import has_open_requests
from opensink_web.trace_context import current_trace

# Built once, because building a statement costs more than running it.
_STORE_STATUS = update(AgentSession).where(AgentSession.id == bindparam("of_session"))
TO_MOVE = (
    AgentSession.id,
    AgentSession.workspace_id,
    AgentSession.agent_id,
    AgentSession.status,
    AgentSession.sealed_error_message,
    AgentSession.trace_id,
    AgentSession.trace_parent,
    AgentSession.trace_state,
)
"""What move_session() takes of a session: its state may be large, and is not looked at."""
_NAMES_TO_MOVE = tuple(column.key for column in TO_MOVE)
_LOCK_TO_MOVE = (
    select(*TO_MOVE)
    .where(
        AgentSession.id == bindparam("of_session"),
        AgentSession.workspace_id == bindparam("of_workspace"),
        is_there(AgentSession),
    )
    .with_for_update()
)
_OPEN_CALL = (
    select(Delivery.id)
    .where(
        Delivery.session_id == bindparam("of_session"),
        Delivery.status == DeliveryStatus.PENDING,
        Delivery.kind != DeliveryKind.COMMENT,  # no session waits for that
    )
    .limit(1)
)


class SessionChanges(TypedDict, total=False):
    """What of a session an agent can change; what is left out stays as it is."""

    status: SessionStatus
    state: JSONObject
    metadata: JSONObject
    error_message: str | None


def start_session(
    workspace: Workspace,
    agent_id: UUID,
    *,
    status: SessionStatus = SessionStatus.RUNNING,
    state: JSONObject | None = None,
    metadata: JSONObject | None = None,
    error_message: str | None = None,
) -> AgentSession:
    """Begin a run of an agent. Raises: NotFound."""
    agent = lock_agent(workspace, agent_id)
    session = AgentSession(
        workspace_id=workspace.id,
        agent_id=agent.id,
        status=status,
        state=state or {},
        metadata_=metadata or {},
        error_message=error_message,
        **trace_values(current_trace()),
    )
    db.session.add(session)
    db.session.flush()
    log_activity(session, ActivityType.SESSION_STARTED, message="The session started.")
    if status.has_ended:
        _log_end(session)
    mirror_newest_session(agent)
    return session


def update_session(
    workspace: Workspace, session_id: UUID, **changes: Unpack[SessionChanges]
) -> AgentSession:
    """Change the given fields as the agent says. Raises: NotFound."""
    session = lock_session(workspace, session_id)
    if "state" in changes:
        session.state = changes["state"]
    if "metadata" in changes:
        session.metadata_ = changes["metadata"]
    if "error_message" in changes:
        session.error_message = changes["error_message"]
    if "status" in changes:
        move_session(session, changes["status"])
    db.session.flush()
    changed_after_commit(workspace.id, Area.SESSIONS)
    return session


def move_session(session: AgentSession, status: SessionStatus) -> None:
    """Set a locked session's status, and what goes with it: the agent's, the end's activity.

    A session that has ended waits for nobody: its open requests leave the inbox.
    """
    had_ended = session.status.has_ended
    _store_status(session, status)
    if status.has_ended and not had_ended:
        cancel_requests_of_session(session.id)
        changed_after_commit(session.workspace_id)
        _log_end(session)
    mirror_status(session)


def fail_session(session: AgentSession, reason: str, *, delivery_id: UUID) -> None:
    """End a locked session because its endpoint could not be called; open requests stay open.

    They stay because a person may still answer them, which tries the endpoint again.
    """
    session.error_message = reason
    _store_status(session, SessionStatus.FAILED)
    log_activity(
        session, ActivityType.SESSION_ENDED, message=reason, related_entity_id=str(delivery_id)
    )
    mirror_status(session)


def _store_status(session: AgentSession, status: SessionStatus) -> None:
    """Store a status, and with it the error that the session has now; nothing is left to flush."""
    moment, error = clock.now(), session.sealed_error_message
    values = {"status": status, "updated_at": moment, "error_message": error}
    run_prepared(_STORE_STATUS, {"of_session": session.id, **values})
    changed_after_commit(session.workspace_id, Area.SESSIONS)
    set_committed_value(session, "status", status)
    set_committed_value(session, "updated_at", moment)
    set_committed_value(session, "sealed_error_message", error)


def note_failed_call(session: AgentSession, reason: str, *, delivery_id: UUID) -> None:
    """Say of a locked session that its endpoint could not be called.

    That ends it, unless a person is asked something else meanwhile: then it waits, and keeps the
    reason until the next answer.
    """
    if not has_open_requests(session.id):
        fail_session(session, reason, delivery_id=delivery_id)
        return
    session.error_message = reason
    message = f"An answer did not reach the agent. {reason}"
    log_activity(session, ActivityType.MESSAGE, message=message, related_entity_id=str(delivery_id))
    move_session(session, _status_beside_others(session))


def note_succeeded_call(session: AgentSession, *, ends: bool = False) -> None:
    """Say of a locked session that its endpoint was called: others of its requests wait, or with
    `ends` it was begun for this one.

    What the agent said of the session meanwhile stands.
    """
    if session.status is not SessionStatus.PROCESSING_INPUT:
        return
    if has_open_requests(session.id):
        move_session(session, _status_beside_others(session))
    elif ends:
        move_session(session, SessionStatus.COMPLETED)


def _status_beside_others(session: AgentSession) -> SessionStatus:
    """Return where a session stands in which somebody is asked, now that a call has ended."""
    is_called = run_prepared(_OPEN_CALL, {"of_session": session.id}).first() is not None
    return SessionStatus.PROCESSING_INPUT if is_called else SessionStatus.WAITING_FOR_INPUT


def delete_session(workspace: Workspace, session_id: UUID) -> None:
    """Delete a session with its requests, activities and deliveries, as delete_agent() does.

    Raises: NotFound.
    """
    session = lock_session(workspace, session_id)
    agent = lock_agent(workspace, session.agent_id)
    session.deleted_at = clock.now()
    db.session.flush()
    record(AuditAction.SESSION_DELETED, workspace.id, SubjectKind.SESSION, session.id)
    mirror_newest_session(agent)


def lock_session(workspace: Workspace, session_id: UUID) -> AgentSession:
    """Find a session and keep others from moving it until the commit. Raises: NotFound.

    Whoever changes a session and its requests, or its agent, locks the session first, or two could
    wait for each other.
    """
    query = (
        select(AgentSession)
        .where(AgentSession.id == session_id, AgentSession.workspace_id == workspace.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    session = db.session.scalars(query).one_or_none()
    if session is None:
        raise NotFound("There is no such session.")
    keep_agent(session.agent_id)
    return session


def lock_session_to_move(workspace: Workspace, session_id: UUID) -> AgentSession:
    """Lock a session as lock_session() does, past the ORM. Raises: NotFound.

    It belongs to no session of the ORM: what is set in it is stored by move_session() alone.
    """
    meant = {"of_session": session_id, "of_workspace": workspace.id}
    row = run_prepared(_LOCK_TO_MOVE, meant).one_or_none()
    if row is None:
        raise NotFound("There is no such session.")
    keep_agent(row.agent_id)
    return session_to_move(row)


def session_to_move(row: Sequence[Any]) -> AgentSession:
    """Make a session of its columns TO_MOVE."""
    return detached(AgentSession, dict(zip(_NAMES_TO_MOVE, row, strict=True)))


def _log_end(session: AgentSession) -> None:
    if session.status is SessionStatus.FAILED:
        reported = session.error_message
        message = (
            f"The agent reported: {reported}" if reported else "The agent reported that it failed."
        )
    else:
        message = "The session is completed."
    log_activity(session, ActivityType.SESSION_ENDED, source=ActivitySource.SYSTEM, message=message)
