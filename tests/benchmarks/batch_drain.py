"""How fast a batch of no-op http functions is worked off, beside bare RQ jobs that make the call.

    .venv/bin/python -m tests.benchmarks.batch_drain [--executions 1000] [--workers 2]
        [--database postgresql]

Both ways make the same POST, about as long, to the same endpoint process, with the same number
of worker processes, one after the other and in turns:

- floor: RQ's SimpleWorker with a job that is a `Session.post` and nothing else;
- ours: a batch, from its submission until its last execution and the batch itself have ended.

Submission is timed for itself too: one request's transaction, without HTTP.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from flask import Flask
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from opensink_web.cli.database import run_migrations
from opensink_web.factory import create_app
from opensink_web.models.transaction import reading
from opensink_web.services import EXTENSION, Services
from opensink_web.settings import Settings
from tests.benchmarks.installation import Endpoint, endpoint_process, started
from tests.conftest import Person, make_cast
from tests.support.executions import batch, make_function, submit_many
from tests.support.real_servers import EmbeddedRedis, PostgresServer, wait_until

POST_JOB = "tests.benchmarks.bare_post.post"


@dataclass(frozen=True)
class Way:
    """One way to have so many calls made: what is run, and how long each round took."""

    name: str
    run: Callable[[int], float]
    rates: list[float]


class Floor:
    """Bare RQ jobs, in RQ's worker."""

    def __init__(self, redis_url: str, endpoint: Endpoint, queue_name: str) -> None:
        self._queue = Queue(
            queue_name, connection=Redis.from_url(redis_url), serializer=JSONSerializer
        )
        self._endpoint = endpoint

    def run(self, count: int) -> float:
        """Return the calls per second."""
        self._endpoint.forget()
        begun = time.monotonic()
        self._queue.enqueue_many(
            [
                Queue.prepare_data(
                    POST_JOB, args=(self._endpoint.url, f"call-{n}"), result_ttl=0, failure_ttl=0
                )
                for n in range(count)
            ]
        )
        return count / (max(self._endpoint.wait_for(count).values()) - begun)


class Ours:
    """Our application on a database, with a function on the endpoint."""

    def __init__(self, app: Flask, endpoint: Endpoint) -> None:
        self._app = app
        self.submission_ms: dict[int, float] = {}
        with app.app_context():
            if not app.config["SQLALCHEMY_DATABASE_URI"].startswith("postgresql"):
                run_migrations()
            self._person: Person = make_cast().alice
            self._function_id = make_function(self._person, endpoint.url)

    def run(self, count: int) -> float:
        """Return the executions per second."""
        with self._app.app_context():
            begun = time.monotonic()
            batch_id = submit_many(self._person, self._function_id, count).id
            self.submission_ms[count] = (time.monotonic() - begun) * 1000
            wait_until(lambda: self._has_ended(batch_id), seconds=120)
            return count / (time.monotonic() - begun)

    @staticmethod
    def _has_ended(batch_id: UUID) -> bool:
        time.sleep(0.05)
        with reading():
            return batch(batch_id).ended_as is not None


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--executions", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(EmbeddedRedis(folder))
        endpoint = stack.enter_context(endpoint_process(folder))
        app = create_app(_settings(stack, redis, folder, arguments))
        ours = Ours(app, endpoint)
        services: Services = app.extensions[EXTENSION]
        environment = services.settings.environment()
        modules = {
            "floor: RQ's SimpleWorker": ("tests.benchmarks.bare_post", redis.url),
            "ours": ("opensink_web", "worker"),
        }
        ways = [
            Way("floor: RQ's SimpleWorker", Floor(redis.url, endpoint, "bare").run, []),
            Way("ours", ours.run, []),
        ]
        for _ in range(arguments.rounds):
            for way in ways:
                with ExitStack() as running:
                    for _ in range(arguments.workers):
                        module, *rest = modules[way.name]
                        running.enter_context(started(module, *rest, environment=environment))
                    time.sleep(2.5)
                    way.run(50)  # what is done once, is done now
                    way.rates.append(way.run(arguments.executions))
    report(ways, ours, arguments.executions)


def _settings(
    stack: ExitStack, redis: EmbeddedRedis, folder: Path, arguments: argparse.Namespace
) -> Settings:
    environment = {
        "REDIS_URL": redis.url,
        "DATA_DIR": str(folder / "data"),
        "EXECUTION_ENDPOINT_HOSTS": "127.0.0.0/8",
        "WORKERS": str(arguments.workers),
    }
    if arguments.database == "postgresql":
        postgres = stack.enter_context(PostgresServer(folder))
        environment["DATABASE_URL"] = postgres.new_database()
    return Settings.from_env(environment)


def report(ways: list[Way], ours: Ours, count: int) -> None:
    """Print each way's rates, and ours as a share of the floor."""
    medians = [statistics.median(way.rates) for way in ways]
    for way, median in zip(ways, medians, strict=True):
        rounds = ", ".join(f"{rate:.0f}" for rate in way.rates)
        print(f"{way.name:28}{median:8.0f}/s   ({rounds})")
    print(f"ours / floor: {medians[1] / medians[0]:.0%}")
    print(f"submission of {count}: {ours.submission_ms[count]:.0f} ms")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
