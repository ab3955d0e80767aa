"""Claiming and letting go many requests that were chosen in a list."""

from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from opensink_web.models.transaction import reading
from opensink_web.operations.requests.claim import claims_of_ids
from tests.conftest import Cast
from tests.support.bulk_cases import Inside, marks_of
from tests.support.review_cases import make_viewer

INBOX = "/w/main/inbox"
ALICE, BOB = "alice@example.com", "bob@example.com"


@pytest.fixture
def asked(cast: Cast, inside: Inside) -> list[UUID]:
    return inside.ask(cast.alice, 3)


def hold(
    browser: FlaskClient, ids: list[UUID], how: str, *, marks: list[str] | None = None
) -> TestResponse:
    chosen = marks_of(browser, INBOX, ids) if marks is None else marks
    return browser.post(f"{INBOX}/bulk/claim?order=newest", data={"chosen": chosen, "hold": how})


def holders(app: Flask, ids: list[UUID]) -> list[str | None]:
    with app.app_context(), reading():
        claims = claims_of_ids(ids)
        return [claims[each].user.email if each in claims else None for each in ids]


def test_all_of_them_are_claimed_and_let_go(
    app: Flask, bob: FlaskClient, asked: list[UUID]
) -> None:
    posted = hold(bob, asked[:2], "claim")
    assert (posted.status_code, posted.location) == (303, f"{INBOX}?order=newest")
    assert "2 requests are yours for now." in bob.get(posted.location).text
    assert holders(app, asked) == [BOB, BOB, None]
    hold(bob, asked, "toggle")  # one is nobody's: it takes that too
    assert holders(app, asked) == [BOB] * 3
    hold(bob, asked[:1], "release")
    assert holders(app, asked) == [None, BOB, BOB]
    hold(bob, asked[1:], "toggle")
    assert holders(app, asked) == [None] * 3


def test_of_each_that_is_left_it_says_why(
    app: Flask, alice: FlaskClient, bob: FlaskClient, charlie: FlaskClient, asked: list[UUID]
) -> None:
    free, theirs, decided = asked
    marks = marks_of(bob, INBOX, asked)
    alice.post(f"{INBOX}/bulk", data={"chosen": marks[2:], "verdict": "yes"})
    hold(alice, [theirs], "claim")
    for how, word, whose in (
        ("claim", "claimed", [BOB, ALICE]),
        ("release", "released", [None, ALICE]),
    ):
        told = hold(bob, asked, how, marks=marks).location
        page = bob.get(told).text
        assert told.endswith(f"/{word}?order=newest")
        assert f"Not {word}" in page
        assert f"{ALICE} has" in page.partition(f"request-{theirs}")[2]
        assert charlie.get(told).status_code == 404
        assert holders(app, [free, theirs]) == whose
        assert f'href="{INBOX}?order=newest"' in page
    claimed = bob.get(hold(bob, asked, "claim", marks=marks).location).text
    assert "1 claimed, 2 not" in claimed
    assert "already answered" in claimed.partition(f"request-{decided}")[2]


def test_wrong_input_does_nothing_and_keeps_what_was_chosen(
    app: Flask, bob: FlaskClient, asked: list[UUID]
) -> None:
    for how, marks in (("claim", []), ("take", None)):
        page = hold(bob, asked[:1], how, marks=marks)
        assert page.status_code == 422
        assert "Choose" in page.text
    assert "checked" in page.text.partition(f'id="choose-{asked[0]}"')[2].partition(">")[0]
    assert hold(bob, asked, "claim", marks=["nonsense"]).status_code == 400
    assert holders(app, asked) == [None] * 3


def test_who_only_reads_claims_nothing(
    app: Flask,
    cast: Cast,
    bob: FlaskClient,
    charlie: FlaskClient,
    asked: list[UUID],
) -> None:
    marks = marks_of(bob, INBOX, asked)
    make_viewer(app, cast.bob)
    assert hold(bob, asked, "claim", marks=marks).status_code == 403
    assert hold(charlie, asked, "claim", marks=marks).status_code == 404
    assert holders(app, asked) == [None] * 3
