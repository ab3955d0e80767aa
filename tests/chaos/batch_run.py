"""A run with batches: kill by the plan while clients submit, wait for quiet, compare."""

import json
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from opensink_web.models import CallbackStatus, ExecutionStatus
from tests.chaos.batches import BatchClients, BatchServer, Findings, Promises
from tests.chaos.cluster import REDIS_SOCKET_NAME, Cluster
from tests.chaos.endpoint import CALL, Arrival, arrivals_in
from tests.chaos.plan import Plan
from tests.chaos.report import cell, quantile
from tests.chaos.run import kill_all, settle, supervise_while
from tests.support.authority import Authority, make_authority
from tests.support.real_servers import PostgresServer


@dataclass(frozen=True)
class BatchReport:
    """All times are seconds. A callback that failed was held by a worker that died."""

    seed: int
    database: str
    batches: int
    unanswered: int
    executions: int
    completed: int
    failed: int
    cancelled: int
    outcomes_unknown: int
    lost: int
    stuck: int
    called_more_than_once: int
    never_called: int
    wrong_webhook_ids: int
    callbacks: int
    callbacks_failed: int
    callbacks_doubled: int
    callbacks_believed: int
    violations: list[str]
    refusals: list[str]
    settle_p50: float
    settle_p95: float
    settle_max: float
    kills: dict[str, int]
    ended_by_themselves: dict[str, int]
    took: float

    @property
    def is_well(self) -> bool:
        """Return True if nothing was lost, and nothing seen that must never be."""
        counts = (self.lost, self.stuck, self.never_called, self.wrong_webhook_ids)
        of_callbacks = (self.callbacks_doubled, self.callbacks_believed)
        return not any((*counts, *of_callbacks, self.violations, self.refusals))

    def table(self) -> str:
        rows = asdict(self).items()
        return "\n".join(f"{name.replace('_', ' '):28}{cell(value)}" for name, value in rows)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")


def run_batches(plan: Plan, log: Path, postgres: PostgresServer | None = None) -> BatchReport:
    """Run the plan; the parts' output goes to `log`. Ends everything it started."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="osf")))
        database_url = ""
        if plan.database == "postgresql":
            postgres = postgres or stack.enter_context(PostgresServer(folder))
            database_url = postgres.new_database()
        authority = make_authority(folder)
        redis_url = f"unix://{folder / REDIS_SOCKET_NAME}"
        server = BatchServer(folder / "data", redis_url, database_url, authority)
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=2048))
        cluster = stack.enter_context(Cluster(server, folder, log, listener))
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        return _run(plan, server, cluster, authority, folder / "arrivals", base_url)


def _run(
    plan: Plan,
    server: BatchServer,
    cluster: Cluster,
    authority: Authority,
    record: Path,
    base_url: str,
) -> BatchReport:
    files = (str(authority.certificate), str(authority.key))
    port, tls_port = cluster.start_endpoints(record, plan.seed, files)
    person = server.prepare(f"http://127.0.0.1:{port}")
    callback_url = f"https://127.0.0.1:{tls_port}/callback"
    clients = BatchClients(base_url, callback_url, person, plan.batches)
    begun_at = time.monotonic()
    cluster.start()
    clients.start()
    kill_all(plan, cluster, clients, plan.batches, deadline=begun_at + plan.limit_seconds)
    supervise_while(cluster, clients.are_busy)
    settle(plan, server, cluster)
    cluster.stop()
    arrivals = arrivals_in(record)
    took = time.monotonic() - begun_at
    return batch_report(plan, clients.promises, server.findings(), arrivals, cluster, took)


def batch_report(
    plan: Plan,
    promises: Promises,
    found: Findings,
    arrivals: Sequence[Arrival],
    cluster: Cluster,
    took_seconds: float,
) -> BatchReport:
    """Compare what clients were told with what is stored and what was called."""
    calls = Counter(each.subject_id for each in arrivals if each.kind == CALL)
    posts = Counter(each.subject_id for each in arrivals if each.kind != CALL)
    statuses = Counter(found.executions.values())
    completed = {
        name for name, status in found.executions.items() if status is ExecutionStatus.COMPLETED
    }
    sent = {name for name, status in found.callbacks.items() if status is CallbackStatus.SENT}
    stuck = sum(not status.has_ended for status in found.executions.values())
    owed = sum(status is CallbackStatus.PENDING for status in found.callbacks.values())
    return BatchReport(
        seed=plan.seed,
        database=plan.database,
        batches=len(found.batch_ids),
        unanswered=promises.unanswered,
        executions=len(found.executions),
        completed=statuses[ExecutionStatus.COMPLETED],
        failed=statuses[ExecutionStatus.FAILED],
        cancelled=statuses[ExecutionStatus.CANCELLED],
        outcomes_unknown=found.outcomes_unknown,
        lost=len(
            {*promises.batch_ids, *promises.execution_ids}
            - found.batch_ids
            - found.executions.keys()
        ),
        stuck=stuck + owed,
        called_more_than_once=sum(count > 1 for count in calls.values()),
        never_called=len(completed - calls.keys()),
        wrong_webhook_ids=sum(
            each.webhook_id != each.subject_id for each in arrivals if each.kind == CALL
        ),
        callbacks=len(found.callbacks),
        callbacks_failed=statuses_of(found)[CallbackStatus.FAILED],
        callbacks_doubled=sum(count > 1 for count in posts.values()),
        callbacks_believed=len(sent - posts.keys()),
        violations=found.violations,
        refusals=promises.refusals,
        settle_p50=quantile(found.settle_seconds, 0.5),
        settle_p95=quantile(found.settle_seconds, 0.95),
        settle_max=quantile(found.settle_seconds, 1),
        kills=dict(cluster.kills),
        ended_by_themselves=dict(cluster.ended),
        took=took_seconds,
    )


def statuses_of(found: Findings) -> Counter[CallbackStatus]:
    return Counter(found.callbacks.values())
