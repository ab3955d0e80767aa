"""What pages of the inbox take with few requests and with many: each list, filter, order, count.

    .venv/bin/python -m tests.benchmarks.inbox_scale
    .venv/bin/python -m tests.benchmarks.inbox_scale --database sqlite --many 100000

Of twenty requests one waits. A page is drawn as a browser gets it, in the process that measures, so
that nothing else is in the figures; with PostgreSQL they have the server's part too. The statements
that a page runs are counted. Exits with 1 when a page takes more than LIMIT times as long.
"""

import argparse
import json
import logging
import math
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import event, text

from opensink_web import clock
from opensink_web.factory import create_app
from opensink_web.models import (
    AgentSession,
    InputRequest,
    InputRequestStatus,
    Workspace,
    db,
)
from opensink_web.models.base import first_id_at
from opensink_web.models.bulk_insert import Insertion
from opensink_web.models.input_request import InputRequestTag
from opensink_web.models.sealed import sealed_values
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.agent import create_agent
from opensink_web.settings import Settings
from tests.conftest import PASSWORD, TEST_SETTINGS, Person, make_cast
from tests.support.many_rows import indexed_later
from tests.support.real_servers import PostgresServer
from tests.support.scenarios import POLICY, SCHEMA

FEW, MANY = 10_000, 1_000_000
LIMIT = 1.3
_ONE_WAITS_OF = 20
_AGENTS = 5
_DAYS = 30
_AT_ONCE = 10_000
_LOOKS = 9
_WORDS = "invoice refund transfer order account contract salary delivery customs visa"
_NAMES = _WORDS.split(" ")


def main() -> int:
    """Measure on each database with few rows and with many; print a table of both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--few", type=int, default=FEW)
    parser.add_argument("--many", type=int, default=MANY)
    parser.add_argument("--folder", type=Path, help="keeps what was made, for another run")
    arguments = parser.parse_args()
    if arguments.folder is not None:
        return compare(arguments, arguments.folder)
    with tempfile.TemporaryDirectory(prefix="osscale") as folder:
        return compare(arguments, Path(folder))


def compare(arguments: argparse.Namespace, folder: Path) -> int:
    """Print the tables; return 1 when a page takes too long with many."""
    logging.disable(logging.WARNING)  # there is no Redis, and nothing here needs it
    is_over = False
    for database in arguments.database or ["sqlite", "postgresql"]:
        few = measured(database, arguments.few, folder / f"{database}-{arguments.few}")
        many = measured(database, arguments.many, folder / f"{database}-{arguments.many}")
        print(f"\n{database}: ms with {arguments.few:,} and {arguments.many:,} requests, times")
        for name, (seconds, statements) in many.items():
            before = few[name][0]
            ratio = seconds / before
            is_over |= ratio > LIMIT
            mark = " <<<" if ratio > LIMIT else ""
            print(
                f"  {name:34} {before * 1000:7.1f} {seconds * 1000:7.1f} {ratio:6.2f}"
                f"   {statements:3} statements{mark}",
                flush=True,
            )
    return int(is_over)


def measured(database: str, count: int, folder: Path) -> dict[str, tuple[float, int]]:
    """Return what each page takes, in seconds, and how many statements, with so many requests."""
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / "pages.json"
    with ExitStack() as stack:
        variables = {**TEST_SETTINGS, "DATA_DIR": str(folder)}
        if database == "postgresql":
            server = stack.enter_context(PostgresServer(folder, data=folder / "postgresql"))
            address = folder / "address"
            if not address.exists():
                address.write_text(server.new_database())
            variables["DATABASE_URL"] = address.read_text()
        app = create_app(Settings.from_env(variables))
        try:
            if not made.exists():
                with app.app_context():
                    made.write_text(json.dumps(make(database, count)))
            known = json.loads(made.read_text())
            with app.app_context():
                statements = counting_statements()
            app.config["WTF_CSRF_ENABLED"] = False
            client = app.test_client()
            answer = client.post("/sign-in", data={"email": known["email"], "password": PASSWORD})
            assert answer.status_code == 303, answer.text
            return {
                name: looked_at(client, path, statements) for name, path in known["pages"].items()
            }
        finally:
            with app.app_context():
                db.session.remove()
                db.engine.dispose()


def make(database: str, count: int) -> dict[str, Any]:
    """Make all rows; return the addresses of what is looked at, and who looks."""
    if database == "sqlite":
        db.create_all()
    person = make_cast().alice
    begun = time.monotonic()
    rows = Rows(person, count)
    rows.make()
    print(f"{database}: {count:,} made in {time.monotonic() - begun:.0f} s", flush=True)
    base = f"/w/{person.workspace_slug}"
    pages = {name: f"{base}{path}" for name, path in rows.pages().items()}
    return {"email": person.email, "pages": pages}


def looked_at(client: FlaskClient, path: str, statements: list[str]) -> tuple[float, int]:
    """Draw a page again and again; return the median and the statements of one."""
    taken = []
    for look in range(_LOOKS + 2):
        statements.clear()
        begun = time.perf_counter()
        answer = client.get(path)
        if look >= 2:  # the first have templates to compile and pages to read
            taken.append(time.perf_counter() - begun)
        assert answer.status_code == 200, (path, answer.status_code)
    return statistics.median(taken), len(statements)


def counting_statements() -> list[str]:
    """Return a list to which every statement from now on is added."""
    seen: list[str] = []

    @event.listens_for(db.engine, "before_cursor_execute")
    def note(
        _connection: Any, _cursor: Any, statement: str, _values: Any, _context: Any, _many: bool
    ) -> None:
        seen.append(statement)

    return seen


class Rows:
    """One workspace's requests: of many agents and keys, with tags, deadlines and priorities."""

    def __init__(self, person: Person, count: int) -> None:
        self._workspace_id = person.workspace_id
        self._user_id = person.id
        self._count = count
        self._random = random.Random(count)
        self._until = clock.now()
        self._agent_ids: list[UUID] = []
        self._session_ids: list[UUID] = []
        self._a_waiting_id: UUID | None = None

    def make(self) -> None:
        """Write all of it."""
        with writing():
            workspace = db.session.get_one(Workspace, self._workspace_id)
            agents = [create_agent(workspace, POLICY, name=f"Agent {n}") for n in range(_AGENTS)]
            self._agent_ids = [agent.id for agent in agents]
        self._add_sessions(max(self._count // 100, _AGENTS))
        with (
            indexed_later(InputRequest.__tablename__),
            indexed_later(InputRequestTag.__tablename__),
        ):
            for begin in range(0, self._count, _AT_ONCE):
                numbers = range(begin, min(begin + _AT_ONCE, self._count))
                rows = [self._row(number) for number in numbers]
                tags = [tag for row, n in zip(rows, numbers, strict=True) for tag in _tags(row, n)]
                with writing():
                    Insertion(InputRequest, rows).run()
                    Insertion(InputRequestTag, tags).run()
        with db.engine.connect() as connection:
            connection.execute(text("ANALYZE"))
            connection.commit()

    def _add_sessions(self, count: int) -> None:
        rows = []
        for number in range(count):
            self._session_ids.append(self._id_at(number, count))
            session = {
                "id": self._session_ids[-1],
                "workspace_id": self._workspace_id,
                "agent_id": self._agent_ids[number % _AGENTS],
                "status": "waiting_for_input",
                "created_at": self._until,
                "updated_at": self._until,
            }
            rows.append(session)
        for begin in range(0, count, _AT_ONCE):
            with writing():
                Insertion(AgentSession, rows[begin : begin + _AT_ONCE]).run()

    def _row(self, number: int) -> Mapping[str, Any]:
        place = self._random.randrange(len(self._session_ids))
        request_id, created_at = self._id_at(number, self._count), self._moment(number, self._count)
        waits = number % _ONE_WAITS_OF == 0
        if waits and number > self._count / 2 and self._a_waiting_id is None:
            self._a_waiting_id = request_id
        name = _NAMES[number % len(_NAMES)]
        due_at = self._until + timedelta(minutes=number % 9999)
        values = {
            "id": request_id,
            "created_at": created_at,
            "workspace_id": self._workspace_id,
            "session_id": self._session_ids[place],
            "agent_id": self._agent_ids[place % _AGENTS],
            "kind": "input",
            "key": f"key-{number % 50}",
            "title": f"Approve {name} {number}?",
            "message": f"The {name} number **{number}** is to be approved by somebody.",
            "schema": SCHEMA,
            "status": InputRequestStatus.PENDING if waits else InputRequestStatus.RESOLVED,
            "response": None if waits else {"approved": True},
            "resolved_at": None if waits else created_at + timedelta(minutes=5),
            "resolved_by_id": None if waits else self._user_id,
            "resolved_by_system": False,
            "allow_decline": True,
            "priority": number // 20 % 100 if number % 3 == 0 else 0,
            "reference": f"R-{number}",
            "expires_at": due_at if number % 4 == 0 else None,
            "on_expire": "none",
            "revision": 1,
        }
        return sealed_values(InputRequest, values)

    def _moment(self, number: int, count: int) -> datetime:
        return self._until - timedelta(days=_DAYS) * (1 - number / count)

    def _id_at(self, number: int, count: int) -> UUID:
        first = first_id_at(self._moment(number, count))
        return UUID(int=first.int | self._random.getrandbits(60))

    def pages(self) -> dict[str, str]:
        """Return the addresses of what is looked at, by what it is."""
        a_row = f"/requests/{self._a_waiting_id}"
        filters = {
            "one agent": f"agent={self._agent_ids[3]}",
            "one key": "key=key-20",
            "one tag": "tag=name-invoice",
            "a rare tag": "tag=rare",
            "one kind": "kind=input",
            "older than a day": "age=1d",
            "one session": f"session={self._session_ids[-3]}",
        }
        orders = ("oldest", "newest", "due", "priority")
        decided = "/inbox?view=decided"
        lists = {
            **{f"waiting, {order}": f"/inbox?order={order}" for order in orders},
            "decided": decided,
            **{f"waiting, {name}": f"/inbox?{query}" for name, query in filters.items()},
            **{
                f"decided, {name}": f"/inbox?view=decided&{query}"
                for name, query in filters.items()
            },
            **{
                f"{name}, by {order}": f"/inbox?order={order}&{query}"
                for name, query in filters.items()
                for order in ("due", "priority")
            },
            "grouped by agent": "/inbox?group=agent",
            "grouped by key": "/inbox?group=key",
            "grouped by session": "/inbox?group=session",
        }
        words = {
            "a word that many have": "approve",
            "one that a tenth has": "invoice",
            "a beginning": "inv",
            "a number that one has": str(self._count // 2),
            "two words": "approve+invoice",
            "a word that none has": "nowhere",
        }
        return {
            **lists,
            **{f"search: {name}": f"/inbox?q={word}" for name, word in words.items()},
            **{f"search decided: {name}": f"{decided}&q={word}" for name, word in words.items()},
            "a request": a_row,
            **{f"a request, by {order}": f"{a_row}?order={order}" for order in orders},
            "another page, with the count": "/functions",
            "what is asked for news": "/live?since=0",
        }


def _tags(row: Mapping[str, Any], number: int) -> Iterator[dict[str, Any]]:
    of_row = {"request_id": row["id"], "workspace_id": row["workspace_id"]}
    yield {**of_row, "tag": f"name-{_NAMES[number % len(_NAMES)]}"}
    # as many whatever the number of rows, and waiting
    if number % (_ONE_WAITS_OF * max(math.ceil(number / 200), 1)) == 0 and number < 2000:
        yield {**of_row, "tag": "rare"}


if __name__ == "__main__":
    sys.exit(main())
