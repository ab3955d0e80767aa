"""Jobs and their runs, read. Nothing is written here, and nothing of what writes is imported."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from opensink_web.errors import NotFound
from opensink_web.models import BackgroundJob, JobRun, RunStatus, Workspace, db
from opensink_web.operations import page
from opensink_web.operations.agents.endpoint import endpoint_from_json
from opensink_web.outbound.endpoint_call import EndpointSpec

OPEN_STATUSES = (RunStatus.DUE, RunStatus.RUNNING)


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


def jobs_that_run(job_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these jobs have a run that has not ended."""
    query = select(JobRun.job_id).where(
        JobRun.job_id.in_(job_ids), JobRun.status.in_(OPEN_STATUSES)
    )
    return set(db.session.scalars(query))


def endpoint_of(job: BackgroundJob) -> EndpointSpec:
    """Return what a job sends and where, with its credentials. Raises: UnreadableSecret."""
    return endpoint_from_json(job.endpoint)
