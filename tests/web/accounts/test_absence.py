"""Out of office: saying so for oneself and for others, and what the deputy then has."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web import clock
from opensink_web.models import (
    Absence,
    AuditAction,
    AuditEntry,
    InputRequest,
    Membership,
    Role,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.deputy import deputies_in, stands_for
from opensink_web.operations.accounts.team import create_team
from opensink_web.operations.accounts.user import deactivate_member
from opensink_web.operations.audit.queries import details_of
from opensink_web.operations.decisions.ending import remove_member
from tests.conftest import Cast
from tests.support.bulk_cases import Inside
from tests.support.review_cases import YES
from tests.support.scenarios import admin_of

on_each_database = pytest.mark.usefixtures("on_each_database")
pytestmark = pytest.mark.usefixtures("later")  # the clock stands still: no day ends in between
ALICE, BOB = "alice@example.com", "bob@example.com"
INBOX = "/w/main/inbox"


@pytest.fixture
def environment(request: pytest.FixtureRequest, environment: dict[str, str]) -> dict[str, str]:
    return environment | getattr(request, "param", {})


@pytest.fixture
def inside(app: Flask) -> Inside:
    return Inside(app)


def days(begin: int = 0, end: int = 2) -> dict[str, str]:
    """Return the first and the last day of an absence, so many days from now."""
    today = clock.now().date()
    return {
        "begins": (today + timedelta(days=begin)).isoformat(),
        "ends": (today + timedelta(days=end)).isoformat(),
        "zone": "UTC",
    }


def form(cast: Cast, deputy: str = ALICE, begin: int = 0, end: int = 2) -> dict[str, str]:
    return {"workspace": str(cast.bob.workspace_id), "deputy": deputy, **days(begin, end)}


def absences(app: Flask) -> Sequence[Absence]:
    with app.app_context(), reading():
        rows = db.session.scalars(select(Absence)).all()
        db.session.expunge_all()
        return rows


def rows(browser: FlaskClient, view: str) -> list[str]:
    page = browser.get(f"{INBOX}?view={view}").text
    return re.findall(r'<li class="row-entry[^>]*id="request-([^"]+)"', page)


def give(browser: FlaskClient, request_id: UUID, whom: str) -> None:
    posted = browser.post(f"/w/main/requests/{request_id}/assign", data={"to": whom})
    assert posted.status_code == 303


@on_each_database
def test_what_is_theirs_is_the_deputys_while_they_are_away(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, inside: Inside
) -> None:
    own, of_team, free = inside.ask(cast.alice, 3)
    with app.app_context(), writing():
        workspace = admin_of(cast.alice.workspace_id).workspace
        create_team(workspace, name="Finance", description="", user_ids={cast.bob.id})
    give(alice, own, BOB)
    give(alice, of_team, "Finance")
    assert rows(alice, "mine") == []
    assert bob.post("/account/absences", data=form(cast)).status_code == 303
    assert rows(alice, "mine") == [str(own), str(of_team)]
    assert rows(bob, "mine") == [str(own), str(of_team)]
    assert rows(alice, "unassigned") == [str(free)]
    assert f"{BOB} (away, {ALICE})" in alice.get(INBOX).text
    page = alice.get(f"/w/main/requests/{own}").text
    assert f"You stand in for {BOB}." in page
    with app.app_context():
        assert deputies_in(cast.bob.workspace_id) == {cast.bob.id: cast.alice.id}


@on_each_database
def test_without_a_deputy_who_is_there_it_is_unassigned(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, inside: Inside
) -> None:
    (own,) = inside.ask(cast.alice, 1)
    give(alice, own, BOB)
    bob.post("/account/absences", data=form(cast, deputy=""))
    assert rows(alice, "unassigned") == [str(own)]
    (first,) = absences(app)
    bob.post(f"/account/absences/{first.id}/end")
    assert rows(alice, "unassigned") == []
    bob.post("/account/absences", data=form(cast))
    assert rows(alice, "unassigned") == []
    alice.post("/account/absences", data=form(cast, deputy=""))  # both are away
    assert rows(alice, "unassigned") == [str(own)]


@on_each_database
def test_who_stands_in_for_the_deputy_does_not_for_others(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient
) -> None:
    with app.app_context(), writing():
        db.session.add(
            Membership(user_id=cast.charlie.id, workspace_id=cast.bob.workspace_id, role="reviewer")
        )
    bob.post("/account/absences", data=form(cast))
    alice.post("/account/absences", data=form(cast, deputy="charlie@example.com"))
    with app.app_context():
        workspace_id = cast.bob.workspace_id
        assert stands_for(workspace_id, cast.charlie.id) == (cast.alice.id,)
        assert stands_for(workspace_id, cast.alice.id) == (cast.bob.id,)


def test_history_audit_and_api_say_in_whose_place(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, inside: Inside
) -> None:
    (own, other), (approval,) = inside.ask(cast.alice, 2), inside.approvals(cast.alice, 1)
    for each in (own, approval):
        give(alice, each, BOB)
    bob.post("/account/absences", data=form(cast))
    api = {"headers": {"Authorization": f"Bearer {cast.alice.api_key}"}}
    resolve = "/api/v1/agent-session-input-requests/{}/resolve"
    body = alice.post(resolve.format(own), json={"response": {"approved": True}}, **api).get_json()
    assert body["resolved_by"]["email"] == ALICE
    assert body["resolved_for"]["email"] == BOB
    body = alice.post(
        resolve.format(other), json={"response": {"approved": True}}, **api
    ).get_json()
    assert body["resolved_for"] is None
    assert f"{ALICE} for {BOB} answered" in alice.get(f"/w/main/requests/{own}").text
    untouched = {"answer-0": "1", "answer-1": "", "answer-2": ""}
    assert alice.post(f"/w/main/requests/{approval}", data=untouched).status_code == 303
    page = bob.get(f"/w/main/requests/{approval}").text
    assert f"{ALICE} for {BOB} approved the call" in page
    assert f"Approved by {ALICE} for {BOB}" in bob.get(f"{INBOX}?view=decided").text
    with app.app_context(), reading():
        entries = db.session.scalars(
            select(AuditEntry).where(AuditEntry.action == AuditAction.REQUEST_ANSWERED)
        )
        said = {each.subject_id: details_of(each).values.get("in_place_of") for each in entries}
        assert said == {own: BOB, other: None, approval: BOB}


@pytest.mark.parametrize("environment", [{"UNDO_SECONDS": "5"}], indirect=True)
def test_an_undone_decision_was_in_nobodys_place(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, inside: Inside
) -> None:
    (own,) = inside.ask(cast.alice, 1)
    give(alice, own, BOB)
    bob.post("/account/absences", data=form(cast))
    assert alice.post(f"/w/main/requests/{own}", data=YES).status_code == 303
    assert inside.of(own, "resolved_for_id") == cast.bob.id
    undone = alice.post(f"/w/main/requests/{own}/undo")
    assert undone.status_code == 303, undone.text[-3000:]
    assert inside.of(own, "resolved_for_id") is None


def test_the_deputy_hands_it_on_and_whose_it_was_stays_known(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, inside: Inside
) -> None:
    (own,) = inside.ask(cast.alice, 1)
    give(alice, own, BOB)
    bob.post("/account/absences", data=form(cast))
    with app.app_context(), writing():
        workspace = admin_of(cast.alice.workspace_id).workspace
        create_team(workspace, name="Finance", description="", user_ids=set())
    data = {"to": "Finance", "how": "hand_on"}
    assert alice.post(f"/w/main/requests/{own}/assign", data=data).status_code == 303
    with app.app_context(), reading():
        (assignment,) = db.session.get_one(InputRequest, own).assignments
        assert assignment.delegated_from_id == cast.bob.id


def test_an_absence_begins_and_ends_in_its_time_zone(
    app: Flask, cast: Cast, bob: FlaskClient
) -> None:
    data = {**form(cast), "begins": "2999-03-28", "ends": "2999-03-28", "zone": "Asia/Tokyo"}
    assert bob.post("/account/absences", data={**data, "note": "At sea"}).status_code == 303
    (absence,) = absences(app)
    assert absence.begins_at == datetime(2999, 3, 27, 15, tzinfo=UTC)
    assert absence.ends_at == datetime(2999, 3, 28, 15, tzinfo=UTC)
    page = bob.get("/account").text
    assert "At sea" in page
    assert ALICE in page
    bob.post(f"/account/absences/{absence.id}/end")
    assert absences(app) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"begins": ""}, "Choose the first day."),
        ({"ends": "tomorrow"}, "Not a valid date value."),
        ({"ends": "9999-12-31"}, "Choose another day."),
        ({"ends": "2001-01-01"}, "This is before the first day."),
        ({"begins": "2001-01-01", "ends": "2001-01-02"}, "This is over already."),
        ({"ends": "2998-01-01"}, "An absence takes 366 days at most."),
        ({"zone": "Mars/Olympus"}, "There is no such time zone."),
        ({"deputy": BOB}, "Somebody else has to stand in."),
        ({"deputy": "charlie@example.com"}, "There is no active member with this e-mail address."),
        ({"note": "n" * 201}, "Use at most 200 characters."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_stored(
    app: Flask, cast: Cast, bob: FlaskClient, changes: dict[str, str], sentence: str
) -> None:
    data = {**form(cast), "note": "kept words", **changes}
    answer = bob.post("/account/absences", data=data)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert data["note"] in answer.text
    assert absences(app) == []


def test_where_somebody_is_deactivated_they_change_nothing(
    app: Flask, cast: Cast, bob: FlaskClient
) -> None:
    bob.post("/account/absences", data=form(cast))
    [absence] = absences(app)
    with app.app_context(), writing():
        elsewhere = {"workspace_id": cast.charlie.workspace_id, "role": Role.VIEWER}
        db.session.add(Membership(user_id=cast.bob.id, **elsewhere))
        deactivate_member(admin_of(cast.alice.workspace_id), cast.bob.id)
    assert bob.post(f"/account/absences/{absence.id}/end").status_code == 303
    assert len(absences(app)) == 1


def test_two_at_the_same_time_are_refused(app: Flask, cast: Cast, bob: FlaskClient) -> None:
    bob.post("/account/absences", data=form(cast, begin=3, end=5))
    assert bob.post("/account/absences", data=form(cast, begin=6, end=7)).status_code == 303
    answer = bob.post("/account/absences", data=form(cast, begin=5, end=5))
    assert answer.status_code == 422
    assert "Another absence is at the same time." in answer.text
    assert len(absences(app)) == 2


def test_an_admin_says_it_for_a_member_and_only_an_admin(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, charlie: FlaskClient
) -> None:
    page = f"/w/main/admin/members/{cast.bob.id}/absences"
    assert "nothing is planned" in alice.get(page).text
    assert alice.post(page, data=form(cast)).status_code == 303
    (absence,) = absences(app)
    assert absence.user_id == cast.bob.id
    assert ">Away<" in alice.get("/w/main/admin/members").text
    assert alice.post(page, data=form(cast)).status_code == 422
    for browser, status in ((bob, 403), (charlie, 404)):
        assert browser.get(page).status_code == status
        assert browser.post(f"{page}/{absence.id}/end").status_code == status
    assert alice.get(f"/w/main/admin/members/{cast.charlie.id}/absences").status_code == 404
    theirs = f"/w/{cast.charlie.workspace_slug}/admin/members/{cast.bob.id}/absences"
    assert charlie.get(theirs).status_code == 404
    assert charlie.post(f"{theirs}/{absence.id}/end").status_code == 404
    alice.post(f"/account/absences/{absence.id}/end")  # it is not her own
    assert len(absences(app)) == 1
    assert alice.post(f"{page}/{absence.id}/end").status_code == 303
    assert absences(app) == []


@on_each_database
def test_it_ends_with_the_membership_and_a_deputy_who_left_stands_in_no_more(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient
) -> None:
    bob.post("/account/absences", data=form(cast))
    alice.post("/account/absences", data=form(cast, deputy=BOB))
    with app.app_context(), writing():
        deactivate_member(admin_of(cast.alice.workspace_id), cast.bob.id)
    with app.app_context():
        assert deputies_in(cast.bob.workspace_id) == {cast.bob.id: cast.alice.id}
    with app.app_context(), writing():
        remove_member(admin_of(cast.alice.workspace_id), cast.bob.id)
    (left,) = absences(app)
    assert left.user_id == cast.alice.id
    with app.app_context():
        assert deputies_in(cast.bob.workspace_id) == {}
