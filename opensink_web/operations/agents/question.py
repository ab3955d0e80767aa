"""An agent's question to a person, in one of its sessions."""

from typing import TypedDict, Unpack
from uuid import UUID

from opensink_web.errors import Conflict, PermissionMissing
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import (
    ActivitySource,
    ActivityType,
    InputRequest,
    SessionStatus,
    Workspace,
)
from opensink_web.models.traced import trace_of
from opensink_web.operations.agents.activity import check_agent_of, log_activity
from opensink_web.operations.agents.agent import agent_named
from opensink_web.operations.agents.agent_session import (
    lock_session_to_move,
    move_session,
    start_session,
)
from opensink_web.operations.requests.creation import NewRequest, create_request
from opensink_web.operations.requests.options import NO_OPTIONS, RequestOptions
from opensink_web.operations.tracing import trace_begun
from opensink_web.outbound.policy import EndpointPolicy


class More(TypedDict, total=False):
    """What a question may have besides: see NewRequest."""

    proposed_response: JSONObject | None
    resume: JSONObject | None
    asked_with_key_id: UUID | None
    ends_session: bool


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
    **more: Unpack[More],
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
            **more,
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


def ask_for(
    workspace: Workspace,
    agent_name: str,
    policy: EndpointPolicy,
    *,
    key: str,
    title: str,
    message: str,
    schema: JSONValue,
    requested_by_id: UUID,
    may_have_called: bool,
    options: RequestOptions = NO_OPTIONS,
    **more: Unpack[More],
) -> InputRequest:
    """Put a question for an agent that is known by its name alone, in a session of its own, which
    ends with the question.

    An agent of that name is made if there is none. Only whoever `may_have_called` what agents have
    asks for one that has an endpoint: it would be called about words that are not its own. Raises:
    InvalidInput, for what is no name; PermissionMissing.
    """
    agent = agent_named(workspace, agent_name, policy)
    if agent.has_endpoint and not may_have_called:
        raise PermissionMissing(
            "This agent has an execution endpoint, which would be called about this question. Ask "
            "under another name in `agent`, or with a key that has the scope agent_sessions:write."
        )
    session = start_session(workspace, agent.id)
    return ask(
        workspace,
        session.id,
        agent.id,
        key=key,
        title=title,
        message=message,
        schema=schema,
        requested_by_id=requested_by_id,
        options=options,
        **(more | {"ends_session": True}),
    )
