"""Who may do what: a role is a set of patterns of permissions, and a key or token narrows it.

What is done in OpenSink itself are permissions of the service `sinas`; applications that ask who a
token speaks for have services of their own. A scope of a key is `<resource>:<read|write|all>` or
`all:all`: for the action `read` it needs `read`, for every other `write`, and `all` is both.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Self, assert_never
from uuid import UUID

from opensink_web.access_token import AccessToken, TokenKind
from opensink_web.errors import FieldError, InvalidInput, PermissionMissing
from opensink_web.models import ApiKey, Membership, Role, User, Workspace
from opensink_web.operations.accounts.permission_pattern import (
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
    "asks",
    "agent_session_activities",
    "sinks",
    "sink_items",
    "background_jobs",
    "deliveries",
    "functions",
    "executions",
    "batches",
    "chats",
    "standing_approvals",
    "teams",
    "policies",
    "insights",
    "escalation_chains",
    "absences",
    "notifications",
    "roles",
    "api_keys",
    "audit",
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


_ALL_OF_OURS = read_pattern(f"{SERVICE}.*:all")


def _patterns(*texts: str) -> frozenset[Pattern]:
    return frozenset(read_pattern(text) for text in texts)


_FOR_ADMINS = frozenset({"api_keys", "roles", "audit"})
_READ_ALL = _patterns(
    *(f"{SERVICE}.{name}.read:all" for name in KEY_RESOURCES if name not in _FOR_ADMINS),
    f"{SERVICE}.agents/*/*.read:all",
    f"{SERVICE}.functions/*/*.read:all",
)
_ANSWER = _patterns(
    f"{SERVICE}.agent_session_input_requests.write:all",
    f"{SERVICE}.standing_approvals.write:all",
    f"{SERVICE}.executions.continue:all",
)
_OWN = _patterns(
    f"{SERVICE}.executions.cancel:own",
    f"{SERVICE}.batches.cancel:own",
    f"{SERVICE}.absences.write:own",
    f"{SERVICE}.notifications.write:all",  # there are only one's own
)


_ADD_ITEMS = _patterns(f"{SERVICE}.sink_items.write:all")
"""What the secret of a sink is good for; for which sink the operations look."""


def _patterns_of(role: Role) -> frozenset[Pattern]:
    match role:
        case Role.ADMIN:
            return frozenset({_ALL_OF_OURS})
        case Role.REVIEWER:
            return _READ_ALL | _OWN | _ANSWER
        case Role.VIEWER:
            return _READ_ALL | _OWN
        case _:
            assert_never(role)


ROLE_PATTERNS = {role: _patterns_of(role) for role in Role}


def granted(permissions: Iterable[str]) -> frozenset[Pattern]:
    """Return what a workspace's own roles grant with the patterns that are kept of them."""
    patterns = set()
    for text in permissions:
        with suppress(InvalidInput):  # one that was no pattern would lock its members out
            patterns.add(read_pattern(text))
    return frozenset(patterns)


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody acting in a workspace, by `key`, by `token`, or in the browser by neither.

    Who has nothing but the secret of a sink, `sink_id`, may add items to it, whoever `user`, its
    owner, is and may.

    What the workspace's own roles grant them is as it was when they came: a role that they change
    gives them nothing with which to change it.
    """

    workspace: Workspace
    user: User
    role: Role
    own_role_names: tuple[str, ...] = ()
    own_patterns: frozenset[Pattern] = frozenset()
    key: ApiKey | None = None
    token: AccessToken | None = None
    sink_id: UUID | None = None

    @classmethod
    def of(
        cls, member: Membership, *, key: ApiKey | None = None, token: AccessToken | None = None
    ) -> Self:
        """Return a member of a workspace, acting in it."""
        return cls(
            workspace=member.workspace,
            user=member.user,
            role=member.role,
            own_role_names=tuple(role.name for role in member.custom_roles),
            own_patterns=granted(text for role in member.custom_roles for text in role.permissions),
            key=key,
            token=token,
        )

    @property
    def role_names(self) -> tuple[str, ...]:
        return (self.role.value, *self.own_role_names)

    @property
    def patterns(self) -> frozenset[Pattern]:
        """What the roles grant, whatever the key or token makes of it."""
        if self.sink_id is not None:
            return _ADD_ITEMS
        return ROLE_PATTERNS[self.role] | self.own_patterns

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
    def is_delegated(self) -> bool:
        """Return True if this is an execution or a callback's receiver, acting for the user."""
        return self.token is not None and self.token.kind is not TokenKind.SIGN_IN

    @property
    def execution_id(self) -> UUID | None:
        """The execution that acts here with its own token; None for everybody else."""
        return None if self.token is None else self.token.execution_id

    def reach(self, permission: str) -> Reach | None:
        """Return how far a permission reaches: to all, to what is the user's own, or not at all.

        It is written without the end, as in `sinas.functions/billing/charge.execute`.
        Raises: InvalidInput for what is no permission.
        """
        if not self._in_scopes(read_pattern(f"{permission}:{Reach.OWN}")):
            return None
        return reach_of(self.patterns, permission)

    def is_named(self, permission: str) -> bool:
        """Return True if a permission is held for the very thing that its path names."""
        pattern = read_pattern(f"{permission}:{Reach.OWN}")
        is_held = any(each.names_its_path and each.covers(pattern) for each in self.patterns)
        return is_held and self._in_scopes(pattern)

    def require_reach(self, permission: str, least: Reach = Reach.OWN) -> Reach:
        """Return how far a permission reaches. Raises: PermissionMissing, naming it."""
        reach = self.reach(permission)
        if reach is None or (reach is Reach.OWN and least is Reach.ALL):
            raise PermissionMissing(self._what_is_missing(permission, least))
        return reach

    def may(self, resource: str, action: str) -> bool:
        """Return True if both the roles and the scopes reach to all of a resource.

        A delegated token only ever reads: what is shown to those alone who may change it is not
        shown to it.
        """
        if self.is_delegated and action != Action.READ:
            return False
        return self.reach(f"{SERVICE}.{resource}.{action}") is Reach.ALL

    def require(self, resource: str, action: str) -> None:
        """Raises: PermissionMissing, naming what is missing."""
        self.require_reach(f"{SERVICE}.{resource}.{action}", Reach.ALL)

    def holds(self, pattern: Pattern) -> bool:
        """Return True if all that a pattern stands for is granted, and lies within the scopes."""
        return self._in_scopes(pattern) and any(each.covers(pattern) for each in self.patterns)

    def may_give(self, pattern: Pattern) -> bool:
        """Return True if the caller may let others have what a pattern stands for.

        Nobody gives out more than they have. What other applications let people do is for those
        to give out who may do everything here.
        """
        is_theirs = pattern.service != SERVICE and self.holds(_ALL_OF_OURS)
        return is_theirs or self.holds(pattern)

    def require_giving(self, patterns: Iterable[Pattern]) -> None:
        """Raises: PermissionMissing, naming the first that is beyond the caller."""
        for pattern in sorted(patterns, key=str):
            if not self.may_give(pattern):
                raise PermissionMissing(
                    f"This is about {pattern}, which goes beyond your own permissions."
                )

    def _in_scopes(self, pattern: Pattern) -> bool:
        if self.scopes is None or EVERYTHING in self.scopes:
            return True
        return pattern.service == SERVICE and bool(_scopes_for(pattern) & {*self.scopes})

    def _what_is_missing(self, permission: str, least: Reach) -> str:
        pattern = read_pattern(f"{permission}:{Reach.OWN}")
        if self._in_scopes(pattern):
            return f"This needs the permission {permission}:{least}."
        return f"This needs a key or token with the scope {_scoped(pattern)}:{_word(pattern)}."


def _scopes_for(pattern: Pattern) -> set[str]:
    """Return the scopes of which one is needed for all that a pattern stands for."""
    resource = _scoped(pattern)
    return {f"{resource}:all"} | (
        set() if pattern.action == ANY else {f"{resource}:{_word(pattern)}"}
    )


def _scoped(pattern: Pattern) -> str:
    """Return what a scope must name: chatting with an agent makes chats, and changes no agent."""
    is_chatting = (pattern.resource, pattern.action) == ("agents", "chat")
    return "chats" if is_chatting else pattern.resource


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
