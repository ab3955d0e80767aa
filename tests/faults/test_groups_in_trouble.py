"""Groups in trouble: Redis gone, the database locked, long calls, workers that are told to end."""

import os
import signal
import sqlite3
import time
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from opensink_web import clock
from opensink_web.models import BatchStatus, Execution, ExecutionStatus, db
from opensink_web.models.transaction import reading, writing
from opensink_web.settings import Settings
from tests.chaos import execution_invariants
from tests.chaos.one_moment import one_moment
from tests.conftest import Cast
from tests.faults.conftest import RunPart
from tests.support.executions import batch, execution, make_function, submit_many, submit_one
from tests.support.real_servers import AgentEndpoint, EmbeddedRedis, wait_until

pytestmark = pytest.mark.server


def has_ended(execution_id: object) -> bool:
    with reading():
        query = select(Execution.status).where(Execution.id == execution_id)
        return db.session.scalars(query).one().has_ended


def lasts_beyond(moment: datetime, execution_id: UUID) -> bool:
    """Return True if the lease of an execution was made longer."""
    lease_until = execution(execution_id).lease_until
    return lease_until is not None and lease_until > moment


def test_what_was_delayed_starts_when_it_is_due_beside_a_long_call(
    app: Flask, cast: Cast, run_part: RunPart
) -> None:
    with AgentEndpoint() as endpoint, app.app_context():
        endpoint.gate.clear()
        function_id = make_function(cast.alice, endpoint.url)
        run_part("worker")
        run_part("sweeper")
        submit_one(cast.alice, function_id, timeout_seconds=60)
        wait_until(lambda: endpoint.calls)
        delayed = submit_one(cast.alice, function_id, delay_seconds=2, timeout_seconds=60)
        wait_until(lambda: execution(delayed).started_at is not None)
        started = execution(delayed)
    assert started.started_at is not None
    assert started.started_at >= started.next_at


def test_what_redis_did_not_hear_is_found(
    app: Flask, cast: Cast, run_part: RunPart, redis_server: EmbeddedRedis
) -> None:
    with AgentEndpoint() as endpoint, app.app_context():
        function_id = make_function(cast.alice, endpoint.url)
        run_part("sweeper")
        redis_server.process.kill()
        redis_server.process.wait()
        forgotten = submit_one(cast.alice, function_id)
        redis_server.start()
        run_part("worker")
        wait_until(lambda: has_ended(forgotten))
    assert len(endpoint.calls) == 1


def test_a_long_call_keeps_its_lease(app: Flask, cast: Cast, run_part: RunPart) -> None:
    with AgentEndpoint() as endpoint, app.app_context():
        endpoint.gate.clear()
        function_id = make_function(cast.alice, endpoint.url)
        long = submit_one(cast.alice, function_id, timeout_seconds=100)
        run_part("worker", failpoint_name="renews often")
        wait_until(lambda: endpoint.calls)
        run_part("worker")
        run_part("sweeper")
        for _ in range(3):
            with writing():  # as if a part of the lease had passed
                ends_at = clock.now() + timedelta(seconds=20)
                db.session.execute(update(Execution).values(lease_until=ends_at))
            wait_until(partial(lasts_beyond, ends_at, long))
        endpoint.gate.set()
        wait_until(lambda: has_ended(long))
        steps = [step.kind for step in execution(long).steps]
    assert steps == ["queued", "started", "completed"]
    assert len(endpoint.calls) == 1


def test_a_database_that_is_locked_for_long_loses_no_outcome(
    app: Flask, cast: Cast, settings: Settings, run_part: RunPart, tmp_path: Path
) -> None:
    with AgentEndpoint() as endpoint, app.app_context():
        endpoint.gate.clear()
        function_id = make_function(cast.alice, endpoint.url)
        submitted = submit_many(cast.alice, function_id, 3, timeout_seconds=60)
        run_part("worker", failpoint_name="impatient")
        wait_until(lambda: len(endpoint.calls) == 3)
        file = settings.data_dir / "opensink.sqlite3"
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            endpoint.gate.set()
            log = tmp_path / "log"
            wait_until(lambda: log.read_text().count("could not be stored yet") >= 2)
            other.execute("ROLLBACK")
        wait_until(lambda: batch(submitted.id).ended_as is not None)
        ended = batch(submitted.id)
    assert ended.ended_as is BatchStatus.COMPLETED
    assert len(endpoint.calls) == 3, "nothing was called again"


def test_a_worker_that_is_told_to_end_ends_what_it_has_begun(
    app: Flask, cast: Cast, run_part: RunPart
) -> None:
    with AgentEndpoint() as endpoint, app.app_context():
        endpoint.gate.clear()
        function_id = make_function(cast.alice, endpoint.url)
        submitted = submit_many(cast.alice, function_id, 30, timeout_seconds=60)
        ending = run_part("worker")
        wait_until(lambda: endpoint.calls)
        os.kill(ending.pid, signal.SIGTERM)
        time.sleep(0.3)
        endpoint.gate.set()
        wait_until(lambda: not ending.is_running)
        assert ending.exit_code == 0
        with reading():
            leased = select(Execution.id).where(Execution.lease_token.is_not(None))
            assert db.session.scalars(leased).all() == []
            statuses = set(db.session.scalars(select(Execution.status)))
        assert statuses == {ExecutionStatus.COMPLETED, ExecutionStatus.QUEUED}
        run_part("worker")
        run_part("sweeper")
        wait_until(lambda: batch(submitted.id).ended_as is not None)
        with one_moment():
            assert execution_invariants.violations() == []
    assert sorted(call.body["input"]["n"] for call in endpoint.calls) == list(range(30))
