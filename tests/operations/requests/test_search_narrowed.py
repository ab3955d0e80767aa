"""A search within a filter finds the same before, while and after the index knows the filters."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import func, select, text

from opensink_web import clock
from opensink_web.cli.database import run_migrations
from opensink_web.models import (
    InputRequest,
    InputRequestKind,
    InputRequestStatus,
    SearchDocument,
    WaitingDocument,
    Workspace,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.question import ask
from opensink_web.operations.page import PageRequest
from opensink_web.operations.requests import search, sieve
from opensink_web.operations.requests.listing import (
    ListedFilter,
    ListOrder,
    ListView,
    list_page,
)
from opensink_web.operations.requests.options import RequestOptions
from opensink_web.operations.requests.search_match import (
    Narrowing,
    Words,
    search_key,
    words_of_query,
)
from opensink_web.operations.requests.search_words import words_in
from opensink_web.work.chores import INDEXING, Chore
from tests.conftest import Cast
from tests.support.executions import make_function, submit_many
from tests.support.scenarios import SCHEMA, Waiting, ask_in, index_all

pytestmark = pytest.mark.usefixtures("on_each_database")

BEFORE = "0049"
TITLES = ("Buy bonds", "Sell bonds", "Buy wheat")
KEYS = ("trade", "tests/work")
TAGS = ((), ("vat",), ("vat", "Größer"))
SEARCHES = ("buy", "bonds", "sell wheat", "trad", "work", "vat")
STEPS = {"FIRST_STEPS": 1, "MORE_STEPS": 1, "STEPS_PER_ROW": 0}
"""So that next to nothing is walked through, and the index is asked."""


INTEGRITY_CHECK = "INSERT INTO {0}({0}, rank) VALUES ('integrity-check', 1)"


@dataclass(frozen=True)
class Asked:
    """A request, and whatever it is found by."""

    row: InputRequest
    names: frozenset[str]
    tags: frozenset[str]

    def is_in(self, filters: ListedFilter) -> bool:
        """Return True if a list has it: each filter by itself."""
        row, is_open = self.row, self.row.status is InputRequestStatus.PENDING
        words = words_in(filters.search or "")
        return (
            is_open is (filters.view is ListView.WAITING)
            and all(any(name.startswith(word) for name in self.names) for word in words)
            and filters.kind in {None, row.kind}
            and filters.agent_id in {None, row.agent_id}
            and filters.key in {None, row.key}
            and filters.batch_id in {None, row.batch_id}
            and filters.tag in {None, *self.tags}
            and (
                filters.function_name is None
                or (row.execution_id is not None and row.key == filters.function_name)
            )
        )


@pytest.fixture
def narrower(app: Flask, cast: Cast) -> Iterator[list[ListedFilter]]:
    """Lists of two agents' requests and a batch's, a third of which were decided."""
    with app.app_context():
        askers = [ask_in(cast.alice, None), ask_in(cast.alice, None), ask_in(cast.charlie, None)]
        for number in range(54):
            ask_another(askers[number % 3], number)
        batch = submit_many(cast.alice, make_function(cast.alice, requires_approval=True), 6)
        with writing():
            for row in db.session.scalars(select(InputRequest).order_by(InputRequest.id)).all()[
                ::3
            ]:
                row.status, row.resolved_at = InputRequestStatus.RESOLVED, clock.now()
        of = ListedFilter
        yield [
            of(),
            *(of(kind=kind) for kind in InputRequestKind),
            *(of(agent_id=each.agent_id) for each in askers),
            *(of(key=key) for key in (*KEYS, "of-none")),
            *(of(function_name=name) for name in (KEYS[1], "tests/none")),
            *(of(batch_id=each) for each in (batch.id, askers[0].agent_id)),
            *(of(tag=tag) for tag in ("vat", "Größer", "grösser", "buy")),
            of(agent_id=askers[0].agent_id, tag="vat", key=KEYS[1]),
            of(kind=InputRequestKind.APPROVAL, tag="vat"),
        ]
        db.session.remove()


def ask_another(asker: Waiting, number: int) -> UUID:
    with writing():
        row = db.session.get_one(InputRequest, asker.request_id)
        assert row.requested_by_id is not None
        workspace = db.session.get_one(Workspace, row.workspace_id)
        return ask(
            workspace,
            asker.session_id,
            asker.agent_id,
            key=KEYS[number // 3 % 2],
            title=TITLES[number // 6 % 3],
            message="",
            schema=SCHEMA,
            options=RequestOptions(tags=TAGS[number % 7 % 3], priority=number % 2),
            requested_by_id=row.requested_by_id,
        ).id


def check(cast: Cast, narrower: Sequence[ListedFilter], monkeypatch: pytest.MonkeyPatch) -> int:
    """Compare every list with what each request is; return how many were not empty."""
    hits = 0
    with reading():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        ours = select(InputRequest).where(InputRequest.workspace_id == workspace.id)
        asked = [known(each) for each in db.session.scalars(ours)]
        for number, filters in enumerate(narrower):
            words, order = SEARCHES[number % len(SEARCHES)], list(ListOrder)[number % 4]
            monkeypatch.setattr(sieve, "FEW_MAX", 1000 * (number % 3))
            for view in (ListView.WAITING, ListView.DECIDED):
                wanted = replace(filters, search=words, view=view, order=order)
                expected = {each.row.id for each in asked if each.is_in(wanted)}
                found = [each.id for each in list_page(workspace, wanted, ALL).items]
                assert len(found) == len(expected), wanted
                assert set(found) == expected, wanted
                hits += bool(expected)
    return hits


ALL = PageRequest(100)


def known(row: InputRequest) -> Asked:
    agent = row.agent.name if row.agent else ""
    tags = {each.tag for each in row.tags}
    names = {word for name in (row.title, row.key, agent, *tags) for word in words_in(name)}
    return Asked(row, frozenset(names), frozenset(tags))


def narrow(slices: int | None = None) -> None:
    """Do what gives older documents the tokens: so many slices, or all."""
    chore = next(each for each in INDEXING if each.do_some is search.narrow_some)
    assert isinstance(chore, Chore)
    while slices is None or slices > 0:
        if not chore.go_on():
            break
        slices = slices and slices - 1


def found_by_index(narrowing: Narrowing, cast: Cast) -> tuple[Words, set[UUID]]:
    workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
    words = words_of_query(workspace, "buy", narrowing)
    assert words is not None
    return words, set(db.session.scalars(words.ids))


def test_words_within_a_filter_are_found_whatever_the_index_knows_of_filters(
    app: Flask,
    cast: Cast,
    narrower: Sequence[ListedFilter],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in STEPS.items():
        monkeypatch.setattr(sieve, name, value)
    narrowing = search._narrowing
    monkeypatch.setattr(search, "_narrowing", lambda *_: [])
    index_all()
    monkeypatch.setattr(search, "_narrowing", narrowing)
    db.session.remove()
    run_migrations()  # which there are
    flask_migrate.downgrade(revision=BEFORE)  # its documents have no such tokens, nor a mark
    run_migrations()
    hits = check(cast, narrower, monkeypatch)
    assert hits > 10
    monkeypatch.setattr(search, "_INDEXED_AT_ONCE", 7)
    for slices in (2, 5):
        narrow(slices)
        assert check(cast, narrower, monkeypatch) == hits
    with reading():
        marks = select(SearchDocument.is_narrowed, func.count()).group_by(
            SearchDocument.is_narrowed
        )
        assert len(db.session.execute(marks).all()) == 2, "it is under way"
    narrow()
    assert check(cast, narrower, monkeypatch) == hits
    ask_another(ask_in(cast.alice, None), 3)
    index_all()
    assert check(cast, narrower, monkeypatch) >= hits
    if db.engine.dialect.name == "sqlite":
        with writing():
            for row in db.session.scalars(select(InputRequest)).all()[::2]:
                db.session.delete(row)
        with writing():
            for index in ("search_index", "search_index_waiting"):
                db.session.execute(text(INTEGRITY_CHECK.format(index)))


def test_the_index_itself_finds_what_has_a_word_and_a_filter(
    app: Flask, cast: Cast, narrower: Sequence[ListedFilter]
) -> None:
    index_all()
    with reading():
        of_ours = select(InputRequest).where(InputRequest.workspace_id == cast.alice.workspace_id)
        ours = db.session.scalars(of_ours).all()
        buys = {each.id: each for each in ours if "Buy" in each.title}
        agent_id = narrower[3].agent_id
        for narrowing, expected in (
            (Narrowing(), set(buys)),
            (Narrowing(agent_id=agent_id), {i for i, r in buys.items() if r.agent_id == agent_id}),
            (Narrowing(key="trade"), {i for i, r in buys.items() if r.key == "trade"}),
            (Narrowing(key="buy"), set()),
            (Narrowing(function_name="trade"), set()),
            (Narrowing(tag="vat"), {i for i, r in buys.items() if "vat" in known(r).tags}),
            (Narrowing(tag="trade"), set()),
            (Narrowing(kind=InputRequestKind.INPUT, key="trade", tag="of none"), set()),
        ):
            assert found_by_index(narrowing, cast)[1] == expected, narrowing


def test_what_stands_for_a_filter_is_no_word_that_somebody_can_look_for(
    app: Flask, cast: Cast, narrower: Sequence[ListedFilter]
) -> None:
    index_all()
    with reading():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        for typed in ("_kind input", "_tag vat", "kind:input", "_kind", "tag vat"):
            words = words_of_query(workspace, typed)
            assert words is not None
            tokens = Narrowing(kind=InputRequestKind.INPUT, tag="vat").tokens(search_key(workspace))
            assert not {*tokens} & {*words.tokens}, typed


@pytest.mark.parametrize("documents", [SearchDocument, WaitingDocument])
def test_what_an_older_version_indexes_meanwhile_is_found_too(
    app: Flask,
    cast: Cast,
    narrower: Sequence[ListedFilter],
    documents: type[SearchDocument] | type[WaitingDocument],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It knows no mark, so the tokens are not asked for until these have them too."""
    index_all()
    with reading():
        assert not search.is_any_wide()
    with writing():
        of_one = select(func.max(documents.number)).scalar_subquery()
        db.session.execute(
            text(f"UPDATE {documents.__tablename__} SET is_narrowed = false WHERE number = :one"),  # noqa: S608 - our names
            {"one": db.session.scalar(select(of_one))},
        )
    with reading():
        assert search.is_any_wide()
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        words = words_of_query(
            workspace, "buy", Narrowing(key="of none"), is_waiting=documents is WaitingDocument
        )
        assert words is not None
        assert db.session.scalars(words.ids).all() != []
    narrow()
    with reading():
        assert not search.is_any_wide()
