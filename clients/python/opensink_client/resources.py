"""What the API answers, as plain values: one class for each kind of thing."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

Resource = TypeVar("Resource")


@dataclass(frozen=True, slots=True)
class Agent:
    """`signing_secret` signs the calls to it; None for keys that may not write agents."""

    id: str
    name: str
    namespace: str
    slug: str
    status: str | None
    execution_endpoint: dict[str, Any] | None
    signing_secret: str | None


@dataclass(frozen=True, slots=True)
class Activity:
    """Something that happened in a session.

    Whoever posts one names `type` and `source` as they like. `recorded_by` is `opensink` for what
    the server wrote down itself, and `agent` for what was posted.
    """

    id: str
    session_id: str
    type: str
    source: str
    recorded_by: str
    message: str | None
    payload: Any
    related_entity_id: str | None
    created_at: str


@dataclass(frozen=True, slots=True)
class AgentSession:
    id: str
    agent_id: str
    status: str
    state: dict[str, Any]
    metadata: dict[str, Any]
    error_message: str | None


@dataclass(frozen=True, slots=True)
class InputRequest:
    """A question, and what became of it.

    `status` is `pending` until it is `resolved` (`response` is the answer), `declined` (with a
    `decline_reason`), `cancelled` by whoever asked, `expired`, or `superseded` by the request
    `superseded_by`. `edited` are JSON Pointers to what the response changes of what was proposed:
    an empty list when nothing was changed, null when nothing was proposed. `resolved_by` is who
    decided; where a deadline or a standing approval did, it is null and `resolved_by_system` true.
    `resolved_for` is whose deputy they were, if it was assigned to somebody who was away. `step` is
    that of the rule by which it is decided: number, count and name. An agent asked in a session, or
    else an execution, for `requested_by`, who with `forbid_requester` may not decide. Where
    `required_responses` people have to say the same, `responses` are what each has said.
    `assignees` are whose it is, `claimed_by` is who has taken it on. `digest` is of what people
    were shown.
    """

    id: str
    session_id: str | None
    agent_id: str | None
    execution_id: str | None
    kind: str
    key: str
    title: str
    status: str
    response: dict[str, Any] | None
    edited: list[str] | None
    decline_reason: str | None
    cancel_reason: str | None = None
    resolved_by: dict[str, str] | None = None
    resolved_by_system: bool = False
    resolved_for: dict[str, str] | None = None
    step: dict[str, Any] | None = None
    requested_by: dict[str, str] | None = None
    forbid_requester: bool = False
    required_responses: int = 1
    quorum: str | None = None
    responses: tuple[dict[str, Any], ...] = ()
    standing_approval_id: str | None = None
    expires_at: str | None = None
    revision: int = 1
    supersedes_id: str | None = None
    superseded_by: str | None = None
    digest: str | None = None
    comments_count: int = 0
    message: str = ""
    schema: dict[str, Any] | None = None
    proposed_response: dict[str, Any] | None = None
    priority: int = 0
    tags: tuple[str, ...] = ()
    assignees: tuple[dict[str, Any], ...] = ()
    claimed_by: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class StandingApproval:
    """What is approved again without a person: by whom it was granted, and on which terms.

    `state` says whether it can be used now: in_force, used_up, expired or revoked. `condition` is
    the JSON Schema that proposals must be valid against.
    """

    id: str
    granted_by: dict[str, str] | None
    request_id: str
    agent_id: str | None
    function_id: str | None
    key: str
    condition: dict[str, Any]
    same_words: bool
    uses_max: int
    uses_count: int
    expires_at: str
    state: str
    revoked_at: str | None
    revoked_by: dict[str, str] | None
    note: str


@dataclass(frozen=True, slots=True)
class Insights:
    """What ended from `since` until before `until`, and what waits now.

    `requests` and `deliveries` are the figures of all of it, such as `decided`, `median_seconds` or
    `{"approval": {"part": 3, "whole": 4, "share": 0.75}}`; the others are the same of each agent or
    function, key, reviewer, and part of the range.
    """

    since: str
    until: str
    time_zone: str
    step: str
    is_complete: bool
    waiting: dict[str, Any]
    requests: dict[str, Any]
    deliveries: dict[str, Any]
    by_agent: list[dict[str, Any]]
    by_key: list[dict[str, Any]]
    by_reviewer: list[dict[str, Any]]
    deliveries_by_agent: list[dict[str, Any]]
    points: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody said about a request.

    `author_type` is `user`, with the `author` who wrote it, `agent` or `function`. `wake` says
    whether the agent was to be called because of it. `mentions` are those whom it asks.
    """

    id: str
    request_id: str
    author_type: str
    author: dict[str, str] | None
    message: str
    wake: bool
    mentions: list[dict[str, str]]
    created_at: str


@dataclass(frozen=True, slots=True)
class Preview:
    """The form that a schema makes, before anybody is asked; `url` shows it for a day.

    Each of `fields` is `{pointer, title, control, is_native}`, with a control such as `text`,
    `choice` or `list`; where it is not native, a person would have to type JSON. `warnings` are
    about the schema, `errors` about the values, each `{path, message}`. `notices` say what of the
    values and of the schema's defaults was left out of the form, each `{pointer, message}`.
    """

    id: str
    url: str
    expires_at: str
    is_native: bool
    fields: list[dict[str, Any]]
    warnings: list[dict[str, str]]
    errors: list[dict[str, str]]
    notices: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Function:
    """Something to execute by name; `target` says what carries it out.

    `signing_secret` signs the calls to it; None for keys that may not write functions.
    """

    id: str
    namespace: str
    name: str
    description: str | None
    input_schema: dict[str, Any]
    output_schema: dict[str, Any] | None
    timeout_seconds: int
    requires_approval: bool
    is_active: bool
    target: dict[str, Any] | None
    signing_secret: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an execution went: `status` is success, error or timeout, which may go on."""

    status: str
    execution_id: str
    result: Any
    error: str | None


@dataclass(frozen=True, slots=True)
class Queued:
    """An execution that was taken on; `status` is awaiting_input where a person approves it."""

    execution_id: str
    status: str


@dataclass(frozen=True, slots=True)
class QueuedBatch:
    """A batch that was taken on; the ids are in the inputs' order."""

    batch_id: str
    execution_ids: list[str]
    total: int
    status: str


@dataclass(frozen=True, slots=True)
class QueuedChats(QueuedBatch):
    """Chats with an agent that were taken on; the ids are in the inputs' order."""

    chat_ids: list[str]


@dataclass(frozen=True, slots=True)
class Chat:
    """What was said: each message has `role`, `content`, `tool_calls` and `created_at`.

    `agent` is its `namespace` and `slug`, and None once it is deleted.
    """

    chat_id: str
    agent: dict[str, str] | None
    title: str | None
    user_id: str
    created_at: str
    input_variables: dict[str, Any]
    messages: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Execution:
    """One run: queued, running, awaiting_input, completed, failed or cancelled."""

    execution_id: str
    function_namespace: str
    function_name: str
    trigger_id: str
    batch_id: str | None
    user_id: str
    status: str
    input_data: dict[str, Any]
    output_data: Any
    error: str | None
    created_at: str
    started_at: str | None
    completed_at: str | None
    duration_ms: int | None
    callback_status: str | None
    callback_response_code: int | None


@dataclass(frozen=True, slots=True)
class Batch:
    """How far a batch is: queued or running, then completed, partial, failed or cancelled."""

    batch_id: str
    target: dict[str, str]
    user_id: str
    total: int
    completed: int
    failed: int
    running: int
    queued: int
    cancelled: int
    awaiting_input: int
    status: str
    started_at: str | None
    finished_at: str | None
    trigger_id_prefix: str | None


@dataclass(frozen=True, slots=True)
class Me:
    """Who the key or token speaks for; `scopes` that are None limit nothing."""

    id: str
    email: str
    workspace: dict[str, str]
    roles: list[str]
    permissions: list[str]
    scopes: list[str] | None
    execution_id: str | None


def read(kind: type[Resource], content: dict[str, Any]) -> Resource:
    """Return what a response describes; of fields that are not known here nothing is said.

    What an older server does not say yet is left at its default.
    """
    known = [each.name for each in fields(kind)]  # type: ignore[arg-type]  # every kind is a dataclass
    return kind(**{name: content[name] for name in known if name in content})


def with_moments(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body to send, its moments written as RFC 3339."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in body.items()
    }
