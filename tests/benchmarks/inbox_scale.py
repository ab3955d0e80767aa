"""What pages of the inbox take with few requests and with many: each list, filter, order, count.

    .venv/bin/python -m tests.benchmarks.inbox_scale
    .venv/bin/python -m tests.benchmarks.inbox_scale --database sqlite --many 100000

Of twenty requests one waits. A page is drawn as a browser gets it, in the process that measures, so
that nothing else is in the figures; with PostgreSQL they have the server's part too. It is drawn of
few and of many by turns, for a machine that is busy for a while. The rows that it shows are the
same number of both, and the statements that it runs are counted. Exits with 1 when a page takes
more than LIMIT times as long with many, or shows another number of rows.
"""

import argparse
import json
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import event

from opensink_web.cli.database import run_migrations
from opensink_web.factory import create_app
from opensink_web.models import SearchDocument, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.requests import search
from opensink_web.operations.requests.search import (
    index_some,
    is_any_unindexed,
    is_any_wide,
    narrow_some,
)
from opensink_web.settings import Settings
from tests.benchmarks.inbox_pages import pages
from tests.benchmarks.inbox_rows import Rows, analyze, looked_up
from tests.conftest import PASSWORD, TEST_SETTINGS, make_cast
from tests.support.many_rows import indexed_later
from tests.support.real_servers import PostgresServer

FEW, MANY = 10_000, 1_000_000
LIMIT = 1.3
_AT_ONCE = 10_000
_LOOKS = 9
_FIRST_LOOKS = 2
"""They have templates to compile and pages to read."""


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
        with ExitStack() as stack:
            few, many = (
                stack.enter_context(Installation(database, count, folder / f"{database}-{count}"))
                for count in (arguments.few, arguments.many)
            )
            counts = f"{arguments.few:,} and {arguments.many:,}"
            print(f"\n{database}: ms with {counts} requests, times, statements, rows")
            for name, line, is_within in compared(few, many, arguments.only):
                print(f"  {name:44} {line}{'' if is_within else ' <<<'}", flush=True)
                is_over |= not is_within
    return int(is_over)


def compared(
    few: "Installation", many: "Installation", only: str
) -> Iterator[tuple[str, str, bool]]:
    """Look at each page of both; give its name, what is printed, and whether that is within."""
    of_both = [pages(each.known) for each in (few, many)]
    for name in of_both[0]:
        if only not in name:
            continue
        looks = [Looks(), Looks()]
        for number in range(_FIRST_LOOKS + _LOOKS):
            for each, installation, paths in zip(looks, (few, many), of_both, strict=True):
                installation.look_at(paths[name], each, is_counted=number >= _FIRST_LOOKS)
        ms = [statistics.median(each.seconds) * 1000 for each in looks]
        ratio = ms[1] / ms[0]
        statements, rows = (
            f"{getattr(looks[0], what):3} {getattr(looks[1], what):3}"
            for what in ("statements", "rows")
        )
        line = f"{ms[0]:7.1f} {ms[1]:7.1f} {ratio:6.2f}   {statements}   {rows}"
        yield name, line, ratio <= LIMIT and looks[0].rows == looks[1].rows


@dataclass
class Looks:
    """What a page took each time, and what was in it the last time."""

    seconds: list[float] = field(default_factory=list)
    statements: int = 0
    rows: int = 0


class Installation:
    """So many requests, and somebody who looks at them."""

    def __init__(self, database: str, count: int, folder: Path) -> None:
        self._database, self._count, self._folder = database, count, folder
        self._stack = ExitStack()
        self._statements = 0
        self.known: dict[str, Any] = {}

    def __enter__(self) -> "Installation":
        folder, variables = self._folder, {**TEST_SETTINGS, "DATA_DIR": str(self._folder)}
        folder.mkdir(parents=True, exist_ok=True)
        if self._database == "postgresql":
            server = self._stack.enter_context(PostgresServer(folder, data=folder / "postgresql"))
            address = folder / "address"
            if not address.exists():
                address.write_text(server.new_database())
            variables["DATABASE_URL"] = address.read_text()
        app = create_app(Settings.from_env(variables))
        app.config["WTF_CSRF_ENABLED"] = False
        self._app, self._client = app, app.test_client()
        with app.app_context():
            self._stack.callback(db.engine.dispose)
            run_migrations()  # also of what was made before there was the last one
            self.known = self._make()
            event.listen(db.engine, "before_cursor_execute", self._count_statement)
            db.session.remove()
        answer = self._client.post(
            "/sign-in", data={"email": self.known["email"], "password": PASSWORD}
        )
        assert answer.status_code == 303, answer.text
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def look_at(self, path: str, looks: Looks, *, is_counted: bool) -> None:
        """Draw a page."""
        self._statements = 0
        address = f"/w/{self.known['slug']}{path}"
        begun = time.perf_counter()
        answer = self._client.get(address)
        taken = time.perf_counter() - begun
        assert answer.status_code == 200, (address, answer.status_code)
        if is_counted:
            looks.seconds.append(taken)
        looks.statements = self._statements
        looks.rows = answer.text.count('class="row-entry') + answer.text.count('class="row-link')

    def _make(self) -> dict[str, Any]:
        """Make all rows, unless they are there; return what addresses are made of."""
        made = self._folder / "made.json"
        if not made.exists():
            person = make_cast().alice
            begun = time.monotonic()
            known = Rows(person, self._count).make()
            known = {"email": person.email, "slug": person.workspace_slug, **known}
            made.write_text(json.dumps(known))
            print(f"{self._database}: {self._count:,} made in {time.monotonic() - begun:.0f} s")
        known = json.loads(made.read_text())
        index_all(self._database)
        with reading():
            workspace = db.session.scalars(db.select(Workspace).filter_by(slug=known["slug"])).one()
            return {**known, **looked_up(workspace.id)}

    def _count_statement(self, *_: object) -> None:
        self._statements += 1


def index_all(database: str) -> None:
    """Index for the search what is not yet."""
    with reading():
        if not (is_any_unindexed() or is_any_wide()):
            return
    begun = time.monotonic()
    search._INDEXED_AT_ONCE = _AT_ONCE
    with indexed_later(SearchDocument.__tablename__):
        for some in (index_some, narrow_some):
            is_left = True
            while is_left:
                with writing():
                    is_left = some() > 0
    analyze()
    print(f"{database}: indexed in {time.monotonic() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
