"""What the executions of a group call, decrypted; or why nothing can be called."""

import json
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import Text, bindparam, cast, select

from opensink_web import clock
from opensink_web.errors import UnreadableSecret
from opensink_web.json_value import JSONValue
from opensink_web.models import Agent, Function, Workspace, db
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.agents.called import WORKSPACE_COLUMNS, called
from opensink_web.operations.agents.queries import EndpointHealth, endpoint_of, health_of
from opensink_web.operations.agents.signing_secret import call_secrets
from opensink_web.operations.executions.function_target import EntryPointSpec, target_of
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.outcome import Failure
from opensink_web.outbound.signing import CallSecrets

# Built once, because building a statement costs more than running it.
_FUNCTION_COLUMNS = (
    Function.id,
    Function.kind,
    Function.is_active,
    Function.timeout_seconds,
    Function.sealed_target,
    Function.signing_generation,
    Function.signing_overlap_ends_at,
)
_FIND_FUNCTION = (
    select(
        *_FUNCTION_COLUMNS,
        *WORKSPACE_COLUMNS,
        cast(Function.output_schema, Text).label("output_schema"),
    )
    .join(Workspace, Workspace.id == Function.workspace_id)
    # it is run past the session, which leaves out what was deleted
    .where(Function.id == bindparam("of_function"), Function.deleted_at.is_(None))
)
_FIND_AGENT = (
    select(Agent, Workspace)
    .join(Workspace, Workspace.id == Agent.workspace_id)
    .where(Agent.id == bindparam("of_agent"))
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True, slots=True)
class HttpTarget:
    """A function's endpoint."""

    endpoint: EndpointSpec
    secrets: CallSecrets
    output_schema: JSONValue


@dataclass(frozen=True, slots=True)
class PythonTarget:
    """A function that an installed package advertises."""

    entry_point: str
    output_schema: JSONValue


@dataclass(frozen=True, slots=True)
class AgentTarget:
    """An agent's execution endpoint, and how calls of it go."""

    agent_id: UUID
    endpoint: EndpointSpec
    secrets: CallSecrets
    health: EndpointHealth | None


Target: TypeAlias = HttpTarget | PythonTarget | AgentTarget


def target_of_function(function_id: UUID | None) -> Target | Failure:
    """Find how a function is called."""
    row = run_prepared(_FIND_FUNCTION, {"of_function": function_id}).one_or_none()
    if row is None:
        return Failure("The function no longer exists.")
    function, workspace = called(Function, _FUNCTION_COLUMNS, tuple(row)[:-1])
    output_schema = None if row.output_schema is None else json.loads(row.output_schema)
    if not function.is_active:
        return Failure("The function was switched off.")
    try:
        stored = target_of(function)
        if isinstance(stored, EntryPointSpec):
            return PythonTarget(stored.entry_point, output_schema)
        secrets = call_secrets(workspace, function, clock.now())
        return HttpTarget(stored, secrets, output_schema)
    except UnreadableSecret as error:
        return Failure(f"The call cannot be made. {error.message}")


def target_of_agent(agent_id: UUID | None) -> AgentTarget | Failure:
    """Find how an agent is called."""
    row = db.session.execute(_FIND_AGENT, {"of_agent": agent_id}).one_or_none()
    if row is None:
        return Failure("The agent no longer exists.")
    agent, workspace = row
    try:
        endpoint = endpoint_of(agent)
        if endpoint is None:
            return Failure("The agent no longer has an execution endpoint.")
        secrets = call_secrets(workspace, agent, clock.now())
    except UnreadableSecret as error:
        return Failure(f"The call cannot be made. {error.message}")
    return AgentTarget(agent.id, endpoint, secrets, health_of(agent))
