"""/agents: the programs that ask, and where they are called when they may go on."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal, Self, TypeAlias
from uuid import UUID

from flask import current_app
from pydantic import Field

from opensink_web.api.endpoint import CallBody, CallResponse, Retry, plain_number
from opensink_web.api.signing_secret import (
    OVERLAP_ENDS_AT,
    SERVER_SET,
    SIGNING_SECRET,
    SigningSecret,
    signing_facts,
)
from opensink_web.contract.example import Example
from opensink_web.contract.route import Routes
from opensink_web.contract.shapes import (
    Change,
    Name,
    PageQuery,
    PageResponse,
    Received,
    ResponseModel,
    page_response,
)
from opensink_web.errors import UnreadableSecret
from opensink_web.models import Agent, SessionStatus
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.agents import agent as agents
from opensink_web.operations.agents import queries
from opensink_web.operations.agents.endpoint import (
    TIMEOUT_SECONDS_DEFAULT,
    TIMEOUT_SECONDS_MAX,
    endpoint_to_json,
    without_credentials,
)
from opensink_web.operations.agents.initial_messages import (
    MESSAGES_MAX,
    TEMPLATES_LENGTH_MAX,
    CheckedMessages,
    Message,
    check_initial_messages,
)
from opensink_web.operations.agents.queries import HealthStatus, health_of
from opensink_web.operations.agents.signing_secret import end_signing_overlap, rotate_signing_secret
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.policy import EndpointPolicy
from opensink_web.services import EXTENSION, Services

RESOURCE = "agents"
Addressable: TypeAlias = Annotated[str, Field(json_schema_extra={"pattern": agents.ADDRESSABLE})]
"""What stands in addresses; the operation checks it."""
routes = Routes(
    RESOURCE,
    title="Agents",
    about="The programs that ask, and where each is called when it may go on.",
)


class EndpointBody(CallBody):
    """Where and how the agent is called. A masked header (`••••`) keeps the value it has."""

    timeout_seconds: float = Field(default=TIMEOUT_SECONDS_DEFAULT, ge=1, le=TIMEOUT_SECONDS_MAX)
    retry: Retry | None = None

    def to_spec(self) -> EndpointSpec:
        """Return what operations take."""
        retry = self.retry or Retry()
        return self.within(plain_number(self.timeout_seconds), retry.to_schedule())


class InitialMessage(Received):
    """What each chat of a batch begins with: `content` is a Jinja2 template, filled in with the
    chat's `input_variables` in a sandbox.
    """

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[str, Field(min_length=1, max_length=TEMPLATES_LENGTH_MAX)]

    def to_message(self) -> Message:
        """Return what operations take."""
        return Message(self.role, self.content)


InitialMessages: TypeAlias = Annotated[list[InitialMessage], Field(max_length=MESSAGES_MAX)]
_SERVER_SET = SERVER_SET | frozenset(
    ("id", "workspace_id", "status", "endpoint_health", "created_at", "updated_at")
)


class AgentCreate(Received):
    """A new agent; without a slug one is derived from the name."""

    server_set = _SERVER_SET | {"execution_endpoint_error", "config_id"}

    name: Name
    description: str | None = None
    namespace: Addressable = "default"
    slug: Addressable | None = None
    execution_endpoint: EndpointBody | None = None
    initial_messages: InitialMessages = []


class AgentChange(Change):
    """What of an agent to change; what is left out stays."""

    server_set = _SERVER_SET

    name: Name = ""
    description: str | None = None
    namespace: Addressable = ""
    slug: Addressable = ""
    execution_endpoint: EndpointBody | None = None
    execution_endpoint_error: str | None = Field(
        default=None,
        description="Changes nothing. With it a null `execution_endpoint` is one that could not be "
        "shown, sent back as it was read: it stays.",
    )
    initial_messages: InitialMessages = []
    config_id: UUID = Field(
        default=UUID(int=0),
        description="The configuration to go by from now on: one of the agent's own.",
    )

    def changes(self, messages: CheckedMessages | None) -> agents.AgentChanges:
        """Return what operations take, with the first messages as they were checked."""
        given = self.given()
        error = given.pop("execution_endpoint_error", None)
        if self.execution_endpoint is not None:
            given["execution_endpoint"] = self.execution_endpoint.to_spec()
        elif error is not None:
            given.pop("execution_endpoint", None)
        if messages is not None:
            given["initial_messages"] = messages
        changes: agents.AgentChanges = given
        return changes


class BackoffResponse(ResponseModel):
    initial_seconds: int | float
    max_seconds: int | float


class RetryResponse(ResponseModel):
    max_attempts: int
    backoff: BackoffResponse


class EndpointResponse(CallResponse):
    """Headers that are credentials are shown as `••••` to those who may not change the agent."""

    timeout_seconds: int | float
    retry: RetryResponse


class EndpointHealthResponse(ResponseModel):
    """How the calls go: after five failures in a row one is made once in a while, the rest waits.

    Calls for every session count, also for older ones, of which the agent's `status` tells nothing.
    `next_call_at` is the earliest moment of that call. The first success makes it healthy.
    """

    status: HealthStatus
    consecutive_failures: int
    unhealthy_since: datetime | None
    next_call_at: datetime | None
    last_error: str | None


class InitialMessageResponse(ResponseModel):
    role: str
    content: str


class AgentResponse(ResponseModel):
    """An agent; its status is its newest session's, and null before the first."""

    id: UUID
    workspace_id: UUID
    name: str
    description: str | None
    namespace: str
    slug: str
    status: SessionStatus | None = Field(
        description="The newest session's, and null before the first. What becomes of an older "
        "session, whose call fails, say, while a newer one runs, changes nothing here: "
        "`endpoint_health` counts the failed calls of all of them, and the sessions tell."
    )
    config_id: UUID | None = Field(description="The configuration that is active.")
    execution_endpoint: EndpointResponse | None
    execution_endpoint_error: str | None = Field(
        description="Why there is an endpoint that cannot be shown or called; null if all is well."
    )
    endpoint_health: EndpointHealthResponse | None = Field(
        description="How calls of the endpoint go, for whichever session; null without one."
    )
    initial_messages: list[InitialMessageResponse]
    signing_secret: SigningSecret = SIGNING_SECRET
    signing_overlap_ends_at: datetime | None = OVERLAP_ENDS_AT
    created_at: datetime
    updated_at: datetime

    @classmethod
    def shown_to(cls, principal: Principal, agent: Agent) -> Self:
        """Write the agent, its credentials only for those who may change them."""
        shown, error = None, None
        try:
            endpoint = queries.endpoint_of(agent)
            if endpoint is not None and not principal.may(RESOURCE, Action.WRITE):
                endpoint = without_credentials(endpoint)
            shown = endpoint_to_json(endpoint) if endpoint is not None else None
        except UnreadableSecret as unreadable:
            error = unreadable.message
        ours = {
            "execution_endpoint": shown,
            "execution_endpoint_error": error,
            "endpoint_health": health_of(agent),
            "initial_messages": agent.initial_messages or [],
            **signing_facts(principal, RESOURCE, agent),
        }
        others = {name: getattr(agent, name) for name in cls.model_fields if name not in ours}
        return cls.model_validate(others | ours)


AgentPage = PageResponse[AgentResponse]


class AgentQuery(PageQuery):
    endpoint_health: HealthStatus | None = None


def _check_new(principal: Principal, body: AgentCreate) -> CheckedMessages:
    """Raises: InvalidInput; RateLimited; Unavailable."""
    messages = [each.to_message() for each in body.initial_messages]
    return check_initial_messages(principal.workspace, _services().templates, messages)


@routes.post(
    "/agents",
    summary="Make an agent.",
    precheck=_check_new,
    example=Example(
        body={
            "name": "Buyer",
            "description": "Orders what runs out.",
            "execution_endpoint": {"url": "https://buyer.example.com/opensink"},
        }
    ),
)
def create_agent(
    principal: Principal, body: AgentCreate, checked: CheckedMessages
) -> AgentResponse:
    endpoint = body.execution_endpoint
    agent = agents.create_agent(
        principal.workspace,
        _policy(),
        name=body.name,
        description=body.description,
        namespace=body.namespace,
        slug=body.slug,
        execution_endpoint=endpoint.to_spec() if endpoint is not None else None,
        initial_messages=checked,
    )
    return AgentResponse.shown_to(principal, agent)


@routes.get("/agents", summary="List the agents.", example=Example(query={"$limit": 20}))
def list_agents(principal: Principal, query: AgentQuery) -> AgentPage:
    page = queries.list_agents(principal.workspace, query.page, health=query.endpoint_health)
    return page_response(page, lambda agent: AgentResponse.shown_to(principal, agent))


@routes.get("/agents/{agent_id}", summary="Read an agent.")
def get_agent(principal: Principal, agent_id: UUID) -> AgentResponse:
    return AgentResponse.shown_to(principal, queries.find_agent(principal.workspace, agent_id))


def _check_change(
    principal: Principal, agent_id: UUID, body: AgentChange
) -> CheckedMessages | None:
    """Raises: as _check_new()."""
    if "initial_messages" not in body.given():
        return None
    messages = [each.to_message() for each in body.initial_messages]
    return check_initial_messages(principal.workspace, _services().templates, messages)


@routes.patch(
    "/agents/{agent_id}",
    summary="Change an agent.",
    errors=(409,),
    precheck=_check_change,
    example=Example(body={"name": "Head buyer"}),
)
def update_agent(
    principal: Principal, agent_id: UUID, body: AgentChange, checked: CheckedMessages | None
) -> AgentResponse:
    changes = body.changes(checked)
    agent = agents.update_agent(principal.workspace, agent_id, _policy(), **changes)
    return AgentResponse.shown_to(principal, agent)


@routes.delete("/agents/{agent_id}", summary="Delete an agent and everything of it.")
def delete_agent(principal: Principal, agent_id: UUID) -> None:
    agents.delete_agent(principal.workspace, agent_id)


@routes.post(
    "/agents/{agent_id}/rotate-signing-secret",
    summary="Replace the agent's signing secret; the previous one signs too for 24 hours.",
    status=200,
)
def rotate_agent_signing_secret(principal: Principal, agent_id: UUID) -> AgentResponse:
    agent = agents.lock_agent(principal.workspace, agent_id)
    workspace = rotate_signing_secret(principal.workspace, agent)
    return AgentResponse.shown_to(replace(principal, workspace=workspace), agent)


@routes.post(
    "/agents/{agent_id}/end-signing-overlap",
    summary="Sign no longer with the agent's previous signing secret.",
    status=200,
)
def end_agent_signing_overlap(principal: Principal, agent_id: UUID) -> AgentResponse:
    agent = agents.lock_agent(principal.workspace, agent_id)
    end_signing_overlap(agent)
    return AgentResponse.shown_to(principal, agent)


def _policy() -> EndpointPolicy:
    return _services().policy


def _services() -> Services:
    services: Services = current_app.extensions[EXTENSION]
    return services
