"""How long others wait to write while an agent with very many rows is deleted, and old executions.

    .venv/bin/python -m tests.benchmarks.deleting [--rows 100000] [--database postgresql]
        [--seconds 60]

An agent goes once by the database's own cascade, in one statement, and once as the application does
it: marked in one short transaction, and the rest by the sweeper's chore. Then as many executions
that ended a year ago, half of them in a batch, each with its timeline, are pruned for so many
seconds. In between as many old sessions are looked through that may not be pruned. Another thread
writes into the session of another agent all the while, as fast as it can; printed are the longest
that one of its transactions took, the longest transaction that deleted, and after how long nobody
found the agent any more, or how many rows went in a second.
"""

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from flask import Flask
from sqlalchemy import delete, func, select

from opensink_web import clock
from opensink_web.cli.database import run_migrations
from opensink_web.errors import Unavailable
from opensink_web.factory import create_app
from opensink_web.models import (
    Activity,
    ActivitySource,
    ActivityType,
    Agent,
    AgentSession,
    Execution,
    ExecutionStep,
    Workspace,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.activity import add_activity
from opensink_web.operations.agents.agent import delete_agent
from opensink_web.operations.kept import Kept
from opensink_web.outbound.outcome import Output
from opensink_web.settings import Settings
from opensink_web.work import chores
from opensink_web.work.chores import DELETING, Pruning, do_chores
from tests.conftest import Person, make_cast
from tests.support.executions import (
    claim_some,
    finish_all,
    make_function,
    submit_many,
    submit_one,
)
from tests.support.many_rows import NEW_ID, copy_row, copy_rows, indexed_later
from tests.support.real_servers import EmbeddedRedis, PostgresServer
from tests.support.scenarios import Waiting, ask_in


class OtherWriter(threading.Thread):
    """Reports in a session until it is told to end; notes how long each transaction took."""

    def __init__(self, app: Flask, person: Person, waiting: Waiting) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self.refused = 0
        self.is_over = threading.Event()
        self._app, self._person, self._waiting = app, person, waiting

    def run(self) -> None:
        of = self._waiting
        with self._app.app_context():
            while not self.is_over.is_set():
                begun = time.monotonic()
                try:
                    with writing():
                        workspace = db.session.get_one(Workspace, self._person.workspace_id)
                        kind, source = ActivityType.MESSAGE, ActivitySource.AGENT
                        add_activity(workspace, of.session_id, of.agent_id, kind, source)
                except Unavailable:
                    self.refused += 1
                self.seconds.append(time.monotonic() - begun)
                time.sleep(0.002)


def by_cascade(_person: Person, agent_id: UUID) -> float:
    """Delete the agent in one statement; return how long it took until it was gone."""
    begun = time.monotonic()
    with writing():
        db.session.execute(delete(Agent.__table__).where(Agent.__table__.c.id == agent_id))  # type: ignore[arg-type]  # a Table is typed as any FROM
    return time.monotonic() - begun


def in_slices(person: Person, agent_id: UUID) -> float:
    """Delete the agent and have the sweeper's chore end it; return when it was gone."""
    begun = time.monotonic()
    with writing():
        delete_agent(db.session.get_one(Workspace, person.workspace_id), agent_id)
    gone_after = time.monotonic() - begun
    while do_chores(DELETING):
        pass
    return gone_after


def make_large(person: Person, count: int) -> Waiting:
    """Make an agent with as many rows, half of them sessions."""
    waiting = ask_in(person, None)
    with reading():
        first = db.session.scalars(
            select(Activity.id).where(Activity.agent_id == waiting.agent_id).limit(1)
        ).one()
    copy_row(AgentSession, waiting.session_id, count // 2)
    copy_row(Activity, first, count // 2)
    return waiting


def make_old(person: Person, count: int) -> None:
    """Write down as many executions that ended long ago, half of them in a batch."""
    function_id = make_function(person, "http://127.0.0.1:9/")
    in_batch = submit_many(person, function_id, 1).execution_ids[0]
    alone = submit_one(person, function_id)
    finish_all(claim_some(function_id), Output({}))
    for execution_id in (alone, in_batch):
        named = execution_id.hex if db.engine.dialect.name == "sqlite" else execution_id
        differing = {"batch_index": "n"} if execution_id == in_batch else {}
        copy_rows(Execution, f"old.id = '{named}'", count // 2, differing)
    new_id = NEW_ID[db.engine.dialect.name]
    with indexed_later(ExecutionStep.__tablename__) as execute:
        execute(
            "INSERT INTO execution_steps (id, created_at, execution_id, kind) SELECT"  # noqa: S608 - our names
            f" {new_id}, created_at, id, 'completed' FROM executions"
        )


@contextmanager
def longest_transaction() -> Iterator[list[float]]:
    """Note how long each transaction of a chore takes, once it may write."""
    taken: list[float] = []

    @contextmanager
    def timed() -> Iterator[None]:
        with writing():
            db.session.connection()
            begun = time.monotonic()
            yield
            db.session.flush()
            taken.append(time.monotonic() - begun)

    chores.writing = timed  # type: ignore[attr-defined]  # it only imports that
    try:
        yield taken
    finally:
        chores.writing = writing  # type: ignore[attr-defined]  # as above


@contextmanager
def watched(app: Flask, person: Person, waiting: Waiting, name: str) -> Iterator[None]:
    """Write meanwhile, and say what that had to wait, and how long transactions of chores took."""
    writer = OtherWriter(app, person, waiting)
    writer.start()
    time.sleep(1)
    with longest_transaction() as taken:
        yield
    writer.is_over.set()
    writer.join()
    ordered = sorted(writer.seconds)
    longest, p95 = ordered[-1] * 1000, ordered[int(len(ordered) * 0.95)] * 1000
    print(
        f"{name:12} another writer waited {longest:6.0f} ms at most (p95 {p95:.0f}, p50"
        f" {statistics.median(ordered) * 1000:.1f}), {writer.refused} refused;"
        f" longest transaction {max(taken, default=0) * 1000:.0f} ms",
        flush=True,
    )


def measure_deleting(
    app: Flask, person: Person, name: str, remove: Callable[[Person, UUID], float], count: int
) -> None:
    large, other = make_large(person, count), ask_in(person, None)
    begun = time.monotonic()
    with watched(app, person, other, name):
        gone_after = remove(person, large.agent_id)
    took = time.monotonic() - begun
    print(
        f"{'':12} gone after {gone_after * 1000:.0f} ms, all of it after {took:.1f} s", flush=True
    )


def measure_pruning(app: Flask, person: Person, seconds: float) -> None:
    other = ask_in(person, None)
    cutoff = clock.now() + timedelta(days=1)
    pruning = [Pruning(kind, cutoff) for kind in (Kept.EXECUTIONS, Kept.BATCHES)]
    before, begun = count_executions(), time.monotonic()
    with watched(app, person, other, "pruning"):
        do_chores(pruning, seconds)
    took, gone = time.monotonic() - begun, before - count_executions()
    print(f"{'':12} {gone:,} of {before:,} executions in {took:.1f} s, {gone / took:,.0f}/s")


def measure_looking(person: Person, count: int) -> None:
    """Look through so many old sessions of which none may go, as the sweeper does each minute."""
    copy_row(AgentSession, ask_in(person, None).session_id, count)
    pruning = Pruning(Kept.SESSIONS, clock.now() + timedelta(days=1))
    taken: list[float] = []
    is_more = True
    while is_more:
        begun = time.monotonic()
        is_more = pruning.go_on()
        taken.append(time.monotonic() - begun)
    print(
        f"{'looking':12} at {count:,} sessions that may not go: {sum(taken):.2f} s,"
        f" {max(taken) * 1000:.0f} ms at most in one transaction, which only reads"
    )


def count_executions() -> int:
    with reading():
        return db.session.scalar(select(func.count()).select_from(Execution)) or 0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(EmbeddedRedis(folder))
        environment = {"REDIS_URL": redis.url, "DATA_DIR": str(folder / "data")}
        if arguments.database == "postgresql":
            postgres = stack.enter_context(PostgresServer(folder))
            environment["DATABASE_URL"] = postgres.new_database()
        app = create_app(Settings.from_env(environment))
        with app.app_context():
            if arguments.database == "sqlite":
                run_migrations()
            person = make_cast().alice
            print(f"{arguments.rows:,} rows on {arguments.database}")
            measure_deleting(app, person, "by cascade", by_cascade, arguments.rows)
            measure_deleting(app, person, "in slices", in_slices, arguments.rows)
            measure_looking(person, arguments.rows)
            make_old(person, arguments.rows)
            measure_pruning(app, person, arguments.seconds)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
