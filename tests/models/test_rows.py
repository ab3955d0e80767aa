"""What is true of every row: when it was made, and when it last changed."""

from flask import Flask

from opensink_web.models import Agent, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.agent import create_agent
from tests.conftest import Cast
from tests.support.scenarios import POLICY


def test_a_new_row_was_last_changed_when_it_was_made(app: Flask, cast: Cast) -> None:
    with app.app_context():
        with writing():
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            agent_id = create_agent(workspace, POLICY, name="Trader").id
        agent = db.session.get_one(Agent, agent_id)
        assert agent.updated_at == agent.created_at
        with writing():
            db.session.get_one(Agent, agent_id).name = "Trading desk"
        assert agent.updated_at > agent.created_at
