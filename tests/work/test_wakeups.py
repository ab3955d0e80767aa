"""Waking through a Redis that is frozen, gone, or back: who waits for it, and for how long."""

import os
import signal
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest

from opensink_web.models.transaction import Wakeup
from opensink_web.work.circuit_breaker import PAUSE_SECONDS, CircuitBreaker
from opensink_web.work.connection import announcing_connection
from opensink_web.work.wakeups import Notifier, wakeup_queue
from tests.support.real_servers import EmbeddedRedis

pytestmark = pytest.mark.server


class Seconds:
    """A monotonic clock that is moved on by hand; `takes` is what passes from look to look."""

    def __init__(self) -> None:
        self.now = 0.0
        self.takes = 0.0

    def __call__(self) -> float:
        self.now += self.takes
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def notifier(redis_url: str, seconds: Seconds) -> Notifier:
    queue = wakeup_queue(announcing_connection(redis_url))
    return Notifier(queue, CircuitBreaker(seconds))


@pytest.fixture
def frozen(redis_server: EmbeddedRedis, redis_url: str) -> Iterator[EmbeddedRedis]:
    os.kill(redis_server.process.pid, signal.SIGSTOP)
    yield redis_server
    os.kill(redis_server.process.pid, signal.SIGCONT)


def woken(notifier: Notifier) -> tuple[bool, float]:
    """Return whether Redis took a wake-up, and how many seconds that took."""
    begun_at = time.monotonic()
    was_taken = notifier.send([Wakeup("executions", uuid4())])
    return was_taken, time.monotonic() - begun_at


def test_a_frozen_redis_is_waited_for_half_a_second_and_then_not_at_all(
    redis_url: str, frozen: EmbeddedRedis
) -> None:
    notifier = Notifier(wakeup_queue(announcing_connection(redis_url)), CircuitBreaker())
    was_taken, took_seconds = woken(notifier)
    assert not was_taken
    assert took_seconds > 0.2
    begun_at = time.monotonic()
    assert [woken(notifier)[0] for _ in range(200)] == [False] * 200
    assert time.monotonic() - begun_at < 60, "two hundred waits of half a second take longer"


def test_it_is_tried_again_after_a_pause_and_heals(notifier: Notifier, seconds: Seconds) -> None:
    seconds.takes = 1
    assert woken(notifier)[0], "late, but Redis has taken it"
    seconds.takes = 0
    seconds.now += PAUSE_SECONDS - 0.1
    assert not woken(notifier)[0], "the pause is not over"
    seconds.now += 0.2
    assert woken(notifier)[0]
    assert woken(notifier)[0]


def test_a_redis_that_stays_slow_costs_one_try_a_pause(
    notifier: Notifier, seconds: Seconds
) -> None:
    seconds.takes = 1
    for _ in range(3):
        assert woken(notifier)[0]
        assert not woken(notifier)[0]
        assert not woken(notifier)[0]
        seconds.now += PAUSE_SECONDS


def test_a_refusal_keeps_nobody_waiting_and_is_no_reason_to_pause(seconds: Seconds) -> None:
    gone = wakeup_queue(announcing_connection("unix:///nowhere/redis.sock"))
    breaker = CircuitBreaker(seconds)
    assert not woken(Notifier(gone, breaker))[0]
    assert breaker.begin() is not None
