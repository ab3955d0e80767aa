"""Agents, their sessions, and what happens in them."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Agent:
    """`signing_secret` signs the calls to it; None for keys that may not write agents."""

    id: str
    name: str
    namespace: str
    slug: str
    status: str | None
    execution_endpoint: dict[str, Any] | None
    signing_secret: str | None = field(repr=False)
    workspace_id: str | None = None
    description: str | None = None
    config_id: str | None = None
    execution_endpoint_error: str | None = None
    endpoint_health: dict[str, Any] | None = None
    initial_messages: tuple[dict[str, Any], ...] = ()
    signing_overlap_ends_at: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


@dataclass(frozen=True, slots=True)
class AgentSession:
    id: str
    agent_id: str
    status: str
    state: dict[str, Any]
    metadata: dict[str, Any]
    error_message: str | None
    workspace_id: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """Something that happened in a session.

    Whoever posts one names `type` and `source` as they like. `recorded_by` is `opensink` for what
    the server wrote down itself, and `agent` for what was posted.
    """

    id: str
    session_id: str
    type: str
    source: str
    recorded_by: str
    message: str | None
    payload: Any
    related_entity_id: str | None
    created_at: str
    workspace_id: str | None = None
    agent_id: str | None = None
    links: tuple[dict[str, Any], ...] = ()
    updated_at: str | None = None
