"""A route of the API, declared once: the view's own signature says what it takes and answers.

    @routes.patch("/agents/{agent_id}", summary="Change an agent.", errors=(409,))
    def update_agent(principal: Principal, agent_id: UUID, body: AgentChange) -> AgentAnswer: ...

The declaration drives the call (call.py) and the OpenAPI document (openapi.py). Nothing here knows
Flask or a noun.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, get_type_hints
from uuid import UUID

from opensink_web.api.shapes import Answer, Query, Received
from opensink_web.operations.permission import Action

PREFIX = "/api/v1"

View: TypeAlias = Callable[..., Any]
ViewT = TypeVar("ViewT", bound=View)


class NoBody(Received):
    """What a route without a body takes: nothing, or `{}` from clients that always send JSON."""


@dataclass(frozen=True, slots=True)
class Permission:
    """What a caller's role and key must allow."""

    resource: str
    action: Action


@dataclass(frozen=True, slots=True)
class Route:
    """One method at one path.

    `errors` are the statuses that only this route answers; those that follow from the rest of the
    declaration are in `error_statuses`.
    """

    method: str
    path: str
    permission: Permission
    summary: str
    status: int
    errors: tuple[int, ...]
    view: View
    body: type[Received]
    query: type[Query]
    answer: type[Answer] | None

    @property
    def name(self) -> str:
        return self.view.__name__

    @property
    def id_names(self) -> tuple[str, ...]:
        """The names in the path, each of which is a UUID."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def takes_body(self) -> bool:
        return self.body is not NoBody

    @property
    def takes_query(self) -> bool:
        return self.query is not Query

    @property
    def may_wait(self) -> bool:
        """Whether a caller may have the answer held."""
        return "wait" in self.query.model_fields

    @property
    def reads_only(self) -> bool:
        return self.method == "GET"

    @property
    def error_statuses(self) -> tuple[int, ...]:
        """Every status but the successful one, in order."""
        statuses = {400, 401, 403, 429, 500, 503, *self.errors}
        if self.id_names:
            statuses.add(404)
        if not self.reads_only:
            statuses |= {413, 415}
        if self.method == "POST":
            statuses.add(409)
        return tuple(sorted(statuses))


class Routes:
    """The routes of one resource: GET needs its `read`, anything else its `write`."""

    def __init__(self, resource: str) -> None:
        self._resource = resource
        self._routes: list[Route] = []

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def get(
        self, path: str, *, summary: str, errors: tuple[int, ...] = ()
    ) -> Callable[[ViewT], ViewT]:
        """Declare a view that only reads."""
        return self._declare("GET", path, 200, summary, errors)

    def post(
        self, path: str, *, summary: str, status: int = 201, errors: tuple[int, ...] = ()
    ) -> Callable[[ViewT], ViewT]:
        """Declare a view that makes something, or does something to it."""
        return self._declare("POST", path, status, summary, errors)

    def patch(
        self, path: str, *, summary: str, errors: tuple[int, ...] = ()
    ) -> Callable[[ViewT], ViewT]:
        """Declare a view that changes the fields it is given."""
        return self._declare("PATCH", path, 200, summary, errors)

    def delete(self, path: str, *, summary: str) -> Callable[[ViewT], ViewT]:
        """Declare a view that takes something away."""
        return self._declare("DELETE", path, 204, summary, ())

    def _declare(
        self, method: str, path: str, status: int, summary: str, errors: tuple[int, ...]
    ) -> Callable[[ViewT], ViewT]:
        def declare(view: ViewT) -> ViewT:
            hints = get_type_hints(view)
            route = Route(
                method=method,
                path=path,
                permission=self._permission(method),
                summary=summary,
                status=status,
                errors=errors,
                view=view,
                body=hints.get("body", NoBody),
                query=hints.get("query", Query),
                answer=_answer_shape(hints["return"]),
            )
            _check_ids(route, hints)
            self._routes.append(route)
            return view

        return declare

    def _permission(self, method: str) -> Permission:
        return Permission(self._resource, Action.READ if method == "GET" else Action.WRITE)


def _answer_shape(returned: object) -> type[Answer] | None:
    return returned if isinstance(returned, type) and issubclass(returned, Answer) else None


def _check_ids(route: Route, hints: dict[str, type]) -> None:
    for name in route.id_names:
        if hints.get(name) is not UUID:
            raise TypeError(f"{route.name}() does not take {name}, which stands in its path.")
