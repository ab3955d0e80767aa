"""How long others wait to write while a large batch is submitted over HTTP.

    .venv/bin/python -m tests.benchmarks.large_batch [--sizes 1000,10000,100000]
        [--database postgresql] [--kind function|approval|chats] [--key] [--no-cancel]

The web server runs as `opensink up` runs it, and the sweeper beside it. While one client submits a
batch, another one asks a question over HTTP every 20 ms, and this process writes past the web
server, as a worker does, every 20 ms too. What is printed is how long the submission took until its
answer was there, the longest transaction (on SQLite nobody else writes meanwhile; 200 ms are the
goal), and how long each of the two others waited; then how long it was until all executions were
due, and what a poll of the batch, its last executions and cancelling it take.
"""

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import select

from opensink_web.errors import Unavailable
from opensink_web.models import Batch, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.agent_session import start_session
from tests.benchmarks.installation import Installation, endpoint_process
from tests.benchmarks.traced import WROTE
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
        rare = ordered[int(len(ordered) * 0.95)]
        refused = f", {self.refused} refused" if self.refused else ""
        return (
            f"{self.name} {most * 1000:.0f} ms at most (p95 {rare * 1000:.0f}, p50"
            f" {usual * 1000:.1f}{refused})"
        )


@dataclass
class Run:
    """What was seen of one batch: how long it took and kept others waiting."""

    kind: str
    size: int
    seconds: float = 0.0
    due_seconds: float = 0.0
    cancelled_seconds: float = 0.0
    reads_ms: dict[str, float] = field(default_factory=dict)
    waits: list[str] = field(default_factory=list)
    longest_ms: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        rate = self.size / self.seconds
        lines = [
            f"{self.kind} {self.size:,}: {self.seconds:.2f} s, {rate:,.0f} a second",
            f"all of it due after {self.due_seconds:.1f} s",
        ]
        if self.cancelled_seconds:
            lines.append(f"all of it cancelled after {self.cancelled_seconds:.1f} s")
        lines += [
            f"longest transaction, {name}: {ms:.0f} ms" for name, ms in self.longest_ms.items()
        ]
        lines += [f"{name}: {ms:.1f} ms" for name, ms in self.reads_ms.items()]
        return "\n    ".join([*lines, *self.waits])


class Benchmark:
    """A server, and batches of one kind that are submitted to it."""

    def __init__(
        self,
        server: Installation,
        endpoint_url: str,
        kind: str,
        traces: dict[str, Path],
        *,
        with_key: bool,
    ) -> None:
        self._server = server
        self._traces = traces
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

    def run(self, size: int, *, cancels: bool = True) -> Run:
        """Submit a batch, look at it, and cancel it."""
        run = Run(self._kind, size)
        with self._watched(run, "while it was submitted"):
            begun = time.monotonic()
            batch_id = self._submit(size)["batch_id"]
            run.seconds = time.monotonic() - begun
            self._wait_until_due()
            run.due_seconds = time.monotonic() - begun
        last = f"/batches/{batch_id}/executions?limit=50&offset={max(size - 50, 0)}"
        run.reads_ms |= {
            "a poll": self._time("GET", f"/batches/{batch_id}", 5),
            "its last 50 executions": self._time("GET", last, 5),
            "the newest 50 executions": self._time("GET", "/executions?limit=50", 5),
        }
        if cancels:
            with self._watched(run, "while it was cancelled"):
                begun = time.monotonic()
                run.reads_ms["cancelling it"] = self._time("POST", f"/batches/{batch_id}/cancel", 1)
                self._wait_until_cancelled(batch_id)
                run.cancelled_seconds = time.monotonic() - begun
            run.reads_ms["a poll once it has ended"] = self._time("GET", f"/batches/{batch_id}", 5)
        return run

    @contextmanager
    def _watched(self, run: Run, when: str) -> Iterator[None]:
        """Write meanwhile, and note how long that took, and the transactions of the server."""
        begun = time.monotonic()
        with self._writers() as writers:
            time.sleep(0.5)
            yield
        time.sleep(0.5)  # the last are written down
        run.waits += [f"{when}, {writer.report}" for writer in writers]
        for name, trace in self._traces.items():
            run.longest_ms[f"{name} {when}"] = longest_ms(trace, begun)

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

    def _wait_until_due(self) -> None:
        with self._server.app.app_context():
            wait_until(self._is_all_due, seconds=300)

    @staticmethod
    def _is_all_due() -> bool:
        time.sleep(0.2)
        with reading():
            query = select(Batch.id).where(Batch.unqueued_from.is_not(None))
            return db.session.scalars(query).first() is None

    def _wait_until_cancelled(self, batch_id: str) -> None:
        def has_ended() -> bool:
            time.sleep(0.5)
            answer = self._session.get(f"{self._base}/batches/{batch_id}").json()
            return bool(answer["finished_at"])

        wait_until(has_ended, seconds=900)

    def _time(self, method: str, path: str, times: int) -> float:
        taken = []
        for _ in range(times):
            begun = time.monotonic()
            self._session.request(method, self._base + path).raise_for_status()
            taken.append((time.monotonic() - begun) * 1000)
        return statistics.median(taken)

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


def longest_ms(trace: Path, since: float) -> float:
    """Return how long the longest transaction held what it needed to write, since a moment."""
    longest = 0.0
    for line in trace.read_text().splitlines():
        moment, name, *rest = line.split(" ", 2)
        if name == WROTE and float(moment) >= since:
            longest = max(longest, float(rest[0]))
    return longest * 1000


def run(
    sizes: Sequence[int],
    database: str = "sqlite",
    kind: str = "function",
    *,
    with_key: bool = False,
    cancels: bool = True,
) -> Iterator[Run]:
    """Start a server and submit batches of these sizes to it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(EmbeddedRedis(folder))
        endpoint = stack.enter_context(endpoint_process(folder))
        environment = {"REDIS_URL": redis.url, "MAX_BATCH_SIZE": "100000"}
        if database == "postgresql":
            postgres = stack.enter_context(PostgresServer(folder))
            environment["DATABASE_URL"] = postgres.new_database()
        server = stack.enter_context(closing(Installation(folder, environment, endpoint)))
        traces = {name: folder / f"{name}.trace" for name in ("web", "sweeper")}
        for trace in traces.values():
            trace.touch()
        with server.web(traces["web"]), server.part("sweeper", trace=traces["sweeper"]):
            benchmark = Benchmark(server, endpoint.url, kind, traces, with_key=with_key)
            for size in sizes:
                yield benchmark.run(size, cancels=cancels)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--kind", choices=("function", "approval", "chats"), default="function")
    parser.add_argument("--key", action="store_true", help="send an Idempotency-Key")
    parser.add_argument("--no-cancel", action="store_true", help="leave the batches as they are")
    arguments = parser.parse_args()
    sizes = [int(each) for each in arguments.sizes.split(",")]
    cancels = not arguments.no_cancel
    print(f"on {arguments.database}", flush=True)
    options = (arguments.database, arguments.kind)
    for seen in run(sizes, *options, with_key=arguments.key, cancels=cancels):
        print(seen, flush=True)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
