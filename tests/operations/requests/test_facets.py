"""What a list can be narrowed to and put together by: counted as one would by hand."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from opensink_web.models import InputRequest, InputRequestStatus, Workspace, db
from opensink_web.models.transaction import reading
from opensink_web.operations.requests import facets
from opensink_web.operations.requests.facets import (
    Facet,
    Facets,
    GroupBy,
    facet_counts,
    groups,
)
from opensink_web.operations.requests.listing import ListedFilter, ListView
from tests.conftest import Cast
from tests.operations.requests.conftest import workspace_of

pytestmark = pytest.mark.usefixtures("on_each_database")


def waiting_in(everything: list[InputRequest]) -> list[InputRequest]:
    return [each for each in everything if each.status is InputRequestStatus.PENDING]


def counts_in(facets: Sequence[Facet[Any]]) -> dict[Any, int]:
    return {each.value: each.count for each in facets}


def check(found: Facets, rows: list[InputRequest], *, has_more: bool = False) -> None:
    assert counts_in(found.kinds) == Counter(each.kind for each in rows)
    assert counts_in(found.agents) == Counter(each.agent_id for each in rows if each.agent_id)
    assert counts_in(found.functions) == Counter(
        each.key for each in rows if each.execution_id is not None
    )
    assert counts_in(found.keys) == Counter(each.key for each in rows if each.execution_id is None)
    assert counts_in(found.tags) == Counter(tag.tag for each in rows for tag in each.tags)
    assert {each.has_more for each in found.kinds} == {has_more}


def test_counts_every_value_of_what_waits(everything: list[InputRequest]) -> None:
    with reading():
        found = facet_counts(workspace_of(everything), ListedFilter())
    check(found, waiting_in(everything))
    assert set(found.names) == {each.agent_id for each in everything if each.agent_id}
    assert list(found.oldest_ids) == [each.id for each in waiting_in(everything)]


def test_counts_what_was_decided(everything: list[InputRequest]) -> None:
    with reading():
        found = facet_counts(workspace_of(everything), ListedFilter(view=ListView.DECIDED))
    check(found, [each for each in everything if each.status is not InputRequestStatus.PENDING])


def test_a_filter_narrows_the_others_and_not_itself(everything: list[InputRequest]) -> None:
    waiting, agent = waiting_in(everything), everything[0].agent_id
    filters = ListedFilter(agent_id=agent, tag="vat")
    with reading():
        found = facet_counts(workspace_of(everything), filters)
    tagged = [each for each in waiting if each.tags]
    of_agent = [each for each in waiting if each.agent_id == agent]
    both = [each for each in tagged if each.agent_id == agent]
    assert counts_in(found.agents) == Counter(each.agent_id for each in tagged if each.agent_id)
    assert counts_in(found.tags) == {"vat": len(both)}
    assert counts_in(found.keys) == Counter(each.key for each in both)
    assert len(of_agent) > len(both)
    with reading():
        assert facet_counts(workspace_of(everything), filters, both[::-1]) == found


def test_a_long_list_is_counted_by_each_value_and_no_further(
    everything: list[InputRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facets, "SAMPLE_MAX", 3)
    monkeypatch.setattr(facets, "VALUE_COUNTED_MAX", 2)
    waiting = waiting_in(everything)
    with reading():
        found = facet_counts(workspace_of(everything), ListedFilter())
    expected = Counter(each.agent_id for each in waiting if each.agent_id)
    assert {each.value: (each.count, each.has_more) for each in found.agents} == {
        agent: (min(count, 2), count >= 2) for agent, count in expected.items()
    }
    assert {each.value for each in found.functions} == {
        each.key for each in waiting if each.execution_id
    }
    assert {each.value for each in found.keys} == {
        each.key for each in waiting if not each.execution_id
    }
    assert {each.value: each.count for each in found.kinds} == {
        kind: min(count, 2) for kind, count in Counter(each.kind for each in waiting).items()
    }
    assert counts_in(found.tags) == Counter(tag.tag for each in waiting[:3] for tag in each.tags)


def test_a_long_list_that_is_narrowed_offers_what_its_first_rows_do_not_have(
    everything: list[InputRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted among the first; what there may be besides is not counted, and can be chosen."""
    monkeypatch.setattr(facets, "SAMPLE_MAX", 3)
    waiting = waiting_in(everything)
    with reading():
        workspace = workspace_of(everything)
        found = facet_counts(workspace, ListedFilter(older_than=timedelta(hours=-1)))
        short = facet_counts(workspace, ListedFilter(key="nothing has this"))
    assert (found.sampled, short.sampled) == (3, 3)
    assert not found.are_all_oldest
    columns: list[tuple[Sequence[Facet[Any]], Callable[[InputRequest], Any]]] = [
        (found.kinds, lambda each: each.kind),
        (found.agents, lambda each: each.agent_id),
        (found.functions, lambda each: each.key if each.execution_id else None),
        (found.keys, lambda each: None if each.execution_id else each.key),
    ]
    for facets_of, value_of in columns:
        first = Counter(map(value_of, waiting[:3]))
        everywhere = {value_of(each) for each in waiting} - {None}
        assert counts_in(facets_of) == {value: first[value] for value in everywhere}
        assert all(each.has_more for each in facets_of)
    assert {each.value for each in found.tags} == {tag.tag for each in waiting for tag in each.tags}


@pytest.mark.parametrize("by", GroupBy)
@pytest.mark.parametrize("filters", [ListedFilter(), ListedFilter(tag="vat")])
def test_groups_know_how_many_they_are_and_which_is_the_oldest(
    everything: list[InputRequest], by: GroupBy, filters: ListedFilter
) -> None:
    rows = [each for each in waiting_in(everything) if not filters.tag or each.tags]
    counts = Counter(value for each in rows if (value := getattr(each, by.column.key)))
    with reading():
        found, has_more = groups(workspace_of(everything), filters, by)
        assert {each.value: each.count for each in found} == counts
        assert not has_more
        for each in found:
            ids = [row.id for row in rows if getattr(row, by.column.key) == each.value]
            assert each.first.id == min(ids)


def test_groups_come_a_page_at_a_time(
    everything: list[InputRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facets, "VALUES_MAX", 1)
    with reading():
        workspace = workspace_of(everything)
        first, has_more = groups(workspace, ListedFilter(), GroupBy.AGENT)
        assert has_more
        rest, has_more = groups(workspace, ListedFilter(), GroupBy.AGENT, first[-1].value)
    assert not has_more
    assert {first[0].value, rest[0].value} == {
        each.agent_id for each in waiting_in(everything) if each.agent_id
    }


def test_another_workspace_counts_nothing_of_it(everything: list[InputRequest], cast: Cast) -> None:
    with reading():
        workspace = db.session.get_one(Workspace, cast.charlie.workspace_id)
        found = facet_counts(workspace, ListedFilter())
        of_hers = facet_counts(workspace, replace(ListedFilter(), agent_id=everything[0].agent_id))
    assert [each.count for each in found.agents] == [1]
    assert set(found.names).isdisjoint({each.agent_id for each in everything})
    assert of_hers.keys == []
