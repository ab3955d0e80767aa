"""How people are told of requests."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class EscalationChain:
    """Whom to tell when a request waits for too long, step by step, in working hours."""

    id: str
    workspace_id: str
    name: str
    agent_id: str | None
    function_id: str | None
    is_active: bool
    revision: int
    time_zone: str
    working_hours: dict[str, Any]
    holidays: list[str]
    steps: list[dict[str, Any]]
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class NotificationRule:
    """Of which requests a channel tells, at once or gathered in a digest."""

    id: str
    channel_id: str
    scope: str
    agent_id: str | None
    function_id: str | None
    key: str | None
    tag: str | None
    min_priority: int | None
    mode: str
    digest_minutes: int
    with_details: bool


@dataclass(frozen=True, slots=True)
class NotificationChannel:
    """A way by which one is told of requests; it tells once it is confirmed."""

    id: str
    workspace_id: str
    kind: str
    name: str
    place: str
    config: dict[str, Any]
    is_active: bool
    is_confirmed: bool
    paused_reason: str | None
    rules: list[dict[str, Any]]
    created_at: str


@dataclass(frozen=True, slots=True)
class NotificationMessage:
    """What was sent by a channel, or shall be."""

    id: str
    channel_id: str
    kind: str
    status: str
    headline: str | None
    last_error: str | None
    attempt_count: int
    next_at: str | None
    finished_at: str | None
    created_at: str
