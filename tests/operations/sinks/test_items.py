"""What is in sinks is found by its words, and goes with its sink, however much it is."""

from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from opensink_web.models import (
    AuditAction,
    AuditEntry,
    Base,
    Sink,
    SinkItem,
    SinkItemDocument,
    Workspace,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.page import PageRequest
from opensink_web.operations.requests import sieve
from opensink_web.operations.sinks import listing
from opensink_web.operations.sinks.item import delete_item, update_item
from opensink_web.operations.sinks.listing import ItemFilter, list_items
from opensink_web.operations.sinks.queries import count_items
from opensink_web.operations.sinks.sink import delete_sink
from opensink_web.operations.sinks.words import FieldFilter
from opensink_web.operations.slices import SLICE
from opensink_web.work.chores import DELETING
from tests.conftest import Cast, Person
from tests.support.many_rows import copy_row
from tests.support.sinks import put, sink_of

pytestmark = pytest.mark.usefixtures("on_each_database")
MANY = 2 * SLICE + 1
COPY_WORDS = (
    "INSERT INTO search_sink_items (item_id, tokens) SELECT sink_items.id, of_one.tokens"
    " FROM sink_items CROSS JOIN (SELECT tokens FROM search_sink_items LIMIT 1) of_one"
    " WHERE sink_items.id NOT IN (SELECT item_id FROM search_sink_items)"
)


def workspace_of(person: Person) -> Workspace:
    return db.session.get_one(Workspace, person.workspace_id)


def found(person: Person, query: str | None, limit: int = 20, **filters: Any) -> list[UUID]:
    """Return all that is found, page by page."""
    ids: list[UUID] = []
    trail: str | None = None
    with reading():
        narrowed = ItemFilter(search=query, **filters)
        while True:
            page = list_items(workspace_of(person), narrowed, PageRequest(limit, trail))
            ids += [each.id for each in page.items]
            trail = page.trail
            if trail is None:
                return ids


def rows(model: type[Base]) -> int:
    with reading():
        return db.session.scalar(select(func.count()).select_from(model.__table__)) or 0


def test_it_is_found_by_what_it_says(app: Flask, cast: Cast) -> None:
    with app.app_context():
        sink_id, other_id = sink_of(cast.alice), sink_of(cast.alice)
        (item,) = put(
            cast.alice,
            sink_id,
            "Zürich opens higher",
            body="The *index* rose.",
            type="market",
            fields={"ticker": "SMI", "points": 12345, "names": ["Nestlé"], "is_up": True},
            resources=[{"type": "link", "label": "Chart", "url": "https://example.com/secret"}],
        )
        put(cast.alice, other_id, "Nothing of this")
        for words in ("ZURICH", "zur", "higher index", "market", "ticker smi", "12345", "nestle"):
            assert found(cast.alice, words) == [item], words
            assert found(cast.alice, words, sink_id=sink_id, type="market") == [item]
            assert found(cast.alice, words, sink_id=other_id) == []
            assert found(cast.alice, words, type="trade") == []
            assert found(cast.charlie, words) == []
        assert found(cast.alice, "chart rose") == [item]
        for words in ("zurich falls", "ind", "", "?", '" OR tokens MATCH "a', "_sink x"):
            assert found(cast.alice, words) == [], words
        with reading():
            kept = " ".join(db.session.scalars(select(SinkItemDocument.tokens))).lower()
            assert "zurich" not in kept
            assert "smi" not in kept


def test_once_changed_it_is_found_by_what_it_says_now(app: Flask, cast: Cast) -> None:
    with app.app_context():
        (item,) = put(cast.alice, sink_of(cast.alice), "An aardvark", body="eats")
        with writing():
            update_item(workspace_of(cast.alice), item, title="A zebra", fields=None)
        assert found(cast.alice, "zebra eats") == [item]
        assert found(cast.alice, "aardvark") == []
        with writing():
            delete_item(workspace_of(cast.alice), item)
        assert found(cast.alice, "zebra") == []
        assert (rows(SinkItem), rows(SinkItemDocument)) == (0, 0)
        with reading():
            deleted = AuditEntry.action == AuditAction.SINK_ITEM_DELETED
            assert db.session.scalars(select(AuditEntry).where(deleted)).one().details


@pytest.mark.parametrize("few_max", [2000, 5])
def test_few_are_found_among_many_with_a_word(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch, few_max: int
) -> None:
    """Those that are walked through, looked up as rare, and looked up as frequent."""
    monkeypatch.setattr(sieve, "FEW_MAX", few_max)
    monkeypatch.setattr(listing, "FIRST_STEPS", 3)
    monkeypatch.setattr(listing, "MORE_STEPS", 7)
    with app.app_context():
        first, second = sink_of(cast.alice), sink_of(cast.alice)
        rare = put(cast.alice, first, "Common aardvark one", "Common aardvark two")
        common = put(cast.alice, second, *(f"Common thing {number}" for number in range(20)))
        assert found(cast.alice, "aardvark", 1) == rare[::-1]
        assert found(cast.alice, "common", 6) == [*common[::-1], *rare[::-1]]
        assert found(cast.alice, "common", 1, sink_id=first) == rare[::-1]


def test_a_sink_with_very_many_items_goes_a_slice_in_each_transaction(
    app: Flask, cast: Cast
) -> None:
    with app.app_context():
        sink_id, kept_id = sink_of(cast.alice), sink_of(cast.alice)
        (item,) = put(cast.alice, sink_id, "Something")
        copy_row(SinkItem, item, MANY)
        with writing():
            db.session.execute(text(COPY_WORDS))
        put(cast.alice, kept_id, "Something else")
        with reading():
            sinks = list(db.session.scalars(select(Sink).order_by(Sink.id)))
            assert count_items(sinks, most=MANY) == {sink_id: MANY + 1, kept_id: 1}
            assert count_items(sinks, most=10) == {sink_id: 11, kept_id: 1}
            assert len(found(cast.alice, "something", 100)) == MANY + 2
        with writing():
            delete_sink(workspace_of(cast.alice), sink_id)
        assert len(found(cast.alice, "something")) == 1
        assert rows(SinkItem) == MANY + 2, "they go later"
        left = [rows(SinkItem)]
        while DELETING[0].go_on():
            left.append(rows(SinkItem))
        assert max(before - after for before, after in pairwise(left)) <= SLICE
        assert (rows(Sink), rows(SinkItem), rows(SinkItemDocument)) == (1, 1, 1)


def test_it_is_found_by_the_value_of_a_field(app: Flask, cast: Cast) -> None:
    fields = {"price": 9.5, "whole": 1.0, "ok": True, "none": None, "tags": ["a b", 2], "": "x"}
    with app.app_context():
        sink_id = sink_of(cast.alice)
        (item,) = put(cast.alice, sink_id, "One", fields=fields)
        texts = {"price": "9.50", "tags": ["a", "b"]}
        others = put(cast.alice, sink_id, "Two", "Three", fields=texts)
        put(cast.charlie, sink_of(cast.charlie), "Hidden", fields=fields)
        by = {
            ("price", "9.5"): [item],
            ("price", "9.50"): others[::-1],
            ("price", "9"): [],
            ("whole", "1.0"): [item],
            ("whole", "1"): [],
            ("ok", "true"): [item],
            ("none", "null"): [item],
            ("tags", "a b"): [item],
            ("tags", "2"): [item],
            ("tags", "b"): others[::-1],
            ("ok", "9.5"): [],
            ("", "x"): [item],
            ("price", None): [*others[::-1], item],
            (None, "b"): others[::-1],
            (None, "true"): [item],
            ("x", None): [],
        }
        assert {each: found(cast.alice, None, field=FieldFilter(*each)) for each in by} == by
        both = FieldFilter("tags", "b")
        assert found(cast.alice, "three", field=both) == [others[1]]
        assert found(cast.alice, "one", field=both) == []
        assert found(cast.alice, None, 1, field=both, from_id=others[1]) == [others[1]]
        with writing():
            update_item(workspace_of(cast.alice), item, fields={"price": 10})
        assert found(cast.alice, None, field=FieldFilter("price", "9.5")) == []
        assert found(cast.alice, None, field=FieldFilter("price", "10")) == [item]
