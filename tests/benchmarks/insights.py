"""What the insights take over HTTP with a million requests of ninety days, cold and warm.

    .venv/bin/python -m tests.benchmarks.insights
    .venv/bin/python -m tests.benchmarks.insights --database sqlite --count 100000

The rows are made in bulk, counted and rolled up by the sweeper's chore, and read from a web process
by one client. Cold is the first look after the process was started; the floor is its smallest
answer, in the same run. Exits with 1 when the 95th percentile of a warm look is over LIMIT_MS.
"""

import argparse
import json
import logging
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Any

import requests
from sqlalchemy import text

from opensink_web.cli.database import run_migrations
from opensink_web.factory import create_app
from opensink_web.models import db
from opensink_web.settings import Settings
from opensink_web.work.chores import Counting
from tests.benchmarks.insight_history import MillionRows
from tests.benchmarks.installation import started
from tests.conftest import PASSWORD, TEST_SETTINGS, make_cast
from tests.support.opensink_up import free_port
from tests.support.real_servers import EmbeddedRedis, PostgresServer, wait_until

LIMIT_MS = 300
_FLOOR = "/healthz"


def main() -> int:
    """Measure on each database; print a table of both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--looks", type=int, default=41)
    parser.add_argument("--folder", type=Path, help="keeps what was made, for another run")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)  # there is no Redis, and nothing here needs it
    with ExitStack() as stack:
        folder = arguments.folder
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="osinsights")))
        is_over = False
        for database in arguments.database or ["sqlite", "postgresql"]:
            for name, is_within, line in measured(database, arguments, folder / database):
                print(f"  {name:34} {line}{'' if is_within else ' <<<'}", flush=True)
                is_over |= not is_within
    return int(is_over)


def measured(
    database: str, arguments: argparse.Namespace, folder: Path
) -> Iterator[tuple[str, bool, str]]:
    """Look at each address; give its name, whether that is within, and what is printed."""
    with ExitStack() as stack:
        environment = stack.enter_context(installed(database, folder))
        environment["REDIS_URL"] = stack.enter_context(EmbeddedRedis(folder)).url
        known = made(Settings.from_env(environment), arguments.count, folder / "made.json")
        print(f"\n{database}, {arguments.count:,} requests: ms, cold, p50, p95, kB")
        for name, path in paths(known).items():
            port = free_port()
            parts = ("web", "--port", str(port))
            with started("opensink_web", *parts, environment=environment):
                client = Client(f"http://127.0.0.1:{port}", known)
                cold, _ = client.look(path)
                looks = [client.look(path) for _ in range(arguments.looks)]
            p50, p95 = _percentiles([each for each, _ in looks])
            is_within = p95 <= LIMIT_MS
            yield name, is_within, f"{cold:7.1f} {p50:7.1f} {p95:7.1f} {looks[-1][1] / 1024:7.0f}"


def paths(known: dict[str, Any]) -> dict[str, str]:
    """Return what is looked at, the floor first."""
    api, page = "/api/v1/insights", f"/w/{known['slug']}/insights"
    since = f"since={known['since']}"
    return {
        "floor": _FLOOR,
        "page, 24 hours": f"{page}?range=24h",
        "page, 7 days": f"{page}?range=7d",
        "page, 30 days": f"{page}?range=30d",
        "page, 90 days": f"{page}?range=90d",
        "page, 90 days of Kathmandu": f"{page}?range=90d&zone=Asia/Kathmandu",
        "page, 90 days, an agent": f"{page}?range=90d&target={known['agent']}",
        "page, 90 days, a key": f"{page}?range=90d&key=key-3-2",
        "page, 90 days, a reviewer": f"{page}?range=90d&user={known['reviewer']}",
        "API, 90 days": f"{api}?{since}",
        "CSV by agent, 90 days": f"{page}/export.csv?table=agents&range=90d",
    }


class Client:
    """Somebody who is signed in, and keeps the connection."""

    def __init__(self, address: str, known: dict[str, Any]) -> None:
        self._address = address
        self._session = requests.Session()
        self._session.trust_env = False
        wait_until(self._answers, seconds=60)
        self._session.post(
            f"{address}/sign-in", data=self._form(known["email"]), allow_redirects=False
        )
        self._headers = {"Authorization": f"Bearer {known['key']}"}

    def look(self, path: str) -> tuple[float, int]:
        """Return how many milliseconds an answer took, and its size."""
        headers = self._headers if path.startswith("/api") else {}
        begun = time.perf_counter()
        answer = self._session.get(self._address + path, headers=headers)
        taken = (time.perf_counter() - begun) * 1000
        if answer.status_code != 200 or "/sign-in" in answer.url:
            raise RuntimeError(f"{path}: {answer.status_code}, {answer.url}")
        return taken, len(answer.content)

    def _answers(self) -> bool:
        try:
            return self._session.get(self._address + _FLOOR, timeout=5).ok
        except requests.ConnectionError:
            return False

    def _form(self, email: str) -> dict[str, str]:
        page = self._session.get(f"{self._address}/sign-in").text
        token = page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
        return {"email": email, "password": PASSWORD, "csrf_token": token}


@contextmanager
def installed(database: str, folder: Path) -> Iterator[dict[str, str]]:
    """Give the variables of an installation, whose database server runs until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**TEST_SETTINGS, "DATA_DIR": str(folder), "API_REQUESTS_PER_MINUTE": "10000000"}
    if database == "sqlite":
        yield environment
        return
    with PostgresServer(folder, data=folder / "postgresql") as server:
        address = folder / "address"
        if not address.exists():
            address.write_text(server.new_database())
        yield {**environment, "DATABASE_URL": address.read_text()}


def made(settings: Settings, count: int, file: Path) -> dict[str, Any]:
    """Make all rows, unless they are there, and have all of them counted."""
    app = create_app(settings)
    with app.app_context():
        run_migrations()
        if not file.exists():
            begun, person = time.monotonic(), make_cast().alice
            rows = MillionRows(person, count)
            known = rows.make() | {"since": rows.since}
            known |= {"email": person.email, "slug": person.workspace_slug, "key": person.api_key}
            file.write_text(json.dumps(known))
            print(f"made in {time.monotonic() - begun:.0f} s", flush=True)
        begun, longest, chore = time.monotonic(), 0.0, Counting()
        is_left = True
        while is_left:
            slice_begun = time.monotonic()
            is_left = chore.go_on()
            longest = max(longest, time.monotonic() - slice_begun)
        vacuum()
        seconds = time.monotonic() - begun
        print(f"counted in {seconds:.0f} s, the longest slice {longest:.2f} s", flush=True)
        db.session.remove()
        db.engine.dispose()
    known = json.loads(file.read_text())
    return dict(known)


def vacuum() -> None:
    """Have the database count its rows and note which pages all may see, as it does by itself."""
    is_sqlite = db.engine.dialect.name == "sqlite"
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if is_sqlite else "VACUUM ANALYZE"))


def _percentiles(taken: list[float]) -> tuple[float, float]:
    parts = quantiles(taken, n=20)
    return parts[9], parts[18]


if __name__ == "__main__":
    sys.exit(main())
