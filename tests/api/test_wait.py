"""GET /agent-session-input-requests/{id}?wait=: polling without waste."""

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from opensink_web.http_server.limits import Limits
from opensink_web.operations.requests import queries as input_requests
from opensink_web.operations.requests.queries import still_pending
from tests.api.conftest import Api, Apis, ask, assert_problem, made, wrong_paths
from tests.conftest import Cast
from tests.support.real_servers import wait_until
from tests.support.running_server import RunningServer, read, running

PATH = "/agent-session-input-requests"


def test_answers_at_once_when_nothing_is_pending(alice: Api) -> None:
    request = ask(alice)
    alice.post(f"{PATH}/{request['id']}/resolve", {"response": {"approved": True}})
    began = time.monotonic()
    answer = alice.read(f"{PATH}/{request['id']}?wait=30")

    assert answer["status"] == "resolved"
    assert time.monotonic() - began < 25


def test_answers_the_pending_request_when_the_time_is_over(alice: Api) -> None:
    request = ask(alice)
    began = time.monotonic()

    assert alice.read(f"{PATH}/{request['id']}?wait=1") == request
    assert time.monotonic() - began >= 1


def test_answers_as_soon_as_somebody_has(alice: Api) -> None:
    request = ask(alice)
    answers: list[Any] = []
    waiter = threading.Thread(
        target=lambda: answers.append(alice.read(f"{PATH}/{request['id']}?wait=30"))
    )
    waiter.start()
    time.sleep(0.3)
    alice.post(f"{PATH}/{request['id']}/resolve", {"response": {"approved": True}})
    waiter.join(100)

    assert not waiter.is_alive()
    assert answers[0]["response"] == {"approved": True}


def test_a_key_revoked_while_it_waits_learns_nothing(alice: Api, app: Flask) -> None:
    request = ask(alice)
    key = made(alice.post("/api-keys", {"name": "waiter", "scopes": ["all:all"]}))
    waiting = Api(app, {"X-API-Key": key["key"]})
    answers: list[Any] = []
    waiter = threading.Thread(
        target=lambda: answers.append(waiting.get(f"{PATH}/{request['id']}?wait=30"))
    )
    waiter.start()
    time.sleep(0.3)
    alice.delete(f"/api-keys/{key['id']}")
    alice.post(f"{PATH}/{request['id']}/resolve", {"response": {"approved": True}})
    waiter.join(100)

    assert not waiter.is_alive()
    assert_problem(answers[0], 401, "not_authenticated")


def test_there_is_nothing_to_wait_for_once_it_is_deleted(alice: Api) -> None:
    request = ask(alice)
    answers: list[Any] = []
    waiter = threading.Thread(
        target=lambda: answers.append(alice.get(f"{PATH}/{request['id']}?wait=30"))
    )
    waiter.start()
    time.sleep(0.3)
    alice.delete(f"/agent-sessions/{request['session_id']}")
    waiter.join(100)

    assert_problem(answers[0], 404, "not_found")


@pytest.mark.parametrize("wait", ["61", "-1", "1.5", "soon", ""])
def test_refuses_a_time_that_is_none(alice: Api, wait: str) -> None:
    assert wrong_paths(alice.get(f"{PATH}/{ask(alice)['id']}?wait={wait}")) == ["/wait"]


def test_another_workspace_does_not_wait(apis: Apis) -> None:
    request = ask(apis.alice)
    assert_problem(apis.charlie.get(f"{PATH}/{request['id']}?wait=30"), 404, "not_found")


class TestManyWaiters:
    @pytest.fixture
    def server(self, app: Flask) -> Iterator[RunningServer]:
        with running(app, Limits(threads=4)) as server:
            yield server

    def test_hold_up_nobody_and_hear_it_all(
        self, alice: Api, cast: Cast, server: RunningServer
    ) -> None:
        request = ask(alice)
        path = f"/api/v1{PATH}/{request['id']}"
        waiters = [server.send(f"{path}?wait=60", cast.alice.headers) for _ in range(60)]
        assert read(server.send(path, cast.alice.headers))["status"] == "pending"
        alice.post(f"{PATH}/{request['id']}/resolve", {"response": {"approved": True}})
        assert {read(waiter)["status"] for waiter in waiters} == {"resolved"}

    def test_take_one_look_at_the_database_together(
        self, alice: Api, cast: Cast, server: RunningServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looked_for: list[int] = []

        def counted(request_ids: Sequence[UUID]) -> set[UUID]:
            looked_for.append(len(request_ids))
            return still_pending(request_ids)

        monkeypatch.setattr(input_requests, "still_pending", counted)
        requests = [ask(alice) for _ in range(20)]
        waiters = [
            server.send(f"/api/v1{PATH}/{request['id']}?wait=60", cast.alice.headers)
            for request in requests
        ]
        wait_until(lambda: max(looked_for, default=0) == len(requests))
        alice.delete(f"/agent-sessions/{requests[0]['session_id']}")
        assert read(waiters[0])["code"] == "not_found"

    def test_are_looked_for_again_when_a_look_fails(
        self, alice: Api, cast: Cast, server: RunningServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        failed: list[Sequence[UUID]] = []

        def failing(request_ids: Sequence[UUID]) -> set[UUID]:
            if not failed:
                failed.append(request_ids)
                raise RuntimeError("a look fails")
            return still_pending(request_ids)

        monkeypatch.setattr(input_requests, "still_pending", failing)
        request = ask(alice)
        waiter = server.send(f"/api/v1{PATH}/{request['id']}?wait=60", cast.alice.headers)
        wait_until(lambda: failed)
        alice.post(f"{PATH}/{request['id']}/resolve", {"response": {"approved": True}})
        assert read(waiter)["status"] == "resolved"

    def test_a_key_revoked_while_its_answer_is_held_learns_nothing(
        self, alice: Api, server: RunningServer
    ) -> None:
        request = ask(alice)
        key = made(alice.post("/api-keys", {"name": "waiter", "scopes": ["all:all"]}))
        path = f"/api/v1{PATH}/{request['id']}?wait=60"
        waiter = server.send(path, {"X-API-Key": key["key"]})
        time.sleep(0.3)
        alice.delete(f"/api-keys/{key['id']}")
        alice.post(f"{PATH}/{request['id']}/resolve", {"response": {"approved": True}})
        assert read(waiter)["code"] == "not_authenticated"
