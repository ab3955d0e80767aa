"""Background jobs: making, changing, pausing and deleting them, and running one now.

Whoever changes a job locks its row, as do the sweeper, which begins its runs, and the worker that
ends one: jobs are locked by id, before the concurrency groups of their runs.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypedDict, Unpack
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from sqlalchemy import select, update

from opensink_web import clock
from opensink_web.errors import Conflict, InvalidInput, NotFound, UnreadableSecret
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    AuditAction,
    BackgroundJob,
    JobRun,
    RunStatus,
    RunTrigger,
    SubjectKind,
    Workspace,
    db,
)
from opensink_web.models.traced import trace_values
from opensink_web.models.transaction import (
    Area,
    changed_after_commit,
    notify_after_commit,
    rows_changed,
)
from opensink_web.operations.agents.endpoint import (
    TIMEOUT_SECONDS_DEFAULT,
    check_endpoint,
    endpoint_to_json,
    without_credentials,
)
from opensink_web.operations.audit.record import changes_between, digest_of, record, texts_of
from opensink_web.operations.jobs.grid import checked_grid, grid_of
from opensink_web.operations.jobs.queries import endpoint_of, jobs_that_run
from opensink_web.operations.name import checked_name
from opensink_web.outbound.client import Headers
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.policy import EndpointPolicy
from opensink_web.trace_context import current_trace

PAUSED = "The job was paused before this run began."
DELETED = "The job was deleted before this run began."


class CallChanges(TypedDict, total=False):
    """What of the request to change; what is left out stays as it is."""

    url: str
    method: str
    headers: Headers
    body: JSONObject | None
    timeout_seconds: float


class JobChanges(TypedDict, total=False):
    """What of a job to change; what is left out stays as it is."""

    name: str
    interval_minutes: int
    start_minute: int
    is_enabled: bool
    call: CallChanges


@dataclass(frozen=True, slots=True)
class JobFields:
    """A whole job."""

    name: str
    interval_minutes: int
    start_minute: int
    endpoint: EndpointSpec
    is_enabled: bool = True


def create_job(workspace: Workspace, policy: EndpointPolicy, fields: JobFields) -> BackgroundJob:
    """Make a job; it runs first at its next slot. Raises: InvalidInput."""
    checked_grid(fields.interval_minutes, fields.start_minute)
    job = BackgroundJob(
        workspace_id=workspace.id,
        name=checked_name(fields.name),
        interval_minutes=fields.interval_minutes,
        start_minute=fields.start_minute,
        is_enabled=fields.is_enabled,
    )
    _set_endpoint(job, fields.endpoint, policy, None)
    plan(job)
    db.session.add(job)
    db.session.flush()
    _note(AuditAction.JOB_CREATED, job, _said_of(job))
    return job


def update_job(
    workspace: Workspace, job_id: UUID, policy: EndpointPolicy, **changes: Unpack[JobChanges]
) -> BackgroundJob:
    """Change the given fields. A run that has begun ends as it began.

    Raises: NotFound; InvalidInput.
    """
    job = lock_job(workspace, job_id)
    before, when_before = _said_of(job), (grid_of(job), job.is_enabled)
    if "name" in changes:
        job.name = checked_name(changes["name"])
    job.interval_minutes = changes.get("interval_minutes", job.interval_minutes)
    job.start_minute = changes.get("start_minute", job.start_minute)
    job.is_enabled = changes.get("is_enabled", job.is_enabled)
    checked_grid(job.interval_minutes, job.start_minute)
    if "call" in changes:
        current = readable_endpoint_of(job)
        _set_endpoint(job, _called(current, changes["call"]), policy, current)
    if when_before != (grid_of(job), job.is_enabled):
        plan(job)
    if not job.is_enabled:
        _skip_waiting(job, PAUSED, only=RunTrigger.SCHEDULE)
    db.session.flush()
    if changed := changes_between(before, _said_of(job)):
        _note(AuditAction.JOB_CHANGED, job, {"changes": changed})
    return job


def delete_job(workspace: Workspace, job_id: UUID) -> str:
    """Delete a job with its runs, which go in slices; return its name. Raises: NotFound.

    A request that is under way is not called back, and nobody hears how it went.
    """
    job = lock_job(workspace, job_id)
    job.deleted_at = clock.now()
    job.next_run_at = job.planned_at = None
    _skip_waiting(job, DELETED)
    db.session.flush()
    _note(AuditAction.JOB_DELETED, job)
    return job.name


def run_now(workspace: Workspace, job_id: UUID) -> JobRun:
    """Have a job run at once, also one that is paused; its slots stay as they are.

    Raises: NotFound; Conflict while it runs.
    """
    job = lock_job(workspace, job_id)
    if jobs_that_run([job.id]):
        raise Conflict("This job is running. Wait until the run has ended.")
    run = begin_run(job, RunTrigger.MANUAL, **trace_values(current_trace()))
    db.session.flush()
    _note(AuditAction.JOB_RUN, job)
    return run


def begin_run(job: BackgroundJob, trigger: RunTrigger, **values: Any) -> JobRun:
    """Write a run that is due now; the job's row is locked."""
    run = JobRun(
        workspace_id=job.workspace_id,
        job_id=job.id,
        group_id=job.group_id,
        trigger=trigger,
        next_at=clock.now(),
        recovery_count=0,
        **values,
    )
    db.session.add(run)
    notify_after_commit(JobRun, job.group_id)
    changed_after_commit(job.workspace_id, Area.JOBS)
    return run


def plan(job: BackgroundJob) -> None:
    """Work out when a job runs next, which is never while it is paused."""
    moment = clock.now()
    job.planned_at = moment if job.is_enabled else None
    job.next_run_at = grid_of(job).first_after(moment) if job.is_enabled else None
    changed_after_commit(job.workspace_id, Area.JOBS)


def lock_job(workspace: Workspace, job_id: UUID) -> BackgroundJob:
    """Find a job and keep others from changing it until the commit. Raises: NotFound."""
    query = select(BackgroundJob).where(
        BackgroundJob.id == job_id, BackgroundJob.workspace_id == workspace.id
    )
    # what was read before may be older than the lock
    options = {"populate_existing": True}
    job = db.session.scalars(query.with_for_update(key_share=True), execution_options=options)
    locked = job.one_or_none()
    if locked is None:
        raise NotFound("There is no such job.")
    return locked


def readable_endpoint_of(job: BackgroundJob) -> EndpointSpec | None:
    """Return what a job sends; what cannot be decrypted can only be entered anew."""
    with suppress(UnreadableSecret):
        return endpoint_of(job)
    return None


def _called(current: EndpointSpec | None, changes: CallChanges) -> EndpointSpec:
    base = current or EndpointSpec("", "POST", (), None, TIMEOUT_SECONDS_DEFAULT)
    return replace(base, **changes)


def _set_endpoint(
    job: BackgroundJob,
    endpoint: EndpointSpec,
    policy: EndpointPolicy,
    current: EndpointSpec | None,
) -> None:
    try:
        checked = check_endpoint(endpoint, policy, current)
    except InvalidInput as error:
        raise InvalidInput("This request cannot be sent.", errors=error.errors) from None
    job.endpoint = dict(endpoint_to_json(checked))
    # those to one host share a limit, so that one that hangs holds up no other
    job.group_id = uuid5(job.workspace_id, urlsplit(checked.url).netloc.lower())


def _skip_waiting(job: BackgroundJob, reason: str, *, only: RunTrigger | None = None) -> None:
    """Let a run not begin that is due."""
    waiting = select(JobRun.id).where(JobRun.job_id == job.id, JobRun.status == RunStatus.DUE)
    if only is not None:
        waiting = waiting.where(JobRun.trigger == only)
    for run_id in db.session.scalars(waiting):
        # unless a worker has taken it meanwhile
        is_due = (JobRun.id == run_id, JobRun.status == RunStatus.DUE)
        skipped = {"status": RunStatus.SKIPPED, "finished_at": clock.now()}
        skipped["sealed_error"] = JobRun.error.seal(run_id, reason)
        rows_changed(update(JobRun).where(*is_due).values(skipped))


def _said_of(job: BackgroundJob) -> JSONObject:
    """Return what the audit says of a job; of headers and the body there is a digest."""
    endpoint = readable_endpoint_of(job)
    said: JSONObject = {
        "name": job.name,
        "interval_minutes": job.interval_minutes,
        "start_minute": job.start_minute,
        "enabled": job.is_enabled,
    }
    if endpoint is not None:
        shown = without_credentials(endpoint)
        said |= texts_of({"url": shown.url, "method": shown.method})
        said["request_digest"] = digest_of(endpoint_to_json(endpoint))
    return said


def _note(action: AuditAction, job: BackgroundJob, details: JSONObject | None = None) -> None:
    record(action, job.workspace_id, SubjectKind.JOB, job.id, details or {"name": job.name})
