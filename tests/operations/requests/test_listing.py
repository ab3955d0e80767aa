"""The inbox's lists: every order and filter, page by page, and what stands beside a request."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from operator import attrgetter
from typing import Any
from uuid import UUID

import pytest

from opensink_web import clock
from opensink_web.models import (
    InputRequest,
    InputRequestKind,
    InputRequestStatus,
    Workspace,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations import page
from opensink_web.operations.requests import sieve
from opensink_web.operations.requests.listing import (
    ListedFilter,
    ListOrder,
    ListView,
    count_listed,
    list_page,
)
from opensink_web.operations.requests.neighbours import Neighbours, neighbours, next_after
from tests.conftest import Cast
from tests.operations.requests.conftest import workspace_of
from tests.support.scenarios import index_all

pytestmark = pytest.mark.usefixtures("on_each_database")

FAR = clock.now() + timedelta(days=9999)
ORDERS: dict[ListOrder, Callable[[InputRequest], Any]] = {
    ListOrder.OLDEST: attrgetter("id"),
    ListOrder.NEWEST: lambda each: -each.id.int,
    ListOrder.DUE: lambda each: (each.expires_at or FAR, each.id),
    ListOrder.PRIORITY: lambda each: (-each.priority, each.id),
}


def listed(workspace: Workspace, filters: ListedFilter, limit: int) -> list[UUID]:
    """Return what a list has, read page by page."""
    ids: list[UUID] = []
    trail: str | None = None
    while True:
        found = list_page(workspace, filters, page.PageRequest(limit, trail))
        assert len(found.items) <= limit
        ids += [each.id for each in found.items]
        trail = found.trail
        if trail is None:
            return ids


def waiting_in(everything: list[InputRequest], order: ListOrder) -> list[UUID]:
    waits = [each for each in everything if each.status is InputRequestStatus.PENDING]
    return [each.id for each in sorted(waits, key=ORDERS[order])]


@pytest.mark.parametrize("order", ListOrder)
@pytest.mark.parametrize("limit", [1, 4, 100])
def test_what_waits_stands_in_each_order_however_large_a_page(
    everything: list[InputRequest], order: ListOrder, limit: int
) -> None:
    with reading():
        ids = listed(workspace_of(everything), ListedFilter(order=order), limit)
    assert ids == waiting_in(everything, order)


def test_what_was_decided_stands_by_when_it_was_and_held_is_decided(
    everything: list[InputRequest],
) -> None:
    filters = ListedFilter(view=ListView.DECIDED)
    with reading():
        ids = listed(workspace_of(everything), filters, 2)
    decided = [each for each in everything if each.status is not InputRequestStatus.PENDING]
    decided.sort(key=lambda each: (each.resolved_at, each.id), reverse=True)
    assert ids == [each.id for each in decided]
    assert len(ids) == 4


@pytest.mark.parametrize("order", ListOrder)
def test_each_filter_leaves_out_the_others(
    everything: list[InputRequest], order: ListOrder
) -> None:
    agent, function = everything[0].agent_id, everything[-1].key
    session, batch = everything[0].session_id, everything[-1].batch_id
    assert session is not None
    assert batch is not None
    cases: list[tuple[ListedFilter, Callable[[InputRequest], bool]]] = [
        (ListedFilter(order=order, agent_id=agent), lambda each: each.agent_id == agent),
        (ListedFilter(order=order, key="more"), lambda each: each.key == "more"),
        (ListedFilter(order=order, function_name=function), lambda each: each.key == function),
        (ListedFilter(order=order, function_name="more"), lambda each: False),
        (
            ListedFilter(order=order, kind=InputRequestKind.APPROVAL),
            lambda each: each.kind is InputRequestKind.APPROVAL,
        ),
        (ListedFilter(order=order, tag="vat"), lambda each: bool(each.tags)),
        (ListedFilter(order=order, session_id=session), lambda each: each.session_id == session),
        (ListedFilter(order=order, batch_id=batch), lambda each: each.batch_id == batch),
        (ListedFilter(order=order, older_than=timedelta(hours=1)), lambda each: False),
        (ListedFilter(order=order, older_than=timedelta(hours=-1)), lambda each: True),
        (
            ListedFilter(order=order, agent_id=agent, tag="vat", key="more"),
            lambda each: each.agent_id == agent and bool(each.tags) and each.key == "more",
        ),
    ]
    with reading():
        workspace = workspace_of(everything)
        rows = {each.id: each for each in everything}
        for filters, belongs in cases:
            expected = [each for each in waiting_in(everything, order) if belongs(rows[each])]
            assert listed(workspace, filters, 3) == expected, filters
            assert count_listed(workspace, filters) == len(expected)


WAYS = {
    "a few steps in the list": (100, 100, 100),
    "more steps": (1, 100, 0),
    "looked up": (1, 1, 100),
    "looked up, or all of what waits, though many have it": (1, 1, 0),
}
"""How many rows are looked at, and then yet; and how many may have something that few have."""


@pytest.mark.parametrize("view", ListView)
@pytest.mark.parametrize("way", WAYS)
def test_finds_the_same_whichever_way_is_the_shorter(
    everything: list[InputRequest], monkeypatch: pytest.MonkeyPatch, view: ListView, way: str
) -> None:
    for name, value in zip(("FIRST_STEPS", "MORE_STEPS", "FEW_MAX"), WAYS[way], strict=True):
        monkeypatch.setattr(sieve, name, value)
    monkeypatch.setattr(sieve, "STEPS_PER_ROW", 0)
    index_all()
    with reading():
        workspace = workspace_of(everything)
        for order in ListOrder if view is ListView.WAITING else [ListOrder.OLDEST]:
            whole = listed(workspace, ListedFilter(view=view, order=order), 100)
            rows = {each.id: each for each in everything}
            more = [each for each in whole if rows[each].key == "more"]
            tagged = [each for each in whole if rows[each].tags]
            for narrower, expected in (
                (ListedFilter(tag="vat"), tagged),
                (ListedFilter(search="question"), more),
                (ListedFilter(search="quest mor"), more),
                (ListedFilter(search="question vat"), [each for each in more if each in tagged]),
                (ListedFilter(search="question", tag="vat"), [*filter(tagged.__contains__, more)]),
            ):
                filters = replace(narrower, view=view, order=order)
                assert listed(workspace, filters, 2) == expected, filters
                if order not in {ListOrder.OLDEST, ListOrder.DUE}:
                    continue  # of one part, and of two: the others are made like these
                for place, request_id in enumerate(expected):
                    beside = neighbours(workspace, filters, rows[request_id])
                    following = expected[place + 1 :]
                    assert beside == Neighbours(
                        expected[place - 1] if place else None,
                        following[0] if following else None,
                        place + 1,
                        len(expected),
                    )


@pytest.mark.parametrize("order", ListOrder)
def test_knows_what_stands_beside_a_request(
    everything: list[InputRequest], order: ListOrder
) -> None:
    ids, rows = waiting_in(everything, order), {each.id: each for each in everything}
    filters = ListedFilter(order=order)
    with reading():
        workspace = workspace_of(everything)
        for place, request_id in enumerate(ids):
            assert neighbours(workspace, filters, rows[request_id]) == Neighbours(
                previous_id=ids[place - 1] if place else None,
                next_id=ids[place + 1] if place + 1 < len(ids) else None,
                position=place + 1,
                total=len(ids),
            )


@pytest.mark.parametrize("order", ListOrder)
def test_finds_what_follows_a_request_that_has_left_the_list_and_begins_anew_at_its_end(
    everything: list[InputRequest], order: ListOrder
) -> None:
    ids, rows = waiting_in(everything, order), {each.id: each for each in everything}
    decided = ids[3]
    with writing():
        db.session.get_one(InputRequest, decided).status = InputRequestStatus.HELD
    filters = ListedFilter(order=order)
    with reading():
        workspace = workspace_of(everything)
        assert next_after(workspace, filters, rows[decided]) == ids[4]
        assert next_after(workspace, filters, rows[ids[-1]]) == ids[0]
        beside = neighbours(workspace, filters, rows[decided])
    assert beside == Neighbours(ids[2], ids[4], None, len(ids) - 1)


def test_nothing_follows_where_nothing_else_waits(everything: list[InputRequest]) -> None:
    (only,) = everything[:1]
    with reading():
        filters = ListedFilter(session_id=only.session_id, key=only.key)
        assert next_after(workspace_of(everything), filters, only) is None


def test_counts_no_further_than_pages_do(
    everything: list[InputRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "COUNTED_MAX", 3)
    ids, rows = waiting_in(everything, ListOrder.OLDEST), {each.id: each for each in everything}
    with reading():
        beside = neighbours(workspace_of(everything), ListedFilter(), rows[ids[5]])
    assert beside == Neighbours(ids[4], ids[6], 3, 3, has_more=True)


def test_another_workspace_finds_nothing_of_it(everything: list[InputRequest], cast: Cast) -> None:
    with reading():
        workspace = db.session.get_one(Workspace, cast.charlie.workspace_id)
        agent = ListedFilter(agent_id=everything[0].agent_id)
        batch = ListedFilter(batch_id=everything[-1].batch_id)
        assert [len(listed(workspace, each, 100)) for each in (agent, batch, ListedFilter())] == [
            0,
            0,
            1,
        ]


def test_a_page_after_one_whose_last_row_is_gone_is_the_first(
    everything: list[InputRequest],
) -> None:
    with reading():
        workspace = workspace_of(everything)
        request = page.PageRequest(3, "A" * 22)
        found = list_page(workspace, ListedFilter(order=ListOrder.DUE), request)
    assert [each.id for each in found.items] == waiting_in(everything, ListOrder.DUE)[:3]
