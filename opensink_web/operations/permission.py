"""Who may do what: a role is a set of scopes, and a key narrows its owner's.

A scope is `<resource>:<read|write|all>` or `all:all`. Reading needs `read`, anything else `write`;
`all` is both.
"""

from dataclasses import dataclass
from enum import StrEnum

from opensink_web.errors import FieldError, InvalidInput, PermissionMissing
from opensink_web.models import ApiKey, Role, User, Workspace


class Action(StrEnum):
    READ = "read"
    WRITE = "write"


KEY_RESOURCES = (
    "agents",
    "agent_configurations",
    "agent_sessions",
    "agent_session_input_requests",
    "agent_session_activities",
    "sinks",
    "sink_items",
    "background_jobs",
    "deliveries",
    "functions",
    "executions",
    "batches",
    "chats",
    "api_keys",
)
"""What a key's scopes can name."""

PAGE_RESOURCES = ("members", "workspace")
"""What only a person reaches, in the browser."""

EVERYTHING = "all:all"

SCOPES = (
    EVERYTHING,
    *(f"{resource}:{word}" for resource in KEY_RESOURCES for word in (*Action, "all")),
)
"""Everything that can stand in a key's scopes."""

_READ_ALL = frozenset(f"{resource}:read" for resource in KEY_RESOURCES if resource != "api_keys")
ROLE_SCOPES: dict[Role, frozenset[str]] = {
    Role.ADMIN: frozenset({EVERYTHING}),
    Role.REVIEWER: _READ_ALL | {"agent_session_input_requests:write"},
    Role.VIEWER: _READ_ALL,
}


def reaches(role: Role, other: Role) -> bool:
    """Tell whether a role may do everything that the other one may."""
    mine = ROLE_SCOPES[role]
    return EVERYTHING in mine or ROLE_SCOPES[other] <= mine


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody acting in a workspace; `key` is None for a person in the browser."""

    workspace: Workspace
    user: User
    role: Role
    key: ApiKey | None = None

    def may(self, resource: str, action: Action) -> bool:
        """Tell whether both the role and, if it is a key, the key's scopes reach that far."""
        allowed = _covers(ROLE_SCOPES[self.role], resource, action)
        if self.key is None:
            return allowed
        return allowed and _covers(frozenset(self.key.scopes), resource, action)

    def require(self, resource: str, action: Action) -> None:
        """Raises: PermissionMissing, naming what is missing."""
        if not self.may(resource, action):
            raise PermissionMissing(f"This needs the permission {resource}:{action}.")


def check_scopes(scopes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the scopes without repetitions. Raises: InvalidInput naming the first unknown one."""
    for index, scope in enumerate(scopes):
        if scope not in SCOPES:
            message = (
                "A scope is <resource>:<read|write|all> or all:all, where the resource is one of "
                f"{', '.join(KEY_RESOURCES)}."
            )
            raise InvalidInput(message, errors=(FieldError(f"/scopes/{index}", message),))
    if not scopes:
        message = "A key needs at least one scope."
        raise InvalidInput(message, errors=(FieldError("/scopes", message),))
    return tuple(dict.fromkeys(scopes))


def _covers(scopes: frozenset[str], resource: str, action: Action) -> bool:
    return bool(scopes & {EVERYTHING, f"{resource}:{action}", f"{resource}:all"})
