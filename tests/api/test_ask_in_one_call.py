"""POST /ask, GET /ask/{id}, POST /ask/{id}/cancel: a question without an agent or a session."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from opensink_web.models import AgentSession, InputRequest, db
from tests.api.conftest import NOWHERE, Api, Apis, assert_problem, key_with, made
from tests.conftest import Cast

HERE = "http://127.0.0.1/x"
QUESTIONS = "/agent-session-input-requests"


def test_makes_agent_and_session(alice: Api) -> None:
    first = made(alice.post("/ask", {"title": "Refund?", "agent": "Shop workflow"}))
    second = made(alice.post("/ask", {"title": "Refund?", "agent": "shop  Workflow!"}))

    assert first["agent_id"] == second["agent_id"]
    assert first["session_id"] != second["session_id"]
    assert first["url"].endswith(f"/requests/{first['id']}")
    assert (first["status"], first["outcome"], first["signing_secret"]) == ("pending", None, None)
    request = alice.read(f"{QUESTIONS}/{first['id']}")
    assert (request["key"], request["message"], request["resume"]) == ("ask", "", None)
    assert request["schema"]["properties"].keys() == {"approved"}
    assert alice.read(f"/agents/{first['agent_id']}")["name"] == "Shop workflow"


def test_the_key_is_who_asks_unless_it_says_so(app: Flask, alice: Api) -> None:
    key = key_with(alice, app, "asks:all")
    question = made(key.post("/ask", {"title": "Refund?"}))
    assert alice.read(f"/agents/{question['agent_id']}")["name"] == "narrow"


def test_without_a_schema_the_proposal_makes_one(alice: Api) -> None:
    proposal = {
        "amount": 100,
        "lines": [{"sku": "a"}, {"sku": "b"}],
        "mixed": [1, "x"],
        "note": None,
    }
    question = made(alice.post("/ask", {"title": "Refund?", "proposal": proposal}))
    request = alice.read(f"{QUESTIONS}/{question['id']}")
    assert request["proposed_response"] == proposal
    changed = proposal | {"amount": 99.5}
    wrong = alice.post(f"{QUESTIONS}/{question['id']}/resolve", {"response": changed | {"x": 1}})
    assert_problem(wrong, 400, "invalid_response")
    resolved = alice.post(f"{QUESTIONS}/{question['id']}/resolve", {"response": changed})
    assert resolved.status_code == 200, resolved.text

    outcome = alice.read(f"/ask/{question['id']}?wait=10")
    assert (outcome["status"], outcome["outcome"]) == ("resolved", "answered")
    assert (outcome["response"], outcome["edited"]) == (changed, ["/amount"])
    assert outcome["by"] == "alice@example.com"


def test_the_session_ends_with_the_question(app: Flask, alice: Api) -> None:
    question = made(alice.post("/ask", {"title": "Refund?"}))
    declined = alice.post(f"{QUESTIONS}/{question['id']}/decline", {"reason": "Too late."})
    assert declined.status_code == 200, declined.text
    outcome = alice.read(f"/ask/{question['id']}")
    assert (outcome["outcome"], outcome["reason"]) == ("declined", "Too late.")
    with app.app_context():
        session = db.session.get_one(AgentSession, UUID(question["session_id"]))
        assert session.status == "completed"


def test_the_session_goes_on_while_somebody_else_is_asked_in_it(app: Flask, alice: Api) -> None:
    question = made(alice.post("/ask", {"title": "Refund?"}))
    names = ("session_id", "agent_id")
    body = {name: question[name] for name in names} | {"key": "k", "title": "?", "message": ""}
    other = made(alice.post(QUESTIONS, body | {"schema": {"type": "object"}}))
    alice.post(f"{QUESTIONS}/{question['id']}/resolve", {"response": {"approved": True}})
    assert alice.read(f"{QUESTIONS}/{other['id']}")["status"] == "pending"
    session = alice.read(f"/agent-sessions/{question['session_id']}")
    assert session["status"] == "waiting_for_input"


def test_can_be_cancelled(alice: Api) -> None:
    question = made(alice.post("/ask", {"title": "Refund?"}))
    cancelled = alice.post(f"/ask/{question['id']}/cancel", {"reason": "Gone."})
    assert cancelled.status_code == 200, cancelled.text
    assert (cancelled.json or {})["outcome"] == "cancelled"
    assert_problem(alice.post(f"/ask/{question['id']}/cancel", {}), 409, "conflict")


def test_a_key_that_may_ask_reads_its_own_answers_and_nothing_else(app: Flask, alice: Api) -> None:
    key, other = (key_with(alice, app, "asks:all") for _ in range(2))
    question = made(key.post("/ask", {"title": "Refund?"}))
    assert key.read(f"/ask/{question['id']}")["id"] == question["id"]
    assert_problem(other.get(f"/ask/{question['id']}"), 404, "not_found")
    assert_problem(other.post(f"/ask/{question['id']}/cancel", {}), 404, "not_found")
    theirs = made(alice.post("/ask", {"title": "Refund?"}))
    assert_problem(key.get(f"/ask/{theirs['id']}"), 404, "not_found")
    for path in (QUESTIONS, f"{QUESTIONS}/{theirs['id']}", "/agents", "/deliveries"):
        assert_problem(key.get(path), 403, "permission_missing")
    # as the clients do that wait for it
    assert key.read(f"{QUESTIONS}/{question['id']}?wait=0")["status"] == "pending"
    assert_problem(other.get(f"{QUESTIONS}/{question['id']}"), 403, "permission_missing")
    response = {"response": {"approved": True}}
    resolving = key.post(f"{QUESTIONS}/{question['id']}/resolve", response)
    assert_problem(resolving, 403, "permission_missing")
    # who administers the workspace sees all of it
    assert alice.read(f"/ask/{question['id']}")["id"] == question["id"]


def test_who_may_read_requests_withdraws_none(app: Flask, alice: Api) -> None:
    reader = key_with(alice, app, "asks:all", "agent_session_input_requests:read")
    question = made(alice.post("/ask", {"title": "Refund?"}))
    assert reader.read(f"/ask/{question['id']}")["id"] == question["id"]
    assert_problem(reader.post(f"/ask/{question['id']}/cancel", {}), 404, "not_found")


def test_two_keys_hear_nothing_of_each_other_by_one_idempotency_key(app: Flask, alice: Api) -> None:
    first, second = (key_with(alice, app, "asks:all") for _ in range(2))
    once, body = {"Idempotency-Key": "the-same"}, {"title": "Refund?", "agent": "Shop"}
    question = made(first.post("/ask", body, once))
    assert made(first.post("/ask", body, once)) == question
    assert second.post("/ask", body, once).status_code == 409


def test_a_key_that_may_only_ask_has_no_endpoint_called(app: Flask, alice: Api) -> None:
    endpoint = {"url": "http://127.0.0.1:9/execute"}
    made(alice.post("/agents", {"name": "Shop", "execution_endpoint": endpoint}))
    key = key_with(alice, app, "asks:all")
    for fields in ({}, {"resume": {"url": HERE}}):
        body = {"title": "Refund?", "agent": "shop", **fields}
        assert_problem(key.post("/ask", body), 403, "permission_missing")
    assert alice.read(QUESTIONS)["items"] == []
    made(key.post("/ask", {"title": "Refund?", "agent": "Other"}))
    trusted = key_with(alice, app, "asks:all", "agent_sessions:all")
    made(trusted.post("/ask", {"title": "Refund?", "agent": "shop"}))


def test_who_asked_reads_the_secrets_of_the_answer(app: Flask, cast: Cast, alice: Api) -> None:
    schema = {"type": "object", "properties": {"pin": {"type": "string", "writeOnly": True}}}
    key = key_with(alice, app, "asks:all")
    question = made(key.post("/ask", {"title": "PIN?", "schema": schema}))
    alice.post(f"{QUESTIONS}/{question['id']}/resolve", {"response": {"pin": "837465"}})
    assert key.read(f"/ask/{question['id']}")["response"] == {"pin": "837465"}
    bob = Api(app, cast.bob.headers)
    assert bob.read(f"/ask/{question['id']}")["response"] == {"pin": "••••••"}


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"title": ""}, "/title"),
        ({"schema": {"type": "strin"}}, "/schema/type"),
        ({"schema": {"type": "object", "required": ["a"]}, "proposal": {}}, "/proposal/a"),
        ({"resume": {}}, "/resume/url"),
        ({"resume": {"url": "https://169.254.169.254/x"}}, "/resume/url"),
        ({"resume": {"url": "ftp://127.0.0.1/x"}}, "/resume/url"),
        ({"resume": {"url": HERE, "method": "TRACE"}}, "/resume/method"),
        ({"resume": {"url": HERE, "headers": {"Host": "a"}}}, "/resume/headers/Host"),
        ({"resume": {"url": HERE, "body": ["{{me}}"]}}, "/resume/body/0"),
        ({"resume": {"url": HERE, "timeout_seconds": 0}}, "/resume/timeout_seconds"),
        ({"resume": {"url": HERE, "method": "GET", "body": {}}}, "/resume/body"),
        ({"agent": "a\u202eb"}, "/agent"),
        ({"agents": "x"}, "/agents"),
    ],
)  # fmt: skip
def test_says_what_is_wrong(alice: Api, fields: dict[str, Any], pointer: str) -> None:
    problem = alice.post("/ask", {"title": "Refund?"} | fields)
    assert problem.status_code == 400, problem.text
    assert [error["path"] for error in (problem.json or {})["errors"]] == [pointer]
    assert alice.read(QUESTIONS)["items"] == []


def test_a_resume_url_is_shown_without_its_path(app: Flask, cast: Cast, apis: Apis) -> None:
    resume = {"url": "http://127.0.0.1:9/hook/s3cret-path?sig=abc", "method": "PUT"}
    question = made(apis.alice.post("/ask", {"title": "Refund?", "resume": resume}))
    for api in (apis.alice, apis.bob):
        request = api.read(f"{QUESTIONS}/{question['id']}")
        assert request["resume"] == {"url": "http://127.0.0.1:9/…", "method": "PUT"}
    assert apis.bob.read(f"/ask/{question['id']}")["signing_secret"] is None
    with app.app_context():
        row = db.session.get_one(InputRequest, UUID(question["id"]))
        assert "s3cret" not in (row.sealed_resume or "")


def test_others_see_nothing(apis: Apis) -> None:
    question = made(apis.alice.post("/ask", {"title": "Refund?"}))
    assert_problem(apis.charlie.get(f"/ask/{question['id']}"), 404, "not_found")
    assert_problem(apis.charlie.post(f"/ask/{question['id']}/cancel", {}), 404, "not_found")
    assert_problem(apis.alice.get(f"/ask/{NOWHERE}"), 404, "not_found")
    assert_problem(apis.nobody.post("/ask", {"title": "Refund?"}), 401, "not_authenticated")
    assert_problem(apis.bob.post("/ask", {"title": "Refund?"}), 403, "permission_missing")


@pytest.mark.server
@pytest.mark.usefixtures("on_each_database")
def test_many_at_once_make_one_agent(alice: Api) -> None:
    with ThreadPoolExecutor(8) as pool:
        asked = list(
            pool.map(
                lambda _: made(alice.post("/ask", {"title": "Go?", "agent": "Flow"})), range(16)
            )
        )
    assert len({each["agent_id"] for each in asked}) == 1
    assert len({each["id"] for each in asked}) == 16
