"""Tries that several web servers count together, and go on counting when Redis does not."""

import os
import signal
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
from redis import Redis

from opensink_web.rate_limit import Rate
from opensink_web.work.circuit_breaker import CircuitBreaker
from opensink_web.work.connection import announcing_connection
from opensink_web.work.shared_limit import SharedLimiter
from tests.support.real_servers import EmbeddedRedis, wait_until

pytestmark = pytest.mark.server

RATE = Rate("test", 3, 3000)


@pytest.fixture
def key() -> str:
    return uuid4().hex


def new_limiter(url: str) -> SharedLimiter:
    """Return the limiter of one web server."""
    return SharedLimiter(announcing_connection(url), CircuitBreaker())


def allowed(limiter: SharedLimiter, key: str, tries: int) -> int:
    return sum(limiter.take(RATE, key) == 0 for _ in range(tries))


@pytest.fixture
def frozen(redis_server: EmbeddedRedis, redis_url: str) -> Iterator[EmbeddedRedis]:
    os.kill(redis_server.process.pid, signal.SIGSTOP)
    yield redis_server
    os.kill(redis_server.process.pid, signal.SIGCONT)


@pytest.mark.usefixtures("redis_may_hesitate")
def test_web_servers_count_together(redis_url: str, key: str) -> None:
    one, other = new_limiter(redis_url), new_limiter(redis_url)
    assert allowed(one, key, 2) == 2
    assert allowed(other, key, 5) == 1
    assert 900 < one.seconds_to_wait(RATE, key) <= 1000
    one.give_back(RATE, key)
    assert other.seconds_to_wait(RATE, key) == 0
    assert allowed(other, key, 5) == 1


@pytest.mark.usefixtures("redis_may_hesitate")
def test_tries_come_back_and_then_nothing_is_kept(redis_url: str, key: str) -> None:
    limiter, rate = new_limiter(redis_url), Rate("quick", 2, 1.5)
    assert [limiter.take(rate, key) > 0 for _ in range(3)] == [False, False, True]
    wait_until(lambda: limiter.take(rate, key) == 0)
    with Redis.from_url(redis_url) as connection:
        wait_until(lambda: connection.keys("*quick*") == [])


def test_a_frozen_redis_is_waited_for_once_and_tries_are_bounded_all_the_same(
    frozen: EmbeddedRedis, key: str
) -> None:
    limiter = new_limiter(frozen.url)
    begun_at = time.monotonic()
    assert allowed(limiter, key, 200) == 3
    assert time.monotonic() - begun_at < 60, "two hundred waits of half a second take longer"


def test_what_redis_counted_is_not_forgotten_when_it_goes(
    redis_server: EmbeddedRedis, redis_url: str, key: str
) -> None:
    limiter = new_limiter(redis_url)
    assert allowed(limiter, key, 3) == 3
    os.kill(redis_server.process.pid, signal.SIGSTOP)
    try:
        assert allowed(limiter, key, 5) == 0
    finally:
        os.kill(redis_server.process.pid, signal.SIGCONT)


def test_without_redis_tries_are_bounded(key: str) -> None:
    limiter = new_limiter("unix:///nowhere/redis.sock")
    assert allowed(limiter, key, 50) == 3
    limiter.give_back(RATE, key)
    assert allowed(limiter, key, 50) == 1
