"""Where buttons of messages lead: a page that shows all of it, and decides when it is sent."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web.models import InputRequestStatus, Vote, db
from opensink_web.models.transaction import reading
from tests.conftest import Cast
from tests.support.bulk_cases import AMOUNT, Inside
from tests.support.review_cases import make_viewer

PENDING, HELD = InputRequestStatus.PENDING, InputRequestStatus.HELD


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"UNDO_SECONDS": "5"}


@pytest.fixture
def asked(cast: Cast, inside: Inside) -> UUID:
    (request_id,) = inside.ask(cast.alice, 1)
    return request_id


def page_of(request_id: UUID, verdict: str = "yes") -> str:
    return f"/w/main/requests/{request_id}/decide/{verdict}"


def sent_by(html: str, **typed: str) -> dict[str, str]:
    """Return what the form of a page sends."""
    seen = re.search(r'name="_seen" value="(\w+)"', html)
    assert seen is not None, "there is no form"
    return {"_seen": seen[1], **typed}


@pytest.mark.parametrize(("verdict", "value"), [("yes", True), ("no", False)])
def test_looking_decides_nothing_and_sending_does_once(
    bob: FlaskClient, inside: Inside, asked: UUID, verdict: str, value: bool
) -> None:
    page = page_of(asked, verdict)
    for _ in range(2):
        html = bob.get(page).text
        assert bob.head(page).status_code == 200
    assert inside.of(asked, "status") is PENDING
    for shown in ("Number 0", "What is stored", "&#34;approved&#34;", "Nothing is decided yet"):
        assert shown in html
    form = sent_by(html)
    answer = bob.post(page, data=form)
    assert (answer.status_code, answer.location) == (303, f"/w/main/requests/{asked}")
    assert (inside.of(asked, "status"), inside.of(asked, "response")) == (HELD, {"approved": value})
    assert "Undo" in bob.get(answer.location).text
    again = bob.post(page, data=form)
    assert again.status_code == 409
    for told in (again.text, bob.get(page).text):
        assert "This was already answered by bob@example.com" in told
        assert 'name="_seen"' not in told


def test_a_call_is_approved_as_proposed_or_declined_with_a_reason(
    cast: Cast, bob: FlaskClient, inside: Inside
) -> None:
    first, second = inside.approvals(cast.alice, 2)
    html = bob.get(page_of(first)).text
    assert "The function is called with exactly this input" in html
    assert bob.post(page_of(first), data=sent_by(html)).status_code == 303
    assert inside.of(first, "status") is HELD
    assert inside.of(first, "response") == inside.of(first, "proposed_response")
    page = page_of(second, "decline")
    form = sent_by(bob.get(page).text, reason="  ")
    refused = bob.post(page, data=form)
    assert (refused.status_code, inside.of(second, "status")) == (422, PENDING)
    assert "Give a reason" in refused.text
    assert bob.post(page, data=form | {"reason": "Too dear."}).status_code == 303
    assert inside.of(second, "decline_reason") == "Too dear."


def test_what_was_changed_since_it_was_seen_is_not_decided(
    bob: FlaskClient, inside: Inside, asked: UUID
) -> None:
    page = page_of(asked)
    form = sent_by(bob.get(page).text)
    inside.change(asked, title="Buy it all?", digest="0" * 64)
    for data in (form, {}):
        told = bob.post(page, data=data)
        assert told.status_code == 409
        assert "This was changed while you had it open" in told.text
        assert "Buy it all?" in told.text
    assert inside.of(asked, "status") is PENDING
    inside.change(asked, status=InputRequestStatus.SUPERSEDED)
    told = bob.post(page, data=sent_by(told.text))
    assert told.status_code == 409
    for html in (told.text, bob.get(page).text):
        assert "asked something else instead of this" in html
        assert f'href="/w/main/requests/{asked}"' in html
    assert inside.of(asked, "status") is InputRequestStatus.SUPERSEDED


def test_only_who_may_decides_and_is_told_why_not(
    app: Flask,
    cast: Cast,
    inside: Inside,
    asked: UUID,
    alice: FlaskClient,
    bob: FlaskClient,
    charlie: FlaskClient,
) -> None:
    page = page_of(asked)
    form = sent_by(bob.get(page).text)
    stranger = app.test_client()
    assert stranger.head(page).status_code == 303
    assert str(asked) in stranger.get(page).location  # where one comes back to
    stranger.post(page, data=form)
    assert charlie.get(page).status_code == charlie.post(page, data=form).status_code == 404
    inside.change(asked, forbid_requester=True)
    told = alice.get(page).text
    assert "You asked for this yourself" in told
    assert 'name="_seen"' not in told
    assert alice.post(page, data=form).status_code == 403
    assert bob.post(f"/w/main/requests/{asked}/claim").status_code in {200, 303}
    inside.change(asked, forbid_requester=False)
    assert "bob@example.com has claimed this" in alice.get(page).text
    assert alice.post(page, data=form).status_code == 409
    make_viewer(app, cast.bob)
    assert bob.get(page).status_code == bob.post(page, data=form).status_code == 403
    assert inside.of(asked, "status") is PENDING


def test_it_counts_where_others_have_to_say_the_same(
    app: Flask, cast: Cast, bob: FlaskClient, inside: Inside, asked: UUID
) -> None:
    inside.change(asked, required_responses=2)
    assert bob.post(page_of(asked), data=sent_by(bob.get(page_of(asked)).text)).status_code == 303
    with app.app_context(), reading():
        voters = db.session.scalars(select(Vote.user_id).where(Vote.request_id == asked)).all()
    assert voters == [cast.bob.id]
    assert inside.of(asked, "status") is PENDING


@pytest.mark.parametrize(
    ("verdict", "changes", "says"),
    [
        ("yes", {}, "This asks for more than a Yes or No"),
        ("decline", {"allow_decline": False}, "needs an answer, so it cannot be declined"),
    ],
)
def test_what_takes_more_than_a_click_leads_to_its_page(
    cast: Cast,
    bob: FlaskClient,
    inside: Inside,
    verdict: str,
    changes: dict[str, Any],
    says: str,
) -> None:
    (asked,) = inside.ask(cast.alice, 1, AMOUNT)
    inside.change(asked, **changes)
    page = page_of(asked, verdict)
    html = bob.get(page).text
    assert says in html
    assert f'href="/w/main/requests/{asked}"' in html
    assert bob.post(page, data={"reason": "No."}).status_code == 409
    assert inside.of(asked, "status") is PENDING


def test_there_is_nothing_else_at_such_addresses(bob: FlaskClient, asked: UUID) -> None:
    for page in (page_of(asked, "answer"), page_of(asked, "x"), page_of(uuid4())):
        assert bob.get(page).status_code == bob.post(page).status_code == 404
