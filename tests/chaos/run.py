"""A run: start everything, kill by the plan while clients answer, wait for quiet, compare."""

import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from tests.chaos import endpoint
from tests.chaos.clients import Clients
from tests.chaos.cluster import REDIS_SOCKET_NAME, Cluster
from tests.chaos.naive import Naive
from tests.chaos.ours import OpenSink
from tests.chaos.plan import Plan, kills_of
from tests.chaos.report import Report, report
from tests.chaos.subject import Subject
from tests.support.real_servers import PostgresServer

_POLL_SECONDS = 0.05
_AGE_EVERY_SECONDS = 1.6  # a call takes up to a second


def run(plan: Plan, log: Path, postgres: PostgresServer | None = None) -> Report:
    """Run the plan; the parts' output goes to `log`. Ends everything it started."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="osf")))
        database_url = ""
        if plan.database == "postgresql":
            postgres = postgres or stack.enter_context(PostgresServer(folder))
            database_url = postgres.new_database()
        where = (folder / "data", f"unix://{folder / REDIS_SOCKET_NAME}", database_url)
        subject: Subject
        if plan.is_naive:
            subject = Naive(*where, plan.resolutions)
        else:
            subject = OpenSink(*where, plan.resolutions, holds_every=plan.holds_every)
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=2048))
        cluster = stack.enter_context(Cluster(subject, folder, log, listener))
        return _run(plan, subject, cluster, folder / "calls", listener.getsockname()[1])


def _run(plan: Plan, subject: Subject, cluster: Cluster, record: Path, port: int) -> Report:
    (endpoint_port,) = cluster.start_endpoints(record, plan.seed)
    endpoint_url = f"http://127.0.0.1:{endpoint_port}"
    questions = subject.prepare(f"http://127.0.0.1:{port}", endpoint_url)
    begun_at = time.monotonic()
    clients = Clients(questions, deadline=begun_at + plan.limit_seconds)
    cluster.start()
    clients.start()
    kill_all(plan, cluster, clients, plan.resolutions, deadline=begun_at + plan.limit_seconds)
    supervise_while(cluster, clients.are_busy)
    settle(plan, subject, cluster)
    cluster.stop()
    calls = endpoint.arrivals_in(record)
    return report(
        plan,
        clients.outcomes,
        subject.verdicts(),
        calls,
        subject.violations(questions, calls),
        cluster,
        took_seconds=time.monotonic() - begun_at,
    )


class LetThrough(Protocol):
    """Clients that do as much as they are let."""

    def let_through(self, count: int) -> None: ...
    def let_all_through(self) -> None: ...


class Settling(Protocol):
    """A server with work that comes to its end."""

    def unfinished(self) -> int: ...
    def age(self) -> None: ...


def kill_all(
    plan: Plan, cluster: Cluster, clients: LetThrough, count: int, deadline: float
) -> None:
    """Kill by the schedule; between two kills the clients get their share of so much to do."""
    share, spare = divmod(count, plan.kills + 1)
    clients.let_through(share + spare)
    for kill in kills_of(plan):
        due_at = time.monotonic() + kill.after_seconds
        if due_at > deadline:
            break
        while (left_seconds := due_at - time.monotonic()) > 0:
            time.sleep(min(left_seconds, _POLL_SECONDS))
            cluster.restart_ended()
        cluster.inject(kill)
        clients.let_through(share)
    clients.let_all_through()


def settle(plan: Plan, subject: Settling, cluster: Cluster) -> None:
    """Wait until all that was taken on has come to its end."""
    begun_at = aged_at = time.monotonic()
    while subject.unfinished() and time.monotonic() < begun_at + plan.settle_seconds:
        if plan.ages_leases and time.monotonic() > aged_at + _AGE_EVERY_SECONDS:
            aged_at = time.monotonic()
            subject.age()
        time.sleep(4 * _POLL_SECONDS)
        cluster.restart_ended()


def supervise_while(cluster: Cluster, condition: Callable[[], bool]) -> None:
    """Keep all parts running for so long."""
    while condition():
        time.sleep(_POLL_SECONDS)
        cluster.restart_ended()
