"""The lists of the inbox: their filters and orders, and a page of one.

An order is made of segments, one after the other, and within each rows ascend or descend by columns
that an index has: most requests have neither a deadline nor a priority, so those that have come
first by an index that holds no others, and then all the rest by id.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, assert_never
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, false, func, select
from sqlalchemy.orm import InstrumentedAttribute, joinedload, load_only, selectinload

from opensink_web import clock
from opensink_web.models import (
    Assignment,
    Execution,
    InputRequest,
    InputRequestStatus,
    Team,
    User,
    Workspace,
    db,
)
from opensink_web.models.base import first_id_at
from opensink_web.operations import page
from opensink_web.operations.requests.asked import Asking
from opensink_web.operations.requests.ending import Ended
from opensink_web.operations.requests.mine import (
    IS_WAITING,
    PENDING,
    is_claimed,
    mine_in,
    unassigned_in,
)
from opensink_web.operations.requests.order import Segment, Stretch
from opensink_web.operations.requests.queries import WITH_GRANTER
from opensink_web.operations.requests.search_match import Narrowing
from opensink_web.operations.requests.sieve import Sieve, in_fewest_steps, rarest_of, sieves_of

IS_DECIDED: ColumnElement[bool] = InputRequest.status != PENDING
KEPT_COUNTED_MAX = 100
"""Of what has a tag or words no more are counted beside a request."""
LISTED = (
    joinedload(InputRequest.agent),
    joinedload(InputRequest.resolved_by),
    selectinload(InputRequest.resolved_for),
    WITH_GRANTER,
    joinedload(InputRequest.execution).options(
        load_only(Execution.target_namespace, Execution.target_name, Execution.batch_index),
        joinedload(Execution.user).load_only(User.email),
    ),
    selectinload(InputRequest.tags),
    selectinload(InputRequest.assignments).options(
        joinedload(Assignment.user).load_only(User.email),
        joinedload(Assignment.team).load_only(Team.name),
    ),
)


class ListView(StrEnum):
    """The tabs. What is decided and can be undone still is decided.

    Of what waits, MINE is what is assigned to the reader or a team of theirs, or they have claimed;
    UNASSIGNED is assigned to nobody who is there, and nobody has claimed it.
    """

    WAITING = "waiting"
    MINE = "mine"
    UNASSIGNED = "unassigned"
    DECIDED = "decided"

    @property
    def is_waiting(self) -> bool:
        """Return True of what waits, or a part of it."""
        return self is not ListView.DECIDED


class ListOrder(StrEnum):
    """How what waits is ordered; what was decided stands by when it was, the last first."""

    OLDEST = "oldest"
    NEWEST = "newest"
    DUE = "due"
    PRIORITY = "priority"


@dataclass(frozen=True, slots=True)
class ListedFilter(Narrowing):
    """Which requests are listed, and how; None means any.

    `older_than` is the age that they have at least; `search` is what is looked for in their words.
    `status`, `execution_id` and `reference` are asked for by programs alone.
    `reader_id` is whose MINE is, `asked_id` who is asked by a comment, `ended` of what was decided
    when, how and by whom, `counted_as` how the insights count it.
    """

    view: ListView = ListView.WAITING
    order: ListOrder = ListOrder.OLDEST
    older_than: timedelta | None = None
    session_id: UUID | None = None
    search: str | None = None
    reader_id: UUID | None = None
    asked_id: UUID | None = None
    ended: Ended | None = None
    counted_as: Sieve | None = None
    status: InputRequestStatus | None = None
    execution_id: UUID | None = None
    reference: str | None = None


def list_page(
    workspace: Workspace,
    filters: ListedFilter,
    page_request: page.PageRequest,
    *,
    with_requester: bool = False,
) -> page.Page[InputRequest]:
    """Return some requests with who asked, who decided, and their tags; and for whom, if wanted.

    A page whose last request is gone by now is followed by the first. Raises: InvalidInput.
    """
    after = page.row_id_in(page_request)
    last = None if after is None else _find(workspace, after)
    query = select(InputRequest).options(*LISTED)
    if with_requester:
        query = query.options(joinedload(InputRequest.requested_by))
    rows = Listing(workspace, filters).scalars_after(query, last, page_request.limit + 1)
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


def count_listed(workspace: Workspace, filters: ListedFilter) -> int:
    """Count what is in a list, up to page.COUNTED_MAX."""
    return Listing(workspace, filters).count_after(None, page.COUNTED_MAX)


def size_of(workspace: Workspace, filters: ListedFilter) -> tuple[int, bool]:
    """Count a list as far as it is counted beside a request of it; say if there are more."""
    listing = Listing(workspace, filters)
    count = listing.count_after(None, listing.counted_max)
    return (count - 1, True) if count >= listing.counted_max else (count, False)


def _find(workspace: Workspace, request_id: UUID) -> InputRequest | None:
    query = select(InputRequest).where(InputRequest.id == request_id)
    return db.session.scalars(query.filter_by(workspace_id=workspace.id)).one_or_none()


def _segments(filters: ListedFilter) -> Sequence[Segment]:
    if filters.view is ListView.DECIDED:
        return (Segment((InputRequest.closed_at, InputRequest.id), descends=True),)
    match filters.order:
        case ListOrder.OLDEST:
            return (Segment((InputRequest.id,)),)
        case ListOrder.NEWEST:
            return (Segment((InputRequest.id,), descends=True),)
        case ListOrder.DUE:
            first: InstrumentedAttribute[Any] = InputRequest.expires_at
        case ListOrder.PRIORITY:
            first = InputRequest.precedence
        case _:
            assert_never(filters.order)
    return (
        Segment((first, InputRequest.id), first.is_not(None)),
        Segment((InputRequest.id,), first.is_(None)),
    )


class Listing:
    """A list, to be read in its order from any place."""

    def __init__(self, workspace: Workspace, filters: ListedFilter) -> None:
        self._workspace, self._filters = workspace, filters
        self._is_waiting = filters.view.is_waiting
        sieves = sieves_of(workspace, filters, filters.search, is_waiting=self._is_waiting)
        self._has_nothing = sieves is None
        mine = filters.view is ListView.MINE and filters.reader_id
        whose: list[Sieve] = [mine_in(workspace, mine)] if mine else []
        if filters.view is ListView.UNASSIGNED:
            whose = [unassigned_in(workspace)]
        if filters.asked_id is not None:
            asking = Asking(workspace.id, filters.asked_id, is_waiting=self._is_waiting)
            whose.append(asking)
        counted_as = [filters.counted_as] if filters.counted_as is not None else []
        self._sieves: Sequence[Sieve] = [*whose, *counted_as, *(sieves or ())]
        # what is nobody's an index has whole, to be counted by it
        indexed = 1 if filters.view is ListView.UNASSIGNED else 0
        self._is_looked_at = len(self._sieves) > indexed

    @property
    def _whole(self) -> ListView:
        """The tab of which the reader's own, and nobody's, is a part that is looked up."""
        return ListView.WAITING if self._is_waiting else self._filters.view

    @property
    def is_sifted(self) -> bool:
        """Return True if only what has a tag or words is in it."""
        return bool(self._sieves)

    @property
    def counted_max(self) -> int:
        """So far it is counted for people: of what is sifted each is looked at."""
        return KEPT_COUNTED_MAX if self._is_looked_at else page.COUNTED_MAX

    def scalars_after(
        self,
        query: Select[Any],
        request: InputRequest | None,
        limit: int,
        *,
        backwards: bool = False,
    ) -> list[Any]:
        """Return the first of what `some_after` does, of each row."""
        return [row[0] for row in self.some_after(query, request, limit, backwards=backwards)]

    def some_after(
        self,
        query: Select[*tuple[Any, ...]],
        request: InputRequest | None,
        limit: int,
        *,
        backwards: bool = False,
    ) -> list[Row[Any]]:
        """Return what a query has of the list's start, or after a request, or before it, nearest
        first.
        """
        rows: list[Row[Any]] = []
        for stretch in self._stretches(request, backwards=backwards):
            rows += self._some_of(query, stretch, limit - len(rows))
            if len(rows) >= limit:
                break
        return rows

    def count_after(
        self, request: InputRequest | None, limit: int, *, backwards: bool = False
    ) -> int:
        """Count what there is from the start, or after a request, or before it, up to a limit."""
        ids = select(InputRequest.id)
        if self._is_looked_at:
            return len(self.some_after(ids, request, limit, backwards=backwards))
        if self._sieves and request is None:
            return self._count(self.kept(ids, self._sieves[0]).limit(limit))
        count = 0
        for stretch in self._stretches(request, backwards=backwards):
            count += self._count(stretch.of(self.kept(ids)).limit(limit - count))
            if count >= limit:
                break
        return count

    def _count(self, some: Select[Any]) -> int:
        return db.session.scalar(select(func.count()).select_from(some.subquery())) or 0

    def kept(self, query: Select[Any], found_by: Sieve | None = None) -> Select[Any]:
        """Keep of a query what is in the list; looked up by a sieve, or walked through."""
        filters = self._filters
        if self._has_nothing:
            return query.where(false())
        for sieve in self._sieves:
            is_looked_up = sieve is found_by
            kept = InputRequest.id.in_(sieve.ids) if is_looked_up else sieve.are_in(InputRequest.id)
            query = query.where(kept)
        narrower = (filters.session_id, filters.execution_id, found_by)
        query = query.where(
            page.is_in(InputRequest.workspace_id, self._workspace, *narrower),
            IS_WAITING if self._is_waiting else IS_DECIDED,
        )
        if filters.view is ListView.UNASSIGNED:
            query = query.where(~is_claimed())
        query = page.narrowed(
            query,
            (InputRequest.kind, filters.kind),
            (InputRequest.agent_id, filters.agent_id),
            (InputRequest.key, filters.key),
            (InputRequest.session_id, filters.session_id),
            (InputRequest.batch_id, filters.batch_id),
            (InputRequest.status, filters.status),
            (InputRequest.execution_id, filters.execution_id),
            (InputRequest.reference, filters.reference),
        )
        if filters.function_name is not None:
            # a function's requests have its name as their key. By no index whether an execution
            # asks: PostgreSQL would take the two for independent, expect few, and sort them all
            execution_id = func.coalesce(InputRequest.execution_id, InputRequest.execution_id)
            query = query.where(
                InputRequest.key == filters.function_name, execution_id.is_not(None)
            )
        if filters.ended is not None:
            query = query.where(*filters.ended.conditions)
        if filters.older_than is not None:
            query = query.where(InputRequest.id < first_id_at(clock.now() - filters.older_than))
        return query

    @cached_property
    def rarest(self) -> Sieve | None:
        """What keeps so few that they are all looked up."""
        return rarest_of(self._sieves)

    def _stretches(self, request: InputRequest | None, *, backwards: bool) -> Iterator[Stretch]:
        """Give the parts of the order from the start, or after a request, or before it."""
        segments = _segments(self._filters)
        # who has a deadline stands by it, and not among those that have none
        own = next((each for each in segments if request and each.has(request)), None)
        if own is not None:
            place = segments.index(own)
            segments = segments[place::-1] if backwards else segments[place:]
        elif backwards:
            return
        for segment in segments:
            after = segment.place_of(request) if request and segment is own else None
            yield Stretch(segment, after, backwards)

    def _some_of(self, query: Select[Any], stretch: Stretch, limit: int) -> list[Row[Any]]:
        if not self.is_sifted:
            return self._read(stretch.of(self.kept(query)).limit(limit))
        return in_fewest_steps(
            limit,
            walk=lambda steps: self._walk(query, stretch, limit, steps),
            is_rare=lambda: self.rarest is not None,
            is_known="rarest" in vars(self),  # it was counted for another part of the order
            look_up=lambda: self._look_up(query, stretch, limit),
        )

    def _walk(
        self, query: Select[Any], stretch: Stretch, limit: int, steps: int
    ) -> tuple[list[Row[Any]], bool]:
        """Look at so many rows of the list; say also whether these were all."""
        without: dict[str, Any] = dict.fromkeys(("tag", "search", "asked_id", "counted_as"))
        whole = replace(self._filters, view=self._whole, **without)
        unsifted = Listing(self._workspace, whole)
        places = unsifted.kept(select(*stretch.segment.columns))
        # past the session, which would look into each row whether its agent was deleted: of a place
        # in the order the index tells all
        bound = stretch.of(places).offset(steps - 1).limit(1)
        last = db.session.connection().execute(bound).first()
        walked = stretch.of(self.kept(query)).limit(limit)
        if last is not None:
            walked = walked.where(stretch.until(last))
        return self._read(walked), last is None

    def _look_up(self, query: Select[Any], stretch: Stretch, limit: int) -> list[Row[Any]]:
        sieve = self.rarest
        if sieve is None and self._is_waiting:
            # the rest of the walk, for few wait: an index of tags has all that was decided, too
            return self._read(stretch.of(self.kept(query)).limit(limit))
        looked_up = replace(stretch, is_found=True)
        kept = self.kept(query, sieve or self._sieves[-1])
        return self._read(looked_up.of(kept).limit(limit))

    def _read(self, query: Select[Any]) -> list[Row[Any]]:
        return list(db.session.execute(query))
