"""What one request costs the web process over HTTP: its CPU time, and how long an answer takes.

    .venv/bin/python -m tests.benchmarks.request_cost [--requests 400] [--database postgresql]

The web process is a real `opensink web` with Redis beside it and no worker; the client is this
process, on connections that stay open. CPU time is what the kernel counts for the web process and
its children, so it says the same on a machine that others use, as far as caches allow. The floor is
a bare Flask route on the same server: what parsing, threads and Flask cost by themselves.
"""

import argparse
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from flask import Flask

from opensink_web.cli.database import run_migrations
from opensink_web.factory import create_app
from opensink_web.http_server.limits import Limits
from opensink_web.http_server.server import Server
from opensink_web.models import Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.agent import create_agent
from opensink_web.operations.agents.agent_session import start_session
from opensink_web.operations.agents.question import ask
from opensink_web.settings import Settings
from tests.conftest import Person, make_cast
from tests.support.executions import make_function
from tests.support.real_servers import EmbeddedRedis, PostgresServer, wait_until
from tests.support.scenarios import POLICY, SCHEMA, endpoint_at

API = "/api/v1"
CLIENTS = 8
NOWHERE = "http://127.0.0.1:9/"
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Figures:
    """CPU and waiting time of a request, in milliseconds, and requests per second."""

    cpu_ms: float
    latencies_ms: list[float]
    per_second: float

    def line(self, name: str) -> str:
        ordered = sorted(self.latencies_ms)
        p95 = ordered[int(len(ordered) * 0.95)]
        p50 = statistics.median(ordered)
        return f"{name:38}{self.cpu_ms:8.2f} ms{p50:8.2f} ms{p95:8.2f} ms{self.per_second:9.0f}/s"


class Connection:
    """One connection that stays open, and cheap: what the client costs is not measured."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> bytes:
        """Return the body of the answer. Raises: AssertionError for one that is no success."""
        return self.exchange(data)[1]

    def exchange(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the head and the body of the answer; where it leads elsewhere nobody follows."""
        self._socket.sendall(data)
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._socket.recv(65536)
        found = _LENGTH.search(received, 0, end + 2)
        assert found is not None, received
        while len(received) < end + 4 + int(found[1]):
            received += self._socket.recv(65536)
        assert received[9:10] in {b"2", b"3"}, received[:1000]
        return received[:end], received[end + 4 :]


def request(method: str, path: str, headers: dict[str, str], body: object = None) -> bytes:
    data = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if data:
        lines += ["Content-Type: application/json", f"Content-Length: {len(data)}"]
    return "\r\n".join([*lines, "", ""]).encode() + data


def cpu_seconds(pid: int) -> float:
    """Return what a process and those that it started have used so far."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND
    return own + sum(cpu_seconds(int(child)) for child in children)


@dataclass(frozen=True)
class WebProcess:
    """A server that was started, and where it listens."""

    pid: int
    port: int

    def measure(self, requests: Sequence[bytes], clients: int = 1) -> Figures:
        """Send each request once, from so many clients at the same time."""
        left = iter(requests)
        lock = threading.Lock()
        latencies: list[float] = []

        def take_turns() -> None:
            connection = Connection(self.port)
            while True:
                with lock:
                    data = next(left, None)
                if data is None:
                    return
                sent_at = time.perf_counter()
                connection.send(data)
                latencies.append((time.perf_counter() - sent_at) * 1000)

        threads = [threading.Thread(target=take_turns) for _ in range(clients)]
        cpu, begun = cpu_seconds(self.pid), time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - begun
        assert len(latencies) == len(requests)
        cpu_ms = (cpu_seconds(self.pid) - cpu) * 1000 / len(requests)
        return Figures(cpu_ms, latencies, len(requests) / seconds)


@contextmanager
def web_process(arguments: list[str], environment: dict[str, str]) -> Iterator[WebProcess]:
    """Run a server that takes a listening socket by its number, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    port: int = listener.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments, str(listener.fileno())],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        pass_fds=[listener.fileno()],
    )
    listener.close()
    try:
        yield WebProcess(process.pid, port)
    finally:
        process.terminate()
        process.wait()


class Cast:
    """Our application's data: an agent, a function, and requests that wait."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        with app.app_context():
            if not app.config["SQLALCHEMY_DATABASE_URI"].startswith("postgresql"):
                run_migrations()
            self.person: Person = make_cast().alice
            make_function(self.person, NOWHERE)
            with writing():
                workspace = db.session.get_one(Workspace, self.person.workspace_id)
                endpoint = endpoint_at(NOWHERE)
                agent = create_agent(workspace, POLICY, name="Bench", execution_endpoint=endpoint)
                self.agent_id = agent.id

    def start_many(self, count: int) -> list[UUID]:
        """Start sessions in which nobody has been asked yet."""
        with self.app.app_context(), writing():
            workspace = db.session.get_one(Workspace, self.person.workspace_id)
            return [start_session(workspace, self.agent_id).id for _ in range(count)]

    def ask_many(self, count: int) -> list[UUID]:
        """Put questions, each in a session of its own."""
        session_ids = self.start_many(count)
        given = {"key": "k", "title": "Buy?", "message": "100 shares", "schema": SCHEMA}
        by = self.person.id
        with self.app.app_context(), writing():
            workspace = db.session.get_one(Workspace, self.person.workspace_id)
            return [
                ask(workspace, each, self.agent_id, requested_by_id=by, **given).id  # type: ignore[arg-type]  # texts and a schema
                for each in session_ids
            ]

    def reads(self, count: int) -> list[bytes]:
        """Return so many requests for a list of one row."""
        return [request("GET", f"{API}/agents", self.person.headers)] * count

    def resolves(self, count: int, more: dict[str, str] | None = None) -> list[bytes]:
        """Return answers to so many questions."""
        headers = self.person.headers | (more or {})
        body = {"response": {"approved": True}}
        return [
            request("POST", f"{API}/agent-session-input-requests/{each}/resolve", headers, body)
            for each in self.ask_many(count)
        ]

    def asks(self, count: int) -> list[bytes]:
        """Return so many questions, each for a session of its own."""
        question = {"agent_id": str(self.agent_id), "key": "k", "title": "Buy?"}
        question |= {"message": "100 shares", "schema": SCHEMA}  # type: ignore[dict-item]  # a schema is no text
        path, headers = f"{API}/agent-session-input-requests", self.person.headers
        return [
            request("POST", path, headers, question | {"session_id": str(each)})
            for each in self.start_many(count)
        ]

    def executes(self, count: int) -> list[bytes]:
        """Return so many calls of a function, to be queued."""
        path = "/functions/tests/work/execute/async"
        return [request("POST", path, self.person.headers, {"input": {"n": 1}})] * count


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    arguments = parser.parse_args()
    count: int = arguments.requests
    print(f"{'':38}{'CPU':>11}{'p50':>11}{'p95':>11}{'answered':>11}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bare = stack.enter_context(web_process(["tests.benchmarks.request_cost", "--bare"], {}))
        report("a bare Flask route", bare, lambda n: [request("GET", "/", {})] * n, count)
        redis = stack.enter_context(EmbeddedRedis(folder))
        environment = {
            "REDIS_URL": redis.url,
            "DATA_DIR": str(folder / "data"),
            "EXECUTION_ENDPOINT_HOSTS": "127.0.0.0/8",
            "API_REQUESTS_PER_MINUTE": "1000000",
        }
        if arguments.database == "postgresql":
            postgres = stack.enter_context(PostgresServer(folder))
            environment["DATABASE_URL"] = postgres.new_database()
        cast = Cast(create_app(Settings.from_env(environment)))
        web = stack.enter_context(web_process(["opensink_web", "web", "--fd"], environment))
        report("a list of one row", web, cast.reads, count)
        report("resolve", web, cast.resolves, count)
        report("ask", web, cast.asks, count)
        report("execute/async", web, cast.executes, count)
        executed = Connection(web.port).send(cast.executes(1)[0])
        path = f"/executions/{json.loads(executed)['execution_id']}"
        read = request("GET", path, cast.person.headers)
        report("read an execution", web, lambda n: [read] * n, count)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def report(name: str, web: WebProcess, make: Callable[[int], list[bytes]], count: int) -> None:
    """Print what one client costs and waits for, and several at the same time."""
    wait_until(lambda: web.measure(make(1)), seconds=30)
    web.measure(make(max(count // 10, 20)), CLIENTS)  # what is done once, is done now
    print(web.measure(make(count)).line(f"{name}, 1 client"))
    print(web.measure(make(count), CLIENTS).line(f"{name}, {CLIENTS} clients"), flush=True)


def serve_bare(descriptor: int) -> None:
    """Answer with a route that does nothing, on our server."""
    app = Flask(__name__)
    app.add_url_rule("/", view_func=lambda: {"items": [], "trail": None})
    Server(
        app,
        socket.socket(fileno=descriptor),
        body_limit=lambda _method, _path: 0,
        refusal=lambda _status: b"",
        limits=Limits(),
    ).run()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--bare"]:
        serve_bare(int(sys.argv[2]))
    else:
        main()
