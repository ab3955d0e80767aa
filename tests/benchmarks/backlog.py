"""What one execution costs with a million queued, beside what it costs with a thousand.

    .venv/bin/python -m tests.benchmarks.backlog [--rows 1000000] [--database postgresql]
        [--groups 1,2000]

A database is filled by itself, with real rows, over one concurrency group and over many; then
each step of an execution's life is taken many times in this process, without HTTP, and so are the
first pages of lists. Printed is the median of each, on few rows and on many, and the share: it
should be below 1.2. Wall-clock time suffers from whoever else uses the machine; on SQLite the CPU's
tells more, on PostgreSQL it leaves the server out.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from opensink_web.cli.database import run_migrations
from opensink_web.factory import create_app
from opensink_web.models import Execution, Function, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.executions.claim import ExecutionClaim
from opensink_web.operations.executions.ending import is_a_batch_forgotten
from opensink_web.operations.executions.outcome import finish_executions
from opensink_web.operations.executions.queries.batch import progress_of
from opensink_web.operations.executions.submission import Options, check_input, submit
from opensink_web.outbound.outcome import Output
from opensink_web.settings import Settings
from opensink_web.work.chores import CANCELLING, DELETING, QUEUEING
from opensink_web.work.kinds import kinds_within
from opensink_web.work.queue import Limits, Queue
from tests.conftest import Person, make_cast
from tests.support.executions import claim_executions, make_function, principal_of, submit_many
from tests.support.many_rows import copy_row
from tests.support.real_servers import EmbeddedRedis, PostgresServer
from tests.web.conftest import browser_of

FEW = 1000
LIMIT = 100_000
QUEUE = Queue(kinds_within(Limits(LIMIT, LIMIT)))
"""Of calls at once: what is claimed here and what others hold is not what is measured."""
AT_ONCE = 16
_STEPS = {
    "sqlite": "lower(hex(randomblob(16)))",
    "postgresql": "gen_random_uuid()",
}


@dataclass
class Figures:
    """How long each step took, in milliseconds: on the wall's clock, and of this thread's CPU."""

    wall_ms: dict[str, float] = field(default_factory=dict)
    cpu_ms: dict[str, float] = field(default_factory=dict)

    def take(self, name: str, act: Callable[[], object], times: int, *, of: int = 1) -> None:
        """Do it so many times, and note what one `of` it costs as a rule."""
        walls, cpus = [], []
        for n in range(times + 3):
            wall, cpu = time.perf_counter(), time.thread_time()
            act()
            if n >= 3:  # what is done once, is done now
                walls.append((time.perf_counter() - wall) * 1000 / of)
                cpus.append((time.thread_time() - cpu) * 1000 / of)
        self.wall_ms[name] = statistics.median(walls)
        self.cpu_ms[name] = statistics.median(cpus)


class Backlog:
    """A database with executions that are queued, over so many groups."""

    def __init__(self, app: Flask, groups: int) -> None:
        self._app = app
        self.person: Person = make_cast().alice
        first = make_function(self.person, "http://127.0.0.1:9/", input_schema=True)
        if groups > 1:
            copy_row(Function, first, groups - 1, {"name": "'work_' || n"})
        with reading():
            self.group_ids = list(db.session.scalars(select(Function.id)))
        self._turns = cycle(self.group_ids)
        self._batch_id = submit_many(self.person, first, 100, delay_seconds=86_400).id
        self._seeds = [self._submit(group_id) for group_id in self.group_ids]
        self.count = len(self._seeds)
        self._browser: FlaskClient = browser_of(app, self.person)

    def fill(self, count: int) -> None:
        """Queue more, until there are so many; each has its line in a timeline."""
        more = (count - self.count) // len(self.group_ids)
        if more > 0:
            for seed in self._seeds:
                copy_row(Execution, seed, more)
            self.count += more * len(self.group_ids)
        new_id = _STEPS[db.engine.dialect.name]
        with writing():
            db.session.execute(
                text(
                    "INSERT INTO execution_steps (id, created_at, execution_id, kind) SELECT"  # noqa: S608 - our names
                    f" {new_id}, created_at, id, 'queued' FROM executions e WHERE NOT EXISTS"
                    " (SELECT 1 FROM execution_steps s WHERE s.execution_id = e.id)"
                )
            )

    def measure(self) -> Figures:
        """Take each step of an execution's life, and look at lists."""
        figures = Figures()
        figures.take("submit", lambda: self._submit(next(self._turns)), 100)
        figures.take("claim and finish", self._claim_and_finish, 30, of=AT_ONCE)
        figures.take("claim and finish one", lambda: self._claim_and_finish(1), 50)
        figures.take("the sweeper's look", self._look, 10)
        figures.take("the chores' look", self._look_for_chores, 10)
        figures.take("progress of a batch", self._progress, 30)
        api = ("/executions?limit=20", "/executions?status=queued&limit=20", "/batches?limit=20")
        slug = self.person.workspace_slug
        pages = ("executions", "batches", "functions")
        for path in (*api, *(f"/w/{slug}/{page}" for page in pages), "/healthz"):
            figures.take(f"GET {path.replace(slug, '…')}", lambda path=path: self._get(path), 10)  # type: ignore[misc]  # each its own path
        return figures

    def _submit(self, group_id: UUID) -> UUID:
        checked = check_input(db.session.get_one(Function, group_id), {})
        with writing():
            function = db.session.get_one(Function, group_id)
            return submit(principal_of(self.person), function, checked, Options())

    def _claim_and_finish(self, most: int = AT_ONCE) -> None:
        claims: list[ExecutionClaim] = []
        while len(claims) < most:
            with writing():
                claims += claim_executions(next(self._turns), LIMIT, most - len(claims))
        with writing():
            finish_executions([(claim, Output({})) for claim in claims])

    @staticmethod
    def _look() -> None:
        with reading():
            QUEUE.groups_with_work()

    @staticmethod
    def _look_for_chores() -> None:
        with reading():
            is_a_batch_forgotten()
            for chore in (*QUEUEING, *CANCELLING, *DELETING):
                chore.is_wanted()

    def _progress(self) -> None:
        with reading():
            progress_of([self._batch_id])

    def _get(self, path: str) -> None:
        headers = {} if path.startswith("/w/") else self.person.headers
        client = self._browser if path.startswith("/w/") else self._app.test_client()
        response = client.get(path, headers=headers)
        assert response.status_code in {200, 503}, response.text  # no worker is there


def run(app: Flask, groups: int, count: int) -> None:
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            run_migrations()
        backlog = Backlog(app, groups)
        backlog.fill(max(FEW, groups))
        few = backlog.measure()
        begun = time.monotonic()
        backlog.fill(count)
        print(
            f"{backlog.count:,} rows over {groups:,} groups (filled in"
            f" {time.monotonic() - begun:.0f} s)",
            flush=True,
        )
        many = backlog.measure()
        print(f"{'':38}{'few':>9}{'many ms':>9}{'share':>7}{'CPU':>9}{'many ms':>9}{'share':>7}")
        for name, wall in few.wall_ms.items():
            cells = ""
            for before, after in (
                (wall, many.wall_ms[name]),
                (few.cpu_ms[name], many.cpu_ms[name]),
            ):
                cells += f"{before:9.2f}{after:9.2f}{after / before:7.2f}"
            print(f"{name:38}{cells}", flush=True)
        db.session.remove()
        db.engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--groups", default="1,2000")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    arguments = parser.parse_args()
    for groups in map(int, arguments.groups.split(",")):
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            redis = stack.enter_context(EmbeddedRedis(folder))
            environment = {"REDIS_URL": redis.url, "DATA_DIR": str(folder / "data")}
            environment["EXECUTION_ENDPOINT_HOSTS"] = "127.0.0.0/8"
            if arguments.database == "postgresql":
                postgres = stack.enter_context(PostgresServer(folder))
                environment["DATABASE_URL"] = postgres.new_database()
            run(create_app(Settings.from_env(environment)), groups, arguments.rows)
    print(f"on {arguments.database}; load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
