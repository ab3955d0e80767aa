"""On PostgreSQL a process has few connections, and its threads take turns."""

import threading

import pytest
from flask import Flask
from sqlalchemy import QueuePool, text

from opensink_web.models import db
from opensink_web.models.transaction import writing
from opensink_web.wiring import POSTGRESQL_CONNECTIONS
from tests.support.real_servers import wait_until

pytestmark = pytest.mark.server


@pytest.fixture
def environment(environment: dict[str, str], postgres_url: str) -> dict[str, str]:
    return environment | {"DATABASE_URL": postgres_url}


def test_more_threads_than_connections_all_get_their_turn(app: Flask) -> None:
    may_go_on = threading.Event()
    done: list[int] = []

    def work(number: int) -> None:
        with app.app_context(), writing():
            db.session.execute(text("SELECT 1"))
            may_go_on.wait(100)
            done.append(number)

    numbers = range(2 * POSTGRESQL_CONNECTIONS)
    threads = [threading.Thread(target=work, args=(number,)) for number in numbers]
    with app.app_context():
        pool = db.engine.pool
    assert isinstance(pool, QueuePool)
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: pool.checkedout() == POSTGRESQL_CONNECTIONS)
    finally:
        may_go_on.set()
        for thread in threads:
            thread.join()
    assert sorted(done) == list(numbers)
