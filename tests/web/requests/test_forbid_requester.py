"""Whoever asked may not decide: the pages say so, and whatever is sent all the same is refused."""

from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web.models import InputRequestStatus, Vote, db
from tests.conftest import Cast
from tests.support.bulk_cases import AMOUNT, HTMX, Inside, marks_on
from tests.web.requests.test_row import row_of

INBOX = "/w/main/inbox"
PENDING = InputRequestStatus.PENDING
WHY = "You asked for "


@pytest.fixture(params=["asked", "revised", "voted"])
def revised(request: pytest.FixtureRequest, cast: Cast) -> dict[str, object]:
    """What a row says that somebody else has asked anew, for whom alone it would not be refused."""
    if request.param == "asked":
        return {}
    if request.param == "voted":
        return {"required_responses": 2}
    return {"requested_by_id": cast.charlie.id, "earlier_requester_ids": [str(cast.alice.id)]}


@pytest.fixture
def asked(cast: Cast, inside: Inside, revised: dict[str, object]) -> UUID:
    (request_id,) = inside.ask(cast.alice, 1)
    inside.change(request_id, forbid_requester=True, **revised)
    return request_id


def assert_undecided(inside: Inside, request_id: UUID) -> None:
    """Check that it waits, and that nothing counts as said either."""
    assert inside.of(request_id, "status") is PENDING
    with inside.app.app_context():
        assert db.session.scalars(select(Vote)).all() == []


def test_the_page_says_why_there_is_no_form(
    alice: FlaskClient, bob: FlaskClient, inside: Inside, asked: UUID
) -> None:
    page = f"/w/main/requests/{asked}"
    html = alice.get(page).text
    assert WHY in html
    assert 'id="answer-form"' not in html
    assert 'id="claim-button"' not in html
    assert 'id="assign-form"' in html, "they may say who does"
    refused = alice.post(page, data={"decline": "1", "_decline": "1", "reason": "No."})
    assert refused.status_code == 403
    assert_undecided(inside, asked)
    theirs = bob.get(page).text
    assert WHY not in theirs
    assert "who may not decide on it" in theirs
    assert 'id="answer-form"' in theirs


def test_its_row_offers_nothing_and_takes_nothing(
    alice: FlaskClient, bob: FlaskClient, inside: Inside, asked: UUID
) -> None:
    row = row_of(alice.get(INBOX).text, asked)
    assert "For others to decide" in row
    assert "<button" not in row
    assert "<input" not in row
    there = f"/w/main/requests/{asked}/row"
    seen = {"seen": marks_on(bob, INBOX)[str(asked)].split(".")[1]}
    sent = alice.post(there, data={"verdict": "yes"}, query_string=seen, headers=HTMX)
    assert WHY in sent.text
    assert WHY in alice.post(f"{there}/claim", headers=HTMX).text
    assert_undecided(inside, asked)


def test_no_link_of_a_message_decides_it(alice: FlaskClient, inside: Inside, asked: UUID) -> None:
    there = f"/w/main/requests/{asked}/decide/yes"
    assert WHY in alice.get(there).text
    assert WHY in alice.post(there, follow_redirects=True).text
    assert_undecided(inside, asked)


def test_of_many_it_is_left_and_named(
    cast: Cast, alice: FlaskClient, bob: FlaskClient, inside: Inside, asked: UUID
) -> None:
    (other,) = inside.ask(cast.alice, 1)
    marks = list(marks_on(bob, INBOX).values())
    posted = alice.post(f"{INBOX}/bulk", data={"chosen": marks, "verdict": "yes"})
    results = alice.get(posted.location).text
    assert "1 decided, 1 not" in results
    assert WHY in results
    assert_undecided(inside, asked)
    assert inside.of(other, "status") is InputRequestStatus.RESOLVED


def test_no_table_takes_it(
    cast: Cast,
    alice: FlaskClient,
    bob: FlaskClient,
    inside: Inside,
    revised: dict[str, object],
) -> None:
    (asked,) = inside.ask(cast.alice, 1, AMOUNT)
    inside.change(asked, forbid_requester=True, **revised)
    table = f"{INBOX}/table"
    assert marks_on(alice, table, "row") == {}
    mark = marks_on(bob, table, "row")[str(asked)]
    cells = {f"row{asked.hex}-0": "7"}
    posted = alice.post(table, data={"row": mark, "chosen": mark, **cells})
    assert WHY in alice.get(posted.location).text
    assert_undecided(inside, asked)
