"""An agent's question to a person, in one of its sessions."""

from uuid import UUID

from opensink_web.errors import Conflict
from opensink_web.json_value import JSONValue
from opensink_web.models import (
    ActivitySource,
    ActivityType,
    InputRequest,
    SessionStatus,
    Workspace,
)
from opensink_web.models.traced import trace_of
from opensink_web.operations.agents.activity import check_agent_of, log_activity
from opensink_web.operations.agents.agent_session import lock_session_to_move, move_session
from opensink_web.operations.requests.creation import NewRequest, create_request
from opensink_web.operations.requests.options import NO_OPTIONS, RequestOptions
from opensink_web.operations.tracing import trace_begun


def ask(
    workspace: Workspace,
    session_id: UUID,
    agent_id: UUID,
    *,
    key: str,
    title: str,
    message: str,
    schema: JSONValue,
    requested_by_id: UUID,
    options: RequestOptions = NO_OPTIONS,
    asked_with_id: UUID | None = None,
) -> InputRequest:
    """Put a question in the inbox; the session waits for the answer.

    `schema` has passed check_schema(), and `options` check_options(); they take their time and so
    come before the transaction.
    `requested_by_id` is the user for whom the agent asks, `asked_with_id` the execution with whose
    token that is done. It belongs to the trace of the call, else to that of the session.

    Raises: NotFound; InvalidInput for another agent's session; Conflict when the session has ended.
    """
    session = lock_session_to_move(workspace, session_id)
    check_agent_of(session, agent_id)
    if session.status.has_ended:
        raise Conflict(f"The session is {session.status}; it cannot ask for input any more.")
    request = create_request(
        NewRequest(
            workspace.id,
            key,
            title,
            message,
            schema,
            session_id=session.id,
            agent_id=session.agent_id,
            requested_by_id=requested_by_id,
            asked_with_id=asked_with_id,
            trace=trace_begun(asked_with_id) or trace_of(session),
            options=options,
        )
    )
    log_activity(
        session,
        ActivityType.INPUT_REQUEST_CREATED,
        source=ActivitySource.AGENT,
        message=title,
        related_entity_id=str(request.id),
    )
    move_session(session, SessionStatus.WAITING_FOR_INPUT)
    return request
