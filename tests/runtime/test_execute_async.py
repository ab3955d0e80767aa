"""POST /functions/{namespace}/{name}/execute/async: queued, and the caller is told of the end."""

import socket
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from opensink_web.models import Execution
from tests.api.conftest import Api, Apis, assert_problem, key_with
from tests.conftest import Cast
from tests.runtime.conftest import (
    CALLBACKS_ON_LOOPBACK,
    REFUSED_CALLBACKS,
    executor_key,
    make_function,
)
from tests.support.executions import execution

ADDRESS = "/functions/tests/work/execute/async"


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | CALLBACKS_ON_LOOPBACK


def submit(api: Api, **more: Any) -> Any:
    answer = api.at(ADDRESS, "POST", {"input": {"n": 1}, **more})
    assert answer.status_code == 202, answer.text
    return answer.json


def stored(app: Flask, answer: Any) -> Execution:
    with app.app_context():
        return execution(UUID(answer["execution_id"]))


def test_is_queued_for_whoever_asks(app: Flask, cast: Cast, alice: Api) -> None:
    make_function(alice)
    answer = submit(executor_key(alice, app))
    row = stored(app, answer)
    assert answer == {"execution_id": str(row.id), "status": "queued"}
    assert (row.user_id, row.scopes) == (cast.alice.id, ["functions:write"])
    assert (row.trigger_type, row.trigger_id) == ("api", "runtime-api")
    assert (row.input_data, row.next_at) == ({"n": 1}, row.created_at)


def test_takes_what_the_caller_says_of_it(app: Flask, alice: Api) -> None:
    make_function(alice)
    url = "https://127.0.0.1/hook"
    row = stored(app, submit(alice, trigger_id="order-7", delay_seconds=60.0, callback_url=url))
    assert (row.trigger_id, row.callback_url) == ("order-7", url)
    assert row.next_at - row.created_at == timedelta(seconds=60)


def test_a_field_that_is_null_is_as_if_it_were_not_there(app: Flask, alice: Api) -> None:
    make_function(alice)
    row = stored(app, submit(alice, trigger_id=None, delay_seconds=None, callback_url=None))
    assert (row.trigger_id, row.callback_url) == ("runtime-api", None)
    assert row.next_at == row.created_at


def test_one_that_needs_an_approval_says_so(app: Flask, alice: Api) -> None:
    make_function(alice, requires_approval=True)
    answer = submit(alice)
    assert answer["status"] == stored(app, answer).status == "awaiting_input"


def test_the_same_idempotency_key_submits_once_and_answers_the_same(alice: Api) -> None:
    make_function(alice)
    key = {"Idempotency-Key": "once"}
    first, second = (alice.at(ADDRESS, "POST", {"input": {"n": 1}}, headers=key) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.data == second.data


@pytest.mark.parametrize(("url", "word"), REFUSED_CALLBACKS)
def test_a_callback_that_is_not_permitted_is_refused(
    app: Flask, alice: Api, url: str, word: str
) -> None:
    make_function(alice)
    answer = alice.at(ADDRESS, "POST", {"input": {"n": 1}, "callback_url": url})
    problem = assert_problem(answer, 400, "callback_refused")
    assert [each["path"] for each in problem["errors"]] == ["/callback_url"]
    assert word in problem["error"]
    assert alice.at("/api/v1/functions/tests/work", "DELETE").status_code == 204, "none waits"


class TestOnAHostWithAName:
    @pytest.fixture
    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return environment | {"CALLBACK_URL_HOSTS": "*"}

    def test_what_was_taken_before_is_answered_though_its_host_is_gone(
        self, alice: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_function(alice)
        body = {"input": {"n": 1}, "callback_url": "https://app.example.com/hook"}
        key = {"Idempotency-Key": "once"}
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))]
        with monkeypatch.context() as name_server:
            name_server.setattr(socket, "getaddrinfo", lambda *_, **__: found)
            first = alice.at(ADDRESS, "POST", body, headers=key)
        assert first.status_code == 202, first.text
        with monkeypatch.context() as no_time:
            no_time.setattr("opensink_web.outbound.callback_policy.REMEMBERED_SECONDS", 0)
            again = alice.at(ADDRESS, "POST", body, headers=key)
        assert again.data == first.data


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"input": {"n": 1}, "delay_seconds": -1}, "/delay_seconds"),
        ({"input": {"n": 1}, "delay_seconds": 1.5}, "/delay_seconds"),
        ({"input": {"n": 1}, "delay_seconds": 10**30}, "/delay_seconds"),
        ({"input": {"n": 1}, "trigger_id": "x" * 248}, "/trigger_id"),
        ({"input": {"n": 1}, "trigger_id": 7}, "/trigger_id"),
        ({"input": {"n": 1}, "callback_url": 7}, "/callback_url"),
        ({"input": {"n": 1}, "user_id": "somebody"}, "/user_id"),
        ({"input": None}, "/input"),
    ],
)
def test_a_body_that_does_not_fit_is_refused(alice: Api, body: Any, path: str) -> None:
    make_function(alice)
    problem = assert_problem(alice.at(ADDRESS, "POST", body), 422, "invalid_request")
    assert [each["path"] for each in problem["errors"]] == [path]


def test_an_input_that_does_not_fit_is_named(alice: Api) -> None:
    make_function(alice)
    answer = alice.at(ADDRESS, "POST", {"input": {"n": "one"}})
    problem = assert_problem(answer, 422, "invalid_input")
    assert [each["path"] for each in problem["errors"]] == ["/input/n"]


def test_one_that_is_not_there_is_not_found(alice: Api) -> None:
    assert_problem(alice.at(ADDRESS, "POST", {"input": {}}), 404, "not_found")


def test_another_workspaces_is_not_there(apis: Apis) -> None:
    make_function(apis.alice)
    assert_problem(apis.charlie.at(ADDRESS, "POST", {"input": {"n": 1}}), 404, "not_found")


def test_who_may_not_execute_it_is_refused(apis: Apis, app: Flask) -> None:
    make_function(apis.alice)
    for api in (apis.bob, key_with(apis.alice, app, "executions:all")):
        answer = api.at(ADDRESS, "POST", {"input": {"n": 1}})
        assert_problem(answer, 403, "permission_missing")
