"""Claiming a request: on its page, in its row, and what those see who do not have it."""

import re
from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from opensink_web import clock
from opensink_web.models import Claim, Draft, InputRequestStatus, db
from opensink_web.models.transaction import Area, Change, changes_committed, reading, writing
from opensink_web.work.chores import LAPSING
from tests.conftest import Cast
from tests.support.bulk_cases import Inside, marks_of
from tests.support.review_cases import make_viewer

INBOX = "/w/main/inbox"
HTMX = {"HX-Request": "true"}
ALICE, BOB = "alice@example.com", "bob@example.com"
PENDING = InputRequestStatus.PENDING


@pytest.fixture
def asked(cast: Cast, inside: Inside) -> UUID:
    (request_id,) = inside.ask(cast.alice, 1)
    return request_id


def page_of(request_id: UUID) -> str:
    return f"/w/main/requests/{request_id}"


def claim(browser: FlaskClient, request_id: UUID, **data: str) -> int:
    return browser.post(f"{page_of(request_id)}/claim", data=data).status_code


def holder(app: Flask, request_id: UUID) -> str | None:
    with app.app_context(), reading():
        query = select(Claim).where(Claim.request_id == request_id)
        found = db.session.scalars(query).one_or_none()
        return found.user.email if found else None


def lapses_at(app: Flask, request_id: UUID) -> object:
    with app.app_context(), reading():
        return db.session.scalar(select(Claim.lapses_at).where(Claim.request_id == request_id))


def live_of(browser: FlaskClient, request_id: UUID) -> str:
    """Return where the page asks for news."""
    found = re.search(r'hx-get="([^"]+/live[^"]*)"', browser.get(page_of(request_id)).text)
    assert found is not None
    return found[1].replace("&amp;", "&")


def test_the_page_claims_and_lets_go(app: Flask, bob: FlaskClient, asked: UUID) -> None:
    assert 'data-key="c"' in bob.get(page_of(asked)).text
    posted = bob.post(f"{page_of(asked)}/claim?key=k")
    assert (posted.status_code, posted.location) == (303, f"{page_of(asked)}?key=k")
    page = bob.get(page_of(asked)).text
    assert "You claimed this" in page
    assert "Take over" not in page
    assert bob.post(f"{page_of(asked)}/release").status_code == 303
    assert holder(app, asked) is None


def test_who_does_not_have_it_decides_on_no_path(
    alice: FlaskClient, bob: FlaskClient, asked: UUID, inside: Inside
) -> None:
    marks = marks_of(alice, INBOX, [asked])
    claim(bob, asked)
    page = alice.get(page_of(asked)).text
    assert f"{BOB}</strong> claimed this" in page
    assert "Take over…" in page
    seen = marks[0].split(".")[1]
    answers = [
        alice.post(f"{page_of(asked)}/row?seen={seen}", data={"verdict": "yes"}, headers=HTMX),
        alice.get(alice.post(f"{INBOX}/bulk", data={"chosen": marks, "verdict": "no"}).location),
        alice.post(page_of(asked), data={"_decline": "1", "reason": "No.", "_seen": seen}),
    ]
    for answer in answers:
        assert f"{BOB} has claimed this" in answer.text
    assert inside.of(asked, "status") is PENDING


def test_taking_over_asks_once_more(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, asked: UUID
) -> None:
    claim(bob, asked)
    assert claim(alice, asked) == 409
    assert claim(alice, asked, instead_of=str(cast.alice.id)) == 409
    assert claim(alice, asked, instead_of="nonsense") == 400
    assert holder(app, asked) == BOB
    assert claim(alice, asked, instead_of=str(cast.bob.id)) == 303
    assert holder(app, asked) == ALICE
    assert f"took “Number 0” over from {BOB}" in alice.get(page_of(asked)).text


def test_news_of_a_claim_take_the_place_of_the_buttons(
    alice: FlaskClient, bob: FlaskClient, asked: UUID
) -> None:
    live = live_of(alice, asked)
    claim(bob, asked)
    news = alice.get(live, headers=HTMX).text
    assert 'id="send-claim" hx-swap-oob="true"' in news
    assert "Take over…" in news
    live = live_of(alice, asked)
    bob.post(f"{page_of(asked)}/release")
    news = alice.get(live, headers=HTMX).text
    assert 'id="send-claim" hx-swap-oob="true"' in news
    assert "Take over…" not in news


def test_a_script_gets_the_parts_that_change(bob: FlaskClient, asked: UUID) -> None:
    part = bob.post(f"{page_of(asked)}/claim", headers=HTMX)
    assert part.status_code == 200
    assert part.text.strip().startswith('<div class="who" id="who"')
    assert 'id="send-claim" hx-swap-oob="true"' in part.text


def test_the_row_says_who_has_it_and_the_key_toggles(
    app: Flask, alice: FlaskClient, bob: FlaskClient, asked: UUID
) -> None:
    there = f"{page_of(asked)}/row/claim"
    assert f'hx-post="{there}"' in bob.get(INBOX).text
    row = bob.post(there, headers=HTMX).text
    assert f"Claimed by {BOB}" in row
    assert f"Claimed by {BOB}" in alice.get(INBOX).text
    assert f"{BOB} has claimed this" in alice.post(there, headers=HTMX).text
    assert bob.post(there).location == INBOX
    assert holder(app, asked) is None


def test_typing_renews_it_and_others_see_who_types(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, asked: UUID
) -> None:
    claim(bob, asked)
    before = lapses_at(app, asked)
    live = live_of(alice, asked)
    bob.post(f"{page_of(asked)}/draft", data={"reason": "Because"})
    assert str(lapses_at(app, asked)) > str(before)
    assert "is typing an answer" in alice.get(live, headers=HTMX).text
    assert "is typing an answer" not in bob.get(page_of(asked)).text
    with app.app_context(), writing():
        old = clock.now() - timedelta(seconds=61)
        db.session.execute(update(Draft).values(updated_at=old))
    assert "is typing an answer" not in alice.get(page_of(asked)).text


def test_who_only_reads_claims_nothing(
    app: Flask, cast: Cast, charlie: FlaskClient, bob: FlaskClient, asked: UUID
) -> None:
    make_viewer(app, cast.bob)
    assert 'data-key="c"' not in bob.get(page_of(asked)).text
    for browser, status in ((bob, 403), (charlie, 404)):
        for what in ("claim", "release", "row/claim"):
            assert browser.post(f"{page_of(asked)}/{what}").status_code == status
    assert holder(app, asked) is None


def test_what_has_lapsed_is_news_to_open_lists(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, inside: Inside
) -> None:
    lapsing, held = inside.ask(cast.alice, 2)
    for each in (lapsing, held):
        claim(bob, each)
    with app.app_context(), writing():
        early = clock.now() - timedelta(seconds=1)
        db.session.execute(update(Claim).where(Claim.request_id == lapsing).values(lapses_at=early))
    told: list[Change] = []

    def hear(_: object, changes: Collection[Change]) -> None:
        told.extend(changes)

    with app.app_context(), changes_committed.connected_to(hear):
        (chore,) = LAPSING
        assert chore.go_on()
        assert not chore.go_on()
    assert told == [Change(cast.alice.workspace_id, Area.REQUESTS)]
    assert (holder(app, lapsing), holder(app, held)) == (None, BOB)
    assert alice.get(INBOX).text.count(f"Claimed by {BOB}") == 1
