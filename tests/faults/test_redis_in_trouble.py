"""Redis frozen or gone, workers killed: people go on answering, and all is delivered afterwards."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.faults.running import Running, Told, running

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with TemporaryDirectory(prefix="osf") as folder, running(Path(folder)) as server:
        yield server


@pytest.fixture
def frozen_redis(server: Running) -> Iterator[int]:
    (pid,) = server.fleet.pids("redis")
    os.kill(pid, signal.SIGSTOP)
    yield pid
    os.kill(pid, signal.SIGCONT)


def answer_many(server: Running, count: int) -> list[Told]:
    """Have two people answer at once, one request after the other."""
    with ThreadPoolExecutor(2) as people:
        return list(people.map(server.answer, [server.next() for _ in range(count)]))


def test_a_frozen_redis_keeps_nobody_from_answering(server: Running, frozen_redis: int) -> None:
    told = answer_many(server, 100)
    assert {each.status for each in told} == {200}
    assert sorted(each.seconds for each in told)[98] < 1, "of a hundred all but one, at the least"
    os.kill(frozen_redis, signal.SIGCONT)
    server.wait_until_delivered()


def test_a_redis_that_is_gone_keeps_nobody_from_answering(server: Running) -> None:
    server.fleet.kill("redis")
    told = answer_many(server, 20)
    assert {each.status for each in told} == {200}
    assert max(each.seconds for each in told) < 1
    server.wait_until_delivered()


def test_a_worker_killed_in_the_middle_of_a_call_is_made_good(server: Running) -> None:
    question = server.next("late")
    assert server.answer(question).status == 200
    server.wait_for_calls(question, 1)
    server.fleet.kill("worker")
    server.fleet.tend()
    server.subject.age()
    server.wait_for_calls(question, 2, seconds=5)
    server.wait_until_delivered()
    first, second = server.calls(question)
    assert first == second
