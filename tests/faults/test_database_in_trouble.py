"""The database locked, full or gone: 503 in plain words, and well again by itself afterwards.

A full disk is played by the limit on the size of files (setrlimit(2), RLIMIT_FSIZE).
"""

import json
import re
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
import requests

from tests.chaos.running import Running, running
from tests.conftest import PASSWORD
from tests.support.real_servers import PostgresServer

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def on_postgresql(postgres_server: PostgresServer) -> Iterator[Running]:
    url = postgres_server.new_database()
    with TemporaryDirectory(prefix="osf") as folder, running(Path(folder), url) as server:
        yield server


def test_a_locked_sqlite_file(on_sqlite: Running) -> None:
    @contextmanager
    def locked() -> Iterator[None]:
        with closing(sqlite3.connect(on_sqlite.sqlite_file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield

    bear(on_sqlite, locked)


def test_a_full_disk(on_sqlite: Running) -> None:
    @contextmanager
    def full() -> Iterator[None]:
        limit_files(on_sqlite, 0)
        try:
            yield
        finally:
            limit_files(on_sqlite, resource.RLIM_INFINITY)

    bear(on_sqlite, full)


def test_locked_tables_on_postgresql(on_postgresql: Running) -> None:
    @contextmanager
    def locked() -> Iterator[None]:
        with psycopg.connect(on_postgresql.database_url) as other:
            other.execute("LOCK TABLE deliveries, agent_sessions, users IN ACCESS EXCLUSIVE MODE")
            yield

    bear(on_postgresql, locked)


def test_a_postgresql_that_is_stopped(
    on_postgresql: Running, postgres_server: PostgresServer
) -> None:
    @contextmanager
    def stopped() -> Iterator[None]:
        postgres_server.stop()
        try:
            yield
        finally:  # other tests need it
            postgres_server.start()

    bear(on_postgresql, stopped)


def bear(server: Running, trouble: Callable[[], AbstractContextManager[None]]) -> None:
    """Have the trouble come while a call is being made, and see it through."""
    refused, in_flight = server.next(), server.next("held")
    assert server.answer(in_flight).status == 200
    server.wait_for_calls(in_flight, 1)
    before = (
        server.cluster.pids("web"),
        server.cluster.pids("worker"),
        server.cluster.pids("sweeper"),
    )
    with trouble():
        told = server.answer(refused)
        assert told.status == 503
        assert json.loads(told.text)["code"] == "unavailable"
        assert "try again" in told.text
        assert sign_in(server) == (503, "Not available right now")
        server.let_go()
        server.log.wait_for(f"could not be stored yet: {server.calls(in_flight)[0]}")
    server.wait_until_answered(refused)
    server.wait_until_delivered()
    assert len(server.calls(refused)) == 1
    assert len(server.calls(in_flight)) == 1, "what could not be written down was kept"
    after = (
        server.cluster.pids("web"),
        server.cluster.pids("worker"),
        server.cluster.pids("sweeper"),
    )
    assert after == before, "nobody had to be started again"


def sign_in(server: Running) -> tuple[int, str]:
    """Sign in as a browser does; return the status and the page's heading."""
    with requests.Session() as browser:
        form = browser.get(f"{server.base_url}/sign-in", timeout=60).text
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
        assert token is not None, form
        fields = {"csrf_token": token[1], "email": "alice@example.com", "password": PASSWORD}
        answer = browser.post(f"{server.base_url}/sign-in", data=fields, timeout=60)
    heading = re.search("<h1>(.*?)</h1>", answer.text)
    return answer.status_code, heading[1] if heading else ""


def limit_files(server: Running, size: int) -> None:
    """Let no process of ours write beyond this size into any file."""
    for kind in ("web", "worker", "sweeper"):
        for pid in server.cluster.pids(kind):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
