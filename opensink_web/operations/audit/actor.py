"""Who is acting, by what and from where: known at the edge, and asked for where something happens.

What answers requests says once how to look at the one that is being answered (contract/acting.py),
so operations need know nothing of requests. Elsewhere it is the system that acts.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from uuid import UUID

from opensink_web.models import ActorKind, User


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: whose account, by which session, key or execution, and from where.

    `email` and `key_name` are as they are now; `address` is the client's, as proxies that are
    trusted say it.
    """

    kind: ActorKind
    user_id: UUID | None = None
    via_id: UUID | None = None
    email: str | None = None
    key_name: str | None = None
    address: str | None = None
    user_agent: str | None = None

    def known_as(self, user: User) -> "Actor":
        """Return the same, where it turns out who that is."""
        if self.kind not in _UNKNOWN:
            return self
        return replace(self, kind=ActorKind.PERSON, user_id=user.id, email=user.email)


SYSTEM = Actor(ActorKind.SYSTEM)
OPERATOR = Actor(ActorKind.OPERATOR)
_UNKNOWN = frozenset({ActorKind.NOBODY, ActorKind.SYSTEM})
_acting: ContextVar[Actor | None] = ContextVar("acting", default=None)
_of_request: list[Callable[[], Actor | None]] = []


def ask_of_requests(look: Callable[[], Actor | None]) -> None:
    """Let `look` say who acts in the request that is being answered; None where there is none."""
    _of_request[:] = [look]


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """Let whatever happens in the block be done by this one."""
    token = _acting.set(actor)
    try:
        yield
    finally:
        _acting.reset(token)


def acting(by: User | None = None) -> Actor:
    """Return who acts; `by` is whose account it is, where that is known without a request."""
    actor = _acting.get()
    if actor is None:
        for look in _of_request:
            actor = look()
    actor = actor or SYSTEM
    return actor if by is None else actor.known_as(by)
