"""POST /agent-session-input-requests/{id}/extend: more time for people to decide."""

from typing import Any

import pytest
from flask import Flask

from tests.api.conftest import (
    NOWHERE,
    Api,
    Apis,
    ask,
    assert_problem,
    key_with,
    wrong_paths,
)

PATH = "/agent-session-input-requests"
FIRST, LATER = "2090-01-01T00:00:00Z", "2090-01-02T00:00:00Z"
MORE = {"expires_at": LATER}

pytestmark = pytest.mark.usefixtures("on_each_database")


@pytest.fixture
def request_(alice: Api) -> Any:
    return ask(alice, expires_at=FIRST)


def path_of(request: Any) -> str:
    return f"{PATH}/{request['id']}/extend"


def test_moves_the_deadline(alice: Api, apis: Apis, request_: Any) -> None:
    response = apis.bob.post(path_of(request_), MORE)
    assert (response.status_code, response.json) == (200, {**request_, "expires_at": LATER})
    assert alice.read(f"{PATH}/{request_['id']}")["expires_at"] == LATER


def test_the_history_says_who_did(alice: Api, apis: Apis, request_: Any) -> None:
    apis.bob.post(path_of(request_), MORE)
    query = f"session_id={request_['session_id']}&type=message"
    (said,) = alice.read(f"/agent-session-activities?{query}")["items"]
    assert (
        said["message"] == "bob@example.com gave more time for “Buy?”, until 2090-01-02 00:00 UTC."
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"expires_at": None},
        {"expires_at": "soon"},
        {"expires_at": "2090-01-02T00:00:00"},
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"expires_at": "2089-12-31T00:00:00Z"},
        {"expires_at": FIRST},
    ],
)
def test_points_at_what_is_wrong(alice: Api, request_: Any, body: Any) -> None:
    assert wrong_paths(alice.post(path_of(request_), body)) == ["/expires_at"]
    assert alice.read(f"{PATH}/{request_['id']}") == request_


def test_without_a_deadline_there_is_none_to_move(alice: Api) -> None:
    assert_problem(alice.post(path_of(ask(alice)), MORE), 409, "conflict")


def test_what_was_decided_stays(alice: Api, request_: Any) -> None:
    alice.post(f"{PATH}/{request_['id']}/resolve", {"response": {"approved": True}})
    assert_problem(alice.post(path_of(request_), MORE), 409, "already_resolved")


def test_a_repeated_call_hears_the_same(alice: Api, request_: Any) -> None:
    key = {"Idempotency-Key": "once"}
    first, second = (alice.post(path_of(request_), MORE, key) for _ in range(2))
    assert (second.status_code, second.json) == (200, first.json)


def test_only_by_post(alice: Api, request_: Any) -> None:
    assert_problem(alice.get(path_of(request_)), 405, "method_not_allowed")


def test_there_is_no_such_request(alice: Api, apis: Apis, request_: Any) -> None:
    assert_problem(alice.post(path_of({"id": NOWHERE}), MORE), 404, "not_found")
    assert_problem(apis.charlie.post(path_of(request_), MORE), 404, "not_found")


def test_needs_the_scope_to_write(app: Flask, alice: Api, request_: Any) -> None:
    reader = key_with(alice, app, "agent_session_input_requests:read")
    assert_problem(reader.post(path_of(request_), MORE), 403, "permission_missing")
