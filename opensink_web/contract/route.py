"""A route, declared once: the view's own signature says what it takes and answers.

    @routes.patch("/agents/{agent_id}", summary="Change an agent.", errors=(409,))
    def update_agent(principal: Principal, agent_id: UUID, body: AgentChange) -> AgentResponse: ...

What stands in the path is a UUID, or an annotated text such as shapes.PathName. A view is called
with the principal, in the transaction of the call, which commits once. Who calls a PUBLIC route is
not asked, so its view gets none, and opens its transactions itself.

Every POST that is not PUBLIC takes an Idempotency-Key, for what is answered is stored in the same
transaction. In that of one that `writes_nothing` nothing but this is written.
A refusal that nevertheless changes something is a RecordedRefusal.

What a view that writes may not do within its transaction is done around it, so that nobody who
wants to write waits for it. `precheck` comes before: it is called with the principal and the view's
arguments, and whatever takes long is done there, such as holding inputs against a schema or asking
a name server. What it returns, a view that asks for `checked` gets, and looks that it still holds.
`stage` is a context manager around the view's transaction, for what is so much that nobody may wait
for all of it: it is called with `authenticate`, the Idempotency-Key to be held, and `checked`,
opens transactions of its own, in which it writes what nobody finds, and yields what the view gets
as `checked`. When the view fails, nothing of that is left; or what is left is for whoever repeats
the call to go on with, who by the Idempotency-Key is kept waiting until then.
`after_commit` is a second view, outside any transaction. It is called with `authenticate` and
with `accepted`, what the first view answered. A repeated call with the same Idempotency-Key skips
the first view alone.

An answer is held back where `waits`, called with what the view answers now and with the query, says
for what. Then the view of a GET, or `after_commit`, answers as it is when that has happened.

Every route has an `example` (example.py): a request that works, which a test sends. Without a body
or anything else to say it need not be declared.

The declaration drives the call (call.py) and the OpenAPI document (openapi.py). Nothing here knows
Flask or a noun.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias, TypedDict, TypeVar, Unpack, get_type_hints
from uuid import UUID

from pydantic import TypeAdapter

from opensink_web.contract.example import Example
from opensink_web.contract.shapes import Query, Received, ResponseModel, path_adapter
from opensink_web.contract.surface import API, Surface
from opensink_web.contract.waiting import Wait
from opensink_web.operations.accounts.delegation import NOBODY, Delegation
from opensink_web.operations.accounts.permission import SERVICE, Action, Principal
from opensink_web.operations.accounts.permission_pattern import Reach
from opensink_web.operations.idempotency import HeldKey

View: TypeAlias = Callable[..., Any]
ViewT = TypeVar("ViewT", bound=View)
Authenticate: TypeAlias = Callable[[], Principal]
Stage: TypeAlias = Callable[[Any, Authenticate, HeldKey], AbstractContextManager[Any]]
Waits: TypeAlias = Callable[[Any, Any], Wait | None]


class NoBody(Received):
    """What a route without a body takes: nothing, or `{}` from clients that always send JSON."""


@dataclass(frozen=True, slots=True)
class Permission:
    """What a caller's roles and scopes must allow, at least as far as `least`.

    `path` says which of the resource: names in braces are taken from the route's path. A view that
    is content with Reach.OWN asks whose things alone that is.
    """

    resource: str
    action: str
    path: str = ""
    least: Reach = Reach.ALL

    def __str__(self) -> str:
        resource = f"{self.resource}/{self.path}" if self.path else self.resource
        return f"{SERVICE}.{resource}.{self.action}"

    def of(self, path_values: Mapping[str, str]) -> str:
        """Return the permission that is asked for at one address."""
        return str(self).format_map(path_values)

    def only_user_of(self, principal: Principal) -> UUID | None:
        """Return the user whose things alone the principal reaches; None for everybody's."""
        reaches_all = principal.reach(str(self)) is Reach.ALL
        return None if reaches_all else principal.user.id


class Access(Enum):
    """Who may call a route for which no permission is needed."""

    PUBLIC = "everybody"
    BEARER = "everybody who says who they are"


class Demands(TypedDict, total=False):
    """What a declaration may say besides the method, the path and the summary.

    `delegated` says which tokens of executions and callbacks the route is open to: none, where it
    is not said. `errors` are the statuses that only this route answers. `takes_batch` lets its body
    be as large as MAX_BATCH_BODY_BYTES. Where it `takes_sink_secret` a sink's secret is enough, and
    the view looks whether it is that sink's. `about` is for the document what the summary leaves
    open, in Markdown.
    """

    example: Example
    about: str
    permission: Permission | Access
    delegated: Delegation
    errors: tuple[int, ...]
    writes_nothing: bool
    takes_batch: bool
    takes_sink_secret: bool
    precheck: View
    stage: Stage
    after_commit: View
    waits: Waits


@dataclass(frozen=True, slots=True)
class Group:
    """What the document says of a resource's routes: a title, and what it is, in Markdown."""

    title: str
    about: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One method at one path, below its surface's prefix."""

    surface: Surface
    resource: str
    group: Group
    method: str
    path: str
    permission: Permission | Access
    delegated: Delegation
    summary: str
    about: str
    example: Example
    status: int
    view: View
    body: type[Received]
    query: type[Query]
    path_types: Mapping[str, TypeAdapter[Any]]
    errors: tuple[int, ...]
    writes_nothing: bool
    takes_batch: bool
    takes_sink_secret: bool
    precheck: View | None
    takes_checked: bool
    stage: Stage | None
    after_commit: View | None
    waits: Waits | None

    @property
    def name(self) -> str:
        return self.view.__name__

    @property
    def address(self) -> str:
        """The whole path, with `{name}` for what varies."""
        return self.surface.prefix + self.path

    @property
    def id_names(self) -> tuple[str, ...]:
        """The names in the path."""
        return tuple(self.path_types)

    @property
    def accepted(self) -> type[ResponseModel] | None:
        """What the view answers, which is not what is sent where there is an `after_commit`."""
        return _response_shape(self.view)

    @property
    def answer(self) -> type[ResponseModel] | None:
        """What is sent."""
        return _response_shape(self.after_commit or self.view)

    @property
    def takes_body(self) -> bool:
        return self.body is not NoBody

    @property
    def takes_query(self) -> bool:
        return self.query is not Query

    @property
    def reads_only(self) -> bool:
        return self.method == "GET"

    @property
    def is_public(self) -> bool:
        return self.permission is Access.PUBLIC

    @property
    def keeps_responses(self) -> bool:
        """Return True if a repeated call with the same Idempotency-Key hears the same answer."""
        return self.method == "POST" and not self.is_public

    @property
    def error_statuses(self) -> tuple[int, ...]:
        """Every status but the successful one, in order."""
        statuses = {int(self.surface.invalid_status), 429, 500, 503, *self.errors}
        if not self.is_public:
            statuses |= {401, 403}
        if self.id_names:
            statuses.add(404)
        if not self.reads_only:
            statuses |= {413, 415}
        if self.method == "POST" and self.is_public:
            statuses.add(400)
        if self.keeps_responses:
            statuses.add(409)
        return tuple(sorted(statuses))


class Routes:
    """The routes of one resource: GET needs its `read`, anything else its `write`, unless said.

    `title` and `about` are for the document; one of a resource's modules says them.
    """

    def __init__(
        self, resource: str, surface: Surface = API, *, title: str = "", about: str = ""
    ) -> None:
        self._resource = resource
        self._group = Group(title, about)
        self._surface = surface
        self._routes: list[Route] = []

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def get(
        self, path: str, *, summary: str, **demands: Unpack[Demands]
    ) -> Callable[[ViewT], ViewT]:
        """Declare a view that only reads."""
        return self._declare("GET", path, 200, summary, demands)

    def post(
        self, path: str, *, summary: str, status: int = 201, **demands: Unpack[Demands]
    ) -> Callable[[ViewT], ViewT]:
        """Declare a view that makes something, or does something to it."""
        return self._declare("POST", path, status, summary, demands)

    def put(
        self, path: str, *, summary: str, **demands: Unpack[Demands]
    ) -> Callable[[ViewT], ViewT]:
        """Declare a view that replaces something whole."""
        return self._declare("PUT", path, 200, summary, demands)

    def patch(
        self, path: str, *, summary: str, **demands: Unpack[Demands]
    ) -> Callable[[ViewT], ViewT]:
        """Declare a view that changes the fields it is given."""
        return self._declare("PATCH", path, 200, summary, demands)

    def delete(
        self, path: str, *, summary: str, **demands: Unpack[Demands]
    ) -> Callable[[ViewT], ViewT]:
        """Declare a view that takes something away."""
        return self._declare("DELETE", path, 204, summary, demands)

    def _declare(
        self, method: str, path: str, status: int, summary: str, demands: Demands
    ) -> Callable[[ViewT], ViewT]:
        def declare(view: ViewT) -> ViewT:
            hints = get_type_hints(view, include_extras=True)
            route = Route(
                surface=self._surface,
                resource=self._resource,
                group=self._group,
                method=method,
                path=path,
                permission=demands.get("permission", self._permission(method)),
                delegated=demands.get("delegated", NOBODY),
                summary=summary,
                about=demands.get("about", ""),
                example=demands.get("example", Example()),
                status=status,
                view=view,
                body=hints.get("body", NoBody),
                query=hints.get("query", Query),
                path_types=_path_types(path, hints),
                errors=demands.get("errors", ()),
                writes_nothing=demands.get("writes_nothing", False),
                takes_batch=demands.get("takes_batch", False),
                takes_sink_secret=demands.get("takes_sink_secret", False),
                precheck=demands.get("precheck"),
                takes_checked="checked" in hints,
                stage=demands.get("stage"),
                after_commit=demands.get("after_commit"),
                waits=demands.get("waits"),
            )
            self._routes.append(route)
            return view

        return declare

    def _permission(self, method: str) -> Permission:
        return Permission(self._resource, Action.READ if method == "GET" else Action.WRITE)


def _response_shape(view: View) -> type[ResponseModel] | None:
    returned = get_type_hints(view)["return"]
    return returned if isinstance(returned, type) and issubclass(returned, ResponseModel) else None


def _path_types(path: str, hints: Mapping[str, Any]) -> dict[str, TypeAdapter[Any]]:
    names = re.findall(r"{(\w+)}", path)
    missing = [name for name in names if name not in hints]
    if missing:
        raise TypeError(f"The view of {path} does not take {', '.join(missing)}.")
    return {name: path_adapter(hints[name]) for name in names}
