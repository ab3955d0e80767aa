"""An agent asks two things in one session: its status says at each moment what goes on."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from tests.api.conftest import Api, made, make_agent, question, start_session
from tests.conftest import Cast
from tests.support.real_servers import AgentEndpoint

pytestmark = pytest.mark.server


class Desk:
    """A client of the API with an agent that has asked two things."""

    def __init__(self, api: Api, endpoint_url: str | None, work: Callable[[], None]) -> None:
        self.api, self.work = api, work
        endpoint = {"url": endpoint_url} if endpoint_url else None
        agent = make_agent(api, execution_endpoint=endpoint)
        session = start_session(api, agent["id"])
        self._agent, self._session = f"/agents/{agent['id']}", f"/agent-sessions/{session['id']}"
        self.first, self.second = (
            made(api.post("/agent-session-input-requests", question(session, key=key)))["id"]
            for key in ("first", "second")
        )

    def answer(self, request_id: str) -> None:
        address = f"/agent-session-input-requests/{request_id}/resolve"
        assert self.api.post(address, {"response": {"approved": True}}).status_code == 200

    def say(self, **changes: Any) -> None:
        assert self.api.patch(self._session, changes).status_code == 200

    @property
    def status(self) -> str:
        """The session's, which the agent has too."""
        session, agent = self.api.read(self._session), self.api.read(self._agent)
        assert agent["status"] == session["status"]
        return str(session["status"])

    @property
    def error(self) -> str | None:
        error: str | None = self.api.read(self._session)["error_message"]
        return error

    def failed_delivery(self) -> str:
        (failed,) = self.api.read("/deliveries?status=failed")["items"]
        return str(failed["id"])


@pytest.fixture
def endpoint() -> Iterator[AgentEndpoint]:
    with AgentEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
def desk(app: Flask, cast: Cast, work: Callable[[], None], endpoint: AgentEndpoint) -> Desk:
    return Desk(Api(app, cast.alice.headers), endpoint.url, work)


def test_it_waits_again_once_the_agent_was_called(desk: Desk) -> None:
    assert desk.status == "waiting_for_input"
    desk.answer(desk.first)
    assert desk.status == "processing_input"
    desk.work()
    assert desk.status == "waiting_for_input"
    desk.answer(desk.second)
    assert desk.status == "processing_input"
    desk.work()
    assert desk.status == "processing_input"


def test_while_a_call_is_owed_it_does_not_say_that_it_waits(desk: Desk, app: Flask) -> None:
    desk.answer(desk.first)
    desk.answer(desk.second)
    assert desk.status == "processing_input"
    desk.work()
    assert desk.status == "processing_input"


def test_a_failed_call_leaves_it_waiting_and_says_why(desk: Desk, endpoint: AgentEndpoint) -> None:
    endpoint.status = 500
    desk.answer(desk.first)
    desk.work()
    assert desk.status == "waiting_for_input"
    assert "500" in str(desk.error)
    endpoint.status = 200
    desk.answer(desk.second)
    assert (desk.status, desk.error) == ("processing_input", None)
    desk.work()
    assert desk.status == "processing_input"


def test_the_failed_call_can_be_made_again_meanwhile(desk: Desk, endpoint: AgentEndpoint) -> None:
    endpoint.status = 500
    desk.answer(desk.first)
    desk.work()
    endpoint.status = 200
    assert desk.api.post(f"/deliveries/{desk.failed_delivery()}/redeliver", {}).status_code == 200
    assert (desk.status, desk.error) == ("processing_input", None)
    desk.work()
    assert desk.status == "waiting_for_input"


def test_a_failed_call_ends_it_when_nobody_is_asked_any_more(
    desk: Desk, endpoint: AgentEndpoint
) -> None:
    desk.answer(desk.first)
    desk.work()
    endpoint.status = 500
    desk.answer(desk.second)
    desk.work()
    assert desk.status == "failed"
    assert "500" in str(desk.error)


@pytest.mark.parametrize("said", ["running", "completed", "failed"])
def test_what_the_agent_says_meanwhile_stands(desk: Desk, said: str) -> None:
    desk.answer(desk.first)
    desk.say(status=said)
    desk.work()
    assert desk.status == said


def test_an_agent_that_is_not_called_waits_for_the_other(
    app: Flask, cast: Cast, work: Callable[[], None]
) -> None:
    desk = Desk(Api(app, cast.alice.headers), None, work)
    desk.answer(desk.first)
    assert desk.status == "waiting_for_input"
    desk.answer(desk.second)
    assert desk.status == "processing_input"
