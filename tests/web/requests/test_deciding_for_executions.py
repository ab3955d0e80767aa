"""What executions ask, as reviewers see it: in the inbox, on its page, and what became of it."""

from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import ExecutionStatus, InputRequest, InputRequestStatus, db
from opensink_web.models.transaction import writing
from opensink_web.outbound.outcome import Awaits, Failure, Output
from tests.conftest import Cast
from tests.support.executions import claim_some, execution, finish_all
from tests.support.pause_scenarios import PROPOSED, Paused, approval_in, cancel, paused_in
from tests.support.review_cases import HTMX, YES, make_viewer, news, refresh_href, words_of
from tests.support.scenarios import ENDPOINT, SCHEMA, answer, ask_in
from tests.web.conftest import browser_of

INBOX = "/w/main/inbox"
AMOUNT, NOTE, TOKEN = "answer-0", "answer-1", "answer-2"
UNTOUCHED = {AMOUNT: "60.0", NOTE: "", TOKEN: ""}
DECLINE = {"_decline": "1"}
SECRET = "s3cret"


@pytest.fixture
def paused(app: Flask, cast: Cast) -> Paused:
    with app.app_context():
        return paused_in(cast.alice)


@pytest.fixture
def approval(app: Flask, cast: Cast) -> Paused:
    with app.app_context():
        return approval_in(cast.alice)[0]


def page_of(paused: Paused) -> str:
    return f"/w/main/requests/{paused.request_id}"


def stored(app: Flask, paused: Paused) -> tuple[InputRequestStatus, JSONObject | None]:
    with app.app_context():
        asked = db.session.get_one(InputRequest, paused.request_id)
        return asked.status, asked.response


class TestInbox:
    def test_says_which_function_asks_and_which_of_a_batch(
        self, app: Flask, cast: Cast, bob: FlaskClient, paused: Paused
    ) -> None:
        with app.app_context():
            approval_in(cast.alice, [{"amount": 1}, {"amount": 2}], is_batch=True)
            ask_in(cast.alice, None)

        html = bob.get(INBOX).text

        assert "billing/transfer" in html
        assert "Which account?" in html
        assert "billing/refund" in html
        assert "Input 1 of a batch" in html
        assert html.count(">Approval<") == 2
        assert ">amount: 2<" in html
        assert "Trader" in html
        assert "<title>(4) Inbox" in html

    def test_previews_an_input_without_its_secrets(
        self, bob: FlaskClient, approval: Paused
    ) -> None:
        html = bob.get(INBOX).text

        assert "amount: 60.0, token: " in unescape(html)
        assert SECRET not in html

    def test_says_how_it_was_decided(
        self, bob: FlaskClient, paused: Paused, approval: Paused
    ) -> None:
        bob.post(page_of(paused), data=YES)
        bob.post(page_of(approval), data=DECLINE | {"reason": "No."})

        html = bob.get(f"{INBOX}?view=decided").text

        assert "Answered by bob@example.com" in html
        assert "Declined by bob@example.com" in html
        assert "state-danger" not in html  # a person's No is no failure


class TestQuestion:
    def test_shows_what_is_asked_and_leads_to_the_execution(
        self, bob: FlaskClient, paused: Paused
    ) -> None:
        html = bob.get(page_of(paused)).text

        assert "billing/transfer" in html
        assert html.count("Which account?") == 3  # the window, the heading and the history
        assert "<strong>two</strong>" in html
        assert html.count("money <em>back</em>") == 1  # what the function says of itself
        assert f'href="/w/main/executions/{paused.execution_id}"' in html
        assert "Yes</span>" in html
        assert "Decline…" in html
        assert "Asked a person" in html

    def test_watches_how_the_execution_goes_on(
        self, app: Flask, bob: FlaskClient, paused: Paused
    ) -> None:
        assert bob.post(page_of(paused), data=YES).status_code == 303
        html = bob.get(page_of(paused)).text
        assert "Answered by you" in html
        assert "Queued for the next free worker" in html

        with app.app_context():
            claims = claim_some(execution(paused.execution_id).group_id)
        status, part = news(bob, refresh_href(html))
        assert status == 200
        assert "The function is running" in part

        with app.app_context():
            finish_all(claims, Output({"done": True}))
        status, part = news(bob, refresh_href(part))
        assert "Execution completed" in part
        assert "data-live-every" not in part

    @pytest.mark.parametrize(
        ("outcome", "words"),
        [
            (Failure("It went wrong."), "It went wrong."),
            (Awaits("And why?", SCHEMA), "The function waits for more input"),
        ],
    )
    def test_tells_what_else_may_become_of_it(
        self, app: Flask, bob: FlaskClient, paused: Paused, outcome: Failure | Awaits, words: str
    ) -> None:
        bob.post(page_of(paused), data=YES)
        with app.app_context():
            finish_all(claim_some(execution(paused.execution_id).group_id), outcome)

        html = bob.get(page_of(paused)).text

        assert words in html
        assert "data-live-every" not in html  # nothing more is to come

    def test_can_be_declined(self, app: Flask, bob: FlaskClient, paused: Paused) -> None:
        response = bob.post(page_of(paused), data=DECLINE | {"reason": "Ask\r\nAlice."})

        assert response.status_code == 303
        html = bob.get(page_of(paused)).text
        assert "Declined by you" in html
        assert "Ask\nAlice." in html
        assert "The execution ended with this reason" in html


class TestApproval:
    def test_says_who_wants_to_call_what_with_which_input(
        self, bob: FlaskClient, approval: Paused
    ) -> None:
        html = bob.get(page_of(approval)).text

        assert "Call billing/refund?" in html
        assert "alice@example.com" in html
        assert html.count("money <em>back</em>") == 1
        assert 'value="60.0"' in html
        assert 'value="none"' not in html  # the schema's default is not what was proposed
        assert SECRET not in html
        assert "Approve" in html
        assert "Decline…" in html

    def test_approves_what_was_proposed(
        self, app: Flask, bob: FlaskClient, approval: Paused
    ) -> None:
        assert bob.post(page_of(approval), data=UNTOUCHED).status_code == 303

        assert stored(app, approval) == (InputRequestStatus.RESOLVED, PROPOSED)
        html = bob.get(page_of(approval)).text
        assert "Approved by you<" in html
        assert "The input that was approved" in html
        assert "As proposed" in html
        assert "answer-before" not in html
        assert SECRET not in html

    def test_approves_an_edited_input_and_keeps_the_proposed_one(
        self, app: Flask, bob: FlaskClient, approval: Paused
    ) -> None:
        assert bob.post(page_of(approval), data=UNTOUCHED | {AMOUNT: "10"}).status_code == 303

        assert stored(app, approval)[1] == {"amount": 10, "token": SECRET}
        with app.app_context():
            assert execution(approval.execution_id).input_data["amount"] == 10
        html = bob.get(page_of(approval)).text
        assert "Approved by you, with 1 field changed" in html
        assert "Proposed 60.0 decided 10" in words_of(html)
        assert "1 field changed" in html
        assert SECRET not in html

    def test_approves_nothing_that_the_function_would_not_take(
        self, app: Flask, bob: FlaskClient, approval: Paused
    ) -> None:
        response = bob.post(page_of(approval), data=UNTOUCHED | {AMOUNT: "1000"})

        assert response.status_code == 422
        assert 'href="#answer-0"' in response.text
        assert stored(app, approval) == (InputRequestStatus.PENDING, None)

    def test_rejects_with_the_reason(self, app: Flask, bob: FlaskClient, approval: Paused) -> None:
        response = bob.post(
            page_of(approval), data=UNTOUCHED | DECLINE | {"reason": "Too expensive."}
        )

        assert response.status_code == 303
        with app.app_context():
            assert execution(approval.execution_id).status is ExecutionStatus.FAILED
        html = bob.get(page_of(approval)).text
        assert "Declined by you" in html
        assert "Too expensive." in html
        assert "The input that was proposed" in html

    @pytest.mark.parametrize(
        ("reason", "words"), [("  ", "Give a reason"), ("x" * 2001, "Use at most 2000")]
    )
    def test_without_a_reason_nothing_is_decided_and_what_was_typed_is_kept(
        self, app: Flask, bob: FlaskClient, approval: Paused, reason: str, words: str
    ) -> None:
        sent = DECLINE | {AMOUNT: "12.5", NOTE: "my words", "reason": reason}
        response = bob.post(page_of(approval), data=sent)

        assert response.status_code == 422
        assert words in response.text
        assert '<details class="confirm" id="decline" open>' in response.text
        assert 'value="12.5"' in response.text
        assert "my words" in response.text
        assert stored(app, approval) == (InputRequestStatus.PENDING, None)

    def test_waits_for_its_time_once_it_is_approved(
        self, app: Flask, cast: Cast, bob: FlaskClient
    ) -> None:
        with app.app_context():
            (later,) = approval_in(cast.alice, delay_seconds=3600)
        bob.post(page_of(later), data=UNTOUCHED)

        assert "The call waits for its time" in bob.get(page_of(later)).text


def test_the_second_of_two_is_told_and_keeps_what_was_typed(
    app: Flask, cast: Cast, bob: FlaskClient, approval: Paused
) -> None:
    alice = browser_of(app, cast.alice)
    href = refresh_href(bob.get(page_of(approval)).text)
    alice.post(page_of(approval), data=UNTOUCHED)

    response = bob.post(page_of(approval), data=DECLINE | {AMOUNT: "12.5", "reason": "My reason."})

    assert response.status_code == 409
    assert "already approved by alice@example.com" in response.text
    assert 'value="12.5"' in response.text
    _, part = news(bob, href)
    assert "Approved by alice@example.com" in part
    assert "can no longer be sent" in part


def test_what_was_cancelled_cannot_be_decided(
    app: Flask, cast: Cast, bob: FlaskClient, approval: Paused
) -> None:
    with app.app_context():
        cancel(cast.alice, approval.execution_id)

    assert "The execution ended before anybody answered" in bob.get(page_of(approval)).text
    for data in (UNTOUCHED, DECLINE | {"reason": "No."}):
        response = bob.post(page_of(approval), data=data)
        assert response.status_code == 409
        assert "The execution has ended" in response.text


def test_a_viewer_reads_but_does_not_decide(
    app: Flask, cast: Cast, bob: FlaskClient, approval: Paused
) -> None:
    make_viewer(app, cast.bob)

    html = bob.get(page_of(approval)).text
    assert 'value="60.0"' in html
    assert "Decline…" not in html
    assert bob.post(page_of(approval), data=DECLINE | {"reason": "No."}).status_code == 403


def test_an_agents_question_can_be_declined(app: Flask, cast: Cast, bob: FlaskClient) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
    page = f"/w/main/requests/{waiting.request_id}"

    assert "reads your reason" in bob.get(page).text
    assert bob.post(page, data=DECLINE | {"reason": "No."}).status_code == 303
    assert "No." in bob.get(page).text


def test_one_that_needs_an_answer_cannot(app: Flask, cast: Cast, bob: FlaskClient) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
        with writing():
            db.session.execute(update(InputRequest).values(allow_decline=False))
    page = f"/w/main/requests/{waiting.request_id}"

    assert "Decline…" not in bob.get(page).text
    response = bob.post(page, data=DECLINE | {"reason": "No."})
    assert response.status_code == 409
    with app.app_context():
        answer(cast.bob, waiting)


def test_somebody_elses_request_is_not_there(charlie: FlaskClient, approval: Paused) -> None:
    theirs = f"/w/elsewhere/requests/{approval.request_id}"
    assert charlie.get(theirs).status_code == 404
    assert charlie.post(theirs, data=DECLINE | {"reason": "No."}).status_code == 404


def test_a_row_more_leaves_what_stands_below_the_form(
    app: Flask, cast: Cast, bob: FlaskClient
) -> None:
    tags: JSONValue = {"properties": {"tags": {"type": "array", "items": {"type": "string"}}}}
    with app.app_context():
        paused = paused_in(cast.alice, schema=tags)

    part = bob.post(
        page_of(paused), data={"_add": "answer-0", "reason": "My reason."}, headers=HTMX
    ).text

    assert part.lstrip().startswith("<form")
    assert 'name="answer-0-0"' in part
    assert "reason" not in part
