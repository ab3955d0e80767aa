"""A worker that is killed while a job's request is under way: that run is lost, once."""

import os
import signal
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import update

from opensink_web import clock
from opensink_web.models import BackgroundJob, RunStatus, db
from opensink_web.models.transaction import writing
from opensink_web.operations.jobs.grid import Grid
from opensink_web.operations.jobs.run import INTERRUPTED
from tests.chaos.consistency_check import age_leases
from tests.conftest import Cast
from tests.faults.conftest import RunPart
from tests.support.jobs import begin_now, job_of, make_job, runs_of, statuses_of
from tests.support.real_servers import AgentEndpoint, wait_until

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("after_death")]
A_WEEK, MINUTES = 10_080, 5


def test_its_run_is_not_made_again_and_the_next_one_comes(
    app: Flask, cast: Cast, run_part: RunPart, after_death: Callable[[], None]
) -> None:
    with AgentEndpoint() as endpoint, app.app_context():
        endpoint.gate.clear()
        job_id = make_job(cast.alice, endpoint.url, interval_minutes=A_WEEK)
        lost_id = begin_now(cast.alice, job_id)
        dying = run_part("worker")
        wait_until(lambda: endpoint.calls)
        os.kill(dying.pid, signal.SIGKILL)
        wait_until(lambda: not dying.is_running)
        endpoint.gate.set()
        after_death()
        age_leases()
        run_part("worker")
        run_part("sweeper")
        wait_until(lambda: statuses_of(job_id) == ["failed"])
        come = bring_slot(job_id)
        wait_until(lambda: "succeeded" in statuses_of(job_id))
        lost, *others = runs_of(job_id)
        (next_run,) = [run for run in others if run.status is RunStatus.SUCCEEDED]
        job = job_of(job_id)
    assert (lost.id, lost.error, lost.response_status) == (lost_id, INTERRUPTED, None)
    assert next_run.scheduled_for is not None
    assert next_run.scheduled_for >= come
    assert [call.headers["x-opensink-run-id"] for call in endpoint.calls] == [
        str(lost_id),
        str(next_run.id),
    ]
    assert (job.runs_total, job.runs_failed, job.runs_succeeded) == (2, 1, 1)


def bring_slot(job_id: UUID) -> datetime:
    """Have a job run every few minutes, as if planned when its last slot had not come yet."""
    slot = Grid(MINUTES, 0).last_until(clock.now())
    planned = {"interval_minutes": MINUTES, "start_minute": 0, "next_run_at": slot}
    with writing():
        db.session.execute(
            update(BackgroundJob).where(BackgroundJob.id == job_id).values(**planned)
        )
    return slot
