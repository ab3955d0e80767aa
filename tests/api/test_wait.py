"""GET /agent-session-input-requests/{id}?wait=: polling without waste."""

import threading
import time
from typing import Any

import pytest
from flask import Flask

from opensink_web.models import db
from tests.api.conftest import Api, Apis, ask, assert_problem, made, wrong_paths
from tests.real_servers import wait_until

PATH = "/agent-session-input-requests"


def test_answers_at_once_when_nothing_is_pending(alice: Api) -> None:
    request = ask(alice)
    alice.post(f"{PATH}/{request['id']}/resolve", {"response": {"approved": True}})
    began = time.monotonic()
    answer = alice.read(f"{PATH}/{request['id']}?wait=30")

    assert answer["status"] == "resolved"
    assert time.monotonic() - began < 5


def test_answers_the_pending_request_when_the_time_is_over(alice: Api) -> None:
    request = ask(alice)
    began = time.monotonic()

    assert alice.read(f"{PATH}/{request['id']}?wait=1") == request
    assert 1 <= time.monotonic() - began < 5


def test_answers_as_soon_as_somebody_has(alice: Api) -> None:
    request = ask(alice)
    answers: list[Any] = []
    waiter = threading.Thread(
        target=lambda: answers.append(alice.read(f"{PATH}/{request['id']}?wait=30"))
    )
    waiter.start()
    time.sleep(0.3)
    alice.post(f"{PATH}/{request['id']}/resolve", {"response": {"approved": True}})
    waiter.join(timeout=5)

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
    waiter.join(timeout=5)

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
    waiter.join(timeout=5)

    assert_problem(answers[0], 404, "not_found")


@pytest.mark.parametrize("wait", ["61", "-1", "1.5", "soon", ""])
def test_refuses_a_time_that_is_none(alice: Api, wait: str) -> None:
    assert wrong_paths(alice.get(f"{PATH}/{ask(alice)['id']}?wait={wait}")) == ["/wait"]


def test_another_workspace_does_not_wait(apis: Apis) -> None:
    request = ask(apis.alice)
    assert_problem(apis.charlie.get(f"{PATH}/{request['id']}?wait=30"), 404, "not_found")


class TestManyWaiters:
    @pytest.fixture
    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return environment | {"WEB_THREADS": "4"}

    def test_only_half_of_the_threads_wait(self, app: Flask, alice: Api) -> None:
        request = ask(alice)
        began = time.monotonic()
        lasted: list[float] = []

        def wait() -> None:
            assert alice.read(f"{PATH}/{request['id']}?wait=3") == request
            lasted.append(time.monotonic() - began)

        threads = [threading.Thread(target=wait) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        with app.app_context():
            pool: Any = db.engine.pool
            wait_until(lambda: pool.checkedout() == 0, seconds=1)
        for thread in threads:
            thread.join()

        assert sorted(seconds >= 3 for seconds in lasted) == [False, False, True, True]
