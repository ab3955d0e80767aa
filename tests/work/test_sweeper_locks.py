"""The sweeper waits for nobody: on PostgreSQL whoever waits may be waited for."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from opensink_web.models import Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.agent_session import lock_session
from opensink_web.settings import Settings
from opensink_web.work.connection import announcing_connection
from opensink_web.work.sweeper import Sweeper
from tests.conftest import Cast
from tests.support.real_servers import EmbeddedRedis
from tests.support.scenarios import ENDPOINT, answer, ask_in

pytestmark = pytest.mark.server


@pytest.fixture
def environment(environment: dict[str, str], postgres_url: str) -> dict[str, str]:
    return environment | {"DATABASE_URL": postgres_url}


def test_it_does_not_wait_for_whoever_has_the_session(
    app: Flask, cast: Cast, settings: Settings, redis_server: EmbeddedRedis
) -> None:
    def sweep() -> int:
        with app.app_context(), announcing_connection(redis_server.url) as connection:
            return Sweeper(connection, settings).sweep()

    with ThreadPoolExecutor(1) as other, app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
        answer(cast.alice, waiting)
        with writing():
            lock_session(db.session.get_one(Workspace, cast.alice.workspace_id), waiting.session_id)
            assert other.submit(sweep).result(timeout=100) == 1
