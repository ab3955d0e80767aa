"""Deciding on requests: answering one, or declining it. One decision stands, of however many.

Whoever decides locks first what asked, the session or the execution, so that it cannot end or go
on meanwhile.
"""

from uuid import UUID

from sqlalchemy import bindparam, select

from opensink_web.errors import (
    Conflict,
    FieldError,
    InvalidInput,
    NotFound,
)
from opensink_web.models import (
    ActivitySource,
    ActivityType,
    Agent,
    AgentSession,
    InputRequest,
    SessionStatus,
    User,
    Workspace,
    db,
)
from opensink_web.models.base import columns_of, detached
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.agents.activity import log_activity
from opensink_web.operations.agents.agent_session import move_session
from opensink_web.operations.deliveries.delivery import deliver_resolution
from opensink_web.operations.executions.ending import LockedExecution, lock_executions
from opensink_web.operations.executions.resumption import fail_declined, resume
from opensink_web.operations.requests.answer import CheckedAnswer, edited_count
from opensink_web.operations.requests.input_request import store_refusal, store_response
from opensink_web.operations.requests.queries import has_open_requests

REASON_LENGTH_MAX = 2000

# Built once, because building a statement costs more than running it.
_IS_WANTED = (
    InputRequest.id == bindparam("of_request"),
    InputRequest.workspace_id == bindparam("of_workspace"),
)
_REQUEST_COLUMNS = columns_of(InputRequest)
# its state may be large, and is not looked at
_SESSION_COLUMNS = (
    AgentSession.id,
    AgentSession.workspace_id,
    AgentSession.agent_id,
    AgentSession.status,
    AgentSession.sealed_error_message,
)
_LOCK_SESSION = (
    select(
        *_REQUEST_COLUMNS,
        *_SESSION_COLUMNS,
        Agent.sealed_execution_endpoint.is_not(None),
    )
    .join(InputRequest.session)
    .join(InputRequest.agent)
    .where(*_IS_WANTED, AgentSession.deleted_at.is_(None), Agent.deleted_at.is_(None))
    .with_for_update(of=AgentSession)
)
_EXECUTION_ID = select(InputRequest.execution_id).where(*_IS_WANTED)
_LOCK_REQUEST = (
    select(InputRequest)
    .where(*_IS_WANTED)
    .with_for_update()
    .execution_options(populate_existing=True)
)


def resolve(workspace: Workspace, answer: CheckedAnswer, *, by: User) -> InputRequest:
    """Store the answer, once, and let whoever asked go on with it.

    Of a session the call to its agent is written down; an execution is queued again. The answer
    to a call that waits for approval is the input that it is made with. Raises: NotFound;
    AlreadyResolved, saying who and when; Conflict when there is nobody to answer any more.
    """
    row = _lock_of_session(workspace, answer.request_id)
    if row is None:
        return _resolve_for_execution(workspace, answer, by)
    request, session, has_endpoint = row
    InputRequest.schema.remember(request, answer.schema)
    store_response(request, answer, by)
    log_activity(
        session,
        ActivityType.INPUT_REQUEST_RESOLVED,
        source=ActivitySource.USER,
        message=f"{by.email} answered “{request.title}”.",
        payload={"resolved_by": str(by.id), **edited_count(answer.edited)},
        related_entity_id=str(request.id),
    )
    if session.sealed_error_message is not None:
        session.error_message = None
    # an agent that is not called reads the answer when it likes: if it waits for another, it waits
    goes_on = has_endpoint or not has_open_requests(session.id)
    move_session(
        session, SessionStatus.PROCESSING_INPUT if goes_on else SessionStatus.WAITING_FOR_INPUT
    )
    if has_endpoint:
        deliver_resolution(request, session)
    return request


def decline(workspace: Workspace, request_id: UUID, reason: str, *, by: User) -> InputRequest:
    """Refuse to answer, or to let a call be made; the execution fails with the reason.

    Raises: NotFound; AlreadyResolved, saying who and when; InvalidInput without a usable reason;
    Conflict for an agent's question, and when nobody waits any more.
    """
    reason = _checked_reason(reason)
    request, execution = _lock_of_execution(workspace, request_id)
    store_refusal(request, reason, by)
    fail_declined(request, execution, reason)
    return request


def _lock_of_session(
    workspace: Workspace, request_id: UUID
) -> tuple[InputRequest, AgentSession, bool] | None:
    """Lock the session of an agent's question; return both, and whether the agent is called.

    They belong to no session of the ORM, and every change is stored by a statement of its own.
    Returns None when no agent asks this.
    """
    row = run_prepared(_LOCK_SESSION, _wanted(workspace, request_id)).one_or_none()
    if row is None:
        return None
    columns = (*_REQUEST_COLUMNS, *_SESSION_COLUMNS)
    names, count = [column.key for column in columns], len(_REQUEST_COLUMNS)
    request = detached(InputRequest, dict(zip(names[:count], row[:count], strict=True)))
    session = detached(AgentSession, dict(zip(names[count:], row[count:-1], strict=True)))
    return request, session, bool(row[-1])


def _resolve_for_execution(workspace: Workspace, answer: CheckedAnswer, by: User) -> InputRequest:
    request, execution = _lock_of_execution(workspace, answer.request_id)
    store_response(request, answer, by)
    resume(request, execution, answer, by)
    return request


def _lock_of_execution(
    workspace: Workspace, request_id: UUID
) -> tuple[InputRequest, LockedExecution]:
    """Lock the execution, then the request it asked. Raises: NotFound; Conflict."""
    values = _wanted(workspace, request_id)
    asked_by = db.session.execute(_EXECUTION_ID, values).one_or_none()
    if asked_by is None:
        raise NotFound("There is no such input request.")
    if asked_by.execution_id is None:
        raise Conflict(
            "A question from an agent cannot be declined. Answer it, or end its session."
        )
    execution = lock_executions([asked_by.execution_id]).get(asked_by.execution_id)
    request = db.session.scalars(_LOCK_REQUEST, values).one_or_none()
    if execution is None or request is None:
        raise NotFound("There is no such input request.")
    return request, execution


def _wanted(workspace: Workspace, request_id: UUID) -> dict[str, UUID]:
    return {"of_request": request_id, "of_workspace": workspace.id}


def _checked_reason(reason: str) -> str:
    """Raises: InvalidInput."""
    reason = reason.strip()
    if 1 <= len(reason) <= REASON_LENGTH_MAX:
        return reason
    message = "Give a reason; the caller will see it."
    if reason:
        message = f"A reason has at most {REASON_LENGTH_MAX} characters."
    raise InvalidInput(message, errors=(FieldError("/reason", message),))
