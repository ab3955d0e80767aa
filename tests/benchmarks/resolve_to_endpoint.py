"""How long from an answer over HTTP to the agent's endpoint, and how many a second.

    .venv/bin/python -m tests.benchmarks.resolve_to_endpoint [--answers 400] [--database postgresql]
        [--agents 8] [--json FILE]

As a client sees it: `POST .../resolve` is sent, and the agent's endpoint has the call. The web
server, two workers and the sweeper run as `opensink up` runs them; client and endpoint are
processes of their own, plain enough not to be what is measured. One client with one answer at a
time gives the latency, eight clients what is accepted and delivered meanwhile, answers queued
before the workers start how fast a backlog goes. A commit reaches the disk, on PostgreSQL too.

Beside it stand the floors of the same machine and hour: a bare POST to the endpoint, and RPUSH,
BLPOP in another process, `Session.post`. The table of parts is measured on its own, with parts of
the server that note what they do (`traced`), so it is a little slower than what it explains. CPU
per answer is what depends least on who else uses the machine.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis

from tests.benchmarks.installation import (
    Endpoint,
    Installation,
    cpu_seconds,
    endpoint_process,
    run_client,
    sent_of,
    started,
)
from tests.benchmarks.parts import BESIDES, Sent, Trace, part_medians_ms
from tests.support.real_servers import EmbeddedRedis, PostgresServer

CLIENTS = 8
WORKERS = 2
GOALS = {
    "latency p50 ms": "<= 5",
    "latency p95 ms": "<= 8",
    "accepted/s": ">= 400",
    "delivered/s meanwhile": ">= 300",
    "backlog/s, 2 workers": ">= 600",
    "2 workers / 1": ">= 1.3",
    "list of one row, CPU ms": "<= 1.2",
}


@dataclass
class Figures:
    """What was measured, by the name under which it is printed."""

    values: dict[str, float] = field(default_factory=dict)
    parts_ms: dict[str, float] = field(default_factory=dict)
    cpu_ms: dict[str, dict[str, float]] = field(default_factory=dict)
    """Of each process for an answer, in each phase."""

    def add_latencies(self, name: str, latencies_ms: Sequence[float]) -> None:
        ordered = sorted(latencies_ms)
        self.values[f"{name} p50 ms"] = statistics.median(ordered)
        self.values[f"{name} p95 ms"] = ordered[int(len(ordered) * 0.95)]


class Benchmark:
    """The phases, one after the other."""

    def __init__(
        self, server: Installation, endpoint: Endpoint, redis: EmbeddedRedis, count: int
    ) -> None:
        self.figures = Figures()
        self._server = server
        self._endpoint = endpoint
        self._redis = redis
        self._count = count

    def floors(self) -> None:
        """Measure what the same machine can do with nothing in between."""
        text = "POST /execute HTTP/1.1\r\nHost: e\r\nContent-Length: 2\r\n"
        asked = [(f"bare-{n}", f"{text}X-OpenSink-Request-Id: {n}\r\n\r\n{{}}") for n in range(500)]
        bare = run_client(self._endpoint.port, asked)
        self.figures.add_latencies("bare POST", bare.latencies_ms()[50:])
        arguments = (self._redis.url, self._endpoint.url)
        with (
            Redis.from_url(self._redis.url) as connection,
            started("tests.benchmarks.floor_worker", *arguments, environment={}),
        ):
            latencies = []
            for n in range(self._count + 20):
                begun_at = time.monotonic()
                connection.rpush("floor", f"floor-{n}")
                arrived_at = self._endpoint.wait_for_call(f"floor-{n}")
                latencies.append((arrived_at - begun_at) * 1000)
                if n % 50 == 49:
                    self._endpoint.forget()
        self.figures.add_latencies("RPUSH, BLPOP, POST", latencies[20:])
        self._endpoint.forget()
        with Redis.from_url(self._redis.url) as connection:
            connection.rpush("floor", *(f"many-{n}" for n in range(5 * self._count)))
        with started("tests.benchmarks.floor_worker", *arguments, environment={}):
            arrivals = self._endpoint.wait_for(5 * self._count)
        self.figures.values["RPUSH, BLPOP, POST/s"] = middle_rate(arrivals.values())

    def latency(self) -> None:
        """One client, one answer at a time."""
        self._answer(30)
        before = self._cpu()
        sent = self._answer(self._count)
        self._note_cpu("one client", before)
        self.figures.add_latencies("latency", [(s.arrived_at - s.begun_at) * 1000 for s in sent])
        self.figures.add_latencies("response", [(s.ended_at - s.begun_at) * 1000 for s in sent])

    def throughput(self) -> None:
        """Eight clients as fast as they can; what is delivered counts while they send."""
        asked = self._asked(2 * self._count)
        self._endpoint.forget()
        before = self._cpu()
        results = run_client(self._server.port, asked, clients=CLIENTS)
        begun_at, ended_at = min(results.begun_at.values()), max(results.ended_at.values())
        arrivals = self._endpoint.wait_for(len(asked))
        self._note_cpu("eight clients", before, len(asked))
        delivered = sum(at <= ended_at for at in arrivals.values())
        self.figures.values["accepted/s"] = len(asked) / (ended_at - begun_at)
        self.figures.values["delivered/s meanwhile"] = delivered / (ended_at - begun_at)
        self.figures.add_latencies("response of eight", results.latencies_ms())

    def backlog(self, workers: int) -> None:
        """Answers wait before the workers start; counted is the middle, when all are at work."""
        asked = self._asked(2 * self._count)
        self._endpoint.forget()
        run_client(self._server.port, asked, clients=CLIENTS)
        with self._server.workers(workers):
            arrivals = self._endpoint.wait_for(len(asked))
            rate = middle_rate(arrivals.values())
        self.figures.values[f"backlog/s, {workers} worker{'s' * (workers > 1)}"] = rate

    def lists(self) -> None:
        """What a list of one row costs the web server."""
        path = "/api/v1/agent-session-input-requests?$limit=1"
        asked = [(str(n), self._server.http_request("GET", path)) for n in range(1000)]
        run_client(self._server.port, asked[:50])
        before = cpu_seconds(self._server.pids["web"])
        results = run_client(self._server.port, asked)
        spent = cpu_seconds(self._server.pids["web"]) - before
        self.figures.values["list of one row, CPU ms"] = spent * 1000 / len(asked)
        self.figures.add_latencies("list of one row", results.latencies_ms())

    def parts(self, folder: Path) -> None:
        """Where the time goes, by what traced parts note."""
        web, workers = folder / "web.trace", [folder / f"{n}.trace" for n in range(WORKERS)]
        with self._server.web(web), self._server.workers(WORKERS, workers):
            self._answer(30)
            sent = self._answer(self._count)
            time.sleep(0.5)  # what they noted last is written down
        latencies = [(each.arrived_at - each.begun_at) * 1000 for each in sent]
        traces = [Trace.of(file) for file in workers]
        self.figures.parts_ms = part_medians_ms(sent, Trace.of(web), traces)
        self.figures.parts_ms["whole, while traced"] = statistics.median(latencies)

    def _answer(self, count: int) -> list[Sent]:
        self._endpoint.forget()
        asked = self._asked(count)
        results = run_client(self._server.port, asked, wait_port=self._endpoint.port)
        return sent_of(results, self._endpoint.wait_for(count))

    def _asked(self, count: int) -> list[tuple[str, str]]:
        return [self._server.resolve_request(name) for name in self._server.ask_many(count)]

    def _cpu(self) -> dict[str, float]:
        return self._server.cpu_seconds() | {"redis": cpu_seconds(self._redis.process.pid)}

    def _note_cpu(self, phase: str, before: Mapping[str, float], count: int | None = None) -> None:
        per_answer = {
            name: (spent - before[name]) * 1000 / (count or self._count)
            for name, spent in self._cpu().items()
        }
        self.figures.cpu_ms[phase] = per_answer


def middle_rate(moments: Iterable[float]) -> float:
    """Return how many a second there were between the first tenth and the last."""
    ordered = sorted(moments)
    tenth = len(ordered) // 10
    middle = ordered[tenth : len(ordered) - tenth]
    return (len(middle) - 1) / (middle[-1] - middle[0])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--answers", type=int, default=400)
    parser.add_argument("--agents", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    arguments = parser.parse_args()
    load_before = os.getloadavg()[0]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="osb")))
        redis = stack.enter_context(EmbeddedRedis(folder))
        endpoint = stack.enter_context(endpoint_process(folder))
        environment = {"REDIS_URL": redis.url}
        if arguments.database == "postgresql":
            postgres = stack.enter_context(PostgresServer(folder, is_durable=True))
            environment["DATABASE_URL"] = postgres.new_database()
        server = stack.enter_context(closing(Installation(folder, environment, endpoint)))
        server.make_agents(arguments.agents)
        benchmark = Benchmark(server, endpoint, redis, arguments.answers)
        benchmark.floors()
        stack.enter_context(server.part("sweeper"))
        with server.web():
            with server.workers(WORKERS):
                benchmark.latency()
                benchmark.throughput()
                benchmark.lists()
            for count in (1, 2):
                benchmark.backlog(count)
        benchmark.parts(folder)
    report(benchmark.figures, f"{arguments.database}, {arguments.agents} agents")
    print(f"load average {load_before:.1f} before, {os.getloadavg()[0]:.1f} after, on 2 cores")
    if arguments.json:
        arguments.json.write_text(json.dumps(vars(benchmark.figures), indent=2) + "\n")


def report(figures: Figures, title: str) -> None:
    """Print what was measured, with the goals beside it."""
    values = figures.values
    values["2 workers / 1"] = values["backlog/s, 2 workers"] / values["backlog/s, 1 worker"]
    print(f"{title:44}{'':>10}  goal")
    for name, value in values.items():
        print(f"{name:44}{value:10.2f}  {GOALS.get(name, '')}")
    print("\nparts, ms")
    besides = {name: figures.parts_ms.pop(name) for name in BESIDES if name in figures.parts_ms}
    for name, value in (figures.parts_ms | besides).items():
        print(f"{name:44}{value:10.2f}")
    print("\nCPU per answer, ms")
    for phase, spent in figures.cpu_ms.items():
        shares = ", ".join(f"{name} {value:.2f}" for name, value in spent.items())
        print(f"{phase:20}{shares}; together {sum(spent.values()):.2f}")


if __name__ == "__main__":
    main()
