# ruff: noqa: RUF001 - letters that look like others are what is looked for
"""Full-text search: 200 queries, the same on either database as one would find by hand."""

import random
from collections.abc import Sequence
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text

from opensink_web import clock
from opensink_web.models import InputRequest, InputRequestTag, SearchDocument, Workspace, db
from opensink_web.models.base import first_id_at
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.question import ask
from opensink_web.operations.page import PageRequest
from opensink_web.operations.requests import search
from opensink_web.operations.requests.listing import ListedFilter, ListOrder, list_page
from opensink_web.operations.requests.search import index_some, is_any_unindexed
from opensink_web.operations.requests.search_words import query_words, words_of
from tests.conftest import Cast, Person
from tests.support.scenarios import SCHEMA, Waiting, ask_in, index_all

pytestmark = pytest.mark.usefixtures("on_each_database")

TITLES = [
    "Refund order 4711?",
    "Buy 100 ACME at 12.50",
    "Überweisung an Müller & Söhne freigeben",
    "返金してもよいですか 東京都",
    "환불해도 될까요",
    "هل تريد المتابعة",
    "Delete user_42 (GDPR)",
    "Publish “Ten ways to sell”",
]
MESSAGES = [
    "The customer **Ada Lovelace** asks for her money back: EUR 120.00.",
    "",
    "Naïve café résumé; ﬁnancial *statement*, ＦＵＬＬ width.",
    "北京大学生",
    "AND OR NOT NEAR \"quoted\" 'single' (a) col:umn * ^ - + \\ / <> & | ! :*",
    "Emoji 🎉 party, snake_case kebab-case dotted.name a@b.example",
    "straße STRASSE İstanbul ılık",
]
REFERENCES = [None, "INV-2031", "2024/00017", "PO#9"]
TAGS = [(), ("finance",), ("finance", "Größer"), ("weiß-nicht",)]
WRITTEN = [
    *("refund", "REFUND", "ref", "re", "r", "efund", "4711", "471", "order 4711", "4711 order"),
    *("muller", "Müller", "MÜLLER", "mul", "soehne", "Söhne freigeben", "Überweisung müller"),
    *(
        "東京",
        "京都",
        "東",
        "東都",
        "返金",
        "金して",
        "북경",
        "환불",
        "환",
        "불해",
        "北京",
        "大学",
        "北大",
    ),
    *("هل", "المتابعة", "المت", "naive", "cafe", "CAFÉ", "resume", "financial", "full", "ＦＵＬＬ"),
    *("user_42", "user", "42", "gdpr", "ten ways", "“Ten”", "sell", "🎉", "party", "snake_case"),
    *("AND", "OR", "NOT", "NEAR", "NEAR(a b)", '"quoted"', "'", '"', "*", "a*", "re*", "^refund"),
    *("col:umn", "tokens:a", "-refund", "+refund", "(refund", ")", "\\", "%", "_", "a & b", "!"),
    *("refund | buy", "refund:*", "<->", "refund <-> order", "'; DROP TABLE search_documents; --"),
    *("\0", "a\0b", "\x1b", "\ud7ff", "é", "e\u0301", "", " ", "strasse", "STRASSE", "straße"),
    *("istanbul", "İstanbul", "ilik", "ılık", "inv-2031", "INV", "2031", "203", "00017", "po#9"),
    *("finance", "fin", "financ", "grosser", "größer", "weiss", "nicht", "Trader", "trad", "k"),
    *("ada lovelace", "lovel", "love", "money back", "120.00", "120", "00", "refund acme"),
    *("x" * 5000, "a " * 2000, "ab" * 40, "\u202erefund", "refund\u200b", "customer", "cust"),
]


@pytest.fixture
def everything(app: Flask, cast: Cast) -> list[tuple[UUID, set[str]]]:
    """Requests whose words are known, and some of Charlie's that have the same."""
    with app.app_context():
        waiting = [ask_in(cast.alice, None)]
        ask_in(cast.charlie, None)
        made: list[tuple[UUID, set[str]]] = []
        with writing():
            made += [make(cast.alice, waiting[0], number) for number in range(56)]
        index_all()
        return made


def index_next() -> bool:
    with writing():
        return index_some() > 0


def make(person: Person, waiting: Waiting, number: int) -> tuple[UUID, set[str]]:
    workspace = db.session.get_one(Workspace, person.workspace_id)
    title, message = TITLES[number % len(TITLES)], MESSAGES[number % len(MESSAGES)]
    reference, tags = REFERENCES[number % 4], TAGS[number // 4 % 4]
    made = ask(
        workspace,
        waiting.session_id,
        waiting.agent_id,
        key="payments",
        title=title,
        message=message,
        schema=SCHEMA,
        requested_by_id=person.id,
    )
    row = db.session.get_one(InputRequest, made.id)
    row.reference = reference
    row.tags = [InputRequestTag(tag=tag, workspace_id=person.workspace_id) for tag in tags]
    db.session.flush()
    names = [title, "payments", "Trader", reference or "", *tags]
    return row.id, {*words_of(names, [message])}


def queries() -> Sequence[str]:
    """Return those that are written down, and others made of what stands in the texts."""
    chosen = random.Random(7)
    words = " ".join([*TITLES, *MESSAGES]).split()
    made: list[str] = []
    while len(WRITTEN) + len(made) < 220:
        query = " ".join(chosen.sample(words, chosen.choice([1, 1, 2, 3])))
        start = chosen.randrange(max(len(query) - 3, 1))
        made.append(chosen.choice([query, query[start:], query.upper(), query[:3]]))
    return [*WRITTEN, *made]


def found_by(workspace: Workspace, query: str) -> set[UUID]:
    filters = ListedFilter(order=ListOrder.NEWEST, search=query)
    return {each.id for each in list_page(workspace, filters, PageRequest(100)).items}


def test_two_hundred_queries_find_what_has_all_their_words_and_nothing_else(
    app: Flask, cast: Cast, everything: list[tuple[UUID, set[str]]]
) -> None:
    asked = queries()
    assert len(asked) >= 200
    hits = 0
    with app.app_context(), reading():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        ours = {request_id for request_id, _ in everything}
        for query in asked:
            words = query_words(query)
            expected = {
                request_id for request_id, known in everything if words and known.issuperset(words)
            }
            assert found_by(workspace, query) & ours == expected, query
            hits += bool(expected)
    assert hits > 100


def test_whole_texts_and_beginnings_of_names_are_found() -> None:
    known = {*words_of(["Refund Müller 東京都"], ["the customer asks, 北京"])}
    for query in ("ref", "refund", "mull", "東", "東京", "京都", "customer", "北", "北京"):
        assert known.issuperset(query_words(query)), query
    for query in ("re", "fund", "cust", "東都", "京北"):
        assert not known.issuperset(query_words(query)), query


def test_another_workspace_finds_nothing_of_it(
    app: Flask, cast: Cast, everything: list[tuple[UUID, set[str]]]
) -> None:
    with app.app_context(), reading():
        workspace = db.session.get_one(Workspace, cast.charlie.workspace_id)
        ours = {request_id for request_id, _ in everything}
        assert found_by(workspace, "refund") == set()
        assert found_by(workspace, "buy").isdisjoint(ours)


def test_the_index_holds_no_word(app: Flask, everything: list[tuple[UUID, set[str]]]) -> None:
    with app.app_context(), reading():
        stored = " ".join(db.session.scalars(select(SearchDocument.tokens))).lower()
    assert stored
    for word in ("refund", "lovelace", "customer", "finance"):
        assert word not in stored


def test_what_is_deleted_leaves_the_index(
    app: Flask, cast: Cast, everything: list[tuple[UUID, set[str]]]
) -> None:
    with app.app_context():
        with writing():
            for row in db.session.scalars(select(InputRequest)):
                db.session.delete(row)
        with reading():
            assert db.session.scalars(select(SearchDocument.number)).all() == []
            if db.engine.dialect.name == "sqlite":
                left = "SELECT count(*) FROM search_index WHERE search_index MATCH :token"
                assert db.session.execute(text(left), {"token": "a" * 16}).scalar() == 0
                db.session.execute(
                    text("INSERT INTO search_index(search_index) VALUES ('integrity-check')")
                )


def test_each_is_indexed_once_and_late_ones_too(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that was open for long commits what has an older id than others had."""
    monkeypatch.setattr(search, "_INDEXED_AT_ONCE", 1)
    with app.app_context():
        waiting = ask_in(cast.alice, None)
        assert index_next()
        assert not index_next()
        with writing():
            late, _ = make(cast.alice, waiting, 0)
        with writing():
            row = db.session.get_one(InputRequest, late)
            row.id = first_id_at(clock.now()) if row.id < waiting.request_id else row.id
        with reading():
            assert is_any_unindexed()
        assert index_next()
        assert not index_next()
        with reading():
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            assert found_by(workspace, "refund") == {late}
