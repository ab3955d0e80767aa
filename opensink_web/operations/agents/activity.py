"""Activities: writing down what happened."""

from uuid import UUID

from opensink_web.errors import FieldError, InvalidInput, NotFound
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import (
    Activity,
    ActivityRecorder,
    ActivitySource,
    ActivityType,
    AgentSession,
    Workspace,
    db,
)
from opensink_web.operations.agents.agent import keep_agent

# keeps a row from being deleted until the commit, and lets others change it
_KEPT = {"read": True, "key_share": True}


def log_activity(
    session: AgentSession,
    activity_type: ActivityType,
    *,
    source: ActivitySource = ActivitySource.SYSTEM,
    recorded_by: ActivityRecorder = ActivityRecorder.OPENSINK,
    message: str | None = None,
    payload: JSONValue = None,
    related_entity_id: str | None = None,
    links: list[JSONObject] | None = None,
) -> Activity:
    """Write down that something happened in a session; the row goes out with the next flush."""
    activity = Activity(
        workspace_id=session.workspace_id,
        session_id=session.id,
        agent_id=session.agent_id,
        type=activity_type,
        source=source,
        recorded_by=recorded_by,
        message=message,
        payload=payload,
        related_entity_id=related_entity_id,
        links=links or [],
    )
    db.session.add(activity)
    return activity


def add_activity(
    workspace: Workspace,
    session_id: UUID,
    agent_id: UUID,
    activity_type: ActivityType,
    source: ActivitySource,
    *,
    message: str | None = None,
    payload: JSONValue = None,
    related_entity_id: str | None = None,
    links: list[JSONObject] | None = None,
) -> Activity:
    """Write down what an agent reports, and that it was the agent, whatever source it names.

    Raises: NotFound; InvalidInput for another's session.
    """
    session = db.session.get(AgentSession, session_id, with_for_update=_KEPT)
    if session is None or session.workspace_id != workspace.id:
        raise NotFound("There is no such session.")
    keep_agent(session.agent_id)
    check_agent_of(session, agent_id)
    activity = log_activity(
        session,
        activity_type,
        source=source,
        recorded_by=ActivityRecorder.AGENT,
        message=message,
        payload=payload,
        related_entity_id=related_entity_id,
        links=links,
    )
    db.session.flush()
    return activity


def check_agent_of(session: AgentSession, agent_id: UUID) -> None:
    """Raises: InvalidInput when the session is not this agent's."""
    if session.agent_id != agent_id:
        message = "The session does not belong to this agent."
        raise InvalidInput(message, errors=(FieldError("/agent_id", message),))
