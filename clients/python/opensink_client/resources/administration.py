"""Who may do what: keys, roles, teams, absences, rules."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key; `key` is what to send, which only the one that makes it is told, once."""

    id: str
    workspace_id: str
    user_id: str
    name: str
    prefix: str
    scopes: list[str]
    expires_at: str | None
    last_used_at: str | None
    created_at: str
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Role:
    """A role of the workspace: a name for a set of permissions."""

    id: str
    workspace_id: str
    name: str
    description: str
    permissions: list[str]
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the workspace."""

    id: str
    email: str


@dataclass(frozen=True, slots=True)
class Team:
    """Members who decide together."""

    id: str
    workspace_id: str
    name: str
    description: str
    members: list[dict[str, str]]
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class Absence:
    """When somebody is away, and who decides in their place."""

    id: str
    workspace_id: str
    user: dict[str, str]
    begins_at: str
    ends_at: str
    deputy: dict[str, str] | None
    note: str
    created_at: str


@dataclass(frozen=True, slots=True)
class PolicyRevision:
    """What a rule said from then on, until it was changed."""

    id: str
    number: int
    condition: dict[str, Any]
    steps: list[dict[str, Any]]
    made_by: dict[str, str] | None
    created_at: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule of who decides what; `revision` is its condition and its steps."""

    id: str
    workspace_id: str
    name: str
    position: int
    agent_id: str | None
    function_id: str | None
    key: str | None
    is_active: bool
    revision: dict[str, Any]
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that happened: what, to what, by whom and from where, and what changed.

    `origin_missing` and `details_missing` are why a part is not there: "erased", or "unreadable".
    """

    id: str
    seq: int
    at: str
    action: str
    actor: str
    user_id: str | None
    via_id: str | None
    email: str | None
    key: str | None
    address: str | None
    user_agent: str | None
    origin_missing: str | None
    subject: str
    subject_id: str
    details: dict[str, Any] | None
    details_missing: str | None
    origin_digest: str | None
    details_digest: str | None
    hash: str


@dataclass(frozen=True, slots=True)
class PolicyPreview:
    """What a rule would concern: a sample, and each of the last requests."""

    is_sample_concerned: bool | None
    errors: list[str]
    requests: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Tokens:
    """An access token, which goes in the place of a key, and what makes the next."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    token_type: str
    expires_in: int
    user: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PermissionsCheck:
    """`result` is of all or any of the permissions, `checks` of each."""

    result: bool
    logic: str
    checks: list[dict[str, Any]]


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
