"""What a feed of 100,000 items takes over HTTP: read on, filtered, searched; and 1,000 added.

    .venv/bin/python -m tests.benchmarks.sinks
    .venv/bin/python -m tests.benchmarks.sinks --database sqlite --count 10000

Items are put in as programs do, a thousand in a transaction, and read from a web process by one
client. The floor is that process's smallest answer. Exits with 1 when the 95th percentile of a look
is over LIMIT_MS.
"""

import argparse
import json
import logging
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles
from typing import Any

import requests

from opensink_web.cli.database import run_migrations
from opensink_web.factory import create_app
from opensink_web.models import User, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.page import trail_of
from opensink_web.operations.sinks.item import ITEMS_MAX, NewItem, add_items, prepare_items
from opensink_web.operations.sinks.sink import create_sink
from opensink_web.settings import Settings
from tests.benchmarks.insights import Client, installed, vacuum
from tests.benchmarks.installation import started
from tests.conftest import make_cast
from tests.support.opensink_up import free_port
from tests.support.real_servers import EmbeddedRedis

LIMIT_MS = 300
SLUG = "measured-here"
BODY = "Below the **limit** of 9.80. The last three quarters were better than expected.\n\n- cash"


def main() -> int:
    """Measure on each database; print a table of both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--looks", type=int, default=41)
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)  # there is no Redis while rows are made
    is_over = False
    for database in arguments.database or ["sqlite", "postgresql"]:
        with tempfile.TemporaryDirectory(prefix="ossinks") as folder:
            for name, p50, p95 in measured(database, arguments, Path(folder)):
                is_slow = p95 > LIMIT_MS and not name.startswith("add")
                is_over |= is_slow
                print(f"  {name:36} {p50:7.1f} {p95:7.1f}{' <<<' if is_slow else ''}", flush=True)
    return int(is_over)


def measured(
    database: str, arguments: argparse.Namespace, folder: Path
) -> Iterator[tuple[str, float, float]]:
    """Give the name of each look, and how many milliseconds it took: p50, p95."""
    with ExitStack() as stack:
        environment = stack.enter_context(installed(database, folder))
        environment["REDIS_URL"] = stack.enter_context(EmbeddedRedis(folder)).url
        known = made(Settings.from_env(environment), arguments.count)
        print(f"\n{database}, {arguments.count:,} items in one sink: ms, p50, p95", flush=True)
        port = free_port()
        process = stack.enter_context(
            started("opensink_web", "web", "--port", str(port), environment=environment)
        )
        client = Client(f"http://127.0.0.1:{port}", known)
        for name, path in paths(known).items():
            client.look(path)
            yield name, *percentiles([client.look(path)[0] for _ in range(arguments.looks)])
        yield from added(f"http://127.0.0.1:{port}", known, process.pid)


def added(address: str, known: dict[str, Any], pid: int) -> Iterator[tuple[str, float, float]]:
    """Add a thousand items in one call, some times; say what the process's memory became."""
    items = [said(number, known["sink"]) for number in range(ITEMS_MAX)]
    body = json.dumps({"items": items})
    headers = {"Authorization": f"Bearer {known['key']}", "Content-Type": "application/json"}
    before, taken = peak_megabytes(pid), []
    for _ in range(10):
        begun = time.perf_counter()
        answer = requests.post(
            f"{address}/api/v1/sink-items/many", body, headers=headers, timeout=60
        )
        taken.append((time.perf_counter() - begun) * 1000)
        if answer.status_code != 200 or len(answer.json()["created"]) != ITEMS_MAX:
            raise RuntimeError(f"{answer.status_code}: {answer.text[:200]}")
    more = peak_megabytes(pid) - before
    yield f"add {ITEMS_MAX:,} in a call (peak +{more:.0f} MB)", *percentiles(taken)


def peak_megabytes(pid: int) -> float:
    """Return how much memory a process has had at most."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def paths(known: dict[str, Any]) -> dict[str, str]:
    """Return what is looked at, the floor first."""
    feed = f"/w/{known['slug']}/sinks/{known['sink']}"
    api = f"/api/v1/sink-items?sink_id={known['sink']}"
    return {
        "floor": "/healthz",
        "feed": feed,
        "feed, in the middle": f"{feed}?trail={known['middle']}",
        "feed, 100 cards come back to": f"{feed}?top={known['top']}&through={known['through']}",
        "all sinks as one feed": f"/w/{known['slug']}/sink-items",
        "filter: a type of every second": f"{feed}?type=trade",
        "filter: a value of every second": f"{feed}?field=venue&value=XETRA",
        "filter: a value of one": f"{feed}?field=number&value=17",
        "filter: a value of none": f"{feed}?field=number&value=x",
        "filter: days": f"{feed}?from=2020-01-01&to=2090-01-01",
        "search: a word of all": f"{feed}?search=limit",
        "search: a word of one": f"{feed}?search=rare17x",
        "search: a word of none": f"{feed}?search=nowhere",
        "search: two words of all, a type": f"{feed}?search=limit+quarters&type=trade",
        "public page": f"/sinks/{SLUG}",
        "public page, in the middle": f"/sinks/{SLUG}?trail={known['middle']}",
        "API, 100 of a value": f"{api}&field=venue&value=XETRA&$limit=100",
        "list of sinks": f"/w/{known['slug']}/sinks",
    }


def made(settings: Settings, count: int) -> dict[str, Any]:
    """Make a sink with so many items, and another beside it."""
    app = create_app(settings)
    with app.app_context():
        run_migrations()
        begun, person = time.monotonic(), make_cast().alice
        with writing():
            workspace = db.session.get_one(Workspace, person.workspace_id)
            owner = db.session.get_one(User, person.id)
            public = {"is_public": True, "public_slug": SLUG}
            sink_id = create_sink(workspace, owner, name="Trades", **public).id  # type: ignore[arg-type]  # as SinkChanges
            other_id = create_sink(workspace, owner, name="Other").id
        ids = []
        for first in range(0, count, ITEMS_MAX):
            new = [NewItem(sink_id, said(first + each)) for each in range(ITEMS_MAX)]
            ids += _put(person.workspace_id, [*new, NewItem(other_id, said(first))])
        vacuum()
        print(f"made in {time.monotonic() - begun:.0f} s", flush=True)
        db.session.remove()
        db.engine.dispose()
    return {
        "email": person.email,
        "slug": person.workspace_slug,
        "key": person.api_key,
        "sink": str(sink_id),
        "middle": trail_of(ids[len(ids) // 2]),
        "top": trail_of(ids[-1]),
        "through": trail_of(ids[-100]),
    }


def _put(workspace_id: Any, new: list[NewItem]) -> list[Any]:
    with reading():
        prepared = prepare_items(db.session.get_one(Workspace, workspace_id), new)
    with writing():
        workspace = db.session.get_one(Workspace, workspace_id)
        return [each.id for each in add_items(workspace, prepared)[0] if each.type]


def said(number: int, sink_id: str | None = None) -> Any:
    """Return what an item says."""
    is_even = number % 2 == 0
    item: dict[str, Any] = {
        "title": f"Bought {number} shares of ACME rare{number}x",
        "body": BODY,
        "type": "trade" if is_even else "note",
        "fields": {"number": number, "venue": "XETRA" if is_even else "NYSE", "tags": ["a", "b"]},
    }
    return item if sink_id is None else item | {"sink_id": sink_id}


def percentiles(taken: list[float]) -> tuple[float, float]:
    """Return the 50th and the 95th."""
    parts = quantiles(taken, n=20)
    return parts[9], parts[18]


if __name__ == "__main__":
    sys.exit(main())
