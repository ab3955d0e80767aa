"""From the answer to the endpoint and back, through a real queue, a real worker and real HTTP."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web.models import Agent, AgentSession, Delivery, Workspace, db
from opensink_web.models.transaction import notify_after_commit, writing
from tests.conftest import Cast
from tests.support.real_servers import AgentEndpoint
from tests.support.scenarios import Waiting, answer, ask_in, endpoint_at

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]


def answered(app: Flask, cast: Cast, url: str, timeout_seconds: float = 5) -> Waiting:
    with app.app_context():
        waiting = ask_in(cast.alice, endpoint_at(url, timeout_seconds=timeout_seconds))
        answer(cast.bob, waiting)
        return waiting


def outcome(app: Flask, waiting: Waiting) -> tuple[str, str, str, str]:
    """Return the statuses of delivery, session and agent, and the reason."""
    with app.app_context():
        delivery = db.session.scalars(select(Delivery)).one()
        session = db.session.get_one(AgentSession, waiting.session_id)
        agent = db.session.get_one(Agent, waiting.agent_id)
        return delivery.status, session.status, agent.status or "", session.error_message or ""


def test_calls_the_endpoint_as_the_contract_says(
    app: Flask, cast: Cast, work: Callable[[], None]
) -> None:
    with AgentEndpoint() as endpoint:
        waiting = answered(app, cast, endpoint.url)
        work()

    (call,) = endpoint.calls
    with app.app_context():
        secret = db.session.get_one(Workspace, cast.alice.workspace_id).execution_secret
        delivery = db.session.scalars(select(Delivery)).one()
    assert call.method == "POST"
    assert call.body == {
        "session_id": str(waiting.session_id),
        "request_id": str(waiting.request_id),
        "outcome": "answered",
    }
    assert call.headers["content-type"] == "application/json"
    assert call.headers["x-opensink-session-id"] == str(waiting.session_id)
    assert call.headers["x-opensink-request-id"] == str(waiting.request_id)
    assert call.headers["x-opensink-outcome"] == "answered"
    assert call.headers["x-opensink-secret"] == secret
    assert call.headers["webhook-id"] == str(delivery.id)
    assert outcome(app, waiting)[:2] == ("succeeded", "processing_input")


def test_a_500_fails_session_and_agent(app: Flask, cast: Cast, work: Callable[[], None]) -> None:
    with AgentEndpoint(status=500) as endpoint:
        waiting = answered(app, cast, endpoint.url)
        work()
    reason = "The execution endpoint answered 500 Internal Server Error."
    assert outcome(app, waiting) == ("failed", "failed", "failed", reason)


def test_a_timeout_fails_session_and_agent(
    app: Flask, cast: Cast, work: Callable[[], None]
) -> None:
    with AgentEndpoint(delay_seconds=1.5) as endpoint:
        waiting = answered(app, cast, endpoint.url, timeout_seconds=1)
        work()
        status, session, agent, reason = outcome(app, waiting)
    assert (status, session, agent) == ("failed", "failed", "failed")
    assert "did not answer within 1 s" in reason


def test_a_refused_connection_fails_session_and_agent(
    app: Flask, cast: Cast, work: Callable[[], None]
) -> None:
    waiting = answered(app, cast, "http://127.0.0.1:9/execute")
    work()
    status, session, agent, reason = outcome(app, waiting)
    assert (status, session, agent) == ("failed", "failed", "failed")
    assert "127.0.0.1:9" in reason


def test_woken_for_twice_it_is_called_once(
    app: Flask, cast: Cast, work: Callable[[], None]
) -> None:
    with AgentEndpoint() as endpoint:
        waiting = answered(app, cast, endpoint.url)
        work()
        with app.app_context(), writing():
            notify_after_commit(Delivery, waiting.agent_id)
        work()
        assert len(endpoint.calls) == 1


def test_a_job_for_a_deleted_delivery_does_nothing(
    app: Flask, cast: Cast, work: Callable[[], None]
) -> None:
    with AgentEndpoint() as endpoint:
        waiting = answered(app, cast, endpoint.url)
        with app.app_context():
            db.session.delete(db.session.get_one(Agent, waiting.agent_id))
            db.session.commit()
        work()
        assert endpoint.calls == []
