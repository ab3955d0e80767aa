"""Requests of executions through the API: shown, answered, POST …/{id}/decline."""

from typing import Any

import pytest
from flask import Flask

from opensink_web.operations.executions.queries.question import Answer
from opensink_web.schema.secrets import HIDDEN
from tests.api.conftest import NOWHERE, Api, Apis, ask, assert_problem, key_with, wrong_paths
from tests.conftest import Cast
from tests.support.executions import claim_some, execution
from tests.support.pause_scenarios import PROPOSED, REFUND, Paused, approval_in, paused_in
from tests.support.scenarios import SCHEMA

PATH = "/agent-session-input-requests"
NO = {"reason": "Too expensive."}


@pytest.fixture
def paused(app: Flask, cast: Cast) -> Paused:
    with app.app_context():
        return paused_in(cast.alice)


@pytest.fixture
def approval(app: Flask, cast: Cast) -> Paused:
    with app.app_context():
        return approval_in(cast.alice)[0]


def decline_path(paused: Paused) -> str:
    return f"{PATH}/{paused.request_id}/decline"


def test_shows_what_an_execution_asks(alice: Api, paused: Paused) -> None:
    request = alice.read(f"{PATH}/{paused.request_id}")
    assert (request["session_id"], request["agent_id"]) == (None, None)
    assert request["execution_id"] == str(paused.execution_id)
    assert request["kind"] == "input"
    assert request["schema"] == SCHEMA


def test_shows_the_input_that_a_call_is_to_be_made_with(alice: Api, approval: Paused) -> None:
    request = alice.read(f"{PATH}/{approval.request_id}")
    assert request["kind"] == "approval"
    assert request["schema"] == REFUND
    assert request["proposed_response"] == PROPOSED


def test_lists_those_of_an_execution_or_of_a_kind(
    alice: Api, paused: Paused, approval: Paused
) -> None:
    ask(alice)
    for query, found in {
        f"execution_id={paused.execution_id}": [paused],
        "kind=approval": [approval],
        f"execution_id={NOWHERE}": [],
    }.items():
        items = alice.read(f"{PATH}?{query}")["items"]
        assert [item["id"] for item in items] == [str(one.request_id) for one in found]
    assert len(alice.read(PATH)["items"]) == 3


def test_an_answer_lets_the_execution_go_on(
    app: Flask, cast: Cast, apis: Apis, paused: Paused
) -> None:
    path = f"{PATH}/{paused.request_id}/resolve"
    assert apis.bob.post(path, {"response": {"approved": True}}).status_code == 200
    with app.app_context():
        (claim,) = claim_some(execution(paused.execution_id).group_id)
    assert claim.answer == Answer(paused.request_id, {"approved": True})


def test_declining_fails_the_execution_with_the_reason(
    app: Flask, cast: Cast, apis: Apis, approval: Paused
) -> None:
    response = apis.bob.post(decline_path(approval), NO)

    assert response.status_code == 200
    declined: Any = response.json
    assert declined["status"] == "declined"
    assert declined["decline_reason"] == "Too expensive."
    assert declined["resolved_by"] == {"id": str(cast.bob.id), "email": "bob@example.com"}
    told = apis.alice.read(f"{PATH}/{approval.request_id}?wait=60")
    assert told["proposed_response"]["token"] == "s3cret", "her key may execute the function"
    assert declined == told | {"proposed_response": {"amount": 60.0, "token": HIDDEN}}
    with app.app_context():
        assert execution(approval.execution_id).error == "Too expensive."


def test_a_second_decision_is_told_who_was_first(apis: Apis, approval: Paused) -> None:
    apis.bob.post(decline_path(approval), NO)
    for path, body in (("decline", NO), ("resolve", {"response": PROPOSED})):
        response = apis.alice.post(f"{PATH}/{approval.request_id}/{path}", body)
        problem = assert_problem(response, 409, "already_resolved")
        assert "declined by bob@example.com" in problem["error"]


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": " "}, {"reason": "x" * 2001}])
def test_a_reason_is_needed(alice: Api, paused: Paused, body: dict[str, str]) -> None:
    assert wrong_paths(alice.post(decline_path(paused), body)) == ["/reason"]


def test_an_agents_question_too(alice: Api) -> None:
    request = ask(alice)
    response = alice.post(f"{PATH}/{request['id']}/decline", NO)
    assert response.status_code == 200
    declined: Any = response.json
    assert (declined["status"], declined["response"]) == ("declined", None)


def test_another_workspace_declines_nothing(apis: Apis, paused: Paused) -> None:
    assert_problem(apis.charlie.post(decline_path(paused), NO), 404, "not_found")


def test_needs_the_scope_to_write(app: Flask, alice: Api, paused: Paused) -> None:
    reader = key_with(alice, app, "agent_session_input_requests:read")
    assert_problem(reader.post(decline_path(paused), NO), 403, "permission_missing")
