"""What was changed of a proposal, wherever a decision is shown."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import InputRequest, db
from opensink_web.models.transaction import writing
from tests.conftest import Cast
from tests.support import pause_scenarios
from tests.support.pause_scenarios import Paused, approval_in, paused_in, refuse
from tests.support.review_cases import ask_again, words_of
from tests.support.scenarios import ask_in

SCHEMA: JSONValue = {
    "type": "object",
    "properties": {
        "quantity": {"type": "integer", "title": "Quantity", "default": 100},
        "pin": {"type": "string", "title": "PIN", "writeOnly": True, "default": "s3cret-1"},
        "note": {"type": "string", "title": "Note"},
    },
}
CHANGED = {"answer-0": "80", "answer-1": "s3cret-2", "answer-2": "filled in"}
UNTOUCHED = {"answer-0": "100", "answer-1": "", "answer-2": ""}


@pytest.fixture
def approval(app: Flask, cast: Cast) -> Paused:
    with app.app_context():
        return approval_in(cast.alice)[0]


def decide(app: Flask, cast: Cast, paused: Paused, response: JSONObject) -> None:
    with app.app_context():
        pause_scenarios.answer(cast.bob, paused, response)


def question_in(app: Flask, cast: Cast) -> tuple[str, str]:
    """Ask with a proposal; return the page of the request and that of the session."""
    with app.app_context():
        waiting = ask_in(cast.alice, None)
    request_id = ask_again(app, waiting, "How many?", SCHEMA)
    return f"/w/main/requests/{request_id}", f"/w/main/sessions/{waiting.session_id}"


def test_the_page_of_an_answer_shows_each_field_once(
    app: Flask, cast: Cast, bob: FlaskClient
) -> None:
    page, session = question_in(app, cast)
    assert bob.post(page, data=CHANGED).status_code == 303

    words = words_of(bob.get(page).text)
    assert "The answer 2 fields changed" in words
    assert "Quantity changed Proposed 100 decided 80 PIN changed Secret, changed" in words
    assert "Note filled in" in words
    assert "Answered by you, with 2 fields changed" in words
    assert "Answered, with 2 fields changed" in words_of(bob.get(session).text)
    for html in (bob.get(page).text, bob.get(session).text):
        assert "s3cret" not in html


def test_what_was_taken_as_it_was_proposed_says_so(
    app: Flask, cast: Cast, bob: FlaskClient
) -> None:
    page, session = question_in(app, cast)
    assert bob.post(page, data=UNTOUCHED).status_code == 303

    words = words_of(bob.get(page).text)
    assert "The answer As proposed Quantity 100 PIN Secret, not shown" in words
    assert "Answered by you " in words
    assert "changed" not in words_of(bob.get(session).text)


def test_where_nothing_was_proposed_nothing_is_said_of_it(
    app: Flask, cast: Cast, bob: FlaskClient
) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, None)
    page = f"/w/main/requests/{waiting.request_id}"
    assert bob.post(page, data={"answer-0": "0"}).status_code == 303
    words = words_of(bob.get(page).text)
    assert "As proposed" not in words
    assert "changed" not in words


def test_an_approval_of_another_input_shows_both_in_one_view(
    app: Flask, cast: Cast, bob: FlaskClient, approval: Paused
) -> None:
    decide(app, cast, approval, {"amount": 10, "token": "s3cret", "note": "less"})

    html = bob.get(f"/w/main/requests/{approval.request_id}").text
    words = words_of(html)
    assert "The input that was approved 2 fields changed" in words
    assert (
        "Amount changed Proposed 60.0 decided 10 Note added less Token Secret, not shown" in words
    )
    assert html.count('<dl class="answer-facts ') == 1
    assert "s3cret" not in html


def test_so_does_one_that_was_decided_before_changes_were_kept(
    app: Flask, cast: Cast, bob: FlaskClient, approval: Paused
) -> None:
    decide(app, cast, approval, {"amount": 10, "token": "s3cret"})
    with app.app_context(), writing():
        db.session.execute(update(InputRequest).values(sealed_edited=None))

    words = words_of(bob.get(f"/w/main/requests/{approval.request_id}").text)
    assert "The input that was approved 1 field changed" in words
    assert "Proposed 60.0 decided 10" in words


def test_one_that_was_rejected_shows_what_was_proposed(
    app: Flask, cast: Cast, bob: FlaskClient, approval: Paused
) -> None:
    with app.app_context():
        refuse(cast.bob, approval.request_id, "No.")

    words = words_of(bob.get(f"/w/main/requests/{approval.request_id}").text)
    assert "The input that was proposed Amount 60.0" in words
    assert "changed" not in words


def test_the_execution_and_the_inbox_count_what_was_changed(
    app: Flask, cast: Cast, bob: FlaskClient, approval: Paused
) -> None:
    decide(app, cast, approval, {"amount": 10})

    page = words_of(bob.get(f"/w/main/executions/{approval.execution_id}").text)
    assert "bob@example.com approved the call, with 2 fields changed." in page
    inbox = words_of(bob.get("/w/main/inbox?view=decided").text)
    assert "Amount, Token changed" in inbox
    assert "Approved by bob@example.com" in inbox


def test_the_history_of_an_execution_counts_what_an_answer_changed(
    app: Flask, cast: Cast, bob: FlaskClient
) -> None:
    with app.app_context():
        paused = paused_in(cast.alice, schema=SCHEMA)
    decide(app, cast, paused, {"quantity": 5, "pin": "s3cret-1"})

    page = words_of(bob.get(f"/w/main/executions/{paused.execution_id}").text)
    assert "Goes on, with 1 field changed bob@example.com" in page


def test_the_inbox_is_drawn_where_what_was_changed_cannot_be_decrypted(
    app: Flask, cast: Cast, bob: FlaskClient, approval: Paused
) -> None:
    decide(app, cast, approval, {"amount": 10})
    with app.app_context(), writing():
        db.session.execute(update(InputRequest).values(sealed_edited="unreadable"))
    response = bob.get("/w/main/inbox?view=decided")
    assert response.status_code == 200
    assert "Approved by bob@example.com" in response.text
