"""One worker makes several calls at once, takes no job that it cannot begin, and ends in order."""

import signal
import subprocess

import pytest
from flask import Flask

from opensink_web.settings import Settings
from opensink_web.work.connection import announcing_connection
from opensink_web.work.wakeups import wakeup_queue
from tests.conftest import Cast
from tests.support.real_servers import AgentEndpoint, wait_until
from tests.support.scenarios import answer, ask_in, endpoint_at
from tests.work.conftest import StartWorker, succeeded

pytestmark = pytest.mark.server


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"CALLS_PER_WORKER": "3", "SLOW_CALLS_PER_WORKER": "0"}


def queued(settings: Settings) -> int:
    with announcing_connection(settings.redis_url) as connection:
        return wakeup_queue(connection).count


def make_due(app: Flask, cast: Cast, url: str, count: int) -> None:
    """Answer `count` agents, each with this endpoint."""
    with app.app_context():
        for _ in range(count):
            answer(cast.bob, ask_in(cast.alice, endpoint_at(url, timeout_seconds=300)))


def test_calls_overlap_what_cannot_begin_stays_in_redis_and_sigterm_waits_for_those_in_flight(
    app: Flask, cast: Cast, settings: Settings, start_worker: StartWorker
) -> None:
    with AgentEndpoint() as endpoint:
        endpoint.gate.clear()
        make_due(app, cast, endpoint.url, 4)
        process = start_worker()
        wait_until(lambda: len(endpoint.calls) == 3)
        assert queued(settings) >= 1, "nobody has taken what nobody can begin"
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        endpoint.gate.set()
        assert process.wait(100) == 0
        assert (len(endpoint.calls), succeeded(app)) == (3, 3)
        assert queued(settings) >= 1, "others are woken for what is left"


def test_one_that_starts_finds_what_waits_though_nobody_wakes_it(
    app: Flask, cast: Cast, settings: Settings, start_worker: StartWorker
) -> None:
    with AgentEndpoint() as endpoint:
        make_due(app, cast, endpoint.url, 2)
        with announcing_connection(settings.redis_url) as connection:
            connection.delete(wakeup_queue(connection).key)
        start_worker()
        wait_until(lambda: succeeded(app) == 2)
