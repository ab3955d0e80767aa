"""The lists of the inbox: their filters and orders, a page of one, and a request's place in it.

An order is made of segments, one after the other, and within each rows ascend or descend by columns
that an index has: most requests have neither a deadline nor a priority, so those that have come
first by an index that holds no others, and then all the rest by id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, assert_never
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, func, literal, literal_column, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, joinedload, load_only, selectinload

from opensink_web import clock
from opensink_web.models import (
    Execution,
    InputRequest,
    InputRequestKind,
    InputRequestStatus,
    User,
    Workspace,
    db,
)
from opensink_web.models.base import first_id_at
from opensink_web.models.input_request import InputRequestTag
from opensink_web.operations import page
from opensink_web.operations.requests.search_match import LOOKED_AT_MAX, matching_ids

# written out: an index of those alone that wait is used for no value that is bound
_PENDING: ColumnElement[Any] = literal_column(f"'{InputRequestStatus.PENDING}'")
IS_WAITING: ColumnElement[bool] = InputRequest.status == _PENDING
IS_DECIDED: ColumnElement[bool] = InputRequest.status != _PENDING
_FEW_MAX = 2000
"""So many that have a tag or a word are all looked at, to put them in order."""
LISTED = (
    joinedload(InputRequest.agent),
    joinedload(InputRequest.resolved_by),
    joinedload(InputRequest.execution).options(
        load_only(Execution.target_namespace, Execution.target_name, Execution.batch_index),
        joinedload(Execution.user).load_only(User.email),
    ),
    selectinload(InputRequest.tags),
)


class ListView(StrEnum):
    """The tabs. What is decided and can be undone still is decided."""

    WAITING = "waiting"
    DECIDED = "decided"


class ListOrder(StrEnum):
    """How what waits is ordered; what was decided stands by when it was, the last first."""

    OLDEST = "oldest"
    NEWEST = "newest"
    DUE = "due"
    PRIORITY = "priority"


@dataclass(frozen=True, slots=True)
class ListedFilter:
    """Which requests are listed, and how; None means any.

    `function_name` is `namespace/name`; `older_than` is the age that they have at least; `search`
    is what is looked for in their words.
    """

    view: ListView = ListView.WAITING
    order: ListOrder = ListOrder.OLDEST
    kind: InputRequestKind | None = None
    agent_id: UUID | None = None
    function_name: str | None = None
    key: str | None = None
    tag: str | None = None
    older_than: timedelta | None = None
    session_id: UUID | None = None
    batch_id: UUID | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Where a request stands in a list.

    `position` begins with 1; it and `total` go no further than page.COUNTED_MAX. A request that is
    not in the list, because it was decided, has no position, but those beside its place.
    """

    previous_id: UUID | None
    next_id: UUID | None
    position: int | None
    total: int


@dataclass(frozen=True, slots=True)
class _Segment:
    """A part of an order: the rows that it has, and the columns by which they stand."""

    columns: tuple[InstrumentedAttribute[Any], ...]
    condition: ColumnElement[bool] | None = None
    descends: bool = False

    def has(self, request: InputRequest) -> bool:
        """Return True if a request has a place in the segment."""
        return all(getattr(request, column.key) is not None for column in self.columns)

    def sorted(self, query: Select[Any], *, backwards: bool = False) -> Select[Any]:
        descends = self.descends is not backwards
        return query.order_by(*(each.desc() if descends else each for each in self.columns))

    def beyond(self, request: InputRequest, *, backwards: bool = False) -> ColumnElement[bool]:
        """Keep what comes after a request of the segment, or before it."""
        values = [literal(getattr(request, each.key), each.type) for each in self.columns]
        place, columns = tuple_(*values), tuple_(*self.columns)
        return columns < place if self.descends is not backwards else columns > place


def list_page(
    workspace: Workspace, filters: ListedFilter, page_request: page.PageRequest
) -> page.Page[InputRequest]:
    """Return some requests with who asked, who decided, and their tags. Raises: InvalidInput.

    A page whose last request is gone by now is followed by the first.
    """
    after = page.row_id_in(page_request)
    last = None if after is None else _find(workspace, after)
    query = in_list(select(InputRequest).options(*LISTED), workspace, filters)
    rows = _some_after(query, filters, last, page_request.limit + 1)
    if len(rows) <= page_request.limit:
        return page.Page(rows, None)
    rows = rows[: page_request.limit]
    return page.Page(rows, page.trail_of(rows[-1].id))


def list_these(workspace: Workspace, request_ids: Sequence[UUID]) -> list[InputRequest]:
    """Return requests as lists have them, in the order of the ids, without what is not there."""
    query = select(InputRequest).options(*LISTED)
    query = query.where(InputRequest.id.in_(request_ids), InputRequest.workspace_id == workspace.id)
    by_id = {each.id: each for each in db.session.scalars(query)}
    return [by_id[each] for each in request_ids if each in by_id]


def neighbours(workspace: Workspace, filters: ListedFilter, request: InputRequest) -> Neighbours:
    """Return what stands beside a request, and how many there are; costs the same in any list."""
    query = in_list(select(InputRequest.id), workspace, filters)
    before = _some_after(query, filters, request, page.COUNTED_MAX, backwards=True)
    behind = _some_after(query, filters, request, 1)
    is_listed = db.session.scalars(query.where(InputRequest.id == request.id)).first() is not None
    return Neighbours(
        previous_id=before[0] if before else None,
        next_id=behind[0] if behind else None,
        position=min(len(before) + 1, page.COUNTED_MAX) if is_listed else None,
        total=count_listed(workspace, filters),
    )


def next_after(workspace: Workspace, filters: ListedFilter, request: InputRequest) -> UUID | None:
    """Return what is next in a list after a request, which may have left it; else its first.

    Returns None once nothing else is in the list.
    """
    query = in_list(select(InputRequest.id), workspace, filters).where(
        InputRequest.id != request.id
    )
    ids = _some_after(query, filters, request, 1) or _some_after(query, filters, None, 1)
    return ids[0] if ids else None


def count_listed(workspace: Workspace, filters: ListedFilter) -> int:
    """Count what is in a list, up to page.COUNTED_MAX."""
    some = in_list(select(InputRequest.id), workspace, filters).limit(page.COUNTED_MAX)
    return db.session.scalar(select(func.count()).select_from(some.subquery())) or 0


def _find(workspace: Workspace, request_id: UUID) -> InputRequest | None:
    query = select(InputRequest).where(
        InputRequest.id == request_id, InputRequest.workspace_id == workspace.id
    )
    return db.session.scalars(query).one_or_none()


def _segments(filters: ListedFilter) -> Sequence[_Segment]:
    if filters.view is ListView.DECIDED:
        return (_Segment((InputRequest.closed_at, InputRequest.id), descends=True),)
    match filters.order:
        case ListOrder.OLDEST:
            return (_Segment((InputRequest.id,)),)
        case ListOrder.NEWEST:
            return (_Segment((InputRequest.id,), descends=True),)
        case ListOrder.DUE:
            first: InstrumentedAttribute[Any] = InputRequest.expires_at
        case ListOrder.PRIORITY:
            first = InputRequest.precedence
        case _:
            assert_never(filters.order)
    return (
        _Segment((first, InputRequest.id), first.is_not(None)),
        _Segment((InputRequest.id,), first.is_(None)),
    )


def _some_after(
    query: Select[Any],
    filters: ListedFilter,
    request: InputRequest | None,
    limit: int,
    *,
    backwards: bool = False,
) -> list[Any]:
    """Return what a query finds from the start, or after a request, or before it, nearest first."""
    segments = _segments(filters)
    # who has a deadline stands by it, and not among those that have none
    own = next((each for each in segments if request and each.has(request)), None)
    if own is not None:
        place = segments.index(own)
        segments = segments[place::-1] if backwards else segments[place:]
    elif backwards:
        return []
    rows: list[Any] = []
    for segment in segments:
        some = query if segment.condition is None else query.where(segment.condition)
        if segment is own and request is not None:
            some = some.where(segment.beyond(request, backwards=backwards))
        some = segment.sorted(some, backwards=backwards).limit(limit - len(rows))
        rows += db.session.scalars(some)
        if len(rows) >= limit:
            break
    return rows


def in_list(query: Select[Any], workspace: Workspace, filters: ListedFilter) -> Select[Any]:
    """Keep what is in a list; what is known best is looked up by an index.

    What has a word or a tag that few have is looked up by it, and then put in order. Of one that
    many have a part is soon found in the list's own order.
    """
    is_waiting = filters.view is ListView.WAITING
    conditions: list[ColumnElement[bool]] = []
    is_looked_up = False
    if filters.tag is not None:
        tagged = _tagged(workspace, filters.tag)
        # else SQLite walks through all there is, in order, for the few that are wanted
        is_looked_up = not is_waiting or _is_rare(tagged)
        conditions.append(InputRequest.id.in_(tagged) if is_looked_up else _has_tag(filters.tag))
    if filters.search is not None:
        matched = matching_ids(workspace, filters.search)
        if matched is None:
            return query.where(false())
        is_looked_up = is_looked_up or not is_waiting or _is_rare(matched)
        conditions.append(InputRequest.id.in_(matched))
    query = query.where(
        page.is_in(InputRequest.workspace_id, workspace, filters.session_id, is_looked_up or None),
        IS_WAITING if is_waiting else IS_DECIDED,
        *conditions,
    )
    query = page.narrowed(
        query,
        (InputRequest.kind, filters.kind),
        (InputRequest.agent_id, filters.agent_id),
        (InputRequest.key, filters.key),
        (InputRequest.session_id, filters.session_id),
        (InputRequest.batch_id, filters.batch_id),
    )
    if filters.function_name is not None:
        # a function's requests have its name as their key
        query = query.where(
            InputRequest.key == filters.function_name, InputRequest.execution_id.is_not(None)
        )
    if filters.older_than is not None:
        query = query.where(InputRequest.id < first_id_at(clock.now() - filters.older_than))
    return query


def _tagged(workspace: Workspace, tag: str) -> Select[Any]:
    """Find the newest LOOKED_AT_MAX requests that have a tag."""
    tagged = select(InputRequestTag.request_id).where(
        InputRequestTag.workspace_id == workspace.id, InputRequestTag.tag == tag
    )
    return tagged.order_by(InputRequestTag.request_id.desc()).limit(LOOKED_AT_MAX)


def _has_tag(tag: str) -> ColumnElement[bool]:
    of_it = InputRequestTag.request_id == InputRequest.id
    return select(InputRequestTag.request_id).where(of_it, InputRequestTag.tag == tag).exists()


def _is_rare(found: Select[Any]) -> bool:
    """Return True if so few are found that all of them can be looked at."""
    some = found.limit(_FEW_MAX + 1).subquery()
    return (db.session.scalar(select(func.count()).select_from(some)) or 0) <= _FEW_MAX
