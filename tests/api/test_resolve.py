"""POST /agent-session-input-requests/{id}/resolve: an answer, stored once."""

import threading
from typing import Any

import pytest

from tests.api.conftest import (
    NOWHERE,
    Api,
    Apis,
    ask,
    assert_problem,
    made,
    make_agent,
    question,
    start_session,
    wrong_paths,
)
from tests.conftest import Cast

PATH = "/agent-session-input-requests"
YES = {"response": {"approved": True}}


def resolve_path(request: Any) -> str:
    return f"{PATH}/{request['id']}/resolve"


def test_stores_the_answer_and_who_gave_it(cast: Cast, apis: Apis) -> None:
    request = ask(apis.alice)
    response = apis.bob.post(resolve_path(request), YES)

    assert response.status_code == 200
    resolved: Any = response.json
    assert resolved["status"] == "resolved"
    assert resolved["response"] == {"approved": True}
    assert resolved["resolved_by"] == {"id": str(cast.bob.id), "email": "bob@example.com"}
    assert resolved["resolved_at"].endswith("Z")
    assert apis.alice.read(f"{PATH}/{request['id']}") == resolved


def test_says_what_was_changed_of_what_was_proposed(apis: Apis) -> None:
    schema = {"properties": {"limit": {"type": "integer", "default": 5}, "note": {}}}
    for response, edited in (
        ({"limit": 5, "note": "x"}, []),
        ({"limit": 6}, ["/limit"]),
        ({}, ["/limit"]),
    ):
        request = ask(apis.alice, schema=schema)
        assert request["edited"] is None
        resolved: Any = apis.bob.post(resolve_path(request), {"response": response}).json
        assert resolved["edited"] == edited
        assert apis.alice.read(f"{PATH}/{request['id']}")["edited"] == edited


def test_says_nothing_of_changes_where_nothing_was_proposed(apis: Apis) -> None:
    request = ask(apis.alice)
    resolved: Any = apis.bob.post(resolve_path(request), YES).json
    assert resolved["edited"] is None


def test_points_at_a_secret_that_was_changed_and_does_not_show_it(apis: Apis) -> None:
    schema = {"properties": {"pin": {"type": "string", "writeOnly": True, "default": "s3cret"}}}
    request = ask(apis.alice, schema=schema)
    resolved: Any = apis.bob.post(resolve_path(request), {"response": {"pin": "another"}}).json
    assert resolved["edited"] == ["/pin"]
    assert resolved["response"] == {"pin": "••••••"}


def test_session_and_agent_process_it(alice: Api) -> None:
    request = ask(alice)
    alice.post(resolve_path(request), YES)

    for path in (f"/agent-sessions/{request['session_id']}", f"/agents/{request['agent_id']}"):
        assert alice.read(path)["status"] == "processing_input"


def test_logs_an_activity(alice: Api) -> None:
    request = ask(alice)
    alice.post(resolve_path(request), YES)
    page = alice.read(
        f"/agent-session-activities?session_id={request['session_id']}&type=input_request_resolved"
    )

    assert [item["related_entity_id"] for item in page["items"]] == [request["id"]]


def test_has_the_endpoint_called(alice: Api) -> None:
    agent = make_agent(alice, execution_endpoint={"url": "http://127.0.0.1:9/"})
    session = start_session(alice, agent["id"])
    request = made(alice.post(PATH, question(session)))
    alice.post(resolve_path(request), YES)
    page = alice.read(f"/deliveries?session_id={session['id']}")

    assert [item["input_request_id"] for item in page["items"]] == [request["id"]]


def test_says_each_thing_that_does_not_fit_and_stays_pending(alice: Api) -> None:
    request = ask(alice)
    response = alice.post(resolve_path(request), {"response": {"limit": 0}})

    assert wrong_paths(response, "invalid_response") == ["/response/approved", "/response/limit"]
    assert alice.read(f"{PATH}/{request['id']}") == request


@pytest.mark.parametrize("response", [None, [], "yes", 5])
def test_an_answer_is_an_object(alice: Api, response: Any) -> None:
    assert wrong_paths(alice.post(resolve_path(ask(alice)), {"response": response})) == [
        "/response"
    ]


def test_a_second_answer_is_told_who_was_first(apis: Apis) -> None:
    request = ask(apis.alice)
    apis.bob.post(resolve_path(request), YES)
    response = apis.alice.post(resolve_path(request), {"response": {"approved": False}})

    problem = assert_problem(response, 409, "already_resolved")
    assert "bob@example.com" in problem["error"]
    kept = apis.alice.read(f"{PATH}/{request['id']}")
    assert kept["response"] == {"approved": True}


def test_an_ended_session_takes_no_answer(alice: Api) -> None:
    request = ask(alice)
    alice.patch(f"/agent-sessions/{request['session_id']}", {"status": "completed"})

    assert_problem(alice.post(resolve_path(request), YES), 409, "conflict")


def test_another_workspace_answers_nothing(apis: Apis) -> None:
    request = ask(apis.alice)

    assert_problem(apis.charlie.post(resolve_path(request), YES), 404, "not_found")
    assert_problem(apis.alice.post(resolve_path({"id": NOWHERE}), YES), 404, "not_found")


@pytest.mark.server
@pytest.mark.usefixtures("on_each_database")
class TestAtOnce:
    def test_of_many_answers_exactly_one_wins(self, request: pytest.FixtureRequest) -> None:
        apis: Apis = request.getfixturevalue("apis")
        asked = ask(apis.alice)
        statuses: list[int] = []

        def answer(number: int) -> None:
            body = {"response": {"approved": True, "limit": number}}
            statuses.append(apis.bob.post(resolve_path(asked), body).status_code)

        threads = [threading.Thread(target=answer, args=(number,)) for number in range(1, 13)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(statuses) == [200] + [409] * 11
