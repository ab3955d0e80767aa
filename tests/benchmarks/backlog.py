"""What one execution costs with a million queued, beside what it costs with a thousand.

    .venv/bin/python -m tests.benchmarks.backlog [--rows 1000000] [--database postgresql]
        [--groups 1,2000] [--folder FOLDER] [--fill] [--only "claim and finish"]

For each number of concurrency groups two databases are filled, one with a thousand executions (or
one in each group) and one with a million. Then each step of an execution's life is taken many times
in this process, without HTTP, on one and on the other in turns, so that whatever else the machine
does meets both; and so are the first pages of lists. Printed is what one costs as a rule on the
wall's clock (the median), and how much of a processor's time on average, that of PostgreSQL's own
process included; then the share, which should be below 1.2. With `--folder` the databases are kept
there, and those that are there are used; `--fill` only fills them.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select, text

from opensink_web.cli.database import run_migrations
from opensink_web.factory import create_app
from opensink_web.models import Batch, Execution, ExecutionStep, Function, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.executions.claim import ExecutionClaim
from opensink_web.operations.executions.outcome import finish_executions
from opensink_web.operations.executions.queries.batch import progress_of
from opensink_web.operations.executions.submission import Options, check_input, submit
from opensink_web.outbound.outcome import Output
from opensink_web.settings import Settings
from opensink_web.work.chores import ALWAYS
from opensink_web.work.kinds import kinds_within
from opensink_web.work.queue import Limits, Queue
from tests.conftest import Person, make_cast
from tests.support.executions import claim_executions, make_function, principal_of, submit_many
from tests.support.many_rows import NEW_ID, copy_row, copy_rows, indexed_later
from tests.support.real_servers import EmbeddedRedis, PostgresServer
from tests.web.conftest import browser_of

FEW = 1000
LIMIT = 100_000
"""Of calls at once: what is claimed here and what others hold is not what is measured."""
AT_ONCE = 16
ROUNDS = 24


@dataclass
class Cost:
    """How long one step took, in milliseconds: on the wall's clock, and of processors' time."""

    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.usual:9.2f}{self.cpu:9.2f}"

    @property
    def usual(self) -> float:
        return statistics.median(self.wall_ms)

    @property
    def cpu(self) -> float:
        return statistics.mean(self.cpu_ms)


class Backlog:
    """A database with executions that are queued, over so many groups."""

    def __init__(self, app: Flask, person: Person) -> None:
        self.app = app
        self.person = person
        self._queue = Queue(kinds_within(Limits(LIMIT, LIMIT)))
        with app.app_context(), reading():
            self._batch_id = db.session.scalars(select(Batch.id)).one()
            groups = select(Execution.group_id).where(Execution.batch_id.is_(None)).distinct()
            group_ids = list(db.session.scalars(groups))
            self._backend = None
            if db.engine.dialect.name == "postgresql":
                self._backend = db.session.scalar(text("SELECT pg_backend_pid()"))
        self._submitted_to, self._claimed_of = cycle(group_ids), cycle(group_ids)
        self._is_one_group = len(group_ids) == 1
        self._browser = browser_of(app, person)
        self.costs: dict[str, Cost] = {}

    @contextmanager
    def timed(self, name: str, of: int = 1) -> Iterator[None]:
        """Note what the block costs, each of so many."""
        wall, cpu = time.perf_counter(), self._cpu_ms()
        yield
        cost = self.costs.setdefault(name, Cost())
        cost.wall_ms.append((time.perf_counter() - wall) * 1000 / of)
        cost.cpu_ms.append((self._cpu_ms() - cpu) / of)

    def take_steps(self) -> None:
        """Submit executions, and carry as many out."""
        for _ in range(AT_ONCE + 1):
            with self.timed("submit"):
                self._submit(next(self._submitted_to))
        with self.timed(f"claim and finish {AT_ONCE}, each", of=AT_ONCE):
            self._claim_and_finish(AT_ONCE)
        with self.timed("claim and finish one"):
            self._claim_and_finish(1)

    def look(self) -> None:
        """Look for what is due, as the sweeper does, and at lists."""
        with self.timed("the sweeper's look"), reading():
            self._queue.groups_with_work()
        with self.timed("the chores' look"), reading():
            for chore in ALWAYS:
                chore.is_wanted()
        with self.timed("progress of a batch"), reading():
            progress_of([db.session.get_one(Batch, self._batch_id)])
        slug = self.person.workspace_slug
        api = ("/executions?limit=20", "/executions?status=queued&limit=20", "/batches?limit=20")
        pages = (f"/w/{slug}/{page}" for page in ("executions", "batches", "functions"))
        for path in (*api, *pages, "/healthz"):
            with self.timed(f"GET {path.replace(slug, '…')}"):
                self._get(path)

    def close(self) -> None:
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    def _cpu_ms(self) -> float:
        spent = time.thread_time_ns()
        if self._backend is not None:
            spent += int(Path(f"/proc/{self._backend}/schedstat").read_text().split()[0])
        return spent / 1_000_000

    def _submit(self, group_id: UUID) -> None:
        checked = check_input(db.session.get_one(Function, group_id), {})
        with writing():
            function = db.session.get_one(Function, group_id)
            submit(principal_of(self.person), function, checked, Options())

    def _claim_and_finish(self, count: int) -> None:
        """Take as many of one group, or one of as many groups."""
        claims: list[ExecutionClaim] = []
        with writing():
            for group_id in sorted(islice(self._claimed_of, 1 if self._is_one_group else count)):
                most = count if self._is_one_group else 1
                claims += claim_executions(group_id, LIMIT, most)
        assert len(claims) == count
        with writing():
            finish_executions([(claim, Output({})) for claim in claims])

    def _get(self, path: str) -> None:
        headers = {} if path.startswith("/w/") else self.person.headers
        client = self._browser if path.startswith("/w/") else self.app.test_client()
        response = client.get(path, headers=headers)
        assert response.status_code in {200, 503}, response.text  # no worker is there


def fill(groups: int, count: int) -> Person:
    """Write down so many functions, and executions of them that are queued, with timelines."""
    person = make_cast().alice
    first = make_function(person, "http://127.0.0.1:9/", input_schema=True)
    if groups > 1:
        copy_row(Function, first, groups - 1, {"name": "'work_' || n"})
    submit_many(person, first, 100, delay_seconds=86_400)
    checked = check_input(db.session.get_one(Function, first), {})
    with writing():
        function = db.session.get_one(Function, first)
        submit(principal_of(person), function, checked, Options())
        others = list(db.session.scalars(select(Function.id).where(Function.id != first)))
    with reading():
        alone = select(Execution.id).where(Execution.batch_id.is_(None))
        seed = db.session.scalars(alone).one()
    for group_id in others:  # each group has one
        value = f"'{group_id.hex if db.engine.dialect.name == 'sqlite' else group_id}'"
        copy_row(Execution, seed, 1, {"function_id": value, "group_id": value})
    more = count // groups - 1
    if more:
        copy_rows(Execution, "old.batch_id IS NULL", more)
    with indexed_later(ExecutionStep.__tablename__) as execute:
        execute(
            "INSERT INTO execution_steps (id, created_at, execution_id, kind) SELECT"  # noqa: S608 - our names
            f" {NEW_ID[db.engine.dialect.name]}, created_at, id, 'queued' FROM executions"
        )
    return person


class Databases:
    """Databases in a folder, made where they are not there yet."""

    def __init__(self, folder: Path, redis_url: str, postgres: PostgresServer | None) -> None:
        self._folder, self._redis_url, self._postgres = folder, redis_url, postgres

    def backlog(self, groups: int, count: int) -> Backlog:
        folder = self._folder / f"{groups}-{count}"
        folder.mkdir(exist_ok=True)
        known = folder / "known.json"
        environment = {"REDIS_URL": self._redis_url, "DATA_DIR": str(folder)}
        if known.exists():
            found = json.loads(known.read_text())
            environment = found["environment"] | environment
            person: dict[str, Any] = {
                name: UUID(value) if name in {"id", "workspace_id"} else value
                for name, value in found["person"].items()
            }
            app = _app(environment)
            with app.app_context():
                run_migrations()  # there may be newer ones
            return Backlog(app, Person(**person))
        if self._postgres is not None:
            environment["DATABASE_URL"] = self._postgres.new_database()
        app = _app(environment)
        begun = time.monotonic()
        with app.app_context():
            if self._postgres is None:
                run_migrations()
            made = fill(groups, count)
        known.write_text(
            json.dumps({"person": asdict(made), "environment": environment}, default=str)
        )
        took = time.monotonic() - begun
        print(f"{count:,} rows over {groups:,} groups, filled in {took:.0f} s", flush=True)
        return Backlog(app, made)


def _app(environment: dict[str, str]) -> Flask:
    return create_app(Settings.from_env({**environment, "EXECUTION_ENDPOINT_HOSTS": "127.0.0.0/8"}))


def measure(
    few: Backlog, many: Backlog, take: Callable[[Backlog], None], rounds: int
) -> dict[str, tuple[Cost, Cost]]:
    """Do it on both in turns; what is done once, is done before."""
    for number in range(rounds + 2):
        for each in (few, many):
            with each.app.app_context():
                take(each)
            if number == 1:
                each.costs.clear()
    return {name: (cost, many.costs[name]) for name, cost in few.costs.items()}


def report(costs: dict[str, tuple[Cost, Cost]]) -> None:
    print(f"{'ms':38}{'few':>9}{'CPU':>9}{'many':>9}{'CPU':>9}{'share':>7}{'CPU':>7}")
    for name, (few, many) in costs.items():
        shares = f"{many.usual / few.usual:7.2f}{many.cpu / few.cpu:7.2f}"
        print(f"{name:38}{few}{many}{shares}", flush=True)


def run(
    folder: Path,
    postgres: PostgresServer | None,
    groups: Sequence[int],
    rows: int,
    rounds: int = ROUNDS,
) -> Iterator[tuple[int, dict[str, tuple[Cost, Cost]]]]:
    """Fill the databases where that is not done yet, and measure; without rounds only fill."""
    with EmbeddedRedis(folder) as redis:
        databases = Databases(folder, redis.url, postgres)
        for count in groups:
            least = max(FEW, count)
            with (
                closing(databases.backlog(count, least)) as few,
                closing(databases.backlog(count, max(rows, least))) as many,
            ):
                if rounds:
                    print(f"{rows:,} rows beside {least:,}, over {count:,} groups")
                    looks = max(rounds // 3, 1)
                    steps = measure(few, many, Backlog.take_steps, rounds)
                    yield count, steps | measure(few, many, Backlog.look, looks)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--groups", default="1,2000")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--fill", action="store_true")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    groups = [int(each) for each in arguments.groups.split(",")]
    with ExitStack() as stack:
        temporary = stack.enter_context(tempfile.TemporaryDirectory())
        folder = (arguments.folder or Path(temporary)) / arguments.database
        folder.mkdir(parents=True, exist_ok=True)
        postgres = None
        if arguments.database == "postgresql":
            postgres = stack.enter_context(PostgresServer(folder, data=folder / "server"))
        rounds = 0 if arguments.fill else arguments.rounds
        for _, costs in run(folder, postgres, groups, arguments.rows, rounds):
            report(costs)
    print(f"on {arguments.database}; load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
