"""Who may do what: a role is a set of patterns of permissions, and a key or token narrows it.

What is done in OpenSink itself are permissions of the service `sinas`; applications that ask who a
token speaks for have services of their own. A scope of a key is `<resource>:<read|write|all>` or
`all:all`: for the action `read` it needs `read`, for every other `write`, and `all` is both.
"""

from dataclasses import dataclass
from enum import StrEnum

from opensink_web.access_token import AccessToken
from opensink_web.errors import FieldError, InvalidInput, PermissionMissing
from opensink_web.models import ApiKey, Role, User, Workspace
from opensink_web.operations.permission_pattern import (
    ANY,
    Pattern,
    Reach,
    reach_of,
    read_pattern,
)

SERVICE = "sinas"


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


def _patterns(*texts: str) -> frozenset[Pattern]:
    return frozenset(read_pattern(text) for text in texts)


_READ_ALL = _patterns(
    *(f"{SERVICE}.{resource}.read:all" for resource in KEY_RESOURCES if resource != "api_keys"),
    f"{SERVICE}.agents/*/*.read:all",
    f"{SERVICE}.functions/*/*.read:all",
)
_STOP_OWN = _patterns(f"{SERVICE}.executions.cancel:own", f"{SERVICE}.batches.cancel:own")
ROLE_PATTERNS: dict[Role, frozenset[Pattern]] = {
    Role.ADMIN: _patterns(f"{SERVICE}.*:all"),
    Role.REVIEWER: _READ_ALL
    | _STOP_OWN
    | _patterns(f"{SERVICE}.agent_session_input_requests.write:all"),
    Role.VIEWER: _READ_ALL | _STOP_OWN,
}


def reaches(role: Role, other: Role) -> bool:
    """Tell whether a role may do everything that the other one may."""
    mine = ROLE_PATTERNS[role]
    return all(any(each.covers(wanted) for each in mine) for wanted in ROLE_PATTERNS[other])


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody acting in a workspace, by `key`, by `token`, or in the browser by neither."""

    workspace: Workspace
    user: User
    role: Role
    key: ApiKey | None = None
    token: AccessToken | None = None

    @property
    def role_names(self) -> tuple[str, ...]:
        return (self.role.value,)

    @property
    def patterns(self) -> frozenset[Pattern]:
        """What the roles grant, whatever the key or token makes of it."""
        return ROLE_PATTERNS[self.role]

    @property
    def scopes(self) -> tuple[str, ...] | None:
        """What the key or token is limited to; None when it limits nothing."""
        if self.key is not None:
            return tuple(self.key.scopes)
        return self.token.scopes if self.token is not None else None

    @property
    def permissions(self) -> tuple[str, ...]:
        """The patterns that are granted and lie wholly within the scopes, as texts."""
        return tuple(sorted(str(each) for each in self.patterns if self._in_scopes(each)))

    @property
    def is_signed_in(self) -> bool:
        """Whether this is a person, or a program of theirs, and no errand that they sent out."""
        return self.token is None or self.token.session_id is not None

    def reach(self, permission: str) -> Reach | None:
        """Return how far a permission reaches: to all, to what is the user's own, or not at all.

        It is written without the end, as in `sinas.functions/billing/charge.execute`.
        Raises: InvalidInput for what is no permission.
        """
        if not self._in_scopes(read_pattern(f"{permission}:{Reach.OWN}")):
            return None
        return reach_of(self.patterns, permission)

    def require_reach(self, permission: str, least: Reach = Reach.OWN) -> Reach:
        """Return how far a permission reaches. Raises: PermissionMissing, naming it."""
        reach = self.reach(permission)
        if reach is None or (reach is Reach.OWN and least is Reach.ALL):
            raise PermissionMissing(self._what_is_missing(permission, least))
        return reach

    def may(self, resource: str, action: str) -> bool:
        """Tell whether both the roles and the scopes reach to all of a resource."""
        return self.reach(f"{SERVICE}.{resource}.{action}") is Reach.ALL

    def require(self, resource: str, action: str) -> None:
        """Raises: PermissionMissing, naming what is missing."""
        self.require_reach(f"{SERVICE}.{resource}.{action}", Reach.ALL)

    def holds(self, pattern: Pattern) -> bool:
        """Tell whether all that a pattern stands for is granted, and lies within the scopes."""
        return self._in_scopes(pattern) and any(each.covers(pattern) for each in self.patterns)

    def _in_scopes(self, pattern: Pattern) -> bool:
        if self.scopes is None or EVERYTHING in self.scopes:
            return True
        return pattern.service == SERVICE and bool(_scopes_for(pattern) & {*self.scopes})

    def _what_is_missing(self, permission: str, least: Reach) -> str:
        asked = read_pattern(f"{permission}:{Reach.OWN}")
        if self._in_scopes(asked):
            return f"This needs the permission {permission}:{least}."
        return f"This needs a key or token with the scope {asked.resource}:{_word(asked)}."


def _scopes_for(pattern: Pattern) -> set[str]:
    """Return the scopes of which one is needed for all that a pattern stands for."""
    return {f"{pattern.resource}:all"} | (
        set() if pattern.action == ANY else {f"{pattern.resource}:{_word(pattern)}"}
    )


def _word(pattern: Pattern) -> Action:
    return Action.READ if pattern.action == Action.READ else Action.WRITE


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
