"""What slow connections and held answers cost everybody else, over HTTP.

    .venv/bin/python -m tests.benchmarks.slow_connections [--database postgresql] [--rounds 6]

A call is `GET /api/v1/agents` with a key, one after the other on a connection of its own. Rounds
without and with others are made in turn, because the machine may be busy with something else: the
quotient of the p95 is that of all rounds, and the median of each round's own. Throughput is that of
eight connections at once.
Slow connections are of all kinds of `tests.support.slow_clients`, in equal parts, in a process.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from http.client import HTTPConnection as Connection
from pathlib import Path

from opensink_web.cli.database import run_migrations
from opensink_web.factory import create_app
from opensink_web.models import User, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.api_key import create_key
from opensink_web.operations.agents.agent import create_agent
from opensink_web.operations.agents.agent_session import start_session
from opensink_web.operations.agents.question import ask
from opensink_web.settings import Settings
from tests.conftest import make_cast
from tests.support.opensink_up import free_port
from tests.support.real_servers import EmbeddedRedis, PostgresServer, wait_until
from tests.support.scenarios import POLICY, SCHEMA

AGENTS = "/api/v1/agents"
REQUESTS = "/api/v1/agent-session-input-requests"
AT_ONCE = 8
Call = tuple[str, str, str]
Others = Callable[[], AbstractContextManager[None]]


class Server:
    """A running `opensink web`, and a key for it."""

    def __init__(self, port: int, key: str, request_ids: list[str]) -> None:
        self.port = port
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self.request_ids = request_ids

    def connect(self) -> Connection:
        return Connection("127.0.0.1", self.port, timeout=100)

    def call(self, connection: Connection, method: str, path: str, body: str) -> int:
        connection.request(method, path, body or None, self._headers)
        response = connection.getresponse()
        response.read()
        return response.status

    def latencies_ms(self, seconds: float) -> list[float]:
        connection, taken = self.connect(), []
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            begun = time.monotonic()
            assert self.call(connection, "GET", AGENTS, "") == 200
            taken.append((time.monotonic() - begun) * 1000)
        return taken

    def per_second(self, calls: list[Call]) -> float:
        left, lock = iter(calls), threading.Lock()

        def work() -> None:
            connection = self.connect()
            while True:
                with lock:
                    call = next(left, None)
                if call is None:
                    return
                assert self.call(connection, *call) == 200

        threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(calls) / (time.monotonic() - begun)

    @contextmanager
    def slow_connections(self, count: int) -> Iterator[None]:
        command = [sys.executable, "-m", "tests.support.slow_clients", str(self.port), str(count)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            try:
                yield
            finally:
                process.terminate()

    @contextmanager
    def held_answers(self, count: int) -> Iterator[None]:
        connections = [self.connect() for _ in range(count)]
        for connection in connections:
            path = f"{REQUESTS}/{self.request_ids[0]}?wait=60"
            connection.request("GET", path, headers=self._headers)
        time.sleep(1)
        try:
            yield
        finally:
            for connection in connections:
                connection.close()


@contextmanager
def server(environment: dict[str, str], requests_count: int) -> Iterator[Server]:
    app = create_app(Settings.from_env(environment))
    with app.app_context():
        if "DATABASE_URL" not in environment:
            run_migrations()
        person = make_cast().alice
        with writing():
            workspace = db.session.get_one(Workspace, person.workspace_id)
            user = db.session.get_one(User, person.id)
            _, key = create_key(workspace, user, name="bench", scopes=("all:all",))
            agent = create_agent(workspace, POLICY, name="Bench")
            request_ids = []
            for _ in range(requests_count):
                session = start_session(workspace, agent.id)
                request = ask(
                    workspace,
                    session.id,
                    agent.id,
                    key="k",
                    title="t",
                    message="",
                    schema=SCHEMA,
                    requested_by_id=person.id,
                )
                request_ids.append(str(request.id))
        db.engine.dispose()
    port = free_port()
    command = [sys.executable, "-m", "opensink_web", "web", "--port", str(port)]
    process = subprocess.Popen(command, env=os.environ | environment, stdin=subprocess.DEVNULL)
    made = Server(port, key, request_ids)

    def is_up() -> bool:
        try:
            return made.call(made.connect(), "GET", "/healthz", "") == 200
        except OSError:
            return False

    try:
        wait_until(is_up, seconds=30)
        yield made
    finally:
        process.terminate()
        process.wait()


def p95(taken: list[float]) -> float:
    return sorted(taken)[int(len(taken) * 0.95)]


def compare(name: str, made: Server, others: Others, rounds: int) -> None:
    """Print the latencies without and with others."""
    quiet: list[float] = []
    loaded: list[float] = []
    quotients: list[float] = []
    for _ in range(rounds):
        quiet_round = made.latencies_ms(4)
        with others():
            loaded_round = made.latencies_ms(4)
        quiet += quiet_round
        loaded += loaded_round
        quotients.append(p95(loaded_round) / p95(quiet_round))
    print(
        f"{name:24} p50 {statistics.median(quiet):6.2f} -> {statistics.median(loaded):6.2f} ms"
        f"   p95 {p95(quiet):6.2f} -> {p95(loaded):6.2f} ms   x {p95(loaded) / p95(quiet):.2f}"
        f" (median of the rounds {statistics.median(quotients):.2f})",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--slow", type=int, default=1000)
    parser.add_argument("--held", type=int, default=500)
    parser.add_argument("--calls", type=int, default=2000)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(EmbeddedRedis(folder))
        environment = {"REDIS_URL": redis.url, "DATA_DIR": str(folder / "data")}
        environment["API_REQUESTS_PER_MINUTE"] = str(10**7)
        if arguments.database == "postgresql":
            postgres = stack.enter_context(PostgresServer(folder))
            environment["DATABASE_URL"] = postgres.new_database()
        made = stack.enter_context(server(environment, arguments.calls // 4 + 1))
        made.latencies_ms(2)
        reads = [("GET", AGENTS, "")] * arguments.calls
        body = json.dumps({"response": {"approved": True}})
        resolves = [("POST", f"{REQUESTS}/{each}/resolve", body) for each in made.request_ids[1:]]
        print(f"{arguments.database}, load average {os.getloadavg()[0]:.1f}")
        print(f"GET {made.per_second(reads):.0f}/s, resolve {made.per_second(resolves):.0f}/s")
        if arguments.slow:
            compare(
                f"{arguments.slow} slow connections",
                made,
                lambda: made.slow_connections(arguments.slow),
                arguments.rounds,
            )
        if arguments.held:
            compare(
                f"{arguments.held} held answers",
                made,
                lambda: made.held_answers(arguments.held),
                arguments.rounds,
            )


if __name__ == "__main__":
    main()
