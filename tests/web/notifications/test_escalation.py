"""The pages of Escalation: chains are listed, made, changed, tried and deleted."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web.models import EscalationChain, db
from opensink_web.models.transaction import reading
from opensink_web.operations.notifications.plan import PlannedStep, Who
from opensink_web.operations.notifications.queries import newest_plans
from tests.conftest import Cast
from tests.support.escalations import make_chain, plan_for
from tests.support.executions import make_function

PAGE = "/w/main/admin/escalation"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
FORM: dict[str, Any] = {
    "name": "Office",
    "subject": "",
    "is_active": "y",
    "time_zone": "Europe/Berlin",
    **dict.fromkeys(DAYS, "09:00-17:00"),
    "holidays": "2026-12-24\r\n2026-12-25",
    "amount_0": "1",
    "unit_0": "60",
    "who_0": "assignees",
    "amount_2": "90",
    "unit_2": "1",
    "who_2": "admins",
}


def chains(app: Flask) -> dict[str, Any]:
    """Return what each chain says, by its name."""
    with app.app_context(), reading():
        found = db.session.scalars(select(EscalationChain)).all()
        plans = newest_plans(found)
        return {each.name: plans[each.id] for each in found}


def test_without_any_the_page_says_what_they_are_for(alice: FlaskClient) -> None:
    page = alice.get(PAGE).text
    assert "No chains yet" in page
    assert f'href="{PAGE}/new"' in page


def test_a_chain_is_made_listed_and_drawn_again(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    form = alice.get(f"{PAGE}/new").text
    assert cast.bob.email in form
    assert cast.charlie.email not in form
    answer = alice.post(f"{PAGE}/new", data=FORM)
    assert (answer.status_code, answer.location) == (303, PAGE)
    plan = chains(app)["Office"]
    assert [(each.after_minutes, each.who) for each in plan.steps] == [
        (60, Who.ASSIGNEES),
        (90, Who.ADMINS),
    ]
    page = alice.get(PAGE).text
    assert all(text in page for text in ("Office", "1 working hour", "90 working minutes"))
    with app.app_context():
        chain_id = db.session.scalars(select(EscalationChain.id)).one()
    edited = alice.get(f"{PAGE}/{chain_id}/edit").text
    assert all(text in edited for text in ("2026-12-24", "Europe/Berlin", "Revisions"))
    assert alice.post(f"{PAGE}/{chain_id}/edit", data=FORM | {"name": "Desk"}).status_code == 303
    assert list(chains(app)) == ["Desk"]


def test_when_the_steps_would_come_is_shown_and_nothing_stored(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    asked = {"do": "preview", "asked_at": "2026-11-27T16:30", "amount_2": "3", "unit_2": "60"}
    answer = alice.post(f"{PAGE}/new", data=FORM | asked)
    assert answer.status_code == 200
    assert "Asked Friday, 2026-11-27 16:30" in answer.text
    assert "Monday, 2026-11-30 09:30" in answer.text
    assert "Monday, 2026-11-30 11:30" in answer.text
    assert chains(app) == {}


def test_what_never_comes_is_said(alice: FlaskClient) -> None:
    hours = dict.fromkeys(DAYS, "") | {"sunday": "02:00-02:15"}
    answer = alice.post(f"{PAGE}/new", data=FORM | hours | {"do": "preview", "amount_0": "500"})
    assert answer.status_code == 200
    assert "leave no working time" in answer.text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "Enter a name."),
        ({"time_zone": "Berlin"}, "There is no such time zone."),
        ({"monday": "nine to five"}, "Write from when to when"),
        (dict.fromkeys(DAYS, ""), "Say on at least one weekday"),
        ({"holidays": "2026-02-30"}, "“2026-02-30” is no day."),
        ({"amount_0": "1.5"}, "Enter a whole number"),
        ({"amount_0": "²"}, "Enter a whole number"),
        ({"amount_0": "99999"}, "minutes of working time."),
        ({"amount_0": "", "amount_2": ""}, "A chain has 1 to 10 steps."),
        ({"assign_2": "y"}, "can be assigned to a member or a team"),
        ({"who_0": "user:01a22c4e-8bc3-70b3-8d4a-ed1acc5686d4"}, "Not a valid choice"),
        ({"subject": "agent:01a22c4e-8bc3-70b3-8d4a-ed1acc5686d4"}, "Not a valid choice"),
        ({"do": "preview", "asked_at": "tomorrow"}, "Write a moment as"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_entered_kept(
    app: Flask, alice: FlaskClient, changes: dict[str, str], sentence: str
) -> None:
    answer = alice.post(f"{PAGE}/new", data=FORM | {"thursday": "10:00-11:11"} | changes)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "10:00-11:11" in answer.text or "thursday" in changes
    assert chains(app) == {}


def test_one_for_the_same_is_refused(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    with app.app_context():
        make_chain(cast.alice, plan_for())
        function_id = make_function(cast.alice)
    answer = alice.post(f"{PAGE}/new", data=FORM)
    assert answer.status_code == 422
    assert "The chain Standard is for the same already." in answer.text
    own = alice.post(f"{PAGE}/new", data=FORM | {"subject": f"function:{function_id}"})
    assert own.status_code == 303
    assert "Function tests/work" in alice.get(PAGE).text


def test_a_member_and_a_team_can_be_told(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    told = {"who_0": f"user:{cast.bob.id}", "assign_0": "y"}
    assert alice.post(f"{PAGE}/new", data=FORM | told).status_code == 303
    step = PlannedStep(60, Who.USER, cast.bob.id, also_assign=True)
    assert chains(app)["Office"].steps[0] == step
    assert f"{cast.bob.email} <span" in alice.get(PAGE).text


def test_one_is_deleted_after_a_question(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    with app.app_context():
        chain_id = make_chain(cast.alice, plan_for())
    assert "Delete the chain Standard?" in alice.get(PAGE).text
    assert alice.post(f"{PAGE}/{chain_id}/delete").status_code == 303
    assert chains(app) == {}


def test_only_who_may_sees_it(
    app: Flask, cast: Cast, bob: FlaskClient, charlie: FlaskClient
) -> None:
    with app.app_context():
        chain_id: UUID = make_chain(cast.alice, plan_for())
    assert bob.get(PAGE).status_code == 403
    assert bob.post(f"{PAGE}/new", data=FORM).status_code == 403
    assert bob.post(f"{PAGE}/{chain_id}/delete").status_code == 403
    elsewhere = f"/w/{cast.charlie.workspace_slug}/admin/escalation/{chain_id}"
    assert charlie.get(f"{elsewhere}/edit").status_code == 404
    assert charlie.post(f"{elsewhere}/delete").status_code == 404
    assert list(chains(app)) == ["Standard"]
