"""Activities: writing down what happened."""

from uuid import UUID

from sqlalchemy import insert

from opensink_web import clock
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
from opensink_web.models.base import new_id
from opensink_web.models.sealed import sealed_values
from opensink_web.models.transaction import Area, changed_after_commit, run_prepared
from opensink_web.operations.agents.agent import keep_agent

_ADD = insert(Activity)
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
) -> UUID:
    """Write down that something happened in a session, whose row is there; return the new id."""
    activity_id = new_id()
    row = {
        "id": activity_id,
        "created_at": clock.now(),
        "workspace_id": session.workspace_id,
        "session_id": session.id,
        "agent_id": session.agent_id,
        "type": activity_type,
        "source": source,
        "recorded_by": recorded_by,
        "message": message,
        "payload": payload,
        "related_entity_id": related_entity_id,
        "links": links or [],
    }
    run_prepared(_ADD, sealed_values(Activity, row))
    changed_after_commit(session.workspace_id, Area.SESSIONS)
    return activity_id


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
    activity_id = log_activity(
        session,
        activity_type,
        source=source,
        recorded_by=ActivityRecorder.AGENT,
        message=message,
        payload=payload,
        related_entity_id=related_entity_id,
        links=links,
    )
    return db.session.get_one(Activity, activity_id)


def check_agent_of(session: AgentSession, agent_id: UUID) -> None:
    """Raises: InvalidInput when the session is not this agent's."""
    if session.agent_id != agent_id:
        message = "The session does not belong to this agent."
        raise InvalidInput(message, errors=(FieldError("/agent_id", message),))
