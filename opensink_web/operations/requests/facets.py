"""What a list can be narrowed to, and put together by, with how many there are of each.

Counting costs the same in any list. Of one of no more than SAMPLE_MAX all is looked at. In a longer
one the values are found by jumping from one to the next in an index, and of each no more than
VALUE_COUNTED_MAX are counted; where it is narrowed already, its first SAMPLE_MAX stand for it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar, assert_never
from uuid import UUID

from sqlalchemy import Integer, Row, Select, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from opensink_web.models import Agent, InputRequest, InputRequestKind, Workspace, db
from opensink_web.models.input_request import InputRequestTag
from opensink_web.operations.requests.listing import LISTED, ListedFilter, in_list

SAMPLE_MAX = 300
VALUE_COUNTED_MAX = 100
VALUES_MAX = 50
"""So many values of a kind are offered at once."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Facet(Generic[Value]):
    """A value by which a list can be narrowed; there are `count` of it, or even more."""

    value: Value
    count: int
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class Facets:
    """What a list can be narrowed to, the most frequent first.

    Each is counted as if the list were not narrowed by a value of its sort. `names` are those of
    the agents; `oldest_ids` are of the list without a limit of age, as far as it was looked at.
    """

    kinds: Sequence[Facet[InputRequestKind]]
    agents: Sequence[Facet[UUID]]
    functions: Sequence[Facet[str]]
    keys: Sequence[Facet[str]]
    tags: Sequence[Facet[str]]
    names: dict[UUID, str]
    oldest_ids: Sequence[UUID]


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

    filters: ListedFilter
    rows: Sequence[Row[Any]]

    @property
    def is_full(self) -> bool:
        return len(self.rows) >= SAMPLE_MAX

    @property
    def is_narrowed(self) -> bool:
        usual = ListedFilter(view=self.filters.view, order=self.filters.order)
        return self.filters != usual

    def count(self, values: Iterable[Value]) -> list[Facet[Value]]:
        """Return how often each value is there, the most frequent first."""
        counts = Counter(values).most_common(VALUES_MAX)
        return [Facet(value, count, self.is_full) for value, count in counts]


def facet_counts(workspace: Workspace, filters: ListedFilter) -> Facets:
    """Return what a list can be narrowed to further, or to otherwise."""
    samples: dict[ListedFilter, _Sample] = {}

    def sample(**without: Any) -> _Sample:
        wider = replace(filters, **without)
        if wider not in samples:
            samples[wider] = _Sample(wider, _sampled(workspace, wider))
        return samples[wider]

    agents, functions, keys = sample(agent_id=None), sample(function_name=None), sample(key=None)
    of_agents = _of_column(workspace, agents, GroupBy.AGENT)
    return Facets(
        kinds=sample(kind=None).count(row.kind for row in sample(kind=None).rows),
        agents=[facet for facet, _ in of_agents],
        functions=[
            facet for facet, is_of in _of_column(workspace, functions, GroupBy.KEY) if is_of
        ],
        keys=[facet for facet, is_of in _of_column(workspace, keys, GroupBy.KEY) if not is_of],
        tags=_tags(sample(tag=None)),
        names=names_of_agents(workspace, [facet.value for facet, _ in of_agents]),
        oldest_ids=[row.id for row in sample(older_than=None).rows],
    )


def groups(
    workspace: Workspace, filters: ListedFilter, by: GroupBy, after: Any = None
) -> tuple[list[Group], bool]:
    """Return what a list is made of, VALUES_MAX groups after a value; and whether more follow."""
    rows = _values(workspace, filters, by.column, after, VALUES_MAX + 1)
    shown = rows[:VALUES_MAX]
    query = select(InputRequest).options(*LISTED)
    query = query.where(InputRequest.id.in_([row.first_id for row in shown]))
    firsts = {each.id: each for each in db.session.scalars(query)}
    return [
        Group(row.value, row.size, row.size >= VALUE_COUNTED_MAX, firsts[row.first_id])
        for row in shown
        if row.first_id in firsts
    ], len(rows) > VALUES_MAX


def _sampled(workspace: Workspace, filters: ListedFilter) -> Sequence[Row[Any]]:
    columns: tuple[Any, ...] = (
        *(InputRequest.id, InputRequest.kind, InputRequest.agent_id, InputRequest.key),
        InputRequest.execution_id,
    )
    query = in_list(select(*columns), workspace, filters)
    return db.session.execute(query.order_by(InputRequest.id).limit(SAMPLE_MAX)).all()


def _of_column(workspace: Workspace, sample: _Sample, by: GroupBy) -> list[tuple[Facet[Any], bool]]:
    """Count the values of a column; say of each whether it is what executions ask."""
    if sample.is_full and not sample.is_narrowed:
        rows = _values(workspace, sample.filters, by.column, None, VALUES_MAX)
        facets = [
            (Facet(row.value, row.size, row.size >= VALUE_COUNTED_MAX), row.is_of_execution)
            for row in rows
        ]
        return sorted(facets, key=lambda each: -each[0].count)
    values = (
        (value, row.execution_id is not None)
        for row in sample.rows
        if (value := getattr(row, by.column.key)) is not None
    )
    return [
        (Facet(each.value[0], each.count, each.has_more), each.value[1])
        for each in sample.count(values)
    ]


def _values(
    workspace: Workspace,
    filters: ListedFilter,
    column: InstrumentedAttribute[Any],
    after: Any,
    limit: int,
) -> Sequence[Row[Any]]:
    """Find the values of a column in a list, from one to the next, each by one look at an index."""

    def listed(*columns: Any) -> Select[Any]:
        return in_list(select(*columns), workspace, filters).where(column.is_not(None))

    start = listed(column).order_by(column).limit(1)
    if after is not None:
        start = start.where(column > after)
    chain = select(start.scalar_subquery().label("value"), literal(1, Integer).label("number")).cte(
        "chain", recursive=True
    )
    following = listed(column).where(column > chain.c.value).order_by(column).limit(1)
    chain = chain.union_all(
        select(following.correlate(chain).scalar_subquery(), chain.c.number + 1).where(
            chain.c.value.is_not(None), chain.c.number < limit
        )
    )
    some = listed(InputRequest.id).where(column == chain.c.value).correlate(chain)
    counted = some.limit(VALUE_COUNTED_MAX).subquery()
    first = some.order_by(InputRequest.id).limit(1)
    execution_id = listed(InputRequest.execution_id.is_not(None)).where(column == chain.c.value)
    query: Select[Any] = select(
        *(chain.c.value, chain.c.number),
        select(func.count()).select_from(counted).scalar_subquery().label("size"),
        first.scalar_subquery().label("first_id"),
        execution_id.correlate(chain).limit(1).scalar_subquery().label("is_of_execution"),
    )
    rows = db.session.execute(query.where(chain.c.value.is_not(None)))
    return sorted(rows, key=lambda row: row.number)


def _tags(sample: _Sample) -> list[Facet[str]]:
    query = (
        select(InputRequestTag.tag, func.count().label("size"))
        .where(InputRequestTag.request_id.in_([row.id for row in sample.rows]))
        .group_by(InputRequestTag.tag)
    )
    rows = sorted(db.session.execute(query), key=lambda row: (-row.size, row.tag))
    return [Facet(row.tag, row.size, sample.is_full) for row in rows[:VALUES_MAX]]


def names_of_agents(workspace: Workspace, agent_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return what agents of the workspace are called; one that was deleted is left out."""
    query = select(Agent.id, Agent.name).where(
        Agent.id.in_(agent_ids), Agent.workspace_id == workspace.id
    )
    return {row.id: row.name for row in db.session.execute(query)}
