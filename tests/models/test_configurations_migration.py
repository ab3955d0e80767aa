"""After an upgrade every agent that there was has its first configuration."""

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web.cli.database import run_migrations
from opensink_web.models import Agent, AgentConfiguration, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.agent import create_agent
from tests.conftest import make_cast
from tests.support.scenarios import POLICY

pytestmark = pytest.mark.server
BEFORE = "0072"


@pytest.fixture
def app(within_empty_app: None, empty_app: Flask) -> Flask:
    run_migrations()
    return empty_app


@pytest.mark.usefixtures("app")
def test_down_and_up_with_agents() -> None:
    alice = make_cast().alice
    with writing():
        workspace = db.session.get_one(Workspace, alice.workspace_id)
        for name in ("Trader", "Clerk"):
            create_agent(workspace, POLICY, name=name)
    db.session.remove()
    flask_migrate.downgrade(revision=BEFORE)
    run_migrations()
    with reading():
        agents = db.session.scalars(select(Agent)).all()
        firsts = {each.id: each for each in db.session.scalars(select(AgentConfiguration))}
        assert {each.config_id for each in agents} == {*firsts}
        for agent in agents:
            first = firsts[agent.config_id]  # type: ignore[index]  # it has one
            assert (first.agent_id, first.workspace_id) == (agent.id, alice.workspace_id)
            assert (first.variant, first.version, first.is_newest) == ("default", 1, True)
            assert (first.schema, first.value) == ({}, {})
