"""Announcing to a Redis that is frozen, gone, or back: who waits for it, and for how long."""

import os
import signal
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
from redis import Redis

from opensink_web.jobs.connection import announcing_connection
from opensink_web.jobs.queue import PAUSE_SECONDS, Announcer, delivery_queue
from opensink_web.models.transaction import Announcement
from tests.real_servers import EmbeddedRedis

pytestmark = pytest.mark.server


class Seconds:
    """A monotonic clock that is moved on by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def announcer(redis_url: str, seconds: Seconds) -> Announcer:
    return Announcer(delivery_queue(announcing_connection(redis_url)), seconds)


@pytest.fixture
def frozen(redis_server: EmbeddedRedis, redis_url: str) -> Iterator[EmbeddedRedis]:
    os.kill(redis_server.process.pid, signal.SIGSTOP)
    yield redis_server
    os.kill(redis_server.process.pid, signal.SIGCONT)


def announced(announcer: Announcer) -> tuple[bool, float]:
    """Return whether Redis took an announcement, and how many seconds that took."""
    begun_at = time.monotonic()
    told = announcer.announce([Announcement(uuid4(), 0)])
    return told, time.monotonic() - begun_at


def queued(redis_url: str) -> int:
    with Redis.from_url(redis_url) as connection:
        return delivery_queue(connection).count


def test_a_frozen_redis_is_waited_for_half_a_second_and_then_not_at_all(
    announcer: Announcer, frozen: EmbeddedRedis
) -> None:
    told, took_seconds = announced(announcer)
    assert not told
    assert 0.2 < took_seconds < 0.9
    assert [announced(announcer)[0] for _ in range(20)] == [False] * 20
    assert announced(announcer)[1] < 0.1


def test_it_is_tried_again_after_a_pause_and_heals(
    announcer: Announcer, seconds: Seconds, frozen: EmbeddedRedis, redis_url: str
) -> None:
    announced(announcer)
    os.kill(frozen.process.pid, signal.SIGCONT)
    seconds.now += PAUSE_SECONDS - 0.1
    assert not announced(announcer)[0], "the pause is not over"
    before = queued(redis_url)
    seconds.now += 0.2
    assert announced(announcer)[0]
    assert announced(announcer)[0]
    assert queued(redis_url) == before + 2


def test_a_redis_that_stays_away_costs_one_try_a_pause(seconds: Seconds) -> None:
    announcer = Announcer(
        delivery_queue(announcing_connection("unix:///nowhere/redis.sock")), seconds
    )
    tries = []
    for _ in range(20):
        tries.append(announcer._may_try())
        if tries[-1]:
            announcer._note(is_well=False)
        seconds.now += PAUSE_SECONDS / 4
    assert tries.count(True) == 5


def test_an_answer_that_comes_late_counts_as_a_failure(
    announcer: Announcer, seconds: Seconds, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = iter((0.0, 1.0, 1.0, 1.0))
    monkeypatch.setattr(announcer, "_monotonic", lambda: next(late, 1.0))
    assert announced(announcer)[0], "Redis has taken it"
    assert not announced(announcer)[0], "but nobody waits for it again"
