"""/agent-sessions: the runs of agents."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from opensink_web.contract.example import Example
from opensink_web.contract.route import Routes
from opensink_web.contract.shapes import (
    Change,
    JsonObject,
    PageQuery,
    PageResponse,
    Received,
    ResponseModel,
    page_response,
)
from opensink_web.models import SessionStatus
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.agents import agent_session as sessions
from opensink_web.operations.agents import queries

routes = Routes(
    "agent_sessions", title="Sessions", about="The runs of agents, each with its state."
)


class SessionCreate(Received):
    """A new run of an agent."""

    server_set = frozenset({"id", "workspace_id", "trace_id", "created_at", "updated_at"})

    agent_id: UUID
    status: SessionStatus = SessionStatus.RUNNING
    state: JsonObject = {}
    metadata: JsonObject = {}
    error_message: str | None = Field(
        default=None, description="Why it failed, of one that is made as `failed`."
    )


class SessionChange(Change):
    """What of a session to change; what is left out stays."""

    server_set = frozenset(
        {"id", "workspace_id", "agent_id", "trace_id", "created_at", "updated_at"}
    )

    status: SessionStatus = SessionStatus.RUNNING
    state: JsonObject = {}
    metadata: JsonObject = {}
    error_message: str | None = None


class SessionResponse(ResponseModel):
    """One run of an agent; `state` is the agent's own memory."""

    id: UUID
    agent_id: UUID
    workspace_id: UUID
    status: SessionStatus
    state: JsonObject
    metadata: JsonObject = Field(validation_alias="metadata_")
    error_message: str | None
    trace_id: str | None = Field(description="The trace that it was begun in.")
    created_at: datetime
    updated_at: datetime


class SessionQuery(PageQuery):
    agent_id: UUID | None = None
    status: SessionStatus | None = None


SessionPage = PageResponse[SessionResponse]


@routes.post(
    "/agent-sessions",
    summary="Begin a run of an agent.",
    errors=(404,),
    example=Example(body={"agent_id": "{agent_id}", "metadata": {"run": "nightly"}}),
)
def start_session(principal: Principal, body: SessionCreate) -> SessionResponse:
    session = sessions.start_session(
        principal.workspace,
        body.agent_id,
        status=body.status,
        state=body.state,
        metadata=body.metadata,
        error_message=body.error_message,
    )
    return SessionResponse.of(session)


@routes.get(
    "/agent-sessions",
    summary="List the sessions.",
    example=Example(query={"agent_id": "{agent_id}", "status": "running"}),
)
def list_sessions(principal: Principal, query: SessionQuery) -> SessionPage:
    filters = queries.SessionFilter(agent_id=query.agent_id, status=query.status)
    page = queries.list_sessions(principal.workspace, filters, query.page)
    return page_response(page, SessionResponse.of)


@routes.get("/agent-sessions/{session_id}", summary="Read a session.")
def get_session(principal: Principal, session_id: UUID) -> SessionResponse:
    return SessionResponse.of(queries.find_session(principal.workspace, session_id))


@routes.patch(
    "/agent-sessions/{session_id}",
    summary="Move a session on.",
    example=Example(body={"status": "completed", "state": {"orders": 1}}),
)
def update_session(principal: Principal, session_id: UUID, body: SessionChange) -> SessionResponse:
    session = sessions.update_session(principal.workspace, session_id, **body.given())
    return SessionResponse.of(session)


@routes.delete("/agent-sessions/{session_id}", summary="Delete a session and everything of it.")
def delete_session(principal: Principal, session_id: UUID) -> None:
    sessions.delete_session(principal.workspace, session_id)
