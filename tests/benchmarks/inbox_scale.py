"""What pages of the inbox take with few requests and with many: each list, filter, order, count.

    .venv/bin/python -m tests.benchmarks.inbox_scale
    .venv/bin/python -m tests.benchmarks.inbox_scale --database sqlite --many 100000

Of twenty requests one waits. A page is drawn as a browser gets it, in the process that measures, so
that nothing else is in the figures; with PostgreSQL they have the server's part too. The statements
that a page runs are counted, and the rows that it shows: a part of few requests may be less than a
page, and then the page is quickly drawn. Exits with 1 when a page with as many rows takes more than
LIMIT times as long.
"""

import argparse
import json
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import event

from opensink_web.cli.database import run_migrations
from opensink_web.factory import create_app
from opensink_web.models import (
    SearchDocument,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.requests import search
from opensink_web.operations.requests.search import index_some, is_any_unindexed
from opensink_web.settings import Settings
from tests.benchmarks.inbox_rows import Rows, analyze
from tests.conftest import PASSWORD, TEST_SETTINGS, make_cast
from tests.support.many_rows import indexed_later
from tests.support.real_servers import PostgresServer

FEW, MANY = 10_000, 1_000_000
LIMIT = 1.3
_AT_ONCE = 10_000
_LOOKS = 9


def main() -> int:
    """Measure on each database with few rows and with many; print a table of both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--few", type=int, default=FEW)
    parser.add_argument("--many", type=int, default=MANY)
    parser.add_argument("--folder", type=Path, help="keeps what was made, for another run")
    parser.add_argument("--only", default="", help="looks at those alone whose name has this")
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
        few = measured(
            database, arguments.few, folder / f"{database}-{arguments.few}", arguments.only
        )
        many = measured(
            database, arguments.many, folder / f"{database}-{arguments.many}", arguments.only
        )
        print(f"\n{database}: ms with {arguments.few:,} and {arguments.many:,} requests, times")
        for name, (seconds, statements, rows) in many.items():
            before, _, rows_before = few[name]
            ratio = seconds / before
            is_too_long = ratio > LIMIT and rows == rows_before
            is_over |= is_too_long
            print(
                f"  {name:34} {before * 1000:7.1f} {seconds * 1000:7.1f} {ratio:6.2f}"
                f"   {statements:3} statements, {rows_before:3} and {rows:3} rows"
                f"{' <<<' if is_too_long else ''}",
                flush=True,
            )
    return int(is_over)


def measured(
    database: str, count: int, folder: Path, only: str
) -> dict[str, tuple[float, int, int]]:
    """Return what each page takes, in seconds, its statements and rows, with so many requests."""
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / "made.json"
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
            with app.app_context():
                run_migrations()  # also of what was made before there was the last one
                if not made.exists():
                    made.write_text(json.dumps(make(database, count)))
                index_all(database)
                statements = counting_statements()
            known = json.loads(made.read_text())
            app.config["WTF_CSRF_ENABLED"] = False
            client = app.test_client()
            answer = client.post("/sign-in", data={"email": known["email"], "password": PASSWORD})
            assert answer.status_code == 303, answer.text
            return {
                name: looked_at(client, f"/w/{known['slug']}{path}", statements)
                for name, path in pages(known).items()
                if only in name
            }
        finally:
            with app.app_context():
                db.session.remove()
                db.engine.dispose()


def make(database: str, count: int) -> dict[str, Any]:
    """Make all rows; return what addresses are made of, and who looks."""
    person = make_cast().alice
    begun = time.monotonic()
    known = Rows(person, count).make()
    print(f"{database}: {count:,} made in {time.monotonic() - begun:.0f} s", flush=True)
    return {"email": person.email, "slug": person.workspace_slug, **known}


def index_all(database: str) -> None:
    """Index for the search what is not yet."""
    with reading():
        if not is_any_unindexed():
            return
    begun = time.monotonic()
    search._INDEXED_AT_ONCE = _AT_ONCE
    with indexed_later(SearchDocument.__tablename__):
        is_left = True
        while is_left:
            with writing():
                is_left = index_some() > 0
    analyze()
    print(f"{database}: indexed in {time.monotonic() - begun:.0f} s", flush=True)


def looked_at(client: FlaskClient, path: str, statements: list[str]) -> tuple[float, int, int]:
    """Draw a page again and again; return the median, and the statements and rows of one."""
    taken = []
    for look in range(_LOOKS + 2):
        statements.clear()
        begun = time.perf_counter()
        answer = client.get(path)
        if look >= 2:  # the first have templates to compile and pages to read
            taken.append(time.perf_counter() - begun)
        assert answer.status_code == 200, (path, answer.status_code)
    return statistics.median(taken), len(statements), answer.text.count('class="row-entry')


def counting_statements() -> list[str]:
    """Return a list to which every statement from now on is added."""
    seen: list[str] = []

    @event.listens_for(db.engine, "before_cursor_execute")
    def note(
        _connection: Any, _cursor: Any, statement: str, _values: Any, _context: Any, _many: bool
    ) -> None:
        seen.append(statement)

    return seen


def pages(known: Mapping[str, Any]) -> dict[str, str]:
    """Return the addresses of what is looked at, by what it is."""
    a_row = f"/requests/{known['request']}"
    filters = {
        "one agent": f"agent={known['agent']}",
        "one key": "key=key-20",
        "one function": "function=tests%2Fwork-1",
        "one tag": "tag=name-invoice",
        "a rare tag": "tag=rare",
        "one kind": "kind=approval",
        "older than a day": "age=1d",
        "one session": f"session={known['session']}",
        "one batch": f"batch={known['batch']}",
        "one agent and key": f"agent={known['agent']}&key=key-20",
    }
    words = {
        "a word that all have": "approve",
        "one that a tenth has": "invoice",
        "a beginning": "inv",
        "a number that one has": str(known["count"] // 2),
        "two words": "approve+invoice",
        "a word that none has": "nowhere",
    }
    orders = ("oldest", "newest", "due", "priority")
    decided = "/inbox?view=decided"
    lists = {
        **{f"waiting, {order}": f"/inbox?order={order}" for order in orders},
        "decided": decided,
        **{f"waiting, {name}": f"/inbox?{query}" for name, query in filters.items()},
        **{f"decided, {name}": f"{decided}&{query}" for name, query in filters.items()},
        **{
            f"{name}, by {order}": f"/inbox?order={order}&{query}"
            for name, query in filters.items()
            for order in ("due", "priority")
        },
        **{
            f"grouped by {each}": f"/inbox?group={each}"
            for each in ("agent", "key", "session", "batch")
        },
    }
    return {
        **lists,
        **{f"search: {name}": f"/inbox?q={word}" for name, word in words.items()},
        **{f"search decided: {name}": f"{decided}&q={word}" for name, word in words.items()},
        **{
            f"search by {order}: {name}": f"/inbox?order={order}&q={words[name]}"
            for name in ("a word that all have", "one that a tenth has")
            for order in ("newest", "due", "priority")
        },
        "search and a filter": f"/inbox?q=invoice&agent={known['agent']}",
        "search and a tag": "/inbox?q=approve&tag=name-invoice",
        "a request": a_row,
        **{f"a request, by {order}": f"{a_row}?order={order}" for order in orders},
        **{
            f"a request, of {name}": f"{a_row}?{query}"
            for name, query in (
                ("a search", "q=approve"),
                ("a search that a tenth has", "q=invoice"),
                ("a tag", "tag=name-invoice"),
                ("an agent", filters["one agent"]),
            )
        },
        **{
            f"{of}: {name}": f"/{of}?q={word}"
            for of in ("sessions", "deliveries")
            for name, word in words.items()
        },
        "another page, with the count": "/functions",
        "what is asked for news": "/live?since=0",
    }


if __name__ == "__main__":
    sys.exit(main())
