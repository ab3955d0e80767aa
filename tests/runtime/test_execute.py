"""POST /functions/{namespace}/{name}/execute: taken on, waited for, and what is told of its end."""

import threading
import time
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from opensink_web.contract import waiting
from opensink_web.http_server.limits import Limits
from opensink_web.models import Execution, Role, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.permission import ROLE_PATTERNS
from opensink_web.operations.accounts.permission_pattern import read_pattern
from opensink_web.operations.decisions.decision import resolve
from opensink_web.operations.executions.claim import ExecutionClaim
from opensink_web.operations.executions.outcome import finish_executions
from opensink_web.operations.executions.pause import check_reply
from opensink_web.outbound.outcome import Awaits, Output
from opensink_web.runtime import function as runtime_function
from tests.api.conftest import Api, Apis, assert_problem, key_with
from tests.conftest import Cast
from tests.runtime.conftest import Later, executor_key, make_function, signed_in
from tests.support.executions import claim_some, finish_all, principal_of
from tests.support.real_servers import AgentEndpoint, wait_until
from tests.support.running_server import read, running

ADDRESS = "/functions/tests/work/execute"


@pytest.fixture
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait no longer than the timeout."""
    monkeypatch.setattr(runtime_function, "GRACE_SECONDS", 0.0)


class Stopwatch:
    """What the waiting is measured by, moved on by hand."""

    sleep = staticmethod(time.sleep)

    def __init__(self) -> None:
        self._seconds = 0.0
        self._looks = 0

    def monotonic(self) -> float:
        self._looks += 1
        return self._seconds

    def let_pass(self, seconds: float) -> None:
        """Move it on, and let whoever waits see it."""
        wait_until(lambda: self._looks)
        self._seconds += seconds
        seen = self._looks
        wait_until(lambda: self._looks > seen + 1)


@pytest.fixture
def stopwatch(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    made = Stopwatch()
    monkeypatch.setattr(waiting, "time", made)
    return made


def execute(api: Api, n: Any = 1, **more: Any) -> Any:
    answer = api.at(ADDRESS, "POST", {"input": {"n": n}, **more})
    assert answer.status_code == 200, answer.text
    return answer.json


def executions(app: Flask) -> int:
    with app.app_context(), reading():
        return db.session.scalar(select(func.count()).select_from(Execution)) or 0


@pytest.mark.usefixtures("worker")
class TestWithAWorker:
    def test_answers_what_the_function_answered(
        self, alice: Api, app: Flask, endpoint: AgentEndpoint
    ) -> None:
        make_function(alice, endpoint)
        answer = execute(executor_key(alice, app), timeout=None)
        assert answer == {
            "status": "success",
            "execution_id": answer["execution_id"],
            "result": {"done": True},
        }
        assert endpoint.calls[0].body["input"] == {"n": 1}
        assert endpoint.calls[0].headers["x-opensink-execution-id"] == answer["execution_id"]

    def test_an_output_of_null_is_an_output(self, alice: Api, endpoint: AgentEndpoint) -> None:
        endpoint.body = b"null"
        make_function(alice, endpoint)
        assert execute(alice)["result"] is None

    def test_tells_why_it_failed(self, alice: Api, endpoint: AgentEndpoint) -> None:
        endpoint.status = 500
        make_function(alice, endpoint)
        answer = execute(alice)
        assert set(answer) == {"status", "execution_id", "error"}
        assert (answer["status"], "500" in answer["error"]) == ("error", True)

    def test_what_took_too_long_is_a_timeout(self, alice: Api, endpoint: AgentEndpoint) -> None:
        endpoint.gate.clear()
        make_function(alice, endpoint)
        answer = execute(alice, timeout=1)
        assert (answer["status"], "result" in answer) == ("timeout", False)

    def test_one_that_asks_a_person_is_told_of_at_once(
        self, alice: Api, endpoint: AgentEndpoint
    ) -> None:
        endpoint.body = (
            b'{"status": "awaiting_input", "prompt": "Which?", "schema": {"type": "object"}}'
        )
        make_function(alice, endpoint)
        began = time.monotonic()
        answer = execute(alice)
        assert (answer["status"], "person" in answer["error"]) == ("timeout", True)
        assert time.monotonic() - began < 50

    def test_the_same_idempotency_key_executes_once_and_answers_the_same(
        self, alice: Api, endpoint: AgentEndpoint
    ) -> None:
        make_function(alice, endpoint)
        key = {"Idempotency-Key": "once"}
        first, second = (
            alice.at(ADDRESS, "POST", {"input": {"n": 1}}, headers=key) for _ in range(2)
        )
        assert first.json == second.json
        assert second.headers["Idempotent-Replayed"] == "true"
        assert len(endpoint.calls) == 1

    def test_a_token_whose_time_is_over_meanwhile_still_hears_it(
        self, app: Flask, cast: Cast, alice: Api, endpoint: AgentEndpoint, later: Later
    ) -> None:
        endpoint.gate.clear()
        make_function(alice, endpoint, timeout_seconds=60)
        program = signed_in(app, cast.alice)
        answers: list[Any] = []
        waiter = threading.Thread(target=lambda: answers.append(execute(program.api)))
        waiter.start()
        wait_until(lambda: endpoint.calls)
        later(15 * 60 + 10)
        endpoint.gate.set()
        waiter.join(100)
        assert answers[0]["result"] == {"done": True}
        assert program.me().status_code == 401

    def test_a_key_revoked_meanwhile_learns_nothing(
        self, alice: Api, app: Flask, endpoint: AgentEndpoint
    ) -> None:
        endpoint.gate.clear()
        make_function(alice, endpoint)
        waiting = executor_key(alice, app)
        answers: list[Any] = []
        waiter = threading.Thread(
            target=lambda: answers.append(waiting.at(ADDRESS, "POST", {"input": {"n": 1}}))
        )
        waiter.start()
        wait_until(lambda: endpoint.calls)
        keys = alice.read("/api-keys")["items"]
        narrow = next(each["id"] for each in keys if each["name"] == "narrow")
        alice.delete(f"/api-keys/{narrow}")
        endpoint.gate.set()
        waiter.join(100)
        assert_problem(answers[0], 401, "not_authenticated")


class TestAPersonsTime:
    """What a person takes is not the function's, and each call has all of the timeout."""

    @pytest.mark.usefixtures("no_grace")
    def test_is_not_waited_for_and_takes_nothing_of_the_next_call(
        self, alice: Api, app: Flask, cast: Cast, stopwatch: Stopwatch
    ) -> None:
        function_id = UUID(make_function(alice)["id"])
        answers: list[Any] = []
        waiter = threading.Thread(target=lambda: answers.append(execute(alice, timeout=5)))
        waiter.start()
        with app.app_context():
            (first,) = claimed(function_id)
            stopwatch.let_pass(2.6)
            with writing():  # answered before anybody could look
                finish_executions([(first, Awaits("Which?", {"type": "object"}))])
                asker = principal_of(cast.alice)
                answer = check_reply(asker, first.id, {})
                resolve(asker.workspace, answer, by=asker.user)
            (second,) = claimed(function_id)
            assert second.timeout_seconds == 5
            stopwatch.let_pass(2.6)
            finish_all([second], Output({"done": True}))
        waiter.join(100)
        assert answers[0]["status"] == "success", answers

    @pytest.mark.usefixtures("worker")
    def test_may_be_longer_than_the_timeout(
        self, alice: Api, endpoint: AgentEndpoint, later: Later
    ) -> None:
        endpoint.body = (
            b'{"status": "awaiting_input", "prompt": "Which?", "schema": {"type": "object"}}'
        )
        make_function(alice, endpoint)
        asked = execute(alice, timeout=60)  # which the first call needs on a busy machine only
        assert asked["status"] == "timeout"
        address = f"/executions/{asked['execution_id']}"
        wait_until(lambda: told(alice, address)["status"] == "awaiting_input")
        later(600)
        endpoint.body = b'{"done": true}'
        assert alice.at(f"{address}/continue", "POST", {"input": {}}).status_code == 200
        wait_until(lambda: told(alice, address)["status"] == "completed")
        assert told(alice, address)["output_data"] == {"done": True}


def told(api: Api, address: str) -> Any:
    return api.at(address, "GET").json


def claimed(function_id: UUID) -> list[ExecutionClaim]:
    claims: list[ExecutionClaim] = wait_until(lambda: claim_some(function_id))
    return claims


class TestWithoutAWorker:
    @pytest.mark.usefixtures("no_grace")
    def test_what_has_not_ended_goes_on(self, alice: Api) -> None:
        make_function(alice)
        began = time.monotonic()
        answer = execute(alice, timeout=1)
        assert answer["status"] == "timeout"
        assert answer["execution_id"] in answer["error"]
        assert time.monotonic() - began >= 1

    def test_what_needs_an_approval_waits_for_a_person(self, alice: Api) -> None:
        make_function(alice, requires_approval=True)
        assert "person" in execute(alice)["error"]

    @pytest.mark.parametrize("n", ["x", None])
    def test_an_input_that_does_not_fit_is_named(self, alice: Api, n: Any) -> None:
        make_function(alice)
        answer = alice.at(ADDRESS, "POST", {"input": {"n": n}})
        problem = assert_problem(answer, 422, "invalid_input")
        assert [each["path"] for each in problem["errors"]] == ["/input/n"]

    @pytest.mark.parametrize(
        ("body", "path"),
        [
            ({}, "/input"),
            ({"input": []}, "/input"),
            ({"input": {"n": 1}, "timeout": 0}, "/timeout"),
            ({"input": {"n": 1}, "timeout": 86_401}, "/timeout"),
            ({"input": {"n": 1}, "timeout": "1"}, "/timeout"),
            ({"input": {"n": 1}, "user_id": "x"}, "/user_id"),
        ],
    )
    def test_a_body_that_does_not_fit_is_refused(self, alice: Api, body: Any, path: str) -> None:
        make_function(alice)
        problem = assert_problem(alice.at(ADDRESS, "POST", body), 422, "invalid_request")
        assert [each["path"] for each in problem["errors"]] == [path]

    def test_one_that_is_switched_off_is_not_executed(self, alice: Api, app: Flask) -> None:
        make_function(alice, is_active=False)
        assert_problem(alice.at(ADDRESS, "POST", {"input": {"n": 1}}), 409, "conflict")
        assert executions(app) == 0

    def test_one_that_is_not_there_is_not_found(self, alice: Api) -> None:
        assert_problem(alice.at(ADDRESS, "POST", {"input": {}}), 404, "not_found")

    def test_another_workspaces_is_not_there(self, apis: Apis) -> None:
        make_function(apis.alice)
        assert_problem(apis.charlie.at(ADDRESS, "POST", {"input": {"n": 1}}), 404, "not_found")

    def test_a_reviewer_executes_nothing(self, apis: Apis, app: Flask) -> None:
        make_function(apis.alice)
        answer = apis.bob.at(ADDRESS, "POST", {"input": {"n": 1}})
        problem = assert_problem(answer, 403, "permission_missing")
        assert "sinas.functions/tests/work.execute:own" in problem["error"]
        assert executions(app) == 0

    def test_who_may_execute_their_own_executes_no_other(
        self, apis: Apis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        texts = ("sinas.functions.write:all", "sinas.functions/*/*.execute:own")
        patterns = frozenset(read_pattern(text) for text in texts)
        monkeypatch.setitem(ROLE_PATTERNS, Role.REVIEWER, patterns)
        make_function(apis.bob, name="theirs")
        make_function(apis.alice)
        mine = apis.bob.at("/functions/tests/theirs/execute/async", "POST", {"input": {"n": 1}})
        assert mine.status_code == 202, mine.text
        for verb in ("execute", "execute/async", "execute/batch"):
            body = {"inputs": [{"n": 1}]} if verb == "execute/batch" else {"input": {"n": 1}}
            answer = apis.bob.at(f"/functions/tests/work/{verb}", "POST", body)
            problem = assert_problem(answer, 403, "permission_missing")
            assert "execute:all" in problem["error"]

    @pytest.mark.parametrize("action", ["execute", "*"])
    def test_who_may_execute_one_by_its_name_executes_it_as_their_own(
        self, apis: Apis, app: Flask, monkeypatch: pytest.MonkeyPatch, action: str
    ) -> None:
        patterns = frozenset({read_pattern(f"sinas.functions/tests/work.{action}:own")})
        monkeypatch.setitem(ROLE_PATTERNS, Role.REVIEWER, patterns)
        make_function(apis.alice)
        make_function(apis.alice, name="other")
        for verb, body in (("async", {"input": {"n": 1}}), ("batch", {"inputs": [{"n": 1}]})):
            answer = apis.bob.at(f"{ADDRESS}/{verb}", "POST", body)
            assert answer.status_code == 202, answer.text
            refused = apis.bob.at(f"/functions/tests/other/execute/{verb}", "POST", body)
            assert_problem(refused, 403, "permission_missing")
        reader = key_with(apis.alice, app, "functions:read")
        assert_problem(reader.at(ADDRESS, "POST", {"input": {"n": 1}}), 403, "permission_missing")

    def test_a_key_needs_the_scope(self, alice: Api, app: Flask) -> None:
        make_function(alice)
        key = key_with(alice, app, "functions:read", "executions:all")
        answer = key.at(ADDRESS, "POST", {"input": {"n": 1}})
        assert "functions:write" in assert_problem(answer, 403, "permission_missing")["error"]

    def test_other_methods_are_refused(self, alice: Api) -> None:
        answer = alice.at(ADDRESS, "GET")
        assert_problem(answer, 405, "method_not_allowed")
        assert "POST" in answer.headers["Allow"]


class TestManyWaiters:
    @pytest.mark.usefixtures("worker")
    def test_hold_up_nobody_and_hear_it_all(
        self, alice: Api, app: Flask, cast: Cast, endpoint: AgentEndpoint
    ) -> None:
        endpoint.gate.clear()
        make_function(alice, endpoint)
        with running(app, Limits(threads=4)) as server:
            waiters = [
                server.send(ADDRESS, cast.alice.headers, {"input": {"n": n}}) for n in range(8)
            ]
            wait_until(lambda: executions(app) == 8)
            assert len(read(server.send("/executions", cast.alice.headers))) == 8
            endpoint.gate.set()
            assert {read(waiter)["status"] for waiter in waiters} == {"success"}

    def test_a_server_that_stops_tells_how_it_stands(
        self, alice: Api, app: Flask, cast: Cast
    ) -> None:
        make_function(alice)
        with running(app, Limits(threads=4)) as server:
            waiter = server.send(ADDRESS, cast.alice.headers, {"input": {"n": 1}})
            wait_until(lambda: server.server.held_count == 1)
            server.stop()
            assert read(waiter)["status"] == "timeout"

    def test_who_comes_when_too_many_are_held_is_put_off_before_anything_is_done(
        self, alice: Api, app: Flask, cast: Cast
    ) -> None:
        make_function(alice)
        with running(app, Limits(threads=4, connections=8)) as server:
            for n in range(4):
                server.send(ADDRESS, cast.alice.headers, {"input": {"n": n}})
            wait_until(lambda: server.server.held_count == 4)
            late = read(server.send(ADDRESS, cast.alice.headers, {"input": {"n": 4}}))
        assert late["code"] == "unavailable"
        assert executions(app) == 4
