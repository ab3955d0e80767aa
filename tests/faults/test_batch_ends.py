"""A batch ends once, with one callback, however many end its executions at the same instant."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from opensink_web.errors import Conflict, Unavailable
from opensink_web.models import BatchStatus, Callback, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.executions import ending
from opensink_web.operations.executions.batch import cancel_batch
from opensink_web.operations.executions.claim import ExecutionClaim
from opensink_web.operations.executions.ending import end_forgotten_batches
from opensink_web.operations.executions.execution import cancel_execution
from opensink_web.operations.executions.outcome import finish_executions
from opensink_web.outbound.outcome import Output
from tests.chaos import execution_invariants, finishers
from tests.chaos.consistency_check import age_leases, are_callbacks_made
from tests.chaos.one_moment import one_moment
from tests.chaos.parts import ForkedPart
from tests.conftest import Cast
from tests.faults.conftest import RunPart
from tests.support.executions import (
    Submitted,
    batch,
    claim_some,
    finish_all,
    make_function,
    submit_many,
)
from tests.support.real_servers import AgentEndpoint, wait_until

pytestmark = pytest.mark.server

URL = "https://127.0.0.1:1/done"
EXECUTIONS = 600
LEASED = 500
"""So many run in the second round; the others are queued."""

PROCESSES = 5


@dataclass
class Race:
    """The processes that end the executions of one batch after the other."""

    folder: Path
    parts: list[ForkedPart]
    round: int = -1

    def line_up(self, function_id: UUID) -> None:
        """Have each process claim its share of what is due."""
        self.round += 1
        (self.folder / "new").write_text(str(function_id))
        (self.folder / "new").rename(self.folder / f"{self.round}.claim")
        wait_until(lambda: self._count("ready") == len(self.parts))

    def go(self) -> None:
        (self.folder / f"{self.round}.go").touch()

    def kill(self, count: int) -> None:
        """Kill some when some others are done with a part of their share."""
        for part in self.parts[:count]:
            os.kill(part.pid, signal.SIGKILL)

    def wait(self) -> None:
        """Wait until all have ended their share or themselves."""
        wait_until(lambda: all(self._is_done(part) for part in self.parts))

    def _is_done(self, part: ForkedPart) -> bool:
        return (self.folder / f"{self.round}.done-{part.kind}").exists() or not part.is_running

    def _count(self, word: str) -> int:
        return len(list(self.folder.glob(f"{self.round}.{word}-*")))


@pytest.fixture
def race(run_part: RunPart, tmp_path: Path) -> Callable[..., Race]:
    def start(*shares: int) -> Race:
        folder = tmp_path / "race"
        folder.mkdir()
        arguments = (str(folder), *map(str, shares))
        parts = [run_part(str(n), *arguments, main=finishers.main) for n in range(PROCESSES)]
        return Race(folder, parts)

    return start


@pytest.mark.usefixtures("on_each_database")
def test_a_batch_whose_executions_end_at_once_ends_once(
    app: Flask, cast: Cast, race: Callable[..., Race]
) -> None:
    """First all of them are ended; then some processes are killed, and others cancel."""
    with app.app_context():
        racing = race(EXECUTIONS // PROCESSES, LEASED // PROCESSES)
        function_id = make_function(cast.alice)
        submitted = submit_many(cast.alice, function_id, EXECUTIONS, batch_callback_url=URL)
        racing.line_up(function_id)
        racing.go()
        racing.wait()
        assert_ended(submitted, BatchStatus.PARTIAL)

        submitted = submit_many(
            cast.alice, function_id, EXECUTIONS, batch_callback_url=URL, callback_url=URL
        )
        racing.line_up(function_id)
        with ThreadPoolExecutor(3) as others:
            racing.go()
            jobs = [
                others.submit(cancel_some, app, cast, submitted, seed=1),
                others.submit(cancel_some, app, cast, submitted, seed=2),
                others.submit(cancel_all, app, cast, submitted),
            ]
            racing.kill(3)
            for job in jobs:
                job.result()
        racing.wait()
        end_what_was_left(function_id)
        assert_ended(submitted, BatchStatus.CANCELLED)


def test_each_callback_arrives_once(
    callback_receiver: AgentEndpoint,
    app: Flask,
    cast: Cast,
    race: Callable[..., Race],
    run_part: RunPart,
) -> None:
    url, share = callback_receiver.url, 30
    with app.app_context():
        racing = race(share)
        function_id = make_function(cast.alice)
        submitted = submit_many(
            cast.alice, function_id, share * PROCESSES, batch_callback_url=url, callback_url=url
        )
        racing.line_up(function_id)
        for _ in range(2):
            run_part("worker")
        run_part("sweeper")
        racing.go()
        racing.wait()
        wait_until(are_callbacks_made)
    told = Counter(
        call.body.get("batch_id") or call.body["execution_id"] for call in callback_receiver.calls
    )
    assert told == Counter([str(submitted.id), *map(str, submitted.execution_ids)])


@pytest.mark.parametrize("is_locked", [True, False], ids=["with the lock", "without it"])
def test_on_postgresql_the_lock_is_what_has_the_last_one_end_the_batch(
    is_locked: bool,
    postgres_url: str,
    environment: dict[str, str],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without it the two last ones see each other unfinished, and the sweeper makes it good."""
    environment["DATABASE_URL"] = postgres_url
    app: Flask = request.getfixturevalue("app")
    cast: Cast = request.getfixturevalue("cast")
    if not is_locked:
        monkeypatch.setattr(ending, "lock_batches", lambda _: None)
    with app.app_context():
        function_id = make_function(cast.alice)
        submitted = submit_many(cast.alice, function_id, 2, batch_callback_url=URL)
        finish_both_at_once(app, claim_some(function_id), is_locked=is_locked)
        assert (batch(submitted.id).ended_as is BatchStatus.COMPLETED) is is_locked
        with writing():
            assert end_forgotten_batches() == (0 if is_locked else 1)
        assert_ended(submitted, BatchStatus.COMPLETED)


def finish_both_at_once(app: Flask, claims: list[ExecutionClaim], *, is_locked: bool) -> None:
    """Neither commits before the other has written; where a lock forbids that, after a moment."""
    both_have_written = threading.Barrier(2)

    def finish(claim: ExecutionClaim) -> None:
        with app.app_context(), writing():
            finish_executions([(claim, Output(1))])
            with suppress(threading.BrokenBarrierError):
                both_have_written.wait(0.5 if is_locked else 100)

    with ThreadPoolExecutor(2) as threads:
        for job in [threads.submit(finish, claim) for claim in claims]:
            job.result()


def cancel_some(app: Flask, cast: Cast, submitted: Submitted, seed: int) -> None:
    with app.app_context():
        for execution_id in Random(seed).sample(submitted.execution_ids, 60):
            with suppress(Conflict, Unavailable), writing():
                workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
                cancel_execution(workspace, execution_id)


def cancel_all(app: Flask, cast: Cast, submitted: Submitted) -> None:
    with app.app_context():
        cancelled = 0
        while not cancelled:
            with suppress(Unavailable), writing():
                workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
                cancelled = cancel_batch(workspace, submitted.id)


def end_what_was_left(function_id: UUID) -> None:
    """Let the leases of those who died end, and do their work."""
    age_leases()
    claims = claim_some(function_id, most=finishers.AT_ONCE)
    assert claims, "those who were killed held something"
    finish_all(claims, Output({"ok": True}))


def assert_ended(submitted: Submitted, status: BatchStatus) -> None:
    assert batch(submitted.id).ended_as is status
    with one_moment():
        assert execution_invariants.violations() == []
        query = select(func.count()).where(Callback.batch_id == submitted.id)
        assert db.session.scalar(query) == 1
