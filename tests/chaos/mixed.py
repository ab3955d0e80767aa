"""A run in which all the kinds of work go on together while their parts are killed.

Clients answer requests and submit batches with callbacks, and what ended long ago is pruned. At the
end nothing is lost, stuck or doubled, nothing that is kept is gone, and nothing old is left.
"""

import json
import socket
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import func, select, update

from opensink_web import clock
from opensink_web.models import Execution, db
from opensink_web.models.execution import ExecutionStatus
from opensink_web.models.transaction import reading, writing
from tests.chaos.batch_run import BatchReport, batch_report
from tests.chaos.batches import BatchClients, BatchServer
from tests.chaos.clients import Clients
from tests.chaos.cluster import REDIS_SOCKET_NAME, Cluster
from tests.chaos.endpoint import ANSWER, arrivals_in
from tests.chaos.ours import Answered
from tests.chaos.plan import AGENTS, Plan
from tests.chaos.report import Report, report
from tests.chaos.run import LetThrough, kill_all, settle, supervise_while
from tests.conftest import Person
from tests.support.authority import Authority, make_authority
from tests.support.executions import make_function, submit_one
from tests.support.many_rows import copy_row
from tests.support.real_servers import PostgresServer

OLD_ROWS = 2000
_OLD = "2001-01-01 00:00:00.000000"


@dataclass(frozen=True)
class MixedReport:
    """What became of the answers, of the batches, and of what was old."""

    answers: Report
    batches: BatchReport
    old_rows_left: int

    @property
    def is_well(self) -> bool:
        return self.answers.is_well and self.batches.is_well and not self.old_rows_left

    def table(self) -> str:
        parts = (self.answers.table(), self.batches.table())
        return "\n\n".join([*parts, f"{'old rows left':28}{self.old_rows_left}"])

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")


class MixedServer(BatchServer, Answered):
    """OpenSink with functions, agents, and rows that are older than what is kept."""

    def __init__(
        self, data_dir: Path, redis_url: str, database_url: str, authority: Authority
    ) -> None:
        super().__init__(data_dir, redis_url, database_url, authority)
        self.environment |= {"RETENTION_DAYS_EXECUTIONS": "1"}

    def write_old_rows(self, person: Person, count: int) -> None:
        """Write down executions that ended long ago."""
        with self.session():
            function_id = make_function(person, name="old")
            old = submit_one(person, function_id)
            with writing():
                ended = {"status": ExecutionStatus.CANCELLED, "finished_at": clock.now()}
                db.session.execute(update(Execution).where(Execution.id == old).values(ended))
            copy_row(Execution, old, count, {"finished_at": f"'{_OLD}'"})
            with writing():
                db.session.delete(db.session.get_one(Execution, old))

    def old_rows(self) -> int:
        """Count what should have been pruned by now."""
        moment = clock.now().replace(year=2002)
        with self.session(), reading():
            query = select(func.count()).where(Execution.finished_at < moment)
            return db.session.scalar(query) or 0

    def unfinished(self) -> int:
        answers = Answered.unfinished(self)
        return BatchServer.unfinished(self) + answers + self.old_rows()

    def age(self) -> None:
        BatchServer.age(self)
        Answered.age(self)


class Both:
    """Clients of two kinds, let through in proportion."""

    def __init__(self, first: LetThrough, second: LetThrough, share: float) -> None:
        self._first = first
        self._second = second
        self._share = share
        self._owed = 0.0

    def let_through(self, count: int) -> None:
        self._first.let_through(count)
        self._owed += count * self._share
        self._second.let_through(int(self._owed))
        self._owed -= int(self._owed)

    def let_all_through(self) -> None:
        self._first.let_all_through()
        self._second.let_all_through()


def run_mixed(
    plan: Plan, log: Path, postgres: PostgresServer | None = None, old_rows: int = OLD_ROWS
) -> MixedReport:
    """Run the plan; the parts' output goes to `log`. Ends everything it started."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="osf")))
        database_url = ""
        if plan.database == "postgresql":
            postgres = postgres or stack.enter_context(PostgresServer(folder))
            database_url = postgres.new_database()
        authority = make_authority(folder)
        redis_url = f"unix://{folder / REDIS_SOCKET_NAME}"
        server = MixedServer(folder / "data", redis_url, database_url, authority)
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=2048))
        cluster = stack.enter_context(Cluster(server, folder, log, listener))
        files = (str(authority.certificate), str(authority.key))
        ports = cluster.start_endpoints(folder / "calls", plan.seed, files)
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        return _run(plan, server, cluster, folder / "calls", base_url, ports, old_rows)


def _run(
    plan: Plan,
    server: MixedServer,
    cluster: Cluster,
    record: Path,
    base_url: str,
    ports: Sequence[str],
    old_rows: int,
) -> MixedReport:
    endpoints, callbacks = (f"127.0.0.1:{port}" for port in ports)
    person = server.prepare(f"http://{endpoints}")
    questions = server.ask(person, base_url, f"http://{endpoints}", plan.resolutions, AGENTS)
    server.hold(person, questions[:: plan.holds_every])
    server.write_old_rows(person, old_rows)
    begun_at = time.monotonic()
    deadline = begun_at + plan.limit_seconds
    answering = Clients(questions, deadline)
    submitting = BatchClients(base_url, f"https://{callbacks}/callback", person, plan.batches)
    cluster.start()
    answering.start()
    submitting.start()
    both = Both(answering, submitting, plan.batches / plan.resolutions)
    kill_all(plan, cluster, both, plan.resolutions, deadline)
    supervise_while(cluster, lambda: answering.are_busy() or submitting.are_busy())
    cluster.kill("sweeper")  # one that starts prunes at once, and not in a minute
    settle(plan, server, cluster)
    cluster.stop()
    arrivals = arrivals_in(record)
    answers = [each for each in arrivals if each.kind == ANSWER]
    calls = [each for each in arrivals if each.kind != ANSWER]
    took = time.monotonic() - begun_at
    violations = server.violations(questions, answers)
    return MixedReport(
        answers=report(
            plan, answering.outcomes, server.verdicts(), answers, violations, cluster, took
        ),
        batches=batch_report(plan, submitting.promises, server.findings(), calls, cluster, took),
        old_rows_left=server.old_rows(),
    )
