"""/background-jobs: HTTP requests on a fixed interval, and how each run went."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Self, TypeAlias
from uuid import UUID

from flask import current_app
from pydantic import Field

from opensink_web.api.endpoint import CallBody, EndpointMethod
from opensink_web.api.signing_secret import (
    OVERLAP_ENDS_AT,
    SERVER_SET,
    SIGNING_SECRET,
    SigningSecret,
    signing_facts,
)
from opensink_web.contract.example import Example
from opensink_web.contract.route import Routes
from opensink_web.contract.shapes import (
    WHOLE,
    Change,
    JsonObject,
    Name,
    PageQuery,
    PageResponse,
    ResponseModel,
    page_response,
)
from opensink_web.errors import UnreadableSecret
from opensink_web.models import BackgroundJob, JobRun, RunStatus, RunTrigger
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.agents.endpoint import (
    TIMEOUT_SECONDS_DEFAULT,
    TIMEOUT_SECONDS_MAX,
    without_credentials,
)
from opensink_web.operations.agents.signing_secret import end_signing_overlap, rotate_signing_secret
from opensink_web.operations.jobs import job as jobs
from opensink_web.operations.jobs import queries
from opensink_web.operations.jobs.grid import INTERVAL_MINUTES_MAX
from opensink_web.outbound.policy import EndpointPolicy
from opensink_web.services import EXTENSION, Services

RESOURCE = "background_jobs"
_JOBS = "/background-jobs"
_JOB = _JOBS + "/{job_id}"
_SERVER_SET = SERVER_SET | frozenset(
    (
        "id",
        "workspace_id",
        "runs_total",
        "runs_succeeded",
        "runs_failed",
        "last_run_at",
        "next_run_at",
        "created_at",
        "updated_at",
    )
)
IntervalMinutes: TypeAlias = Annotated[
    int,
    Field(
        ge=1,
        le=INTERVAL_MINUTES_MAX,
        description="Minutes from one run to the next, on a grid of UTC minutes since 1970.",
    ),
    WHOLE,
]
StartMinute: TypeAlias = Annotated[
    int,
    Field(
        ge=0,
        lt=INTERVAL_MINUTES_MAX,
        description="The minute of the grid's first run: 5 with an interval of 30 is :05 and :35. "
        "Less than the interval, or than 60.",
    ),
    WHOLE,
]
TimeoutSeconds: TypeAlias = Annotated[
    int, Field(ge=1, le=TIMEOUT_SECONDS_MAX, description="For all of the request."), WHOLE
]
routes = Routes(
    RESOURCE,
    title="Background jobs",
    about="HTTP requests on a fixed interval, each signed, and how every run went.",
)


class JobCreate(CallBody):
    """A new job: what is sent where, and how often."""

    server_set = _SERVER_SET | {"request_error"}

    name: Name
    interval_minutes: IntervalMinutes
    start_minute: StartMinute = 0
    timeout_seconds: TimeoutSeconds = TIMEOUT_SECONDS_DEFAULT
    enabled: bool = True

    def fields(self) -> jobs.JobFields:
        """Return what operations take."""
        return jobs.JobFields(
            name=self.name,
            interval_minutes=self.interval_minutes,
            start_minute=self.start_minute,
            endpoint=self.within(self.timeout_seconds),
            is_enabled=self.enabled,
        )


class JobChange(Change):
    """What of a job to change; what is left out stays. A masked header (`••••`) keeps its value."""

    server_set = _SERVER_SET

    name: Name = ""
    interval_minutes: IntervalMinutes = 1
    start_minute: StartMinute = 0
    url: str | None = None
    method: EndpointMethod = EndpointMethod.POST
    headers: dict[str, str] | None = None
    body: JsonObject | None = None
    timeout_seconds: TimeoutSeconds = TIMEOUT_SECONDS_DEFAULT
    enabled: bool = True
    request_error: str | None = Field(
        default=None,
        description="Changes nothing. With it a null `url` is one that could not be shown, sent "
        "back as it was read: the request stays.",
    )

    def changes(self) -> jobs.JobChanges:
        """Return what operations take."""
        given = self.given()
        error = given.pop("request_error", None)
        call: dict[str, Any] = {
            name: given.pop(name)
            for name in ("url", "method", "headers", "body", "timeout_seconds")
            if name in given
        }
        if "enabled" in given:
            given["is_enabled"] = given.pop("enabled")
        if "headers" in call:
            call["headers"] = tuple((self.headers or {}).items())
        if "method" in call:
            call["method"] = self.method.value
        if "url" in call:
            call["url"] = self.url or ""
        if call and not (error is not None and self.url is None):
            given["call"] = call
        changes: jobs.JobChanges = given
        return changes


class JobResponse(ResponseModel):
    """A job. `next_run_at` is null while it is not enabled."""

    id: UUID
    workspace_id: UUID
    name: str
    interval_minutes: int
    start_minute: int
    url: str | None
    method: EndpointMethod | None
    headers: dict[str, str] | None
    body: JsonObject | None
    timeout_seconds: int | float | None
    request_error: str | None = Field(
        description="Why there is a request that cannot be shown or sent; null if all is well."
    )
    enabled: bool
    runs_total: int = Field(description="Requests that were made and have ended.")
    runs_succeeded: int
    runs_failed: int
    last_run_at: datetime | None = Field(description="When the last run that has ended began.")
    next_run_at: datetime | None
    signing_secret: SigningSecret = SIGNING_SECRET
    signing_overlap_ends_at: datetime | None = OVERLAP_ENDS_AT
    created_at: datetime
    updated_at: datetime

    @classmethod
    def shown_to(cls, principal: Principal, job: BackgroundJob) -> Self:
        """Write the job, its credentials only for those who may change them."""
        ours: dict[str, Any] = {
            **dict.fromkeys(("url", "method", "headers", "body", "timeout_seconds")),
            "request_error": None,
            "enabled": job.is_enabled,
            **signing_facts(principal, RESOURCE, job),
        }
        try:
            endpoint = queries.endpoint_of(job)
            if not principal.may(RESOURCE, Action.WRITE):
                endpoint = without_credentials(endpoint)
            ours |= {
                "url": endpoint.url,
                "method": endpoint.method,
                "headers": dict(endpoint.headers),
                "body": endpoint.body,
                "timeout_seconds": endpoint.timeout_seconds,
            }
        except UnreadableSecret as unreadable:
            ours["request_error"] = unreadable.message
        others = {name: getattr(job, name) for name in cls.model_fields if name not in ours}
        return cls.model_validate(others | ours)


class RunResponse(ResponseModel):
    """A run of a job. One that is `skipped` made no request, and its `error` says why."""

    id: UUID
    workspace_id: UUID
    job_id: UUID
    trigger: RunTrigger
    status: RunStatus
    scheduled_for: datetime | None = Field(
        description="Its time on the job's grid; null for one that somebody asked for."
    )
    started_at: datetime | None
    finished_at: datetime | None
    duration_ms: int | None
    response_status: int | None
    response: str | None = Field(
        description="The first 4 KiB of what was answered, as text, without what is secret."
    )
    response_truncated: bool
    error: str | None
    trace_id: str | None = Field(description="The trace in which somebody asked for it.")
    created_at: datetime

    @classmethod
    def shown(cls, run: JobRun) -> Self:
        """Write a run; of what cannot be decrypted it says so."""
        try:
            return cls.of(run)
        except UnreadableSecret as unreadable:
            names = cls.model_fields.keys() - {"response", "error"}
            values = {name: getattr(run, name) for name in names}
            return cls(**values, response=None, error=unreadable.message)


JobPage = PageResponse[JobResponse]
RunPage = PageResponse[RunResponse]


class JobQuery(PageQuery):
    enabled: bool | None = None


class RunQuery(PageQuery):
    status: RunStatus | None = None


@routes.post(
    _JOBS,
    summary="Make a background job; it runs first at its next time.",
    example=Example(
        body={
            "name": "Read the mailbox",
            "interval_minutes": 15,
            "start_minute": 0,
            "url": "https://buyer.example.com/poll",
            "headers": {"Authorization": "Bearer a-token-of-yours"},
            "body": {"mailbox": "orders"},
        }
    ),
)
def create_background_job(principal: Principal, body: JobCreate) -> JobResponse:
    job = jobs.create_job(principal.workspace, _policy(), body.fields())
    return JobResponse.shown_to(principal, job)


@routes.get(_JOBS, summary="List the background jobs.", example=Example(query={"$limit": 20}))
def list_background_jobs(principal: Principal, query: JobQuery) -> JobPage:
    page = queries.list_jobs(principal.workspace, query.page, is_enabled=query.enabled)
    return page_response(page, lambda job: JobResponse.shown_to(principal, job))


@routes.get(_JOB, summary="Read a background job.")
def get_background_job(principal: Principal, job_id: UUID) -> JobResponse:
    return JobResponse.shown_to(principal, queries.find_job(principal.workspace, job_id))


@routes.patch(
    _JOB,
    summary="Change a background job, pause it or go on with it.",
    example=Example(body={"interval_minutes": 60, "start_minute": 5}),
)
def update_background_job(principal: Principal, job_id: UUID, body: JobChange) -> JobResponse:
    job = jobs.update_job(principal.workspace, job_id, _policy(), **body.changes())
    return JobResponse.shown_to(principal, job)


@routes.delete(_JOB, summary="Delete a background job with its runs.")
def delete_background_job(principal: Principal, job_id: UUID) -> None:
    jobs.delete_job(principal.workspace, job_id)


@routes.get(
    _JOB + "/runs",
    summary="List the runs of a background job.",
    example=Example(query={"$limit": 20}),
)
def list_job_runs(principal: Principal, job_id: UUID, query: RunQuery) -> RunPage:
    job = queries.find_job(principal.workspace, job_id)
    page = queries.list_runs(job, query.page, status=query.status)
    return page_response(page, RunResponse.shown)


@routes.get(_JOB + "/runs/{run_id}", summary="Read how a run of a background job went.")
def get_job_run(principal: Principal, job_id: UUID, run_id: UUID) -> RunResponse:
    job = queries.find_job(principal.workspace, job_id)
    return RunResponse.shown(queries.find_run(job, run_id))


@routes.post(
    _JOB + "/run",
    summary="Run a background job now, also one that is not enabled; its times stay as they are.",
    status=202,
    errors=(409,),
)
def run_background_job(principal: Principal, job_id: UUID) -> RunResponse:
    return RunResponse.shown(jobs.run_now(principal.workspace, job_id))


@routes.post(
    _JOB + "/rotate-signing-secret",
    summary="Replace the job's signing secret; the previous one signs too for 24 hours.",
    status=200,
)
def rotate_job_signing_secret(principal: Principal, job_id: UUID) -> JobResponse:
    job = jobs.lock_job(principal.workspace, job_id)
    workspace = rotate_signing_secret(principal.workspace, job)
    return JobResponse.shown_to(replace(principal, workspace=workspace), job)


@routes.post(
    _JOB + "/end-signing-overlap",
    summary="Sign no longer with the job's previous signing secret.",
    status=200,
)
def end_job_signing_overlap(principal: Principal, job_id: UUID) -> JobResponse:
    job = jobs.lock_job(principal.workspace, job_id)
    end_signing_overlap(job)
    return JobResponse.shown_to(principal, job)


def _policy() -> EndpointPolicy:
    services: Services = current_app.extensions[EXTENSION]
    return services.policy
