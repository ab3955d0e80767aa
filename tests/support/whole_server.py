"""A whole server as an operator has it: web, workers and sweeper as processes, on either database.

Tests set the stage by operations and act over HTTP; what happens is seen at endpoints, in answers
of the API and in rows, so that it does not matter how the parts are built.
"""

import os
import socket
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import requests
from sqlalchemy import select

from opensink_web.models import Execution, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.agent_session import start_session
from opensink_web.operations.agents.question import ask
from tests.chaos.cluster import REDIS_SOCKET_NAME, Cluster
from tests.chaos.ours import Installed
from tests.chaos.parts import Main
from tests.conftest import Person, make_cast
from tests.support.executions import make_function, submit_many, submit_one
from tests.support.forked_command import main_with_path
from tests.support.real_servers import PostgresServer, wait_until
from tests.support.scenarios import SCHEMA, ask_in, endpoint_at

_ENTRY_POINTS = "[opensink.functions]\nsleep = sleeping:sleep\nshort = sleeping:short\n"
_MODULE = """
import time

def sleep(input_data, context):
    time.sleep(60)

def short(input_data, context):
    return {"ended": time.time()}
"""


class Server(Installed):
    """OpenSink with `sleep` and `short` as Python functions, permitted to call all loopback."""

    main: Main = staticmethod(main_with_path)


@dataclass(frozen=True)
class Sent:
    """A request that was answered, and when it was sent, by the monotonic clock."""

    subject_id: str
    at: float


class WholeServer:
    """The parts, and what a client and an operator do with them."""

    def __init__(self, server: Server, cluster: Cluster, base_url: str) -> None:
        self.cluster = cluster
        self.server = server
        self._base_url = base_url
        self._http = requests.Session()
        self._http.trust_env = False
        with server.session():
            self.person: Person = make_cast().alice
        self._http.headers.update(self.person.headers)

    def start(self) -> None:
        """Start all parts, and wait until they are at work."""
        self.cluster.start()
        wait_until(self._is_ready)

    def post(self, path: str, body: Any = None) -> Any:
        """Return what is answered, which must be a success."""
        answer = self._http.post(self._base_url + path, json=body, timeout=100)
        assert answer.ok, answer.text
        return answer.json()

    def get(self, path: str) -> Any:
        answer = self._http.get(self._base_url + path, timeout=100)
        assert answer.ok, answer.text
        return answer.json()

    def make_agent(self, url: str, *, timeout_seconds: float = 60) -> UUID:
        """Make an agent with a request that waits, and return its id."""
        with self.server.session():
            return ask_in(self.person, endpoint_at(url, timeout_seconds=timeout_seconds)).agent_id

    def ask(self, agent_id: UUID, count: int) -> list[str]:
        """Have an agent ask in so many sessions; return the requests' ids."""
        with self.server.session(), writing():
            workspace = db.session.get_one(Workspace, self.person.workspace_id)
            made = []
            for _ in range(count):
                session_id = start_session(workspace, agent_id).id
                request = ask(
                    workspace,
                    session_id,
                    agent_id,
                    key="k",
                    title="t",
                    message="",
                    schema=SCHEMA,
                    requested_by_id=self.person.id,
                )
                made.append(str(request.id))
            return made

    def resolve(self, request_id: str) -> Sent:
        """Answer a request as a reviewer does."""
        sent = Sent(request_id, time.monotonic())
        path = f"/api/v1/agent-session-input-requests/{request_id}/resolve"
        self.post(path, {"response": {"approved": True}})
        return sent

    def make_function(self, name: str, url: str | None = None, **fields: Any) -> UUID:
        with self.server.session():
            return make_function(self.person, url, name=name, **{"timeout_seconds": 60, **fields})

    def execute(self, name: str) -> Sent:
        """Submit an execution over HTTP."""
        sent_at = time.monotonic()
        said = self.post(f"/functions/tests/{name}/execute/async", {"input": {"n": 1}})
        return Sent(str(said["execution_id"]), sent_at)

    def submit(self, function_id: UUID, count: int = 1, **options: Any) -> tuple[UUID, ...]:
        """Submit executions without HTTP; more than one as a batch."""
        with self.server.session():
            if count == 1:
                return (submit_one(self.person, function_id, **options),)
            return submit_many(self.person, function_id, count, **options).execution_ids

    def executions(self, *ids: UUID | str) -> list[Execution]:
        """Return rows as they stand now, detached."""
        with self.server.session(), reading():
            query = select(Execution).where(Execution.id.in_([UUID(str(each)) for each in ids]))
            found = list(db.session.scalars(query.order_by(Execution.id)))
            db.session.expunge_all()
        return found

    def wait_until_ended(self, *ids: UUID | str, seconds: float = 100) -> list[Execution]:
        def ended() -> list[Execution] | None:
            time.sleep(0.05)  # not to keep the server from working
            found = self.executions(*ids)
            return found if all(each.status.has_ended for each in found) else None

        found: list[Execution] = wait_until(ended, seconds=seconds)
        return found

    def sql(self, *statements: str) -> None:
        """Run statements as the database's administrator does, past the application."""
        url = self.server.environment["DATABASE_URL"]
        if url.startswith("postgresql"):
            with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
                for statement in statements:
                    connection.execute(statement.encode())
            return
        with closing(sqlite3.connect(self.sqlite_file, timeout=100, isolation_level=None)) as file:
            for statement in statements:
                file.execute(statement)

    @property
    def is_on_postgresql(self) -> bool:
        return self.server.environment["DATABASE_URL"].startswith("postgresql")

    @property
    def sqlite_file(self) -> Path:
        return Path(self.server.environment["DATA_DIR"]) / "opensink.sqlite3"

    def _is_ready(self) -> bool:
        try:
            return requests.get(f"{self._base_url}/readyz", timeout=100).ok
        except requests.RequestException:
            return False


@contextmanager
def whole_server(
    postgres: PostgresServer | None = None,
    *,
    workers: int = 2,
    variables: Mapping[str, object] | None = None,
    log: Path | None = None,
    run: Main = main_with_path,
) -> Iterator[WholeServer]:
    """Make a server, on PostgreSQL if one is given; `start` starts it, the block's end ends it.

    `run` runs the parts' commands; they find the other `variables` in their environment too.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="osw")))
        given = {name: str(value) for name, value in (variables or {}).items()}
        database_url = ""
        if postgres is not None:
            database_url = postgres.new_database()
            stack.callback(postgres.drop, database_url)
        server = Server(
            folder / "data",
            f"unix://{folder / REDIS_SOCKET_NAME}",
            database_url,
            {
                "WORKERS": str(workers),
                "CALLBACK_URL_HOSTS": "*",
                "CALLBACK_ALLOW_CIDRS": "127.0.0.0/8",
                **given,
            },
        )
        server.main = run
        server.environment |= given
        server.environment["PYTHONPATH"] += os.pathsep + str(_install_functions(folder))
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=2048))
        log = log or folder / "log"
        cluster = stack.enter_context(Cluster(server, folder, log, listener, workers=workers))
        yield WholeServer(server, cluster, f"http://127.0.0.1:{listener.getsockname()[1]}")


def _install_functions(folder: Path) -> Path:
    """Write a package as pip leaves it, and return the folder to find it in."""
    site = folder / "site"
    metadata = site / "sleeping-1.0.dist-info"
    metadata.mkdir(parents=True)
    (site / "sleeping.py").write_text(_MODULE)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: sleeping\n")
    (metadata / "entry_points.txt").write_text(_ENTRY_POINTS)
    return site
