"""Who asked for a decision: it is locked before its request, so that it cannot end or go on
meanwhile, and goes on with the decision in the moment in which that takes effect.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm.attributes import set_committed_value

from opensink_web.errors import NotFound
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    ActivitySource,
    ActivityType,
    Agent,
    AgentSession,
    InputRequest,
    InputRequestStatus,
    InputRequestTag,
    SessionStatus,
    StepKind,
    User,
    db,
)
from opensink_web.models.base import columns_of, detached
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.agents.activity import log_activity
from opensink_web.operations.agents.agent_session import TO_MOVE, move_session, session_to_move
from opensink_web.operations.deliveries.delivery import deliver_resolution
from opensink_web.operations.executions.ending import (
    LockedExecution,
    Step,
    add_steps,
    lock_executions,
)
from opensink_web.operations.executions.resumption import check_awaiting, fail_declined, resume
from opensink_web.operations.requests.answer import (
    by_itself,
    decided_by,
    decision,
    edited_count,
    why_no_default,
)
from opensink_web.operations.requests.assignment import close_assignments
from opensink_web.operations.requests.digest import digest_of_request
from opensink_web.operations.requests.mention import settle_mentions
from opensink_web.operations.requests.queries import has_open_requests

# Built once, because building a statement costs more than running it.
_IS_MEANT = (
    InputRequest.id == bindparam("of_request"),
    InputRequest.workspace_id == bindparam("of_workspace"),
)
_REQUEST_COLUMNS = columns_of(InputRequest)
_REQUEST_NAMES = tuple(column.key for column in _REQUEST_COLUMNS)
_LOCK_SESSION = (
    select(
        *_REQUEST_COLUMNS,
        *TO_MOVE,
        User.email,
        Agent.sealed_execution_endpoint.is_not(None),
        exists().where(InputRequestTag.request_id == InputRequest.id),
    )
    .join(InputRequest.session)
    .join(InputRequest.agent)
    .outerjoin(User, User.id == InputRequest.requested_by_id)
    .where(*_IS_MEANT, AgentSession.deleted_at.is_(None), Agent.deleted_at.is_(None))
    .with_for_update(of=AgentSession)
)
_EXECUTION_ID = select(InputRequest.execution_id).where(*_IS_MEANT)
_LOCK_REQUEST = (
    select(InputRequest)
    .where(*_IS_MEANT)
    .with_for_update()
    .execution_options(populate_existing=True)
)
_ASKERS = select(InputRequest.execution_id, InputRequest.session_id, InputRequest.agent_id).where(
    InputRequest.id.in_(bindparam("of_requests", expanding=True))
)
_LOCK_SESSIONS = (
    select(AgentSession.id)
    .where(AgentSession.id.in_(bindparam("of_sessions", expanding=True)))
    .order_by(AgentSession.id)
    .with_for_update()
)
_LOCK_AGENTS = (
    select(Agent.id)
    .where(Agent.id.in_(bindparam("of_agents", expanding=True)))
    .order_by(Agent.id)
    .with_for_update(key_share=True)
)


@dataclass(frozen=True, slots=True)
class LockedRequest:
    """A request, and who asked it, locked: a session, or else an execution.

    An agent's request and session belong to no session of the ORM, and every change is stored by a
    statement of its own. `has_endpoint` says whether the agent is called.
    """

    request: InputRequest
    session: AgentSession | None = None
    execution: LockedExecution | None = None
    has_endpoint: bool = False


def lock_asker(workspace_id: UUID, request_id: UUID) -> LockedRequest:
    """Lock who asked a request. Raises: NotFound."""
    values = {"of_request": request_id, "of_workspace": workspace_id}
    row = run_prepared(_LOCK_SESSION, values).one_or_none()
    if row is not None:
        count = len(_REQUEST_NAMES)
        request = detached(InputRequest, dict(zip(_REQUEST_NAMES, row[:count], strict=True)))
        *moved, email, has_endpoint, has_tags = row[count:]
        requester = {"id": request.requested_by_id, "email": email}
        set_committed_value(request, "requested_by", detached(User, requester) if email else None)
        for name, has_some in (("tags", has_tags), ("assignments", request.is_assigned)):
            if not has_some:
                set_committed_value(request, name, [])  # they need not be asked for again
        return LockedRequest(
            request,
            session=session_to_move(moved),
            has_endpoint=bool(has_endpoint),
        )
    asked_by = db.session.execute(_EXECUTION_ID, values).one_or_none()
    if asked_by is None or asked_by.execution_id is None:
        raise NotFound("There is no such input request.")
    execution = lock_executions([asked_by.execution_id]).get(asked_by.execution_id)
    of_execution = db.session.scalars(_LOCK_REQUEST, values).one_or_none()
    if execution is None or of_execution is None:
        raise NotFound("There is no such input request.")
    return LockedRequest(of_execution, execution=execution)


def lock_askers(request_ids: Collection[UUID]) -> None:
    """Lock who asked several requests that are decided in one transaction, in the order in which
    all are locked: batches, executions, sessions, agents, each by id.
    """
    # SQLite lets in one writer at a time anyway
    if db.session.get_bind().dialect.name != "postgresql" or not request_ids:
        return
    rows = run_prepared(_ASKERS, {"of_requests": list(request_ids)}).all()
    lock_executions([row.execution_id for row in rows if row.execution_id is not None])
    sessions = [row.session_id for row in rows if row.session_id is not None]
    if sessions:
        run_prepared(_LOCK_SESSIONS, {"of_sessions": sessions}).all()
        run_prepared(_LOCK_AGENTS, {"of_agents": [row.agent_id for row in rows if row.agent_id]})


def let_go_on(locked: LockedRequest, by: User | None) -> None:
    """Let whoever asked go on with the decision that its request now says; `by` nobody where a
    deadline decided, or who did is gone.

    Of a session the call to its agent is written down; an execution is queued again, or fails with
    the reason. Raises: Conflict, when an execution does not wait any more.
    """
    if locked.request.is_assigned:
        close_assignments(locked.request.id)
    if locked.request.comments_count:
        settle_mentions(locked.request.id)
    if locked.session is not None:
        is_called = locked.has_endpoint or locked.request.sealed_resume is not None
        _tell_session(locked.request, locked.session, by, is_called=is_called)
    elif locked.execution is not None:
        if locked.request.status is InputRequestStatus.RESOLVED:
            resume(locked.request, locked.execution, by)
        else:
            fail_declined(locked.request, locked.execution)


def check_waiting(locked: LockedRequest) -> None:
    """Raises: Conflict, when an execution does not wait any more."""
    if locked.execution is not None:
        check_awaiting(locked.execution)


def note(
    locked: LockedRequest,
    message: str,
    *,
    source: ActivitySource = ActivitySource.USER,
    payload: JSONObject | None = None,
) -> None:
    """Write into the history of whoever asked what happened to a request that goes on waiting."""
    request_id = str(locked.request.id)
    if locked.session is not None:
        log_activity(
            locked.session,
            ActivityType.MESSAGE,
            source=source,
            message=message,
            payload=payload,
            related_entity_id=request_id,
        )
    elif locked.execution is not None:
        details: JSONObject = {"input_request_id": request_id, **(payload or {})}
        add_steps([Step(locked.execution.id, StepKind.PAUSED, message, details)])


def _account_of(request: InputRequest, by: User | None) -> tuple[ActivitySource, str]:
    """Return who ended a request, and the sentence that says so."""
    if request.status is InputRequestStatus.CANCELLED:
        why = f": {request.decline_reason}" if request.decline_reason else "."
        return ActivitySource.AGENT, f"The agent withdrew “{request.title}”{why}"
    if not request.resolved_by_system:
        who = decided_by(request, by)
        word = decision(request.kind, request.status)
        return ActivitySource.USER, f"{who} {word} “{request.title}”."
    if request.standing_approval_id is not None:
        word = decision(request.kind, request.status)
        what = f"“{request.title}” was {word} by {by_itself(request)}."
        return ActivitySource.SYSTEM, what
    nobody = f"Nobody decided on “{request.title}” in time"
    match request.status:
        case InputRequestStatus.RESOLVED:
            return ActivitySource.SYSTEM, f"{nobody}, so the default was answered."
        case InputRequestStatus.DECLINED:
            return ActivitySource.SYSTEM, f"{nobody}, so it was declined."
        case _:
            return ActivitySource.SYSTEM, f"{nobody}.{why_no_default(request)}"


def _tell_session(
    request: InputRequest, session: AgentSession, by: User | None, *, is_called: bool
) -> None:
    source, message = _account_of(request, by)
    payload: JSONObject = {
        "resolved_by": str(by.id) if by else None,
        "outcome": request.status.outcome,
        "request_digest": digest_of_request(request),
        **edited_count(request.edited),
    }
    log_activity(
        session,
        ActivityType.INPUT_REQUEST_RESOLVED,
        source=source,
        message=message,
        payload=payload,
        related_entity_id=str(request.id),
    )
    if session.sealed_error_message is not None:
        session.error_message = None
    # an agent that is not called reads the answer when it likes: if it waits for another, it waits
    goes_on = is_called or not has_open_requests(session.id)
    status = SessionStatus.PROCESSING_INPUT if goes_on else SessionStatus.WAITING_FOR_INPUT
    if request.ends_session and not is_called and goes_on and not session.status.has_ended:
        status = SessionStatus.COMPLETED
    move_session(session, status)
    if is_called:
        deliver_resolution(request, session)
