"""How long from an answer to the agent's endpoint, beside the bare floor of the same machine.

    .venv/bin/python -m tests.benchmarks.resolve_to_endpoint [--answers 400] [--database postgresql]

The floor is what the same parts cost with nothing in between: RPUSH, BLPOP in another process, one
`Session.post`. Ours is the operation `resolve` (validation, one transaction), the announcement, a
real worker process (claim, call, finish: two more transactions), and the same endpoint. Latency is
measured with one answer at a time, throughput with all of them queued before the workers start.
The endpoint is a process of its own that notes the moment at which a call arrives.

A second table says where the time goes: the medians of the parts, run one after the other in one
process, and what is left of the latency: waking the worker through Redis, and that the processes
have slept before each answer while the parts run warm. Every commit reaches the disk, so a busy
disk is in all figures; on a machine that others use, compare with the floor and mind the load.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import requests
from flask import Flask
from redis import Redis

from opensink_web.cli.database import run_migrations
from opensink_web.factory import create_app
from opensink_web.models import User, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.agent import create_agent
from opensink_web.operations.agents.agent_session import start_session
from opensink_web.operations.decisions.decision import resolve
from opensink_web.operations.requests.input_request import ask
from opensink_web.operations.requests.response import check_response
from opensink_web.services import EXTENSION, Services
from opensink_web.settings import Settings
from tests.benchmarks.parts import FINISH, measure_parts
from tests.conftest import Person, make_cast
from tests.support.real_servers import EmbeddedRedis, PostgresServer, wait_until
from tests.support.scenarios import POLICY, SCHEMA, endpoint_at

WORKER_COUNTS = (1, 2)


@dataclass(frozen=True)
class Figures:
    """Latencies in milliseconds, and calls per second with each number of workers."""

    latencies_ms: list[float]
    calls_per_second: list[float]

    @property
    def p50_ms(self) -> float:
        return statistics.median(self.latencies_ms)

    def line(self, name: str) -> str:
        ordered = sorted(self.latencies_ms)
        p95 = ordered[int(len(ordered) * 0.95)]
        rates = "".join(f"{rate:9.0f}/s" for rate in self.calls_per_second)
        return f"{name:30}{self.p50_ms:9.2f} ms{p95:9.2f} ms{rates}"


class Endpoint:
    """The agent's endpoint in its own process, which tells when which call arrived."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()

    def arrivals(self) -> dict[str, float]:
        """Return the monotonic moment at which each call arrived, by request id."""
        found: dict[str, float] = self._session.get(self.url).json()
        return found

    def wait_for(self, count: int) -> dict[str, float]:
        found: dict[str, float] = wait_until(
            lambda: seen if len(seen := self.arrivals()) >= count else None, seconds=120
        )
        return found

    def forget(self) -> None:
        self._session.delete(self.url)


@contextmanager
def started(module: str, *arguments: str, environment: dict[str, str]) -> Iterator[None]:
    """Run one of our programs until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def endpoint_process(folder: Path) -> Iterator[Endpoint]:
    file = folder / "endpoint"
    with started("tests.benchmarks.endpoint", str(file), environment={}):
        wait_until(file.exists)
        yield Endpoint(file.read_text())


@contextmanager
def workers(
    module: str, arguments: tuple[str, ...], count: int, env: dict[str, str]
) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(started(module, *arguments, environment=env))
        yield


def measure(
    submit: Callable[[str], None],
    names: Callable[[int], list[str]],
    run: Callable[[int], "ExitStack"],
    endpoint: Endpoint,
    count: int,
) -> Figures:
    """Measure one way from `submit` to the endpoint."""
    with run(1):
        latencies = [_latency(submit, endpoint, name) for name in names(count)][10:]
    rates = []
    for worker_count in WORKER_COUNTS:
        endpoint.forget()
        for name in names(count):
            submit(name)
        with run(worker_count):
            moments = sorted(endpoint.wait_for(count).values())
        rates.append((count - 1) / (moments[-1] - moments[0]))
    return Figures(latencies, rates)


def _latency(submit: Callable[[str], None], endpoint: Endpoint, name: str) -> float:
    endpoint.forget()
    begun = time.monotonic()
    submit(name)
    return (endpoint.wait_for(1)[name] - begun) * 1000


def measure_floor(redis: EmbeddedRedis, endpoint: Endpoint, count: int) -> Figures:
    connection = Redis.from_url(redis.url)

    def run(worker_count: int) -> ExitStack:
        stack = ExitStack()
        arguments = (redis.url, endpoint.url)
        stack.enter_context(workers("tests.benchmarks.floor_worker", arguments, worker_count, {}))
        return stack

    def submit(name: str) -> None:
        connection.rpush("floor", name)

    return measure(submit, lambda n: [f"call-{i}" for i in range(n)], run, endpoint, count)


class OurServer:
    """Our application on a database, with requests waiting in it."""

    def __init__(self, app: Flask, endpoint: Endpoint) -> None:
        self.app = app
        self._endpoint = endpoint
        with app.app_context():
            if not app.config["SQLALCHEMY_DATABASE_URI"].startswith("postgresql"):
                run_migrations()
            self.person: Person = make_cast().alice

    def ask_many(self, count: int) -> list[str]:
        with self.app.app_context(), writing():
            workspace = db.session.get_one(Workspace, self.person.workspace_id)
            agent = create_agent(
                workspace, POLICY, name="Bench", execution_endpoint=endpoint_at(self._endpoint.url)
            )
            return [self._ask(workspace, agent.id) for _ in range(count)]

    def _ask(self, workspace: Workspace, agent_id: UUID) -> str:
        session = start_session(workspace, agent_id)
        request = ask(
            workspace, session.id, agent_id, key="k", title="t", message="", schema=SCHEMA
        )
        return str(request.id)

    def answer(self, request_id: str) -> None:
        with self.app.app_context():
            workspace = db.session.get_one(Workspace, self.person.workspace_id)
            checked = check_response(workspace, UUID(request_id), {"approved": True})
            with writing():
                workspace = db.session.get_one(Workspace, self.person.workspace_id)
                resolve(workspace, checked, by=db.session.get_one(User, self.person.id))

    def parts_ms(self, redis_url: str, count: int) -> dict[str, float]:
        """Return how long each part takes without a worker process, once all is warm."""
        measure_parts(self.app, redis_url, self.answer, self.ask_many(20))
        return measure_parts(self.app, redis_url, self.answer, self.ask_many(count))

    def run(self, worker_count: int) -> ExitStack:
        services: Services = self.app.extensions[EXTENSION]
        stack = ExitStack()
        env = services.settings.environment()
        stack.enter_context(workers("opensink_web", ("worker",), worker_count, env))
        wait_until(lambda: services.readiness().workers == worker_count, seconds=20)
        return stack


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--answers", type=int, default=400)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(EmbeddedRedis(folder))
        endpoint = stack.enter_context(endpoint_process(folder))
        floor = measure_floor(redis, endpoint, arguments.answers)
        environment = {
            "REDIS_URL": redis.url,
            "DATA_DIR": str(folder / "data"),
            "EXECUTION_ENDPOINT_HOSTS": "127.0.0.0/8",
        }
        if arguments.database == "postgresql":
            postgres = stack.enter_context(PostgresServer(folder))
            environment["DATABASE_URL"] = postgres.new_database()
        server = OurServer(create_app(Settings.from_env(environment)), endpoint)
        ours = measure(server.answer, server.ask_many, server.run, endpoint, arguments.answers)
        parts_ms = server.parts_ms(redis.url, arguments.answers)
    report(floor, ours, arguments.database)
    report_parts(ours.p50_ms, parts_ms)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def report(floor: Figures, ours: Figures, database: str) -> None:
    titles = "".join(f"{count} worker{'s' * (count > 1)}".rjust(11) for count in WORKER_COUNTS)
    print(f"{'':30}{'p50':>12}{'p95':>12}{titles}")
    print(floor.line("RPUSH, BLPOP, Session.post"))
    print(ours.line(f"resolve to endpoint, {database}"))
    latency = ours.p50_ms / floor.p50_ms
    rates = zip(ours.calls_per_second, floor.calls_per_second, strict=True)
    shares = ", ".join(f"{one / two:.0%}" for one, two in rates)
    print(f"ours / floor: {latency:.1f} times its latency, {shares} of its calls per second")


def report_parts(p50_ms: float, parts_ms: dict[str, float]) -> None:
    """Print what the median latency is made of; what follows the call is not in it."""
    after_ms = parts_ms.pop(FINISH)
    print()
    for name, part_ms in parts_ms.items():
        print(f"{name:30}{part_ms:9.2f} ms")
    print(f"{'waking a worker, cold caches':30}{p50_ms - sum(parts_ms.values()):9.2f} ms")
    print(f"{'after it, ' + FINISH:30}{after_ms:9.2f} ms")


if __name__ == "__main__":
    main()
