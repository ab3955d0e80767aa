"""How long others wait to write while an agent with very many rows is deleted.

    .venv/bin/python -m tests.benchmarks.deleting [--rows 100000] [--database postgresql]

Once by the database's own cascade, in one statement, and once as the application does it: marked in
one short transaction, and the rest by the sweeper's chore. Another thread writes into the session
of another agent all the while, as fast as it can; what is printed is the longest that one of its
transactions took, and after how long nobody found the agent any more.
"""

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

from flask import Flask
from sqlalchemy import delete, select

from opensink_web.cli.database import run_migrations
from opensink_web.errors import Unavailable
from opensink_web.factory import create_app
from opensink_web.models import (
    Activity,
    ActivitySource,
    ActivityType,
    Agent,
    AgentSession,
    Workspace,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.activity import add_activity
from opensink_web.operations.agents.agent import delete_agent
from opensink_web.settings import Settings
from opensink_web.work.chores import DELETING, do_chores
from tests.conftest import Person, make_cast
from tests.support.many_rows import copy_row
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


def measure(
    app: Flask, person: Person, name: str, remove: Callable[[Person, UUID], float], count: int
) -> None:
    large, other = make_large(person, count), ask_in(person, None)
    writer = OtherWriter(app, person, other)
    writer.start()
    time.sleep(1)
    begun = time.monotonic()
    gone_after = remove(person, large.agent_id)
    took = time.monotonic() - begun
    writer.is_over.set()
    writer.join()
    longest, middle = max(writer.seconds) * 1000, statistics.median(writer.seconds) * 1000
    print(
        f"{name:12} another writer waited {longest:6.0f} ms at most ({middle:.1f} ms as a rule),"
        f" {writer.refused} refused; gone after {gone_after * 1000:.0f} ms, all of it after"
        f" {took:.1f} s",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
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
            measure(app, person, "by cascade", by_cascade, arguments.rows)
            measure(app, person, "in slices", in_slices, arguments.rows)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
