"""Redis frozen or gone, workers killed: people go on answering, and all is delivered afterwards."""

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.chaos.running import Response, Running

pytestmark = pytest.mark.server


@pytest.fixture
def frozen_redis(on_sqlite: Running) -> Iterator[int]:
    (pid,) = on_sqlite.cluster.pids("redis")
    os.kill(pid, signal.SIGSTOP)
    yield pid
    os.kill(pid, signal.SIGCONT)


def answer_many(server: Running, count: int) -> list[Response]:
    """Have two people answer at once, one request after the other."""
    with ThreadPoolExecutor(2) as people:
        return list(people.map(server.answer, [server.next() for _ in range(count)]))


def is_quick(told: Sequence[Response]) -> bool:
    """Return True if nine of ten were answered in less time than anybody waits for Redis."""
    return sorted(each.seconds for each in told)[len(told) * 9 // 10 - 1] < 1


def test_a_frozen_redis_keeps_nobody_from_answering(on_sqlite: Running, frozen_redis: int) -> None:
    told = answer_many(on_sqlite, 60)
    assert {each.status for each in told} == {200}
    assert is_quick(told), "one or two of them wait for Redis, and then nobody"
    os.kill(frozen_redis, signal.SIGCONT)
    on_sqlite.wait_until_delivered()


def test_a_redis_that_is_gone_keeps_nobody_from_answering(on_sqlite: Running) -> None:
    on_sqlite.cluster.kill("redis")
    told = answer_many(on_sqlite, 20)
    assert {each.status for each in told} == {200}
    assert is_quick(told)
    on_sqlite.wait_until_delivered()


def test_a_worker_killed_in_the_middle_of_a_call_is_made_good(on_sqlite: Running) -> None:
    question = on_sqlite.next("late")
    assert on_sqlite.answer(question).status == 200
    on_sqlite.wait_for_calls(question, 1)
    on_sqlite.cluster.kill("worker")
    on_sqlite.cluster.restart_ended()
    on_sqlite.subject.age()
    on_sqlite.wait_for_calls(question, 2)
    on_sqlite.wait_until_delivered()
    first, second = on_sqlite.calls(question)
    assert first == second
