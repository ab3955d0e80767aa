"""The sweeper: wakes for what Redis forgot or never heard of, and not in every sweep."""

import os
import signal
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from opensink_web import clock
from opensink_web.models import Delivery, DeliveryStatus, db
from opensink_web.models.transaction import writing
from opensink_web.settings import Settings
from opensink_web.work.connection import announcing_connection
from opensink_web.work.sweeper import Sweeper
from tests.conftest import Cast
from tests.support.real_servers import AgentEndpoint, EmbeddedRedis
from tests.support.scenarios import answer, ask_in, endpoint_at
from tests.support.scenarios import make_due as make_many_due

pytestmark = pytest.mark.server


@pytest.fixture
def sweeper(settings: Settings) -> Sweeper:
    return Sweeper(announcing_connection(settings.redis_url), settings)


def age(**values: object) -> None:
    """Change the delivery as time would have."""
    with writing():
        db.session.execute(update(Delivery).values(**values))


def make_due(cast: Cast, url: str) -> None:
    answer(cast.bob, ask_in(cast.alice, endpoint_at(url)))


def test_delivers_although_redis_forgot(
    app: Flask,
    cast: Cast,
    settings: Settings,
    sweeper: Sweeper,
    work: Callable[[], None],
    redis_server: EmbeddedRedis,
) -> None:
    with AgentEndpoint() as endpoint:
        with app.app_context():
            sweeper.sweep()
            make_due(cast, endpoint.url)
            redis_server.empty()
            assert sweeper.sweep() == 1
            assert sweeper.sweep() == 0, "a worker may be on its way"
        work()
        assert len(endpoint.calls) == 1


def test_wakes_for_everything_due_in_a_redis_that_began_anew(
    app: Flask, cast: Cast, sweeper: Sweeper, redis_server: EmbeddedRedis
) -> None:
    with app.app_context():
        make_due(cast, "http://127.0.0.1:9/x")
        assert sweeper.sweep() == 1
        assert sweeper.sweep() == 0
        redis_server.process.kill()
        redis_server.process.wait()
        redis_server.start()
        assert sweeper.sweep() == 1
        assert sweeper.sweep() == 0


def test_wakes_for_everything_due_in_a_redis_that_could_not_be_reached(
    app: Flask, cast: Cast, sweeper: Sweeper, redis_server: EmbeddedRedis
) -> None:
    with app.app_context():
        make_due(cast, "http://127.0.0.1:9/x")
        assert sweeper.sweep() == 1
        os.kill(redis_server.process.pid, signal.SIGSTOP)
        assert sweeper.sweep() == 0
        os.kill(redis_server.process.pid, signal.SIGCONT)
        assert sweeper.sweep() == 1, "perhaps it did not take what was sent just now"
        assert sweeper.sweep() == 0


def test_what_waits_for_one_agent_drains_although_redis_was_wiped(
    app: Flask,
    cast: Cast,
    sweeper: Sweeper,
    work: Callable[[], None],
    redis_server: EmbeddedRedis,
) -> None:
    with AgentEndpoint() as endpoint:
        with app.app_context():
            sweeper.sweep()
            agent_id = ask_in(cast.alice, endpoint_at(endpoint.url)).agent_id
            make_many_due(cast.alice, agent_id, 30)
            redis_server.empty()
            assert sweeper.sweep() == 1, "the agent, not each of its calls"
        work()
        assert len(endpoint.calls) == 30


def test_leaves_alone_what_is_leased_dated_or_finished(
    app: Flask, cast: Cast, sweeper: Sweeper
) -> None:
    with app.app_context():
        sweeper.sweep()
        make_due(cast, "http://127.0.0.1:9/x")
        later = clock.now() + timedelta(seconds=60)
        age(lease_token="held", lease_until=later)
        assert sweeper.sweep() == 0
        age(lease_token=None, lease_until=None, next_at=later)
        assert sweeper.sweep() == 0
        age(next_at=clock.now(), status=DeliveryStatus.FAILED)
        assert sweeper.sweep() == 0


def test_a_lease_that_ran_out_is_found(app: Flask, cast: Cast, sweeper: Sweeper) -> None:
    with app.app_context():
        sweeper.sweep()
        make_due(cast, "http://127.0.0.1:9/x")
        age(lease_token="gone", lease_until=clock.now() - timedelta(seconds=1))
        assert sweeper.sweep() == 1


def test_without_redis_all_comes_later(
    app: Flask, cast: Cast, settings: Settings, sweeper: Sweeper
) -> None:
    with app.app_context():
        make_due(cast, "http://127.0.0.1:9/x")
        gone = Sweeper(announcing_connection("unix:///nowhere/redis.sock"), settings)
        assert gone.sweep() == 0
        assert sweeper.sweep() == 1
