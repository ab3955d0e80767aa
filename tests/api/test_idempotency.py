"""Idempotency-Key: a POST that is sent again does nothing again."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from opensink_web import clock
from opensink_web.contract.openapi import openapi_document
from opensink_web.contract.route import Route
from opensink_web.factory import ROUTES
from opensink_web.models import IdempotencyRecord, db
from opensink_web.models.transaction import reading
from tests.api.conftest import Api, Apis, ask, assert_problem, made
from tests.conftest import Cast
from tests.support.cases import for_each
from tests.support.example_cast import Stage

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
REPLAYED = "Idempotent-Replayed"


def count(api: Api) -> int:
    page = api.read("/agents?$limit=100")
    return len(page["items"])


def test_answers_the_first_answer_again(alice: Api) -> None:
    first = alice.post("/agents", {"name": "x"}, KEY)
    second = alice.post("/agents", {"name": "x"}, KEY)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.data == second.data
    assert REPLAYED not in first.headers
    assert second.headers[REPLAYED] == "true"
    assert count(alice) == 1


def test_the_order_of_keys_makes_no_other_body(alice: Api) -> None:
    first = alice.post("/agents", {"name": "x", "slug": "x"}, KEY)
    assert alice.post("/agents", {"slug": "x", "name": "x"}, KEY).json == first.json


def test_another_body_is_a_conflict(alice: Api) -> None:
    alice.post("/agents", {"name": "x"}, KEY)

    assert_problem(alice.post("/agents", {"name": "y"}, KEY), 409, "conflict")
    assert count(alice) == 1


def test_another_address_is_a_conflict(alice: Api) -> None:
    agent = made(alice.post("/agents", {"name": "x"}, KEY))

    response = alice.post("/agent-sessions", {"agent_id": agent["id"]}, KEY)
    assert_problem(response, 409, "conflict")


def test_a_refused_request_leaves_the_key_free(alice: Api) -> None:
    assert alice.post("/agents", {"name": ""}, KEY).status_code == 400
    assert alice.post("/agents", {"name": "x", "slug": "a/b"}, KEY).status_code == 400
    assert made(alice.post("/agents", {"name": "x"}, KEY))["name"] == "x"


def test_a_repeated_answer_is_no_second_answer(alice: Api) -> None:
    path = f"/agent-session-input-requests/{ask(alice)['id']}/resolve"
    body = {"response": {"approved": True}}

    assert alice.post(path, body, KEY).json == alice.post(path, body, KEY).json
    assert_problem(alice.post(path, body), 409, "already_resolved")


def test_each_workspace_has_keys_of_its_own(apis: Apis) -> None:
    first = made(apis.alice.post("/agents", {"name": "x"}, KEY))
    second = made(apis.charlie.post("/agents", {"name": "x"}, KEY))

    assert first["id"] != second["id"]


def test_the_permission_is_asked_again(apis: Apis) -> None:
    apis.alice.post("/agents", {"name": "x"}, KEY)
    assert_problem(apis.bob.post("/agents", {"name": "x"}, KEY), 403, "permission_missing")


def test_a_key_counts_for_a_day(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = clock.now()
    first = made(alice.post("/agents", {"name": "x"}, KEY))
    monkeypatch.setattr(clock, "now", lambda: moment + timedelta(hours=23))
    assert made(alice.post("/agents", {"name": "x"}, KEY)) == first

    monkeypatch.setattr(clock, "now", lambda: moment + timedelta(hours=25))
    assert made(alice.post("/agents", {"name": "x"}, KEY))["id"] != first["id"]


def test_another_key_of_the_same_person_does_not_hear_what_this_one_was_answered(
    app: Flask, alice: Api
) -> None:
    check = {"permissions": ["sinas.agents.write:all", "sinas.deliveries.write:all"]}
    limited = {"name": "k", "scopes": ["deliveries:write", "agents:read"]}
    other = Api(app, {"X-API-Key": made(alice.post("/api-keys", limited))["key"]})

    assert alice.at("/auth/check-permissions", "POST", check, KEY).get_json()["result"] is True
    answer = other.at("/auth/check-permissions", "POST", check, KEY)
    assert_problem(answer, 409, "conflict")
    fresh = KEY | {"Idempotency-Key": "another"}
    for _ in range(2):
        answer = other.at("/auth/check-permissions", "POST", check, fresh)
        assert [each["has_permission"] for each in answer.get_json()["checks"]] == [False, True]


def test_who_signs_in_or_out_sends_no_key(app: Flask, cast: Cast) -> None:
    """What is answered are tokens, and a hash of what is sent would let others try passwords."""

    document: Any = openapi_document(ROUTES)
    stage = Stage(app, cast, Api(app, {}), pytest.MonkeyPatch())

    def check(route: Route) -> None:
        path, body = stage.prepared(route)
        assert_problem(stage.api.at(path, "POST", body, KEY), 400, "idempotency_key_not_taken")
        operation = document["paths"][route.address]["post"]
        assert [each["name"] for each in operation["parameters"]] == []
        assert "400" in operation["responses"]

    without = [each for each in ROUTES if each.method == "POST" and not each.keeps_responses]
    assert [each.name for each in without] == ["login", "refresh", "logout"]
    for_each(without, check)
    with app.app_context(), reading():
        assert db.session.scalars(db.select(IdempotencyRecord)).all() == []


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_refuses_a_key_that_is_none(alice: Api, key: str) -> None:
    response = alice.post("/agents", {"name": "x"}, {"Idempotency-Key": key})
    assert_problem(response, 400, "invalid_request")


def test_an_api_key_is_kept_nowhere(app: Flask, alice: Api) -> None:
    body = {"name": "k", "scopes": ["all:all"]}
    first = made(alice.post("/api-keys", body, KEY))
    second = made(alice.post("/api-keys", body, KEY))

    assert second == {**first, "key": None}
    with app.app_context(), reading():
        kept = db.session.scalars(db.select(IdempotencyRecord)).one().response_body
    assert kept is not None
    assert first["key"] not in kept


@pytest.mark.server
@pytest.mark.usefixtures("on_each_database")
class TestAtOnce:
    def test_of_many_retries_one_does_it_and_all_hear_it(
        self, request: pytest.FixtureRequest
    ) -> None:
        alice: Api = request.getfixturevalue("alice")
        answers: list[TestResponse] = []

        def post() -> None:
            answers.append(alice.post("/agents", {"name": "x"}, KEY))

        threads = [threading.Thread(target=post) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.data for answer in answers}) == 1
        assert sum(REPLAYED not in answer.headers for answer in answers) == 1
        assert count(alice) == 1
