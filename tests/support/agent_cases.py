"""What the tests of agents and of test calls share: the endpoint's form, agents to fill it."""

from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from opensink_web.models import Agent, Delivery, DeliveryKind, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.agent import create_agent
from opensink_web.outbound.policy import EndpointPolicy

PAGE = "/w/main/admin/agents"
LOOPBACK = EndpointPolicy.from_entries(("127.0.0.0/8",))
FORM = {
    "method": "POST",
    "url": "http://127.0.0.1:9/execute",
    "body": '{"task": "go"}',
    "timeout_seconds": "30",
    "max_attempts": "1",
    "initial_seconds": "10",
    "max_seconds": "3600",
}
SECRET = {"headers-0-name": "Authorization", "headers-0-value": "Bearer of news"}


def made(app: Flask, workspace_id: UUID, name: str) -> UUID:
    with app.app_context(), writing():
        workspace = db.session.get_one(Workspace, workspace_id)
        return create_agent(workspace, LOOPBACK, name=name).id


def stored(app: Flask, agent_id: UUID) -> Agent:
    with app.app_context(), reading():
        agent = db.session.get_one(Agent, agent_id)
        db.session.expunge(agent)
        return agent


def endpoint(app: Flask, agent_id: UUID) -> dict[str, Any]:
    with app.app_context():
        kept = stored(app, agent_id).execution_endpoint
    assert kept is not None
    return kept


def lose_endpoint(app: Flask, agent_id: UUID) -> None:
    """Leave the agent with an endpoint whose key is gone."""
    with app.app_context(), writing():
        db.session.get_one(Agent, agent_id).sealed_execution_endpoint = "00000000.lost"


def ids_of_test_calls(app: Flask) -> list[UUID]:
    with app.app_context(), reading():
        query = select(Delivery.id).where(Delivery.kind == DeliveryKind.TEST)
        return list(db.session.scalars(query))
