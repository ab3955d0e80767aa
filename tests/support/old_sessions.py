"""Sessions that ended long ago, for tests of what is kept."""

from datetime import timedelta
from uuid import UUID

from flask import Flask

from opensink_web import clock
from opensink_web.models import AgentSession, SessionStatus, Workspace, db
from opensink_web.models.base import new_id
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.agent import create_agent
from tests.conftest import Person
from tests.support.scenarios import POLICY


def end_session_long_ago(app: Flask, person: Person, *, days: int) -> None:
    """Have a session in somebody's workspace that was begun and ended so many days ago."""
    moment = clock.now() - timedelta(days=days)
    # what it was made at stands at the beginning of an id
    milliseconds = int(moment.timestamp() * 1000)
    old_id = UUID(int=milliseconds << 80 | new_id().int & ((1 << 80) - 1))
    with app.app_context(), writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        agent = create_agent(workspace, POLICY, name=f"Agent {old_id}")
        db.session.add(
            AgentSession(
                id=old_id,
                workspace_id=workspace.id,
                agent_id=agent.id,
                status=SessionStatus.COMPLETED,
                created_at=moment,
                updated_at=moment,
            )
        )
