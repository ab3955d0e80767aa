"""How an agent's endpoint is, in the agent's answer and as a filter of the list."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from opensink_web.models import Agent, db
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.endpoint_health import FAILURES_TO_UNHEALTHY, note_failure
from tests.api.conftest import Api, assert_problem, make_agent

ENDPOINT = {"url": "http://127.0.0.1:9/execute"}


@pytest.fixture
def failing_id(app: Flask, alice: Api) -> str:
    made = str(make_agent(alice, execution_endpoint=ENDPOINT)["id"])
    with app.app_context(), writing():
        agent = db.session.get_one(Agent, UUID(made))
        for _ in range(FAILURES_TO_UNHEALTHY):
            note_failure(agent, "It answered 500.", at_least_seconds=0)
    return made


def health_of(alice: Api, agent_id: str) -> Any:
    agent: Any = alice.get(f"/agents/{agent_id}").json
    return agent["endpoint_health"]


def test_an_agent_without_an_endpoint_has_no_health(alice: Api) -> None:
    assert make_agent(alice)["endpoint_health"] is None


def test_a_new_endpoint_is_healthy(alice: Api) -> None:
    assert make_agent(alice, execution_endpoint=ENDPOINT)["endpoint_health"] == {
        "status": "healthy",
        "consecutive_failures": 0,
        "unhealthy_since": None,
        "next_call_at": None,
        "last_error": None,
    }


def test_one_that_keeps_failing_says_since_when_and_when_it_is_called_next(
    alice: Api, failing_id: str
) -> None:
    health = health_of(alice, failing_id)
    assert (health["status"], health["consecutive_failures"]) == ("unhealthy", 5)
    assert health["last_error"] == "It answered 500."
    assert health["unhealthy_since"] < health["next_call_at"]


def test_a_new_endpoint_or_the_same_again_begins_healthy(alice: Api, failing_id: str) -> None:
    alice.patch(f"/agents/{failing_id}", {"execution_endpoint": ENDPOINT})
    assert health_of(alice, failing_id)["status"] == "healthy"


def test_health_is_echoed_without_effect(alice: Api, failing_id: str) -> None:
    health = health_of(alice, failing_id)
    echoed = {"name": "x", "endpoint_health": {**health, "status": "healthy"}}
    assert alice.patch(f"/agents/{failing_id}", echoed).status_code == 200
    assert health_of(alice, failing_id) == health


def test_the_list_is_filtered_by_health(alice: Api, failing_id: str) -> None:
    healthy = make_agent(alice, execution_endpoint=ENDPOINT)["id"]
    make_agent(alice)
    for status, expected in (("unhealthy", failing_id), ("healthy", healthy)):
        found: Any = alice.get(f"/agents?endpoint_health={status}").json
        assert [item["id"] for item in found["items"]] == [expected]
    assert_problem(alice.get("/agents?endpoint_health=poorly"), 400, "invalid_request")
