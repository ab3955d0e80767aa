"""Background jobs, and the sweeper's and the engine's part of them step by step. Within an app
context."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import select

from opensink_web.models import BackgroundJob, JobRun, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.jobs.job import JobFields, create_job, run_now
from opensink_web.operations.jobs.run import RunClaim, RunResult
from opensink_web.work.chores import SCHEDULING
from opensink_web.work.kinds import kinds_within
from opensink_web.work.queue import Kind, Limits, Queue
from tests.conftest import Person
from tests.support.scenarios import POLICY, endpoint_at

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NOWHERE = "http://127.0.0.1:9/job"


def make_job(person: Person, url: str = NOWHERE, **more: Any) -> UUID:
    fields: dict[str, Any] = {"name": "Poll", "interval_minutes": 15, "start_minute": 0, **more}
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        return create_job(workspace, POLICY, JobFields(endpoint=endpoint_at(url), **fields)).id


def begin_now(person: Person, job_id: UUID) -> UUID:
    with writing():
        return run_now(db.session.get_one(Workspace, person.workspace_id), job_id).id


def begin_due() -> None:
    """Write the runs of all slots that have come, as the sweeper does."""
    while SCHEDULING[0].go_on():
        pass


def job_of(job_id: UUID) -> BackgroundJob:
    with reading():
        job = db.session.get_one(BackgroundJob, job_id)
        db.session.expunge(job)
        return job


def runs_of(job_id: UUID) -> Sequence[JobRun]:
    """Return a job's runs, the first of them first."""
    with reading():
        query = select(JobRun).where(JobRun.job_id == job_id).order_by(JobRun.id)
        runs = db.session.scalars(query).all()
        for run in runs:
            _ = run.error, run.response
            db.session.expunge(run)
        return runs


def statuses_of(job_id: UUID) -> list[str]:
    return [run.status.value for run in runs_of(job_id)]


@lru_cache
def _queue() -> tuple[dict[str, Kind[Any, Any]], Queue]:
    kinds = kinds_within(Limits(calls_per_agent=10, calls_per_function=10))
    return kinds, Queue(kinds)


def claim_runs(job_id: UUID) -> list[RunClaim]:
    """Take what is due for a job's host."""
    kinds, queue = _queue()
    with writing():
        group_id = db.session.get_one(BackgroundJob, job_id).group_id
        return list(queue.claim(kinds["job_runs"], group_id, 10).taken)


def finish(claims: Sequence[RunClaim], result: RunResult | None = RunResult(None, 200)) -> None:  # noqa: B008 - frozen
    kinds, _ = _queue()
    with writing():
        kinds["job_runs"].finish([(claim, result) for claim in claims])
