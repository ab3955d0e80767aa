"""OpenSink with functions that clients submit batches to, and what its tables say in the end."""

import queue
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import requests
from sqlalchemy import func, select, update

from opensink_web import clock
from opensink_web.models import (
    Batch,
    Callback,
    CallbackStatus,
    Execution,
    ExecutionStatus,
    db,
)
from opensink_web.models.execution import ENDED
from opensink_web.models.transaction import reading, writing
from opensink_web.work.queue import LEASE
from tests.chaos import execution_invariants
from tests.chaos.one_moment import one_moment
from tests.chaos.ours import Installed
from tests.chaos.plan import AGENT_TIMEOUT_SECONDS, BEHAVIOURS
from tests.conftest import Person, make_cast
from tests.support.authority import Authority
from tests.support.executions import make_function

BATCH_SIZE = 20
_CLIENTS = 4
_ANSWER_WITHIN_SECONDS = 10
_LIVE_FOR = timedelta(seconds=2.5)
"""A call that goes on for so long has lost its worker: an endpoint answers within a second."""


class BatchServer(Installed):
    """OpenSink, permitted to make callbacks to 127.0.0.1."""

    def __init__(
        self, data_dir: Path, redis_url: str, database_url: str, authority: Authority
    ) -> None:
        variables = {
            "CALLBACK_URL_HOSTS": "127.0.0.1",
            "CALLBACK_ALLOW_CIDRS": "127.0.0.0/8",
            "OUTBOUND_CA_BUNDLE": str(authority.bundle),
        }
        super().__init__(data_dir, redis_url, database_url, variables)

    def prepare(self, endpoint_url: str) -> Person:
        """Make a function for each behaviour of endpoints; return who may execute them."""
        with self.session():
            person = make_cast().alice
            for behaviour in BEHAVIOURS:
                make_function(
                    person,
                    f"{endpoint_url}/{behaviour}",
                    name=behaviour,
                    timeout_seconds=int(AGENT_TIMEOUT_SECONDS),
                )
            return person

    def unfinished(self) -> int:
        """Count what has not come to its end: executions, and callbacks that are owed."""
        open_ones = select(func.count()).where(Execution.status.not_in(ENDED))
        owed = select(func.count()).where(Callback.status == CallbackStatus.PENDING)
        undone = select(func.count()).where(Batch.ended_as.is_(None))
        with self.session(), reading():
            return sum(db.session.scalar(query) or 0 for query in (open_ones, owed, undone))

    def age(self) -> None:
        """Let the leases of those who died end now."""
        with self.session(), writing():
            for table in (Execution, Callback):
                is_lost = table.lease_until < clock.now() + LEASE - _LIVE_FOR
                db.session.execute(update(table).where(is_lost).values(lease_until=clock.now()))

    def findings(self) -> "Findings":
        """Read all that a report needs."""
        with self.session(), one_moment():
            seconds = [
                (finished_at - created_at).total_seconds()
                for created_at, finished_at in db.session.execute(
                    select(Batch.created_at, Batch.finished_at)
                )
                if finished_at is not None
            ]
            executions = db.session.execute(select(Execution.id, Execution.status)).all()
            unknown = select(func.count()).where(Execution.error_code == "outcome_unknown")
            callbacks = db.session.execute(
                select(Callback.execution_id, Callback.batch_id, Callback.status)
            ).all()
            return Findings(
                executions={str(row.id): row.status for row in executions},
                batch_ids={str(each) for each in db.session.scalars(select(Batch.id))},
                callbacks={str(row.execution_id or row.batch_id): row.status for row in callbacks},
                outcomes_unknown=db.session.scalar(unknown) or 0,
                settle_seconds=seconds,
                violations=execution_invariants.violations(),
            )


@dataclass(frozen=True)
class Findings:
    """What the database says: by the ids of executions and batches."""

    executions: Mapping[str, ExecutionStatus]
    batch_ids: set[str]
    callbacks: Mapping[str, CallbackStatus]
    outcomes_unknown: int
    settle_seconds: Sequence[float]
    violations: list[str]


@dataclass
class Promises:
    """What clients were told. Each list is appended to by several threads."""

    batch_ids: list[str] = field(default_factory=list)
    execution_ids: list[str] = field(default_factory=list)
    unanswered: int = 0
    refusals: list[str] = field(default_factory=list)
    """Answers that no client should ever see."""


class BatchClients:
    """Threads that submit as many batches as were let through, and cancel a few of them."""

    def __init__(self, base_url: str, callback_url: str, person: Person, count: int) -> None:
        self.promises = Promises()
        self._base_url = base_url
        self._callback_url = callback_url
        self._headers = person.headers
        self._left = count
        self._open: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(_CLIENTS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def let_through(self, count: int) -> None:
        """Let the clients submit so many more."""
        for _ in range(min(count, self._left)):
            self._open.put(self._left)
            self._left -= 1

    def let_all_through(self) -> None:
        """Let them submit the rest, and end."""
        self.let_through(self._left)
        for _ in self._threads:
            self._open.put(None)

    def are_busy(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while (number := self._open.get()) is not None:
                self._submit(session, Random(number))

    def _submit(self, session: requests.Session, random: Random) -> None:
        behaviour = random.choice(list(BEHAVIOURS))
        body: dict[str, Any] = {
            "inputs": [{"n": n} for n in range(BATCH_SIZE)],
            "batch_callback_url": self._callback_url,
            "callback_url": self._callback_url if random.random() < 0.5 else None,
            "delay_seconds": random.choice((0, 0, 0, 1)),
        }
        said = self._post(session, f"/functions/tests/{behaviour}/execute/batch", body, 202)
        if said is None:
            return
        self.promises.batch_ids.append(said["batch_id"])
        self.promises.execution_ids += said["execution_ids"]
        if random.random() < 0.15:
            time.sleep(random.random() / 4)
            self._post(session, f"/batches/{said['batch_id']}/cancel", None, 200, 409)

    def _post(
        self, session: requests.Session, path: str, body: Any, *expected: int
    ) -> dict[str, Any] | None:
        """Return the answer; None when none came, which another try might have mended."""
        try:
            answer = session.post(
                self._base_url + path,
                json=body,
                headers=self._headers,
                timeout=_ANSWER_WITHIN_SECONDS,
            )
        except requests.RequestException:
            self.promises.unanswered += 1
            return None
        if answer.status_code == 503:
            self.promises.unanswered += 1
            return None
        if answer.status_code not in expected:
            self.promises.refusals.append(f"{path} {answer.status_code} {answer.text[:200]}")
            return None
        return dict(answer.json())
