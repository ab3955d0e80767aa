"""On PostgreSQL a process has few connections, and its threads take turns."""

import threading

import pytest
from flask import Flask
from sqlalchemy import QueuePool, text

from opensink_web.factory import POSTGRESQL_CONNECTIONS
from opensink_web.models import db
from opensink_web.models.transaction import writing

pytestmark = pytest.mark.server


@pytest.fixture
def environment(environment: dict[str, str], postgres_url: str) -> dict[str, str]:
    return environment | {"DATABASE_URL": postgres_url}


def test_more_threads_than_connections_all_get_their_turn(app: Flask) -> None:
    opened: list[int] = []

    def work() -> None:
        with app.app_context(), writing():
            db.session.execute(text("SELECT pg_sleep(0.05)"))
            pool = db.engine.pool
            assert isinstance(pool, QueuePool)
            opened.append(pool.checkedout())

    threads = [threading.Thread(target=work) for _ in range(2 * POSTGRESQL_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 2 * POSTGRESQL_CONNECTIONS
    assert max(opened) == POSTGRESQL_CONNECTIONS
