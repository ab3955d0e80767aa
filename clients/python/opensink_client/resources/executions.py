"""Functions, their executions, batches and chats."""

from dataclasses import dataclass, field
from typing import Any


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
    signing_secret: str | None = field(repr=False)
    workspace_id: str | None = None
    required_responses: int | None = None
    quorum: str | None = None
    forbid_requester: bool = False
    target_error: str | None = None
    signing_overlap_ends_at: str | None = None
    created_by: dict[str, str] | None = None
    created_at: str | None = None
    updated_at: str | None = None


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
    id: str | None = None


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
    trigger_type: str | None = None
    chat_id: str | None = None
    callback_url: str | None = None
    prompt: str | None = None
    schema: Any = None
    trace_id: str | None = None


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
    kind: str | None = None
    trace_id: str | None = None
