"""What the entry of the audit costs a decision over HTTP: the same server, with it and without.

    .venv/bin/python -m tests.benchmarks.audit_cost [--decisions 1000] [--database postgresql]

The server is our own, started by this module, which puts a switch in front of `record`: a request
that says so in a header is decided on without an entry. Nothing else has such a switch. Decisions
with and without take turns, so what else the machine does hits both alike. Measured are the API's
`resolve` and the form on a request's page, one client and one decision at a time: how long until
the answer is there, and the CPU time of the thread that answers. A commit reaches the disk, on
PostgreSQL too. A sweeper chains meanwhile; what that costs, which nobody waits for, is told beside
it. What is printed with a % is how much more it takes with an entry, and the bounds between which
that is in 95 of 100 samples of the same decisions.
"""

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

import flask
from sqlalchemy import func, select

from opensink_web.cli import main as run_command
from opensink_web.factory import create_app
from opensink_web.models import AuditEntry, db
from opensink_web.models.transaction import reading
from opensink_web.operations.audit import record as recording
from opensink_web.operations.decisions import decision
from opensink_web.settings import Settings
from tests.benchmarks.form_page import Reviewer
from tests.benchmarks.installation import started
from tests.benchmarks.request_cost import Cast, Connection, cpu_seconds, request, web_process
from tests.support.real_servers import EmbeddedRedis, PostgresServer, wait_until

AT_ONCE = 50
"""So many are asked for between two looks at the clock."""
WARM_UP = 100
SAMPLES = 400
_WITHOUT = "X-Without-Audit"
_CPU = re.compile(rb"\r\nx-cpu-ms: ([0-9.]+)", re.IGNORECASE)

Make = Callable[[int, dict[str, str]], list[bytes]]
Statistic = Callable[[Sequence[float]], float]


@dataclass
class Side:
    """What decisions took, in milliseconds."""

    waited: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def send(self, connection: Connection, data: bytes) -> None:
        sent_at = time.perf_counter()
        head, _ = connection.exchange(data)
        self.waited.append((time.perf_counter() - sent_at) * 1000)
        found = _CPU.search(head)
        assert found is not None
        self.cpu.append(float(found[1]))

    def line(self, name: str) -> str:
        ordered = sorted(self.waited)
        p95 = ordered[int(len(ordered) * 0.95)]
        middle, mean = statistics.median(ordered), statistics.fmean(ordered)
        return f"{name:32}{middle:8.2f}{p95:8.2f}{mean:8.2f}{statistics.median(self.cpu):8.2f}"


@dataclass
class Compared:
    """Decisions with an entry, and without."""

    recorded: Side = field(default_factory=Side)
    bare: Side = field(default_factory=Side)

    def run(self, port: int, make: Make, count: int) -> "Compared":
        """Send so many of each, by turns."""
        connection, dice = Connection(port), Random(1)
        for data in make(WARM_UP, {}):  # what is done once, is done now
            connection.exchange(data)
        for _ in range(max(count // AT_ONCE, 1)):
            pairs = zip(make(AT_ONCE, {}), make(AT_ONCE, {_WITHOUT: "1"}), strict=True)
            for recorded, bare in pairs:
                turns = [(self.recorded, recorded), (self.bare, bare)]
                for side, data in dice.sample(turns, 2):
                    side.send(connection, data)
        return self

    def report(self, name: str) -> None:
        print(f"{name:32}{'p50':>8}{'p95':>8}{'mean':>8}{'CPU p50':>8}  ms")
        print(self.recorded.line("  with an entry"))
        print(self.bare.line("  without"))
        more = [
            f"{what} {share_more(recorded, bare, of)}"
            for what, of, recorded, bare in (
                ("p50", statistics.median, self.recorded.waited, self.bare.waited),
                ("p95", p95_of, self.recorded.waited, self.bare.waited),
                ("CPU p50", statistics.median, self.recorded.cpu, self.bare.cpu),
            )
        ]
        print(f"  {'; '.join(more)}", flush=True)


def p95_of(values: Sequence[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


def share_more(recorded: Sequence[float], bare: Sequence[float], of: Statistic) -> str:
    """Return how much more one is than the other, with its bounds."""
    dice, count = Random(1), len(bare)
    sampled = sorted(
        of(dice.choices(recorded, k=count)) / of(dice.choices(bare, k=count))
        for _ in range(SAMPLES)
    )
    low, high = sampled[SAMPLES // 40], sampled[-SAMPLES // 40]
    shares = [(each - 1) * 100 for each in (of(recorded) / of(bare), low, high)]
    return "{:+.1f} % ({:+.1f} to {:+.1f})".format(*shares)


class PageReviewer(Reviewer):
    """Somebody who decides by the form on a request's page."""

    def decisions(self, count: int, more: dict[str, str]) -> list[bytes]:
        """Return so many forms, filled in, each for a request of its own."""
        pages = f"/w/{self._cast.person.workspace_slug}/requests"
        asked = self._cast.ask_many(count)
        shown = self._browser.get(f"{self._site}{pages}/{asked[0]}", timeout=30).text
        sent = {
            name: re.findall(rf'name="{name}"[^>]*value="([^"]+)"', shown)[0]
            for name in ("csrf_token", "_seen")  # all of them ask the same
        }
        body = urlencode(sent | {"answer-0": "0"})
        headers = self._headers() | more
        headers |= {
            "Content-Type": "application/x-www-form-urlencoded",
            "Content-Length": str(len(body)),
        }
        return [request("POST", f"{pages}/{each}", headers) + body.encode() for each in asked]


def serve(descriptor: str) -> None:
    """Run `opensink web` with the switch, and have it say what CPU time each answer took."""

    def switched(verb: Any) -> Any:
        def run(*arguments: Any, **named: Any) -> Any:
            if flask.has_request_context() and _WITHOUT in flask.request.headers:
                return None
            return verb(*arguments, **named)

        return run

    def begin(_app: flask.Flask, **_: Any) -> None:
        flask.g.begun_at = time.thread_time()

    def end(_app: flask.Flask, response: flask.Response, **_: Any) -> None:
        response.headers["X-CPU-ms"] = f"{(time.thread_time() - flask.g.begun_at) * 1000:.4f}"

    flask.request_started.connect(begin)
    flask.request_finished.connect(end)
    original, ours = recording.record, switched(recording.record)
    for name, module in list(sys.modules.items()):
        if name.startswith("opensink_web.") and getattr(module, "record", None) is original:
            vars(module)["record"] = ours
    # what is worked out for the entry alone goes with it
    vars(decision)["_record"] = switched(vars(decision)["_record"])
    run_command(["web", "--fd", descriptor])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--decisions", type=int, default=1000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    arguments = parser.parse_args()
    print(f"{arguments.database}, load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(EmbeddedRedis(folder))
        environment = {
            "REDIS_URL": redis.url,
            "DATA_DIR": str(folder / "data"),
            "EXECUTION_ENDPOINT_HOSTS": "127.0.0.0/8",
            "API_REQUESTS_PER_MINUTE": "1000000",
        }
        if arguments.database == "postgresql":
            postgres = stack.enter_context(PostgresServer(folder, is_durable=True))
            environment["DATABASE_URL"] = postgres.new_database()
        compare(stack, environment, arguments.decisions)
    print(f"load average {os.getloadavg()[0]:.1f} at the end")


def compare(stack: ExitStack, environment: dict[str, str], count: int) -> tuple[Compared, Compared]:
    """Print what decisions by the API and by pages take."""
    cast = Cast(create_app(Settings.from_env(environment)))
    web = stack.enter_context(web_process(["tests.benchmarks.audit_cost", "--serve"], environment))
    wait_until(lambda: web.measure([request("GET", "/healthz", {})]), seconds=60)
    sweeper = stack.enter_context(started("opensink_web", "sweeper", environment=environment))
    spent, before = cpu_seconds(sweeper.pid), count_entries(cast)
    by_api = Compared().run(web.port, cast.resolves, count)
    by_api.report("resolve")
    by_page = Compared().run(web.port, PageReviewer(cast, web).decisions, count)
    by_page.report("the form of a request's page")
    wait_until(lambda: not count_entries(cast, is_chained=False), seconds=60)
    spent, done = cpu_seconds(sweeper.pid) - spent, count_entries(cast) - before
    print(f"the sweeper, with all that it does: {spent * 1000 / done:.2f} ms of CPU an entry")
    return by_api, by_page


def count_entries(cast: Cast, *, is_chained: bool = True) -> int:
    condition = AuditEntry.seq.is_not(None) if is_chained else AuditEntry.seq.is_(None)
    with cast.app.app_context(), reading():
        return db.session.scalar(select(func.count()).where(condition)) or 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2])
    else:
        main()
