"""How long others wait to write while a large batch is submitted over HTTP.

    .venv/bin/python -m tests.benchmarks.large_batch [--sizes 1000,10000,100000]
        [--database postgresql] [--kind function|approval|chats] [--key]

The web server runs as `opensink up` runs it, and the sweeper beside it. While one client submits a
batch, another one asks a question over HTTP every 20 ms, and this process writes past the web
server, as a worker does, every 20 ms too. What is printed is how long the submission took until its
answer was there, and the longest that each of the two waited, with what is usual; then how long it
was until all executions were due, and what the page of a batch, its progress, its last executions
and cancelling it take.
"""

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import select

from opensink_web.errors import Unavailable
from opensink_web.models import Batch, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.agent_session import start_session
from tests.benchmarks.installation import Installation, endpoint_process
from tests.support.chats import make_agent
from tests.support.executions import make_function
from tests.support.real_servers import EmbeddedRedis, PostgresServer, wait_until
from tests.support.scenarios import endpoint_at

EVERY_SECONDS = 0.02


class Writer(threading.Thread):
    """Writes again and again until it is told to end; notes how long each time took."""

    def __init__(self, name: str, write: Callable[[], None]) -> None:
        super().__init__(name=name)
        self.seconds: list[float] = []
        self.refused = 0
        self.is_over = threading.Event()
        self._write = write

    def run(self) -> None:
        while not self.is_over.is_set():
            begun = time.monotonic()
            try:
                self._write()
            except (Unavailable, requests.RequestException):
                self.refused += 1
            self.seconds.append(time.monotonic() - begun)
            time.sleep(max(EVERY_SECONDS - self.seconds[-1], 0))

    @property
    def report(self) -> str:
        ordered = sorted(self.seconds)
        usual, most = statistics.median(ordered), ordered[-1]
        rare = ordered[int(len(ordered) * 0.99)]
        refused = f", {self.refused} refused" if self.refused else ""
        return (
            f"{self.name} {most * 1000:.0f} ms at most (p99 {rare * 1000:.0f}, p50"
            f" {usual * 1000:.1f}{refused})"
        )


class Benchmark:
    """A server, and batches of one kind that are submitted to it."""

    def __init__(
        self, server: Installation, endpoint_url: str, kind: str, *, with_key: bool
    ) -> None:
        self._server = server
        self._kind = kind
        self._with_key = with_key
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {server.person.api_key}"
        self._base = f"http://127.0.0.1:{server.port}"
        with server.app.app_context():
            make_function(
                server.person, endpoint_url, name="work", requires_approval=kind == "approval"
            )
            agent_id = make_agent(
                server.person, endpoint_at(endpoint_url), namespace="desk", slug="clerk", name="A"
            )
            with writing():
                workspace = db.session.get_one(Workspace, server.person.workspace_id)
                session_id = start_session(workspace, agent_id).id
        self._question = {
            "session_id": str(session_id),
            "agent_id": str(agent_id),
            "key": "k",
            "title": "t",
            "message": "m",
            "schema": {"type": "object"},
        }

    def run(self, size: int) -> None:
        with self._writers() as writers:
            time.sleep(0.5)
            begun = time.monotonic()
            batch = self._submit(size)
            took = time.monotonic() - begun
        print(f"{self._kind} {size:,}: {took:.2f} s, {size / took:,.0f} a second", flush=True)
        for writer in writers:
            print(f"    {writer.report}")
        self._wait_until_due(begun)
        batch_id = batch["batch_id"]
        self._time("GET progress", "GET", f"/batches/{batch_id}")
        last = f"/batches/{batch_id}/executions?limit=50&offset={size - 50}"
        self._time("GET its last 50 executions", "GET", last)
        self._time("GET /executions?limit=50", "GET", "/executions?limit=50")
        with self._writers() as writers:
            self._time("cancelling it", "POST", f"/batches/{batch_id}/cancel", times=1)
            self._wait_until_cancelled(batch_id)
        for writer in writers:
            print(f"    {writer.report}")

    def _submit(self, size: int) -> Any:
        headers = {"Idempotency-Key": f"batch {size} {time.time()}"} if self._with_key else {}
        if self._kind == "chats":
            path = "/agents/desk/clerk/chats/batch"
            inputs: list[Any] = [
                {"message": f"Hello {n}", "input_variables": {}} for n in range(size)
            ]
        else:
            path, inputs = "/functions/tests/work/execute/batch", [{"n": n} for n in range(size)]
        body = {"inputs": inputs, "delay_seconds": 86_400}
        answer = self._session.post(self._base + path, json=body, headers=headers, timeout=600)
        answer.raise_for_status()
        return answer.json()

    def _wait_until_due(self, begun: float) -> None:
        with self._server.app.app_context():
            wait_until(self._is_all_due, seconds=300)
        print(f"    all of it due after {time.monotonic() - begun:.1f} s", flush=True)

    @staticmethod
    def _is_all_due() -> bool:
        time.sleep(0.2)
        with reading():
            query = select(Batch.id).where(Batch.unqueued_from.is_not(None))
            return db.session.scalars(query).first() is None

    def _wait_until_cancelled(self, batch_id: str) -> None:
        begun = time.monotonic()

        def has_ended() -> bool:
            time.sleep(0.5)
            answer = self._session.get(f"{self._base}/batches/{batch_id}").json()
            return bool(answer["finished_at"])

        wait_until(has_ended, seconds=900)
        print(f"    all of it cancelled after {time.monotonic() - begun:.1f} s", flush=True)

    def _time(self, what: str, method: str, path: str, times: int = 5) -> None:
        taken = []
        for _ in range(times):
            begun = time.monotonic()
            self._session.request(method, self._base + path).raise_for_status()
            taken.append((time.monotonic() - begun) * 1000)
        print(f"    {what}: {statistics.median(taken):.1f} ms", flush=True)

    @contextmanager
    def _writers(self) -> Iterator[list[Writer]]:
        writers = [
            Writer("another client asked:", self._ask),
            Writer("another process wrote:", self._write_past_the_server),
        ]
        for writer in writers:
            writer.start()
        try:
            yield writers
        finally:
            for writer in writers:
                writer.is_over.set()
                writer.join()

    def _ask(self) -> None:
        address = f"{self._base}/api/v1/agent-session-input-requests"
        requests.post(
            address, json=self._question, headers=dict(self._session.headers), timeout=30
        ).raise_for_status()

    def _write_past_the_server(self) -> None:
        with self._server.app.app_context(), writing():
            workspace = db.session.get_one(Workspace, self._server.person.workspace_id)
            workspace.name = f"Workspace {time.time()}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--kind", choices=("function", "approval", "chats"), default="function")
    parser.add_argument("--key", action="store_true", help="send an Idempotency-Key")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(EmbeddedRedis(folder))
        endpoint = stack.enter_context(endpoint_process(folder))
        environment = {"REDIS_URL": redis.url, "MAX_BATCH_SIZE": "100000"}
        if arguments.database == "postgresql":
            postgres = stack.enter_context(PostgresServer(folder))
            environment["DATABASE_URL"] = postgres.new_database()
        server = Installation(folder, environment, endpoint)
        with server.web(), server.part("sweeper"):
            benchmark = Benchmark(server, endpoint.url, arguments.kind, with_key=arguments.key)
            print(f"on {arguments.database}")
            for size in arguments.sizes.split(","):
                benchmark.run(int(size))
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
