"""Asking a person, and answering: the two verbs that everything else is there for."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import contains_eager, joinedload
from sqlalchemy.orm.attributes import set_committed_value

from opensink_web import clock
from opensink_web.errors import AlreadyResolved, Conflict, InvalidResponse, NotFound
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import (
    ActivitySource,
    ActivityType,
    AgentSession,
    InputRequest,
    InputRequestStatus,
    SessionStatus,
    User,
    Workspace,
    db,
)
from opensink_web.models.transaction import run_prepared
from opensink_web.operations import page
from opensink_web.operations.activity import check_agent_of, log_activity
from opensink_web.operations.agent_session import lock_session, move_session
from opensink_web.operations.delivery import deliver_resolution
from opensink_web.schema.limits import check_schema
from opensink_web.schema.validation import validate

# Built once, because building a statement costs more than running it.
_LOCK = (
    select(InputRequest)
    .join(InputRequest.session)
    .join(InputRequest.agent)
    .options(contains_eager(InputRequest.session), contains_eager(InputRequest.agent))
    .where(
        InputRequest.id == bindparam("of_request"),
        InputRequest.workspace_id == bindparam("of_workspace"),
    )
    .with_for_update(of=AgentSession)
    .execution_options(populate_existing=True)
)
_STORE_RESPONSE = update(InputRequest).where(
    InputRequest.id == bindparam("of_request"), InputRequest.status == InputRequestStatus.PENDING
)


@dataclass(frozen=True, slots=True)
class InputRequestFilter:
    """Which requests to list; None means any."""

    session_id: UUID | None = None
    agent_id: UUID | None = None
    status: InputRequestStatus | None = None
    key: str | None = None
    is_pending: bool | None = None


def ask(
    workspace: Workspace,
    session_id: UUID,
    agent_id: UUID,
    *,
    key: str,
    title: str,
    message: str,
    schema: JSONValue,
) -> InputRequest:
    """Put a question in the inbox; the session waits for the answer.

    Raises: NotFound; InvalidSchema; InvalidInput for another agent's session; Conflict when the
    session has ended.
    """
    check_schema(schema)
    session = lock_session(workspace, session_id)
    check_agent_of(session, agent_id)
    if session.status.has_ended:
        raise Conflict(f"The session is {session.status}; it cannot ask for input any more.")
    request = InputRequest(
        workspace_id=workspace.id,
        session_id=session.id,
        agent_id=session.agent_id,
        key=key,
        title=title,
        message=message,
        schema=schema,
    )
    db.session.add(request)
    db.session.flush()
    log_activity(
        session,
        ActivityType.INPUT_REQUEST_CREATED,
        source=ActivitySource.AGENT,
        message=title,
        related_entity_id=str(request.id),
    )
    move_session(session, SessionStatus.WAITING_FOR_INPUT)
    return request


def resolve(
    workspace: Workspace, request_id: UUID, response: JSONObject, *, by: User
) -> InputRequest:
    """Store the answer, once, and write down the call that lets the agent go on.

    Raises: NotFound; AlreadyResolved, saying who and when; InvalidResponse with an error for
    each failure; Conflict when there is nobody to answer any more.
    """
    request = _lock_input_request(workspace, request_id)
    _check_open(request)
    errors = validate(request.schema, response)
    if errors:
        raise InvalidResponse("The response does not fit the request's schema.", errors=errors)
    _store_response(request, response, by)
    session = request.session
    log_activity(
        session,
        ActivityType.INPUT_REQUEST_RESOLVED,
        source=ActivitySource.USER,
        message=f"{by.email} answered “{request.title}”.",
        payload={"resolved_by": str(by.id)},
        related_entity_id=str(request.id),
    )
    session.error_message = None
    move_session(session, SessionStatus.PROCESSING_INPUT)
    deliver_resolution(request)
    return request


def find_input_request(workspace: Workspace, request_id: UUID) -> InputRequest:
    """Raises: NotFound."""
    request = db.session.get(InputRequest, request_id)
    if request is None or request.workspace_id != workspace.id:
        raise NotFound("There is no such input request.")
    return request


def _lock_input_request(workspace: Workspace, request_id: UUID) -> InputRequest:
    """Find a request with its session, locked, and its agent, in one query. Raises: NotFound."""
    wanted = {"of_request": request_id, "of_workspace": workspace.id}
    request = db.session.scalars(_LOCK, wanted).one_or_none()
    if request is None:
        raise NotFound("There is no such input request.")
    return request


def list_input_requests(
    workspace: Workspace, wanted: InputRequestFilter, request: page.PageRequest
) -> page.Page[InputRequest]:
    """Return requests with their agents, newest first."""
    query = (
        select(InputRequest)
        .options(joinedload(InputRequest.agent), joinedload(InputRequest.resolved_by))
        .where(InputRequest.workspace_id == workspace.id)
    )
    query = page.narrowed(
        query,
        (InputRequest.session_id, wanted.session_id),
        (InputRequest.agent_id, wanted.agent_id),
        (InputRequest.status, wanted.status),
        (InputRequest.key, wanted.key),
    )
    if wanted.is_pending is not None:
        statuses = [one for one in InputRequestStatus if _is_pending(one) is wanted.is_pending]
        query = query.where(InputRequest.status.in_(statuses))
    return page.fetch(query, InputRequest.id, request)


def count_waiting(workspace: Workspace) -> int:
    """Count what waits for an answer."""
    query = (
        select(func.count())
        .select_from(InputRequest)
        .where(
            InputRequest.workspace_id == workspace.id,
            InputRequest.status == InputRequestStatus.PENDING,
        )
    )
    return db.session.scalar(query) or 0


def count_waiting_by_session(workspace: Workspace, session_ids: list[UUID]) -> dict[UUID, int]:
    """Count what waits for an answer in each of these sessions; those without are left out."""
    query = (
        select(InputRequest.session_id, func.count())
        .where(
            InputRequest.workspace_id == workspace.id,
            InputRequest.session_id.in_(session_ids),
            InputRequest.status == InputRequestStatus.PENDING,
        )
        .group_by(InputRequest.session_id)
    )
    return dict(db.session.execute(query).all())


def next_waiting(workspace: Workspace, after: InputRequest) -> InputRequest | None:
    """Return what comes after a request in the inbox, else the inbox's first."""
    query = (
        select(InputRequest)
        .where(
            InputRequest.workspace_id == workspace.id,
            InputRequest.status == InputRequestStatus.PENDING,
            InputRequest.id != after.id,
        )
        .order_by(InputRequest.id.desc())
        .limit(1)
    )
    below = db.session.scalars(query.where(InputRequest.id < after.id)).first()
    return below or db.session.scalars(query).first()


def _is_pending(status: InputRequestStatus) -> bool:
    return status is InputRequestStatus.PENDING


def _store_response(request: InputRequest, response: JSONObject, by: User) -> None:
    """Resolve the request if it is still pending: of many at once exactly one gets through.

    Raises: AlreadyResolved; Conflict.
    """
    sealed_response = InputRequest.response.seal(request.id, response)
    values = {
        "status": InputRequestStatus.RESOLVED,
        "resolved_at": clock.now(),
        "resolved_by_id": by.id,
    }
    stored = run_prepared(
        _STORE_RESPONSE, {"of_request": request.id, "response": sealed_response, **values}
    )
    if stored.rowcount != 1:
        db.session.refresh(request)
        _check_open(request)
    set_committed_value(request, "sealed_response", sealed_response)
    for name, value in values.items():
        set_committed_value(request, name, value)


def _check_open(request: InputRequest) -> None:
    if request.status is InputRequestStatus.RESOLVED:
        who = request.resolved_by.email if request.resolved_by else "somebody"
        when = f"{request.resolved_at:%Y-%m-%d %H:%M:%S} UTC" if request.resolved_at else "before"
        raise AlreadyResolved(f"This was already answered by {who} on {when}.")
    if request.status is not InputRequestStatus.PENDING:
        raise Conflict("The agent's session has ended, so it takes no answer any more.")
