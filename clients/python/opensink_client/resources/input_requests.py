"""Questions, what is said about them, and how they end."""

from dataclasses import dataclass, field
from typing import Any


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
    workspace_id: str | None = None
    created_at: str | None = None
    resolved_at: str | None = None
    claimed_until: str | None = None
    reference: str | None = None
    context: tuple[dict[str, Any], ...] = ()
    allow_decline: bool = False
    on_expire: str | None = None
    default_response: dict[str, Any] | None = None
    trace_id: str | None = None
    resolved_trace_id: str | None = None


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
    workspace_id: str | None = None
    created_at: str | None = None


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
    workspace_id: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """A question that was asked in one call; `url` is the page on which people answer.

    `outcome` is None while it waits, then answered, declined, cancelled or expired. `response` is
    the answer, `edited` are pointers to what of a proposal it changes. `by` is the e-mail address
    of who decided. `signing_secret` is what the calls to its resume URL are signed with.
    """

    id: str
    url: str
    status: str
    agent_id: str | None
    session_id: str | None
    outcome: str | None = None
    response: dict[str, Any] | None = None
    edited: list[str] | None = None
    reason: str | None = None
    by: str | None = None
    superseded_by: str | None = None
    signing_secret: str | None = field(default=None, repr=False)


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
    workspace_id: str | None = None
    created_at: str | None = None


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
