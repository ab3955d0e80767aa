"""Test calls: an agent's endpoint is called once, and the page shows what came back."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web import clock
from tests.conftest import Cast
from tests.support.agent_cases import FORM, PAGE, SECRET, ids_of_test_calls, made
from tests.support.deliveries import deliver
from tests.support.polling import asked_by_itself
from tests.support.real_servers import AgentEndpoint


@pytest.fixture
def agent_id(app: Flask, cast: Cast) -> UUID:
    return made(app, cast.alice.workspace_id, "Invoices")


@pytest.fixture
def page(agent_id: UUID) -> str:
    return f"{PAGE}/{agent_id}"


def test_saving_can_send_a_test_call(app: Flask, alice: FlaskClient, page: str) -> None:
    answer = alice.post(f"{page}/endpoint", data=FORM | {"then": "test"})
    (delivery_id,) = ids_of_test_calls(app)
    assert answer.location == f"{page}?test={delivery_id}#test-call"


def test_a_test_call_without_an_endpoint_says_so(app: Flask, alice: FlaskClient, page: str) -> None:
    assert alice.post(f"{page}/endpoint/test").location == page
    assert "The agent has no execution endpoint to test." in alice.get(page).text
    assert ids_of_test_calls(app) == []


def test_a_waiting_test_call_asks_again_and_is_answered_only_with_news(
    app: Flask, alice: FlaskClient, page: str
) -> None:
    alice.post(f"{page}/endpoint", data=FORM)
    place = alice.post(f"{page}/endpoint/test").location.partition("#")[0]
    text = alice.get(place).text
    assert "The call is about to be made." in text
    assert "No worker is running" in text
    assert f'href="{place}"' in text, "without a fragment, which alone would load nothing"

    again = asked_by_itself(text)[0]
    htmx = {"HX-Request": "true"}
    assert alice.get(again, headers=htmx).status_code == 204
    fragment = alice.get(place, headers=htmx).text
    assert "The call is about to be made." in fragment
    assert "<html" not in fragment


def test_a_test_call_shows_what_was_sent_and_what_came_back(
    app: Flask, alice: FlaskClient, page: str
) -> None:
    with AgentEndpoint(body=b'{"hello": "<reviewer>"}') as agent:
        data = FORM | SECRET | {"url": agent.url, "then": "test"}
        place = alice.post(f"{page}/endpoint", data=data).location.partition("#")[0]
        with app.app_context():
            deliver(ids_of_test_calls(app)[0])
        assert agent.calls[0].body["task"] == "go"
        assert agent.calls[0].headers["authorization"] == "Bearer of news"
    text = alice.get(place).text
    part = text[text.index('id="test-call"') :]
    assert "The endpoint answered 200." in part
    assert f"POST {agent.url}" in part
    assert "Authorization: ••••" in part
    assert "X-OpenSink-Secret: ••••" in part
    assert "127.0.0.1" in part
    assert "&lt;reviewer&gt;" in part
    assert "Bearer of news" not in text
    assert "hx-trigger" not in part, "it is over"


def test_a_test_call_that_fails_says_why(app: Flask, alice: FlaskClient, page: str) -> None:
    with AgentEndpoint(status=500, body=b"oh no") as agent:
        data = FORM | {"url": agent.url, "then": "test"}
        place = alice.post(f"{page}/endpoint", data=data).location.partition("#")[0]
        with app.app_context():
            deliver(ids_of_test_calls(app)[0])
    text = alice.get(place).text
    assert "The execution endpoint answered 500" in text
    assert "oh no" in text


def test_a_test_call_to_nobody_says_so_in_words(app: Flask, alice: FlaskClient, page: str) -> None:
    with AgentEndpoint() as gone:
        pass
    data = FORM | {"url": gone.url, "then": "test", "max_attempts": "2"}
    place = alice.post(f"{page}/endpoint", data=data).location.partition("#")[0]
    with app.app_context():
        deliver(ids_of_test_calls(app)[0])
    text = alice.get(place).text
    assert "Attempt 1 of 2 failed. The next one follows." in text
    assert "No answer" in text


def test_only_a_test_of_this_agent_is_shown(
    app: Flask, cast: Cast, alice: FlaskClient, page: str
) -> None:
    other = f"{PAGE}/{made(app, cast.alice.workspace_id, 'Other')}"
    alice.post(f"{page}/endpoint", data=FORM | {"then": "test"})
    assert alice.get(f"{other}?test={ids_of_test_calls(app)[0]}").status_code == 404
    assert alice.get(f"{page}?test={uuid4()}").status_code == 404
    assert alice.get(f"{page}?test=x").status_code == 200


def test_a_late_test_call_says_that_it_waits(
    app: Flask, alice: FlaskClient, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = alice.post(f"{page}/endpoint", data=FORM | {"then": "test"})
    place = answer.location.partition("#")[0]
    version = re.findall(r"version=(\w+)", alice.get(place).text)[0]
    later = clock.now() + timedelta(seconds=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    again = alice.get(f"{place}&version={version}", headers={"HX-Request": "true"})
    assert again.status_code == 200
