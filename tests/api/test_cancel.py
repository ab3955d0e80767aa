"""POST /agent-session-input-requests/{id}/cancel: an agent takes its question back."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from opensink_web.models import Delivery, db
from opensink_web.models.transaction import reading
from tests.api.conftest import (
    NOWHERE,
    Api,
    Apis,
    ask,
    assert_problem,
    key_with,
    made,
    make_agent,
    question,
    start_session,
    wrong_paths,
)
from tests.conftest import Cast
from tests.support.executions import execution
from tests.support.pause_scenarios import approval_in, paused_in
from tests.support.scenarios import ENDPOINT, ask_in

PATH = "/agent-session-input-requests"
WHY = {"reason": "The customer has paid."}

pytestmark = pytest.mark.usefixtures("on_each_database")


def path_of(request: Any) -> str:
    return f"{PATH}/{request['id']}/cancel"


def test_takes_the_question_back(alice: Api) -> None:
    request = ask(alice)
    response = alice.post(path_of(request), WHY)

    assert response.status_code == 200
    cancelled: Any = response.json
    assert (cancelled["status"], cancelled["cancel_reason"]) == ("cancelled", WHY["reason"])
    assert (cancelled["response"], cancelled["resolved_by"]) == (None, None)
    assert cancelled["resolved_at"] is not None
    assert alice.read(f"{PATH}/{request['id']}?wait=60") == cancelled


@pytest.mark.parametrize("body", [{}, {"reason": None}, {"reason": " "}])
def test_needs_no_reason(alice: Api, body: Any) -> None:
    response = alice.post(path_of(ask(alice)), body)
    assert (response.status_code, response.json["cancel_reason"]) == (200, None)  # type: ignore[index]


def test_the_session_goes_on_and_says_so(alice: Api) -> None:
    request = ask(alice)
    alice.post(path_of(request), WHY)

    assert alice.read(f"/agent-sessions/{request['session_id']}")["status"] == "processing_input"
    query = f"session_id={request['session_id']}&type=input_request_resolved"
    (said,) = alice.read(f"/agent-session-activities?{query}")["items"]
    assert said["message"] == "The agent withdrew “Buy?”: The customer has paid."
    assert said["source"] == "agent"
    assert said["payload"]["outcome"] == "cancelled"


def test_a_session_with_another_question_goes_on_waiting(alice: Api) -> None:
    session = start_session(alice, make_agent(alice)["id"])
    first, _ = (made(alice.post(PATH, question(session))) for _ in range(2))
    alice.post(path_of(first), {})
    assert alice.read(f"/agent-sessions/{session['id']}")["status"] == "waiting_for_input"


def test_an_endpoint_is_called(app: Flask, cast: Cast, alice: Api) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
    assert alice.post(f"{PATH}/{waiting.request_id}/cancel", {}).status_code == 200
    with app.app_context(), reading():
        told = select(func.count()).where(Delivery.input_request_id == waiting.request_id)
        assert db.session.scalar(told) == 1


def test_nobody_answers_it_any_more(alice: Api) -> None:
    request = ask(alice)
    alice.post(path_of(request), {})
    answer = {"response": {"approved": True}}
    for verb, body in (("resolve", answer), ("decline", WHY), ("cancel", {}), ("supersede", {})):
        problem = assert_problem(
            alice.post(f"{PATH}/{request['id']}/{verb}", body), 409, "conflict"
        )
        assert "The agent withdrew this" in problem["error"], verb


def test_what_was_answered_is_not_cancelled(alice: Api) -> None:
    request = ask(alice)
    alice.post(f"{PATH}/{request['id']}/resolve", {"response": {"approved": True}})
    assert_problem(alice.post(path_of(request), {}), 409, "already_resolved")


def test_what_an_execution_waits_for_is_not_cancelled_alone(
    app: Flask, cast: Cast, alice: Api
) -> None:
    with app.app_context():
        waiting = [paused_in(cast.alice), approval_in(cast.alice)[0]]
    for paused in waiting:
        response = alice.post(f"{PATH}/{paused.request_id}/cancel", {})
        assert "Cancel the execution" in assert_problem(response, 409, "conflict")["error"]
        with app.app_context(), reading():
            assert execution(paused.execution_id).status == "awaiting_input"


@pytest.mark.parametrize(
    ("body", "path"), [({"reason": "x" * 2001}, "/reason"), ({"why": "x"}, "/why")]
)
def test_points_at_what_is_wrong(alice: Api, body: dict[str, str], path: str) -> None:
    request = ask(alice)
    assert wrong_paths(alice.post(path_of(request), body)) == [path]
    assert alice.read(f"{PATH}/{request['id']}") == request


def test_a_repeated_call_hears_the_same(alice: Api) -> None:
    request, key = ask(alice), {"Idempotency-Key": "once"}
    first, second = (alice.post(path_of(request), WHY, key) for _ in range(2))
    assert (second.status_code, second.json) == (200, first.json)
    assert second.headers["Idempotent-Replayed"] == "true"


def test_only_by_post(alice: Api) -> None:
    request = ask(alice)
    assert_problem(alice.get(path_of(request)), 405, "method_not_allowed")


def test_there_is_no_such_request(alice: Api, apis: Apis) -> None:
    assert_problem(alice.post(path_of({"id": NOWHERE}), {}), 404, "not_found")
    assert_problem(apis.charlie.post(path_of(ask(alice)), {}), 404, "not_found")


def test_needs_the_scope_to_write(app: Flask, alice: Api) -> None:
    reader = key_with(alice, app, "agent_session_input_requests:read")
    assert_problem(reader.post(path_of(ask(alice)), {}), 403, "permission_missing")
