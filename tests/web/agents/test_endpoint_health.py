"""An endpoint that keeps failing is shown wherever somebody would wonder where an answer stays."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.models import Agent, Delivery, db
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.endpoint_health import FAILURES_TO_UNHEALTHY, note_failure
from tests.conftest import Cast
from tests.support.scenarios import Waiting, answer, ask_in, endpoint_at

REASON = "The last 5 calls to the agent&#39;s endpoint failed"


@pytest.fixture
def held_back(app: Flask, cast: Cast) -> Iterator[Waiting]:
    """An answer whose agent has an endpoint that is not called for a while."""
    with app.app_context():
        waiting = ask_in(cast.alice, endpoint_at("http://127.0.0.1:9/execute"))
        answer(cast.bob, waiting)
        with writing():
            agent = db.session.get_one(Agent, waiting.agent_id)
            for _ in range(FAILURES_TO_UNHEALTHY):
                note_failure(agent, "Nothing is listening at port 9.", at_least_seconds=600)
        yield waiting


def test_the_agents_page_says_why_and_what_to_do(alice: FlaskClient, held_back: Waiting) -> None:
    text = alice.get(f"/w/main/admin/agents/{held_back.agent_id}").text
    assert "The last 5 calls to this endpoint failed." in text
    assert "<p>Nothing is listening at port 9.</p>" in text
    assert "A test call is made at once" in text


def test_the_list_of_agents_marks_it(alice: FlaskClient, held_back: Waiting) -> None:
    assert "Endpoint unhealthy" in alice.get("/w/main/admin/agents").text


@pytest.mark.parametrize("page", ["requests", "sessions", "deliveries"])
def test_the_pages_of_the_answer_say_why_it_has_not_arrived(
    bob: FlaskClient, held_back: Waiting, page: str
) -> None:
    ids = {"requests": held_back.request_id, "sessions": held_back.session_id}
    delivery_id = db.session.query(Delivery.id).scalar()
    text = bob.get(f"/w/main/{page}/{ids.get(page, delivery_id)}").text
    assert REASON in text


def test_a_healthy_endpoint_is_not_spoken_of(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, endpoint_at("http://127.0.0.1:9/execute"))
    assert (
        "calls to this endpoint" not in alice.get(f"/w/main/admin/agents/{waiting.agent_id}").text
    )
    assert "unhealthy" not in alice.get("/w/main/admin/agents").text
