"""HTTP requests on a fixed interval."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class BackgroundJob:
    """An HTTP request on a fixed interval, and how often it went well."""

    id: str
    workspace_id: str
    name: str
    interval_minutes: int
    start_minute: int
    url: str | None
    method: str | None
    headers: dict[str, Any] | None
    body: dict[str, Any] | None
    timeout_seconds: int | float | None
    request_error: str | None
    enabled: bool
    runs_total: int
    runs_succeeded: int
    runs_failed: int
    last_run_at: str | None
    next_run_at: str | None
    signing_secret: str | None = field(repr=False)
    signing_overlap_ends_at: str | None
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class JobRun:
    """One run of a job: when, how long, and what came back."""

    id: str
    workspace_id: str
    job_id: str
    trigger: str
    status: str
    scheduled_for: str | None
    started_at: str | None
    finished_at: str | None
    duration_ms: int | None
    response_status: int | None
    response: str | None
    response_truncated: bool
    error: str | None
    created_at: str
    trace_id: str | None = None
