"""Calls to agents."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a call: what was sent, and what came back.

    `outcome` is None while it is under way. Headers are pairs; secrets in them are masked.
    """

    number: int
    trigger: str
    outcome: str | None
    method: str
    url: str
    request_headers: list[list[str]]
    request_body: str | None
    response_status: int | None
    response_headers: list[list[str]] | None
    response_body: str | None
    response_body_truncated: bool | None
    error_code: str | None
    error_message: str | None
    remote_address: str | None
    latency_ms: float | None
    created_at: str
    finished_at: str | None
    span_id: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A call to an agent that is due, or was made; `attempts` are None in lists."""

    id: str
    kind: str
    status: str
    agent_id: str
    session_id: str | None
    input_request_id: str | None
    comment_id: str | None
    error_message: str | None
    next_at: str
    attempt_count: int
    created_at: str
    updated_at: str
    finished_at: str | None
    attempts: list[Attempt] | None = None
    trace_id: str | None = None
