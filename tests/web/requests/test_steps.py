"""What pages say of a request that goes by a rule, and to whom they offer to decide."""

from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.team import update_team
from opensink_web.operations.requests.policy_step import PolicyStep
from tests.conftest import Cast
from tests.support.bulk_cases import Inside, marks_on, request_by_id
from tests.support.rule_cases import LARGE, by_team, here, make_finance, make_rule, put
from tests.web.requests.test_row import row_of

INBOX = "/w/main/inbox"


@pytest.fixture
def request_id(app: Flask, cast: Cast) -> UUID:
    with app.app_context():
        make_rule(cast, by_team(make_finance(cast)), PolicyStep("Second person"))
        return put(cast)


def test_they_say_which_step_it_is_and_offer_it_to_those_alone(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, request_id: UUID
) -> None:
    page = f"/w/main/requests/{request_id}"
    for browser in (alice, bob):
        assert "Step 1 of 2: Finance" in browser.get(INBOX).text
        assert "Step 1 of 2: Finance" in browser.get(page).text
    before_claiming, claiming, _ = alice.get(page).text.partition('id="claim-button"')
    assert (claiming != "", 'class="who-step"' in before_claiming) == (True, True)
    assert 'name="_seen"' in alice.get(page).text
    theirs = bob.get(page).text
    assert 'name="_seen"' not in theirs
    assert "You are not among them." in theirs
    assert 'id="assign-me"' not in alice.get(page).text
    assert 'id="assign-form"' not in alice.get(page).text
    refused = bob.post(page, data={})
    assert refused.status_code == 403
    assert alice.post(page, data={}).status_code == 303
    assert "Step 2 of 2: Second person" in bob.get(page).text
    assert 'name="_seen"' in bob.get(page).text
    assert "You decided in an earlier step" in alice.get(page).text
    assert "in Step 1 of 2: Finance" in bob.get(page).text
    assert bob.post(page, data={}).status_code == 303
    assert "A rule says that only they decide now" not in bob.get(page).text


def test_they_say_that_a_step_is_open_because_nobody_is_left(
    app: Flask, cast: Cast, bob: FlaskClient
) -> None:
    with app.app_context():
        team_id = make_finance(cast)
        make_rule(cast, by_team(team_id))
        request_id = put(cast)
        with writing():
            update_team(here(cast), team_id, {"user_ids": set()})
    page = f"/w/main/requests/{request_id}"
    assert "Fewer are left who can decide this step" in bob.get(page).text
    assert bob.post(page, data={}).status_code == 303


def test_it_is_said_to_whom_an_answer_goes_on_and_why(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient
) -> None:
    with app.app_context():
        finance = by_team(make_finance(cast))
        make_rule(cast, finance, PolicyStep("Second"), condition=LARGE, name="Large")
        request_id = put(cast, None)
    page = f"/w/main/requests/{request_id}"
    posted = bob.post(page, data={"answer-0": "50000"})
    assert posted.status_code == 303
    told = "For this answer the rule “Large” says who decides: Step 2 of 3: Finance"
    next_page = bob.get(posted.location).text
    assert "<strong>You answered</strong>" in next_page
    assert told in next_page
    assert f'id="undo-{request_id}"' not in next_page, "the others are asked already"
    theirs = bob.get(page).text
    assert "You are not among them." in theirs
    assert 'id="retract-button"' not in theirs
    shown = alice.get(page).text
    assert "“Large”</span> holds for what was answered" in shown
    assert "A rule says that only they decide now" not in shown
    assert 'value="50000"' in shown
    assert "Step 2 of 3: Finance" in row_of(alice.get(INBOX).text, request_id)
    assert alice.post(page, data={"answer-0": "50000"}).status_code == 303
    assert bob.post(page, data={"answer-0": "50000"}).status_code == 303
    with app.app_context():
        assert request_by_id(request_id).response == {"amount": 50_000}


def test_of_many_what_goes_on_to_the_next_step_waits_for_others(
    app: Flask, cast: Cast, alice: FlaskClient, inside: Inside
) -> None:
    with app.app_context():
        make_rule(cast, by_team(make_finance(cast)), PolicyStep("Second"))
    inside.ask(cast.alice, 1)
    marks = list(marks_on(alice, INBOX).values())
    posted = alice.post(f"{INBOX}/bulk", data={"chosen": marks, "verdict": "yes"})
    assert "0 decided, 1 waiting for others" in alice.get(posted.location).text


def test_of_another_workspace_nothing_is_seen(charlie: FlaskClient, request_id: UUID) -> None:
    assert charlie.get(f"/w/main/requests/{request_id}").status_code == 404
