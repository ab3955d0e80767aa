"""Resume URLs: workflows that wait elsewhere are told of decisions, once, by a real worker."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_client import verify_call
from opensink_web.models import (
    AgentSession,
    Delivery,
    DeliveryAttempt,
    DeliveryKind,
    DeliveryStatus,
    InputRequest,
    Workspace,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.decisions.withdrawal import cancel
from opensink_web.operations.deliveries.delivery import redeliver
from opensink_web.operations.deliveries.redelivery import try_now
from tests.api.conftest import Api, made
from tests.conftest import Cast
from tests.support.http_server import HttpServer, Received, Reply
from tests.support.real_servers import AgentEndpoint
from tests.support.scenarios import Waiting, answer

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]
Work = Callable[[], None]


@dataclass
class Workflow(HttpServer):
    """Waits at secret addresses, each of which goes on once: what comes again is told 409."""

    calls: list[Received] = field(default_factory=list)
    resumed: dict[str, Any] = field(default_factory=dict)
    failures: int = 0

    def respond(self, received: Received) -> Reply:
        self.calls.append(received)
        if received.path in self.resumed:
            return Reply(409, b'{"message": "The execution has finished already."}')
        self.resumed[received.path] = received.body
        if self.failures:  # it went on, and says so to nobody
            self.failures -= 1
            return Reply(502, f"bad gateway for {received.path}".encode())
        return Reply(200, b"{}")


def asked(app: Flask, cast: Cast, url: str, **fields: Any) -> Any:
    body = {"title": "Refund?", "agent": "Shop", "resume": {"url": url, **fields.pop("resume", {})}}
    return made(Api(app, cast.alice.headers).post("/ask", body | fields))


def answered(app: Flask, cast: Cast, question: Any, approved: bool = True) -> None:
    with app.app_context():
        ids = (question["agent_id"], question["session_id"], question["id"])
        answer(cast.bob, Waiting(*map(UUID, ids)), approved)


def session_status(app: Flask, question: Any) -> str:
    with app.app_context():
        return db.session.get_one(AgentSession, UUID(question["session_id"])).status.value


def kept(app: Flask) -> list[DeliveryAttempt]:
    with app.app_context():
        return list(db.session.scalars(select(DeliveryAttempt).order_by(DeliveryAttempt.number)))


def test_a_workflow_is_told_at_its_own_address(app: Flask, cast: Cast, work: Work) -> None:
    template = {"data": {"ok": "{{response/approved}}"}, "by": "{{by}}"}
    headers = {"Authorization": "Bearer workflow-secret-1"}
    with Workflow() as workflow:
        url = f"{workflow.origin}/webhook-waiting/9137-secret?signature=s3cr3t-of-n8n"
        question = asked(app, cast, url, resume={"body": template, "headers": headers})
        assert session_status(app, question) == "waiting_for_input"
        answered(app, cast, question)
        work()

    (call,) = workflow.calls
    assert (call.method, call.path) == (
        "POST",
        "/webhook-waiting/9137-secret?signature=s3cr3t-of-n8n",
    )
    assert call.body == {"data": {"ok": True}, "by": "bob@example.com"}
    assert call.headers["authorization"] == "Bearer workflow-secret-1"
    assert call.headers["x-opensink-outcome"] == "answered"
    assert call.headers["x-opensink-request-id"] == question["id"]
    # whoever asks says where it goes, and is not told what all agents believe
    assert "x-opensink-secret" not in call.headers
    verify_call(call.headers, call.raw, signing_secret=question["signing_secret"])
    assert session_status(app, question) == "completed"
    (attempt,) = kept(app)
    with app.app_context():
        attempt = db.session.merge(attempt)
        assert attempt.url == f"{workflow.origin}/…"
        said = json.dumps([attempt.request_headers, attempt.request_body])
    assert "workflow-secret-1" not in said
    assert "9137-secret" not in said


def test_all_is_told_without_a_template(app: Flask, cast: Cast, work: Work) -> None:
    with Workflow() as workflow:
        question = asked(app, cast, f"{workflow.origin}/kickoff/resume/4711-abcdef")
        with app.app_context(), writing():
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            cancel(workspace, UUID(question["id"]), "No longer needed.")
        work()
    assert [call.body for call in workflow.calls] == [
        {
            "request_id": question["id"],
            "session_id": question["session_id"],
            "outcome": "cancelled",
            "response": None,
            "reason": "No longer needed.",
            "by": None,
        }
    ]
    assert session_status(app, question) == "completed"


def test_who_went_on_and_did_not_say_so_goes_on_once(app: Flask, cast: Cast, work: Work) -> None:
    with Workflow(failures=1) as workflow:
        question = asked(
            app,
            cast,
            f"{workflow.origin}/api/v1/waitpoints/tokens/waitpoint_1234567/complete",
            resume={"retry": {"max_attempts": 2, "backoff": {"initial_seconds": 1}}},
        )
        answered(app, cast, question)
        work()
        _due_now(app, cast)
        work()
    assert len(workflow.resumed) == 1
    first, second = workflow.calls
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert session_status(app, question) == "completed"
    attempts = kept(app)
    with app.app_context():
        bodies = [db.session.merge(each).response_body or "" for each in attempts]
    assert [each.response_status for each in attempts] == [502, 409]
    # what it sends back of the secret address is not kept
    assert "waitpoint_1234567" not in "".join(bodies)


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ((409, 409), "failed"),
        ((502, 409), "completed"),
        ((401, 409), "failed"),
        ((0, 409), "failed"),
    ],
)
def test_a_conflict_is_a_success_only_if_the_call_before_may_have_arrived(
    app: Flask, cast: Cast, work: Work, statuses: tuple[int, int], outcome: str
) -> None:
    retry = {"max_attempts": 2, "backoff": {"initial_seconds": 1}}
    with AgentEndpoint(status=statuses[0]) as endpoint, AgentEndpoint() as gone:
        port = gone.origin.rpartition(":")[2]
        url = f"http://127.0.0.1:{port}/resume/abcdefgh" if statuses[0] == 0 else endpoint.url
        question = asked(app, cast, url, resume={"retry": retry})
        answered(app, cast, question)
        gone.__exit__(None, None, None)
        work()
        endpoint.status = statuses[1]
        if statuses[0] == 0:
            _move_to(app, question, endpoint.url)
        _due_now(app, cast)
        work()
        assert session_status(app, question) == outcome
        if outcome == "failed":  # by hand, it says the same again
            with app.app_context(), writing():
                workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
                redeliver(workspace, db.session.scalars(select(Delivery.id)).one())
            work()
            _due_now(app, cast)
            work()
            assert session_status(app, question) == "failed"
    assert len(kept(app)) == (4 if outcome == "failed" else 2)


def test_a_body_that_is_too_large_is_not_sent(app: Flask, cast: Cast, work: Work) -> None:
    with Workflow() as workflow:
        schema = {"type": "object", "properties": {"text": {"type": "string"}}}
        body = ["{{response}}"] * 100
        resume = {"body": body, "retry": {"max_attempts": 5}}
        question = asked(app, cast, f"{workflow.origin}/w/abc", schema=schema, resume=resume)
        resolved = Api(app, cast.alice.headers).post(
            f"/agent-session-input-requests/{question['id']}/resolve",
            {"response": {"text": "x" * 60_000}},
        )
        assert resolved.status_code == 200, resolved.text
        work()
    assert workflow.calls == []
    assert session_status(app, question) == "failed"
    with app.app_context():
        delivery = db.session.scalars(select(Delivery)).one()
        assert delivery.status is DeliveryStatus.FAILED
        assert "larger than 4 MiB" in (delivery.error_message or "")


def test_an_address_that_refuses_at_once_has_failed(app: Flask, cast: Cast, work: Work) -> None:
    with AgentEndpoint(status=409) as endpoint:
        question = asked(app, cast, endpoint.url, resume={"retry": {"max_attempts": 1}})
        answered(app, cast, question)
        work()
        assert session_status(app, question) == "failed"
        with app.app_context():
            delivery = db.session.scalars(select(Delivery)).one()
            assert delivery.kind is DeliveryKind.RESUME
            assert "The resume URL answered 409" in (delivery.error_message or "")
            endpoint.status = 200
            with writing():
                workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
                redeliver(workspace, delivery.id)
        assert session_status(app, question) == "processing_input"
        work()
    assert session_status(app, question) == "completed"


def test_it_waits_for_no_endpoint_that_is_unhealthy(app: Flask, cast: Cast, work: Work) -> None:
    alice = Api(app, cast.alice.headers)
    dead = {"url": "http://127.0.0.1:9/execute"}
    made(alice.post("/agents", {"name": "Shop", "execution_endpoint": dead}))
    with Workflow() as workflow:
        for _ in range(6):  # its own calls fail until it counts as unhealthy
            plain = made(alice.post("/ask", {"title": "Refund?", "agent": "Shop"}))
            answered(app, cast, plain)
            work()
        question = asked(app, cast, f"{workflow.origin}/wait/abcdefgh")
        answered(app, cast, question)
        work()
    assert [call.path for call in workflow.calls] == ["/wait/abcdefgh"]
    with app.app_context():
        request = db.session.get_one(InputRequest, UUID(question["id"]))
        assert request.agent is not None
        assert request.agent.endpoint_unhealthy_since is not None


def test_a_secret_of_the_answer_is_sent_and_not_kept(app: Flask, cast: Cast, work: Work) -> None:
    schema = {
        "type": "object",
        "properties": {
            "approved": {"type": "boolean"},
            "pin": {"const": "837465", "writeOnly": True},
        },
    }
    with Workflow() as workflow:
        question = asked(
            app,
            cast,
            f"{workflow.origin}/w/abcdefgh",
            schema=schema,
            resume={"body": {"code": "{{response/pin}}"}},
        )
        alice = Api(app, cast.alice.headers)
        resolved = alice.post(
            f"/agent-session-input-requests/{question['id']}/resolve",
            {"response": {"approved": True, "pin": "837465"}},
        )
        assert resolved.status_code == 200, resolved.text
        work()
    assert workflow.calls[0].body == {"code": "837465"}
    (attempt,) = kept(app)
    with app.app_context():
        assert "837465" not in (db.session.merge(attempt).request_body or "")


def _due_now(app: Flask, cast: Cast) -> None:
    with app.app_context(), writing():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        for delivery_id in db.session.scalars(select(Delivery.id)).all():
            try_now(workspace, delivery_id)


def _move_to(app: Flask, question: Any, url: str) -> None:
    """Have a workflow that was not there come up at last, at a port of its own."""
    with app.app_context(), writing():
        request = db.session.get_one(InputRequest, UUID(question["id"]))
        request.resume = {**(request.resume or {}), "url": url}


def test_what_is_asked_instead_has_the_proposal_and_the_secret(
    app: Flask, cast: Cast, work: Work
) -> None:
    alice = Api(app, cast.alice.headers)
    with Workflow() as workflow:
        question = asked(app, cast, f"{workflow.origin}/w/abcdefgh", proposal={"amount": 7})
        path = f"/agent-session-input-requests/{question['id']}/supersede"
        revision = made(alice.post(path, {"title": "Refund 7?"}))
        assert revision["proposed_response"] == {"amount": 7}
        resolve = f"/agent-session-input-requests/{revision['id']}/resolve"
        assert alice.post(resolve, {"response": {"amount": 7}}).status_code == 200
        work()
    (call,) = workflow.calls
    verify_call(call.headers, call.raw, signing_secret=question["signing_secret"])
    assert alice.read(f"/ask/{revision['id']}")["signing_secret"] == question["signing_secret"]
