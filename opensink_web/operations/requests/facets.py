"""What a list can be narrowed to, and put together by, with how many there are of each.

Counting costs the same in any list. Of one of no more than SAMPLE_MAX all is looked at. In a longer
one the values are found by jumping from one to the next in an index, and of each no more than
VALUE_COUNTED_MAX are counted. Where it is narrowed already, no index has the values of what is
left: those of the whole tab are offered, and counted among the first SAMPLE_MAX of the list alone.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar, assert_never
from uuid import UUID

from sqlalchemy import CTE, Integer, Row, Select, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from opensink_web.models import Agent, InputRequest, InputRequestKind, Workspace, db
from opensink_web.models.input_request import InputRequestTag
from opensink_web.operations.requests.listing import (
    LISTED,
    ListedFilter,
    Listing,
    ListOrder,
    ListView,
)

SAMPLE_MAX = 300
SIFTED_SAMPLE_MAX = 100
"""Of a list of what has a tag or words, of which each is looked for."""
VALUE_COUNTED_MAX = 50
VALUES_MAX = 50
"""So many values of a kind are offered at once."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Facet(Generic[Value]):
    """A value by which a list can be narrowed; there are `count` of it, or even more.

    `count` is 0 of one that is not among those that were looked at; there may be some.
    """

    value: Value
    count: int
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class Facets:
    """What a list can be narrowed to, the most frequent first.

    Each is counted as if the list were not narrowed by a value of its sort. `names` are those of
    the agents; `oldest_ids` are of the list without a limit of age, as far as it was looked at.
    `sampled` is how many of the list were looked at to count, None where it was all that there is.
    """

    kinds: Sequence[Facet[InputRequestKind]]
    agents: Sequence[Facet[UUID]]
    functions: Sequence[Facet[str]]
    keys: Sequence[Facet[str]]
    tags: Sequence[Facet[str]]
    names: dict[UUID, str]
    oldest_ids: Sequence[UUID]
    are_all_oldest: bool
    sampled: int | None


class GroupBy(StrEnum):
    """By what the requests of a list can be put together."""

    AGENT = "agent"
    KEY = "key"
    SESSION = "session"
    BATCH = "batch"

    @property
    def column(self) -> InstrumentedAttribute[Any]:
        match self:
            case GroupBy.AGENT:
                return InputRequest.agent_id
            case GroupBy.KEY:
                return InputRequest.key
            case GroupBy.SESSION:
                return InputRequest.session_id
            case GroupBy.BATCH:
                return InputRequest.batch_id
            case _:
                assert_never(self)


@dataclass(frozen=True, slots=True)
class Group:
    """Requests of one value, of which `first` is the oldest; there are `count`, or even more."""

    value: Any
    count: int
    has_more: bool
    first: InputRequest

    @property
    def oldest_at(self) -> datetime:
        return self.first.created_at


@dataclass(frozen=True, slots=True)
class _Sample:
    """The first rows of a list, all of them unless it is full."""

    listing: Listing
    filters: ListedFilter
    rows: Sequence[Any]

    @property
    def is_full(self) -> bool:
        return len(self.rows) >= _most(self.listing)

    @property
    def is_narrowed(self) -> bool:
        return self.filters != _tab(self.filters)

    def count(self, values: Iterable[Value]) -> list[Facet[Value]]:
        """Return how often each value is there, the most frequent first."""
        counts = Counter(values).most_common(VALUES_MAX)
        return [Facet(value, count, self.is_full) for value, count in counts]


_OfColumn = tuple[Facet[Any], bool]
"""A value of a column, and whether it is what executions ask."""


def facet_counts(
    workspace: Workspace, filters: ListedFilter, whole: Sequence[InputRequest] | None = None
) -> Facets:
    """Return what a list can be narrowed to further, or to otherwise.

    `whole` is all that is in the list, where that is known: it is not looked for again.
    """
    samples: dict[ListedFilter, _Sample] = {}
    if whole is not None:
        itself = replace(filters, order=ListOrder.OLDEST)
        rows = sorted(whole, key=lambda each: each.id)
        samples[itself] = _Sample(Listing(workspace, itself), itself, rows)
    values: dict[tuple[str, bool], Sequence[Row[Any]]] = {}

    def sample(**without: Any) -> _Sample:
        wider = replace(filters, order=ListOrder.OLDEST, **without)
        if wider not in samples:
            samples[wider] = _sample(workspace, wider)
        return samples[wider]

    def of_column(column: InstrumentedAttribute[Any], **without: Any) -> list[_OfColumn]:
        wider = sample(**without)
        if not wider.is_full:
            return _of_column(wider, column, ())
        which = (column.key, not wider.is_narrowed)
        if which not in values:
            tab = Listing(workspace, _tab(filters))
            values[which] = _values(tab, column, None, VALUES_MAX, is_counted=which[1])
        return _of_column(wider, column, values[which])

    kinds = of_column(InputRequest.kind, kind=None)
    agents = of_column(InputRequest.agent_id, agent_id=None)
    functions = of_column(InputRequest.key, function_name=None)
    keys = of_column(InputRequest.key, key=None)
    oldest = sample(older_than=None)
    return Facets(
        kinds=[facet for facet, _ in kinds],
        agents=[facet for facet, _ in agents],
        functions=[facet for facet, is_of_execution in functions if is_of_execution],
        keys=[facet for facet, is_of_execution in keys if not is_of_execution],
        tags=_tags(workspace, sample(tag=None)),
        names=names_of_agents(workspace, [facet.value for facet, _ in agents]),
        oldest_ids=[row.id for row in oldest.rows],
        are_all_oldest=not oldest.is_full,
        sampled=max((len(each.rows) for each in samples.values() if each.is_full), default=None),
    )


def groups(
    workspace: Workspace, filters: ListedFilter, by: GroupBy, after: Any = None
) -> tuple[list[Group], bool]:
    """Return what a list is made of, VALUES_MAX groups after a value; and whether more follow."""
    is_of_time = filters.ended is not None and filters.ended.is_of_time
    # in the order that an index has
    first_by = (
        InputRequest.closed_at
        if is_of_time and by in {GroupBy.AGENT, GroupBy.KEY}
        else InputRequest.id
    )
    listing = Listing(workspace, filters)
    rows = _values(listing, by.column, after, VALUES_MAX + 1, first_by=first_by)
    shown = rows[:VALUES_MAX]
    query = select(InputRequest).options(*LISTED)
    query = query.where(InputRequest.id.in_([row.first_id for row in shown]))
    firsts = {each.id: each for each in db.session.scalars(query)}
    return [
        Group(row.value, row.size, row.size >= VALUE_COUNTED_MAX, firsts[row.first_id])
        for row in shown
        if row.first_id in firsts
    ], len(rows) > VALUES_MAX


def _sample(workspace: Workspace, filters: ListedFilter) -> _Sample:
    columns: tuple[Any, ...] = (
        *(InputRequest.id, InputRequest.kind, InputRequest.agent_id, InputRequest.key),
        InputRequest.execution_id,
    )
    listing = Listing(workspace, filters)
    rows = listing.some_after(select(*columns), None, _most(listing))
    return _Sample(listing, filters, rows)


def _most(listing: Listing) -> int:
    return SIFTED_SAMPLE_MAX if listing.is_sifted else SAMPLE_MAX


def _tab(filters: ListedFilter) -> ListedFilter:
    """Return the whole of what a list is a part of."""
    whole = ListView.WAITING if filters.view.is_waiting else ListView.DECIDED
    return ListedFilter(view=whole)


def _with_others(found: list[Facet[Value]], values: Iterable[Value]) -> list[Facet[Value]]:
    """Add what there is besides, not counted."""
    known = {each.value for each in found}
    others = [Facet(each, 0, has_more=True) for each in values if each not in known]
    return [*found, *others][:VALUES_MAX]


def _of_column(
    sample: _Sample, column: InstrumentedAttribute[Any], rows: Sequence[Row[Any]]
) -> list[_OfColumn]:
    """Count the values of a column, which are `rows` of the tab if the sample is full."""
    is_of_execution: dict[Any, bool] = {row.value: row.is_of_execution for row in rows}
    if sample.is_full and not sample.is_narrowed:
        facets = [Facet(row.value, row.size, row.size >= VALUE_COUNTED_MAX) for row in rows]
        facets.sort(key=lambda each: -each.count)
    else:
        of_rows = [(getattr(row, column.key), row.execution_id is not None) for row in sample.rows]
        is_of_execution |= dict(of_rows)
        facets = sample.count(value for value, _ in of_rows if value is not None)
        facets = _with_others(facets, [row.value for row in rows])
    return [(each, is_of_execution[each.value]) for each in facets]


def _values(
    listing: Listing,
    column: InstrumentedAttribute[Any],
    after: Any,
    limit: int,
    *,
    is_counted: bool = True,
    first_by: InstrumentedAttribute[Any] = InputRequest.id,
) -> Sequence[Row[Any]]:
    """Find the values of a column in a list, and how many there are of each, if that is wanted."""

    def listed(*columns: Any) -> Select[Any]:
        return listing.kept(select(*columns), listing.rarest).where(column.is_not(None))

    chain = _chain_of(listed, column, limit, after)
    some = listed(InputRequest.id).where(column == chain.c.value).correlate(chain)
    counted = some.limit(VALUE_COUNTED_MAX).subquery()
    first = some.order_by(first_by).limit(1)
    execution_id = listed(InputRequest.execution_id.is_not(None)).where(column == chain.c.value)
    query: Select[Any] = select(
        *(chain.c.value, chain.c.number),
        execution_id.correlate(chain).limit(1).scalar_subquery().label("is_of_execution"),
    )
    if is_counted:
        query = query.add_columns(
            select(func.count()).select_from(counted).scalar_subquery().label("size"),
            first.scalar_subquery().label("first_id"),
        )
    rows = db.session.execute(query.where(chain.c.value.is_not(None)))
    return sorted(rows, key=lambda row: row.number)


def _tags(workspace: Workspace, sample: _Sample) -> list[Facet[str]]:
    query = (
        select(InputRequestTag.tag, func.count().label("size"))
        .where(InputRequestTag.request_id.in_([row.id for row in sample.rows]))
        .group_by(InputRequestTag.tag)
    )
    rows = sorted(db.session.execute(query), key=lambda row: (-row.size, row.tag))
    facets = [Facet(row.tag, row.size, sample.is_full) for row in rows[:VALUES_MAX]]
    return _with_others(facets, _all_tags(workspace)) if sample.is_full else facets


def _all_tags(workspace: Workspace) -> Sequence[str]:
    """Find tags of the workspace, the first VALUES_MAX of them."""

    def listed(*columns: Any) -> Select[Any]:
        return select(*columns).where(InputRequestTag.workspace_id == workspace.id)

    chain = _chain_of(listed, InputRequestTag.tag, VALUES_MAX)
    return db.session.scalars(select(chain.c.value).where(chain.c.value.is_not(None))).all()


def _chain_of(
    listed: Callable[..., Select[Any]],
    column: InstrumentedAttribute[Any],
    limit: int,
    after: Any = None,
) -> CTE:
    """Go from each value of a column to the next, each by one look at an index, behind `after`.

    Each has a `value` and a `number` from 1 on; the last may be null.
    """
    start = listed(column).order_by(column).limit(1)
    if after is not None:
        start = start.where(column > after)
    chain = select(start.scalar_subquery().label("value"), literal(1, Integer).label("number")).cte(
        "chain", recursive=True
    )
    following = listed(column).where(column > chain.c.value).order_by(column).limit(1)
    return chain.union_all(
        select(following.correlate(chain).scalar_subquery(), chain.c.number + 1).where(
            chain.c.value.is_not(None), chain.c.number < limit
        )
    )


def names_of_agents(workspace: Workspace, agent_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return what agents of the workspace are called; one that was deleted is left out."""
    query = select(Agent.id, Agent.name).where(
        Agent.id.in_(agent_ids), Agent.workspace_id == workspace.id
    )
    return {row.id: row.name for row in db.session.execute(query)}
