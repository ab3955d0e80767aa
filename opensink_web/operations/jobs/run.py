"""Runs of jobs for the worker that holds them: what it takes to make the request, and how it went.

A request is made once. One whose worker died while it held it is not made again: nobody knows
whether it was heard, and the next slot comes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select, update

from opensink_web import clock
from opensink_web.errors import UnreadableSecret
from opensink_web.models import BackgroundJob, JobRun, RunStatus, Workspace, db
from opensink_web.models.traced import trace_of
from opensink_web.models.transaction import Area, changed_after_commit, run_prepared
from opensink_web.operations.agents.signing_secret import call_secrets
from opensink_web.operations.jobs.job import DELETED
from opensink_web.operations.jobs.queries import endpoint_of
from opensink_web.outbound.client import Call, Response
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.explained import status_sentence
from opensink_web.outbound.job_call import build_job_call
from opensink_web.outbound.redaction import secrets_of, without_secrets
from opensink_web.trace_context import TraceContext, span_id_of

INTERRUPTED = (
    "Interrupted: the worker stopped while the request was under way, so how it went is unknown. "
    "It is not made again."
)
COLUMNS = (
    JobRun.id,
    JobRun.workspace_id,
    JobRun.group_id,
    JobRun.job_id,
    JobRun.scheduled_for,
    JobRun.started_at,
    JobRun.lease_token,
    JobRun.trace_id,
    JobRun.trace_parent,
    JobRun.trace_state,
)
"""What is read of a run that is due."""

# Built once, because building a statement costs more than running it.
_LOCK_JOBS = (
    select(BackgroundJob.id)
    .where(BackgroundJob.id.in_(bindparam("of_jobs", expanding=True)))
    .order_by(BackgroundJob.id)
    .with_for_update(key_share=True)
)
_FINISH = update(JobRun).where(
    JobRun.id == bindparam("of_run"), JobRun.lease_token == bindparam("lease_held")
)
_COUNT = (
    update(BackgroundJob)
    .where(BackgroundJob.id == bindparam("of_job"))
    .values(
        runs_succeeded=BackgroundJob.runs_succeeded + bindparam("succeeded"),
        runs_failed=BackgroundJob.runs_failed + bindparam("failed"),
        updated_at=BackgroundJob.updated_at,  # nobody changed it
    )
)


@dataclass(frozen=True, slots=True)
class RunClaim:
    """The right to carry out one run: the request, or why there is none to be made.

    A run is skipped where its job was deleted, and fails for any other `refusal`.
    """

    id: UUID
    group_id: UUID
    lease_token: str
    workspace_id: UUID
    job_id: UUID
    scheduled_for: datetime | None
    started_at: datetime
    endpoint: EndpointSpec | None = None
    signing_secrets: tuple[str, ...] = ()
    refusal: str = ""
    trace: TraceContext | None = None

    @property
    def call(self) -> Call | None:
        """Make the request; another one each time, so make it once."""
        if self.endpoint is None:
            return None
        return build_job_call(
            self.endpoint,
            job_id=str(self.job_id),
            run_id=str(self.id),
            scheduled_for=self.scheduled_for,
            signing_secrets=self.signing_secrets,
            now=clock.now(),
            trace=() if self.trace is None else self.trace.headers(span_id_of(self.id)),
        )


@dataclass(frozen=True, slots=True)
class RunResult:
    """What came of a request; without an `error` it has succeeded."""

    error: str | None
    response_status: int | None = None
    response: str | None = None
    response_truncated: bool = False
    duration_ms: int | None = None


def claims_of(rows: Sequence[Row[Any]], lease_token: str, moment: datetime) -> list[RunClaim]:
    """Read what it takes to carry out runs that were taken."""
    jobs = {
        job.id: (job, workspace)
        for job, workspace in db.session.execute(
            select(BackgroundJob, Workspace)
            .join(Workspace, Workspace.id == BackgroundJob.workspace_id)
            .where(BackgroundJob.id.in_({row.job_id for row in rows}))
        )
    }
    for workspace_id in {row.workspace_id for row in rows}:
        changed_after_commit(workspace_id, Area.JOBS)
    return [_claim(row, lease_token, moment, jobs.get(row.job_id)) for row in rows]


def result_of(claim: RunClaim, call: Call, answer: Response) -> RunResult:
    """Return what is kept of a request; costs time and needs no transaction."""
    secrets = (*secrets_of(call), *claim.signing_secrets)
    body = answer.body.decode("utf-8", "replace")
    body = without_secrets(body, secrets, is_cut=answer.body_truncated)
    error = None
    if answer.error is not None:
        error = answer.error.message
    elif not answer.succeeded:
        error = status_sentence("The address", call, answer, claim.signing_secrets)
    return RunResult(
        error=error,
        response_status=answer.status_code,
        response=body if answer.status_code is not None else None,
        response_truncated=answer.body_truncated,
        duration_ms=round(answer.latency_ms),
    )


def finish_runs(settled: Sequence[tuple[RunClaim, RunResult | None]]) -> None:
    """Write down how runs went, of those whose leases are still held; None is one that was refused.

    Their jobs are locked first, by id, as by whoever changes or deletes them.
    """
    run_prepared(_LOCK_JOBS, {"of_jobs": list({claim.job_id for claim, _ in settled})}).all()
    moment = clock.now()
    for claim, result in sorted(settled, key=lambda each: each[0].id):
        ending = result or RunResult(claim.refusal or INTERRUPTED)
        values = {
            "of_run": claim.id,
            "lease_held": claim.lease_token,
            "lease_token": None,
            "lease_until": None,
            "status": _status_of(claim, ending),
            "finished_at": moment,
            "duration_ms": ending.duration_ms,
            "response_status": ending.response_status,
            "response": JobRun.response.seal(claim.id, ending.response),
            "response_truncated": ending.response_truncated,
            "error": JobRun.error.seal(claim.id, ending.error),
        }
        if run_prepared(_FINISH, values).rowcount == 1:
            _count(claim, values["status"])


def _claim(
    row: Row[Any],
    lease_token: str,
    moment: datetime,
    called: tuple[BackgroundJob, Workspace] | None,
) -> RunClaim:
    endpoint: EndpointSpec | None = None
    secrets: tuple[str, ...] = ()
    refusal = ""
    if called is None:
        refusal = DELETED
    elif row.lease_token is not None:
        refusal = INTERRUPTED
    else:
        job, workspace = called
        try:
            endpoint = endpoint_of(job)
            secrets = call_secrets(workspace, job, moment).signing_secrets
        except UnreadableSecret as error:
            endpoint, refusal = None, f"The request cannot be made. {error.message}"
    return RunClaim(
        id=row.id,
        group_id=row.group_id,
        lease_token=lease_token,
        workspace_id=row.workspace_id,
        job_id=row.job_id,
        scheduled_for=row.scheduled_for,
        started_at=row.started_at or moment,
        endpoint=endpoint,
        signing_secrets=secrets,
        refusal=refusal,
        trace=trace_of(row),
    )


def _status_of(claim: RunClaim, ending: RunResult) -> RunStatus:
    if claim.refusal == DELETED:
        return RunStatus.SKIPPED
    return RunStatus.SUCCEEDED if ending.error is None else RunStatus.FAILED


def _count(claim: RunClaim, status: object) -> None:
    counts = {
        "of_job": claim.job_id,
        "succeeded": int(status is RunStatus.SUCCEEDED),
        "failed": int(status is RunStatus.FAILED),
        "last_run_at": claim.started_at,
    }
    run_prepared(_COUNT, counts)
    changed_after_commit(claim.workspace_id, Area.JOBS)
