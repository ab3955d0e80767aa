"""Jobs and their runs, read. Nothing is written here, and nothing of what writes is imported."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, union_all

from opensink_web.errors import NotFound
from opensink_web.models import BackgroundJob, JobRun, RunStatus, Workspace, db
from opensink_web.operations import page
from opensink_web.operations.agents.endpoint import endpoint_from_json
from opensink_web.outbound.endpoint_call import EndpointSpec

OPEN_STATUSES = (RunStatus.DUE, RunStatus.RUNNING)
LAST_RUNS_MAX = 50


@dataclass(frozen=True, slots=True)
class LastRun:
    """Of a run what a list of many says; `moment` is its time on the grid, or when it was asked."""

    id: UUID
    status: RunStatus
    moment: datetime


def find_job(workspace: Workspace, job_id: UUID) -> BackgroundJob:
    """Raises: NotFound."""
    # asked for, and not looked up: one that is deleted would be there still
    query = select(BackgroundJob).where(
        BackgroundJob.id == job_id, BackgroundJob.workspace_id == workspace.id
    )
    job = db.session.scalars(query).one_or_none()
    if job is None:
        raise NotFound("There is no such job.")
    return job


def list_jobs(
    workspace: Workspace, page_request: page.PageRequest, *, is_enabled: bool | None = None
) -> page.Page[BackgroundJob]:
    """Return the workspace's jobs, the newest first."""
    query = select(BackgroundJob).where(BackgroundJob.workspace_id == workspace.id)
    query = page.narrowed(query, (BackgroundJob.is_enabled, is_enabled))
    return page.fetch(query, BackgroundJob.id, page_request)


def list_runs(
    job: BackgroundJob, page_request: page.PageRequest, *, status: RunStatus | None = None
) -> page.Page[JobRun]:
    """Return a job's runs, the newest first."""
    query = page.narrowed(select(JobRun).where(JobRun.job_id == job.id), (JobRun.status, status))
    return page.fetch(query, JobRun.id, page_request)


def find_run(job: BackgroundJob, run_id: UUID) -> JobRun:
    """Raises: NotFound."""
    run = db.session.get(JobRun, run_id)
    if run is None or run.job_id != job.id:
        raise NotFound("There is no such run of this job.")
    return run


def last_runs(job_ids: Sequence[UUID]) -> dict[UUID, list[LastRun]]:
    """Return the last runs of some jobs, the newest first."""
    columns = (
        JobRun.id,
        JobRun.job_id,
        JobRun.status,
        func.coalesce(JobRun.scheduled_for, JobRun.created_at).label("moment"),
    )
    runs: dict[UUID, list[LastRun]] = {job_id: [] for job_id in job_ids}
    if not runs:
        return runs
    newest = (
        select(*columns)
        .where(JobRun.job_id == job_id)
        .order_by(JobRun.id.desc())
        .limit(LAST_RUNS_MAX)
        .subquery()
        for job_id in job_ids
    )
    for row in db.session.execute(union_all(*(select(each) for each in newest))):
        runs[row.job_id].append(LastRun(row.id, row.status, row.moment))
    for each in runs.values():
        each.sort(key=lambda run: run.id, reverse=True)
    return runs


def jobs_that_run(job_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these jobs have a run that has not ended."""
    query = select(JobRun.job_id).where(
        JobRun.job_id.in_(job_ids), JobRun.status.in_(OPEN_STATUSES)
    )
    return set(db.session.scalars(query))


def endpoint_of(job: BackgroundJob) -> EndpointSpec:
    """Return what a job sends and where, with its credentials. Raises: UnreadableSecret."""
    return endpoint_from_json(job.endpoint)
