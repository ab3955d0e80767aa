"""Requests that several people have to answer: their page, their row, and many at once."""

import re
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from opensink_web.json_value import JSONValue
from opensink_web.models import Draft, InputRequestStatus, Quorum, Vote, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.decisions.holding import give_back, take_effect
from tests.conftest import Cast
from tests.support.bulk_cases import HTMX, Inside, marks_on
from tests.support.polling import asked_by_itself
from tests.support.review_cases import make_reviewer, make_viewer
from tests.web.conftest import browser_of
from tests.web.requests.test_claim import live_of
from tests.web.requests.test_row import button, row_of

INBOX = "/w/main/inbox"
PENDING, HELD = InputRequestStatus.PENDING, InputRequestStatus.HELD
RESOLVED = InputRequestStatus.RESOLVED
YES, NO = {"answer-0": "0"}, {"answer-0": "1"}
NO_REASON = {"_decline": "1", "reason": "Not now."}
PLAIN_AMOUNT: JSONValue = {
    "type": "object",
    "required": ["amount"],
    "properties": {"amount": {"type": "integer", "default": 7}},
}
AMOUNT: JSONValue = {
    "type": "object",
    "required": ["amount"],
    "properties": {
        "amount": {"type": "integer"},
        "pin": {"type": "string", "writeOnly": True},
    },
}


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"UNDO_SECONDS": "5"}


@pytest.fixture
def asked(cast: Cast, inside: Inside) -> UUID:
    (request_id,) = inside.ask(cast.alice, 1)
    inside.change(request_id, required_responses=2)
    return request_id


def page_of(request_id: UUID) -> str:
    return f"/w/main/requests/{request_id}"


def says_yes(browser: FlaskClient, request_id: UUID) -> str:
    """Answer in the row, and return the row as it is drawn then."""
    there = button(browser.get(INBOX).text, request_id, "yes")
    return browser.post(there, data={"verdict": "yes"}, headers=HTMX).text


def voters(app: Flask, request_id: UUID) -> list[str]:
    with app.app_context(), reading():
        query = select(Vote).where(Vote.request_id == request_id).order_by(Vote.cast_at)
        return [each.user.email for each in db.session.scalars(query) if each.user]


def test_news_of_the_list_are_each_readers_own(
    alice: FlaskClient, bob: FlaskClient, asked: UUID
) -> None:
    (news,) = (each for each in asked_by_itself(bob.get(INBOX).text) if "since=" in each)
    assert alice.get(news, headers=HTMX).status_code == 204
    says_yes(bob, asked)
    of_bob, of_alice = (each.get(news, headers=HTMX).text for each in (bob, alice))
    assert "1 of 2" in of_alice
    assert ("You answered" in of_bob, "You answered" in of_alice) == (True, False)


def test_what_one_has_said_is_filled_in_again_where_no_draft_was_kept(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, inside: Inside
) -> None:
    (asked,) = inside.ask(cast.alice, 1, PLAIN_AMOUNT)
    inside.change(asked, required_responses=2, quorum=Quorum.MAJORITY)
    page = page_of(asked)
    amount = re.compile(r'<input[^>]*id="answer-0"[^>]*value="4711"')
    reason = re.compile(r'<textarea[^>]*name="reason"[^>]*>\s*Not now\.')
    for data, filled in (({"answer-0": "4711"}, amount), (NO_REASON, reason)):
        assert bob.post(page, data=data).status_code == 303
        with app.app_context(), writing():
            db.session.execute(delete(Draft))
        html = bob.get(page).text
        assert filled.search(html)
        assert ("Nothing changed" in html) == (filled is reason), "beside what was proposed"
        assert not filled.search(alice.get(page).text)


def test_the_page_says_who_has_said_what_and_no_secret(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, inside: Inside
) -> None:
    (asked,) = inside.ask(cast.alice, 1, AMOUNT)
    inside.change(asked, required_responses=2)
    page = page_of(asked)
    before, there = alice.get(page).text, live_of(alice, asked)
    assert "0 of 2 say the same so far. It takes 2 people." in before
    assert "Others have to say the same before the agent goes on." in before
    posted = bob.post(page, data={"answer-0": "7", "answer-1": "hunter2"})
    assert posted.status_code == 303
    assert inside.of(asked, "status") is PENDING
    html = alice.get(page).text
    assert "1 of 2 say the same so far." in html
    assert "bob@example.com</strong>" in html
    assert "What they answered" in html
    assert "hunter2" not in html
    assert "is typing" not in html
    assert 'id="answer-form"' in html
    assert 'id="retract-button"' not in html
    assert "1 of 2 say the same so far." in alice.get(there, headers=HTMX).text


def test_what_one_has_said_can_be_taken_back_and_changed(
    app: Flask, alice: FlaskClient, bob: FlaskClient, inside: Inside, asked: UUID
) -> None:
    page = page_of(asked)
    assert bob.post(page, data=YES).status_code == 303
    own = bob.get(page).text
    assert "To change it, send another." in own
    assert bob.post(f"{page}/undo").status_code == 303
    assert voters(app, asked) == []
    bob.post(page, data=NO)
    bob.post(page, data=YES)
    alice.post(page, data=YES)
    assert inside.of(asked, "status") is HELD
    assert voters(app, asked) == ["bob@example.com", "alice@example.com"]


def test_the_next_page_says_what_one_has_said(
    cast: Cast, bob: FlaskClient, inside: Inside, asked: UUID
) -> None:
    inside.ask(cast.alice, 1)
    posted = bob.post(page_of(asked), data=YES)
    assert str(asked) in posted.location
    html = bob.get(posted.location).text
    assert "<strong>You answered</strong>" in html
    assert f'id="undo-{asked}"' in html


def test_undoing_the_last_vote_takes_it_back(
    app: Flask, alice: FlaskClient, bob: FlaskClient, inside: Inside, asked: UUID
) -> None:
    bob.post(page_of(asked), data=YES)
    alice.post(page_of(asked), data=YES)
    alice.post(f"{page_of(asked)}/undo")
    assert inside.of(asked, "status") is PENDING
    assert voters(app, asked) == ["bob@example.com"]
    alice.post(page_of(asked), data=YES)
    assert inside.of(asked, "status") is HELD
    with app.app_context(), writing():
        give_back(asked, "It failed.")
    assert inside.of(asked, "status") is PENDING
    assert voters(app, asked) == ["bob@example.com"], "the last one is asked again"
    alice.post(page_of(asked), data=YES)
    with app.app_context(), writing():
        take_effect(asked)
    assert inside.of(asked, "status") is RESOLVED
    with app.app_context(), reading():
        assert db.session.scalars(select(Draft)).all() == []
    assert "bob@example.com</strong>" in alice.get(page_of(asked)).text


def test_the_row_says_how_far_it_is(
    app: Flask, alice: FlaskClient, bob: FlaskClient, inside: Inside, asked: UUID
) -> None:
    assert "0 of 2" in row_of(alice.get(INBOX).text, asked)
    drawn = says_yes(bob, asked)
    assert "1 of 2" in drawn
    assert "You answered" in drawn
    assert f'id="yes-{asked}"' not in drawn
    assert marks_on(bob, INBOX) == {}
    back = bob.post(button(drawn, asked, "undo"), headers=HTMX).text
    assert f'id="yes-{asked}"' in back
    assert voters(app, asked) == []
    says_yes(bob, asked)
    assert "You answered" not in row_of(alice.get(INBOX).text, asked)
    says_yes(alice, asked)
    assert inside.of(asked, "status") is HELD


def test_of_many_those_that_wait_for_others_are_told_apart(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, inside: Inside, asked: UUID
) -> None:
    (alone,) = inside.ask(cast.alice, 1)
    marks = list(marks_on(bob, INBOX).values())
    posted = bob.post(f"{INBOX}/bulk", data={"chosen": marks, "verdict": "yes"})
    html = bob.get(posted.location).text
    assert "1 decided, 1 waiting for others" in html
    assert "Waiting for others to say the same" in html
    assert inside.statuses([asked, alone]) == [PENDING, HELD]
    bob.post(posted.location.partition("?")[0] + "/undo")
    assert "0 decided, 2 taken back" in bob.get(posted.location).text
    assert voters(app, asked) == []


def test_others_disagree_and_a_third_decides(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, inside: Inside, asked: UUID
) -> None:
    bob.post(page_of(asked), data=NO)
    alice.post(page_of(asked), data=YES)
    assert "1 of 2 say the same" in alice.get(page_of(asked)).text
    dora = browser_of(app, make_reviewer(app, cast, "dora"))
    dora.post(page_of(asked), data=NO)
    assert inside.of(asked, "status") is HELD


def test_a_viewer_reads_and_says_nothing(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, asked: UUID
) -> None:
    alice.post(page_of(asked), data=YES)
    make_viewer(app, cast.bob)
    html = bob.get(page_of(asked)).text
    assert "alice@example.com</strong>" in html
    assert bob.post(page_of(asked), data=YES).status_code == 403
    assert voters(app, asked) == ["alice@example.com"]


def test_charlie_sees_nothing(charlie: FlaskClient, asked: UUID) -> None:
    assert charlie.post(f"{page_of(asked)}/undo").status_code == 404
