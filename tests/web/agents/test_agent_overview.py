"""An agent's page opens with how it is, what waits, what it asked lately and the calls to it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from opensink_web.models import Agent, db
from opensink_web.models.transaction import writing
from opensink_web.operations.deliveries.success import call_record_of
from tests.conftest import Cast
from tests.support.review_cases import answer_and_call, ask_again, words_of
from tests.support.scenarios import ENDPOINT, SCHEMA, Waiting, ask_in
from tests.support.statements import statements


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Waiting:
    with app.app_context():
        return ask_in(cast.alice, ENDPOINT)


@pytest.fixture
def page(waiting: Waiting) -> str:
    return f"/w/main/admin/agents/{waiting.agent_id}"


def test_tells_what_waits(alice: FlaskClient, waiting: Waiting, page: str) -> None:
    html = alice.get(page).text
    assert "Health Healthy It has not been called yet." in words_of(html)
    assert "Waiting for people All 1" in words_of(html)
    assert f"/w/main/requests/{waiting.request_id}" in html


def test_tells_what_was_decided_and_how_the_calls_went(
    app: Flask, cast: Cast, alice: FlaskClient, waiting: Waiting, page: str
) -> None:
    ask_again(app, waiting, "And sell?", SCHEMA)
    delivery_id = answer_and_call(app, cast, waiting, 500)
    html = alice.get(page).text
    words = words_of(html)
    assert "Calls that succeeded 0 % of the last one" in words
    assert "Decided lately" in words
    assert "by bob@example.com" in words
    assert "And sell?" in words
    assert f"/w/main/deliveries/{delivery_id}" in html
    assert "Deliver the failed call again?" in words


def test_an_endpoint_that_fails_is_seen_at_once(
    app: Flask, alice: FlaskClient, waiting: Waiting, page: str
) -> None:
    with app.app_context(), writing():
        db.session.execute(update(Agent).values(endpoint_unhealthy_since=Agent.created_at))
    assert "Health Unhealthy" in words_of(alice.get(page).text)


def test_no_failure_is_rounded_away(app: Flask, cast: Cast, waiting: Waiting) -> None:
    with app.app_context():
        assert call_record_of(waiting.agent_id).success_percent is None
    answer_and_call(app, cast, waiting, 200)
    with app.app_context():
        record = call_record_of(waiting.agent_id)
        assert (record.success_percent, record.ended_count, record.last_failure_at) == (
            100,
            1,
            None,
        )
        assert record.last_success_at is not None


def test_costs_the_same_however_much_was_asked(
    app: Flask, alice: FlaskClient, waiting: Waiting, page: str
) -> None:
    counts = []
    for _ in range(2):
        for _ in range(2):
            ask_again(app, waiting, "More?", SCHEMA)
        alice.get(page)
        with statements(app) as said:
            alice.get(page)
        counts.append(len(said))
    assert counts[0] == counts[1]


def test_its_description_stands_beside_what_it_asks(
    app: Flask, bob: FlaskClient, waiting: Waiting
) -> None:
    with app.app_context(), writing():
        db.session.execute(update(Agent).values(description="Buys **good** <b>shares</b>."))
    html = bob.get(f"/w/main/requests/{waiting.request_id}").text
    shown = "<p>Buys <strong>good</strong> &lt;b&gt;shares&lt;/b&gt;.</p>"
    assert f'<div class="about-asker"><div class="markdown" hx-disable>{shown}' in html
