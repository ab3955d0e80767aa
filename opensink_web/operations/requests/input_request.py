"""Requests to people: an agent asking one, finding and listing them, counting what waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from opensink_web.errors import Conflict, NotFound
from opensink_web.json_value import JSONValue
from opensink_web.models import (
    ActivitySource,
    ActivityType,
    Execution,
    InputRequest,
    InputRequestKind,
    InputRequestStatus,
    SessionStatus,
    Workspace,
    db,
)
from opensink_web.operations import page
from opensink_web.operations.agents.activity import check_agent_of, log_activity
from opensink_web.operations.agents.agent_session import lock_session, move_session


@dataclass(frozen=True, slots=True)
class InputRequestFilter:
    """Which requests to list; None means any."""

    session_id: UUID | None = None
    agent_id: UUID | None = None
    execution_id: UUID | None = None
    kind: InputRequestKind | None = None
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
    asked_with_id: UUID | None = None,
) -> InputRequest:
    """Put a question in the inbox; the session waits for the answer.

    `schema` has passed check_schema(), which takes its time and so comes before the transaction.
    `asked_with_id` is the execution with whose token that is done.

    Raises: NotFound; InvalidInput for another agent's session; Conflict when the session has ended.
    """
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
        asked_with_id=asked_with_id,
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


def find_input_request(workspace: Workspace, request_id: UUID) -> InputRequest:
    """Raises: NotFound."""
    request = db.session.get(InputRequest, request_id)
    if request is None or request.workspace_id != workspace.id:
        raise NotFound("There is no such input request.")
    return request


def still_pending(request_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these requests are there and wait for an answer."""
    query = select(InputRequest.id).where(
        InputRequest.id.in_(request_ids), InputRequest.status == InputRequestStatus.PENDING
    )
    return set(db.session.scalars(query))


def list_input_requests(
    workspace: Workspace, wanted: InputRequestFilter, request: page.PageRequest
) -> page.Page[InputRequest]:
    """Return requests with who asked, newest first; of an execution only what names it."""
    narrower = (wanted.session_id, wanted.agent_id, wanted.execution_id)
    query = (
        select(InputRequest)
        .options(
            joinedload(InputRequest.agent),
            joinedload(InputRequest.resolved_by),
            joinedload(InputRequest.execution).load_only(
                Execution.target_namespace, Execution.target_name, Execution.batch_index
            ),
        )
        .where(page.is_in(InputRequest.workspace_id, workspace, *narrower))
    )
    query = page.narrowed(
        query,
        (InputRequest.session_id, wanted.session_id),
        (InputRequest.agent_id, wanted.agent_id),
        (InputRequest.execution_id, wanted.execution_id),
        (InputRequest.kind, wanted.kind),
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
    rows = db.session.execute(query).all()
    return {session_id: count for session_id, count in rows if session_id is not None}


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
