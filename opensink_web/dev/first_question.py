"""The line that asks a first question as it stands: its agent and session are there already."""

import json
import shlex
from uuid import UUID

from opensink_web.models import Workspace
from opensink_web.operations.agents.agent import create_agent
from opensink_web.operations.agents.agent_session import start_session
from opensink_web.operations.agents.queries import agents_by_name
from opensink_web.outbound.policy import EndpointPolicy

NAME = "First question"
_SCHEMA = {
    "type": "object",
    "required": ["approved"],
    "properties": {"approved": {"type": "boolean", "title": "Deploy it?"}},
}


def first_session(workspace: Workspace) -> tuple[UUID, UUID]:
    """Begin a session for the question, and return its agent's id and its own.

    Needs a transaction that writes.
    """
    there = [each for each in agents_by_name(workspace, 100) if each.name == NAME]
    no_endpoint = EndpointPolicy.from_entries(())
    agent = there[0] if there else create_agent(workspace, no_endpoint, name=NAME)
    return agent.id, start_session(workspace, agent.id).id


def curl_line(url: str, agent_id: UUID, session_id: UUID) -> str:
    """Return what to paste into a terminal."""
    body = {
        "agent_id": str(agent_id),
        "session_id": str(session_id),
        "key": "deploy",
        "title": "Deploy version 2.4?",
        "message": "All 312 tests passed.",
        "schema": _SCHEMA,
    }
    address = f"{url}/api/v1/agent-session-input-requests"
    kind = "Content-Type: application/json"
    return f"curl {address} -H {shlex.quote(kind)} -d {shlex.quote(json.dumps(body))}"
