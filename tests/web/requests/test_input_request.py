"""A request's page: read, answered once, refused without losing a word, and watched afterwards."""

from html import unescape
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import Delivery, InputRequest, InputRequestStatus, SessionStatus, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.queries import find_workspace
from opensink_web.operations.agents.agent_session import update_session
from tests.conftest import Cast, Person
from tests.support.review_cases import (
    HTMX,
    YES,
    answer_and_call,
    ask_again,
    make_viewer,
    news,
    refresh_href,
)
from tests.support.scenarios import ENDPOINT, SCHEMA, Waiting, answer, ask_in
from tests.web.conftest import browser_of

PRICE: JSONValue = {
    "type": "object",
    "required": ["price"],
    "properties": {
        "price": {"type": "number", "maximum": 60},
        "note": {"type": "string"},
    },
}
TAGS: JSONValue = {
    "type": "object",
    "properties": {"tags": {"type": "array", "items": {"type": "string"}, "default": ["red"]}},
}
SECRET: JSONValue = {
    "type": "object",
    "properties": {"pin": {"type": "string", "writeOnly": True}, "name": {"type": "string"}},
}
PIN = "4711 4711"
"""With a space, so that no id has it by chance."""


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Waiting:
    with app.app_context():
        return ask_in(cast.alice, ENDPOINT)


@pytest.fixture
def page(waiting: Waiting) -> str:
    return page_of(waiting.request_id)


def page_of(request_id: UUID) -> str:
    return f"/w/main/requests/{request_id}"


def stored(app: Flask, request_id: UUID) -> tuple[InputRequestStatus, JSONObject | None]:
    with app.app_context():
        asked = db.session.get_one(InputRequest, request_id)
        return asked.status, asked.response


def end_session(app: Flask, waiting: Waiting) -> None:
    with app.app_context(), writing():
        update_session(find_workspace("main"), waiting.session_id, status=SessionStatus.COMPLETED)


def test_shows_who_asks_what_and_the_form(bob: FlaskClient, page: str) -> None:
    html = bob.get(page).text

    assert "Buy?" in html
    assert "Trader" in html
    assert 'name="answer-0"' in html
    assert "Yes</span>" in html
    assert "No</span>" in html


def test_stores_the_answer_and_says_what_became_of_it(
    app: Flask, bob: FlaskClient, waiting: Waiting, page: str
) -> None:
    response = bob.post(page, data=YES)

    assert response.status_code == 303
    assert stored(app, waiting.request_id) == (InputRequestStatus.RESOLVED, {"approved": True})
    html = bob.get(page).text
    assert "Answered by you" in html
    assert "Calling the agent…" in html
    assert 'id="answer-form"' not in html


def test_shows_the_page_of_a_get_and_changes_nothing(
    app: Flask, bob: FlaskClient, waiting: Waiting, page: str
) -> None:
    assert bob.get(page, query_string=YES).status_code == 200
    assert bob.head(page).status_code == 200

    assert stored(app, waiting.request_id) == (InputRequestStatus.PENDING, None)


def test_refuses_an_invalid_answer_at_its_field_and_keeps_what_was_typed(
    app: Flask, bob: FlaskClient, waiting: Waiting
) -> None:
    asked = ask_again(app, waiting, "At what price?", PRICE)

    response = bob.post(page_of(asked), data={"answer-0": "99", "answer-1": "my words"})

    assert response.status_code == 422
    assert 'href="#answer-0"' in response.text
    assert 'value="99"' in response.text
    assert "my words" in response.text
    assert stored(app, asked) == (InputRequestStatus.PENDING, None)


def test_tells_the_second_reviewer_who_was_faster_and_keeps_what_was_typed(
    app: Flask, cast: Cast, bob: FlaskClient, waiting: Waiting
) -> None:
    asked = ask_again(app, waiting, "At what price?", PRICE)
    alice = browser_of(app, cast.alice)
    assert alice.post(page_of(asked), data={"answer-0": "41"}).status_code == 303

    response = bob.post(page_of(asked), data={"answer-0": "nonsense", "answer-1": "my words"})

    assert response.status_code == 409
    assert "already answered by alice@example.com on <time datetime=" in response.text
    assert "What you had entered" in response.text
    assert 'value="nonsense"' in response.text
    assert "my words" in response.text
    assert stored(app, asked) == (InputRequestStatus.RESOLVED, {"price": 41})


def test_says_that_nobody_waits_once_the_session_has_ended(
    app: Flask, bob: FlaskClient, waiting: Waiting, page: str
) -> None:
    end_session(app, waiting)

    assert "nothing to decide" in bob.get(page).text
    response = bob.post(page, data=YES)
    assert response.status_code == 409
    assert "session has ended" in response.text
    assert stored(app, waiting.request_id) == (InputRequestStatus.CANCELLED, None)


def test_adds_a_row_without_scripts(app: Flask, bob: FlaskClient, waiting: Waiting) -> None:
    asked = ask_again(app, waiting, "Which tags?", TAGS)
    sent = {"answer-0": "0", "answer-0-0": "green", "_add": "answer-0"}

    response = bob.post(page_of(asked), data=sent)

    assert response.status_code == 200
    assert "<title>" in response.text
    assert "green</textarea>" in response.text
    assert 'name="answer-0-1"' in response.text
    assert stored(app, asked) == (InputRequestStatus.PENDING, None)


def test_gives_htmx_the_form_alone(app: Flask, bob: FlaskClient, waiting: Waiting) -> None:
    asked = ask_again(app, waiting, "Which tags?", TAGS)
    sent = {"answer-0": "0", "answer-0-0": "green", "_remove": "answer-0-0"}

    response = bob.post(page_of(asked), data=sent, headers=HTMX)

    assert response.status_code == 200
    assert response.text.lstrip().startswith("<form")
    assert "green" not in response.text
    assert f'hx-post="{page_of(asked)}"' in response.text


def test_a_viewer_reads_the_form_but_cannot_send_it(
    app: Flask, cast: Cast, bob: FlaskClient, waiting: Waiting, page: str
) -> None:
    make_viewer(app, cast.bob)

    html = bob.get(page).text
    assert "your role does not answer requests" in html
    assert '<fieldset class="answer-readonly" disabled>' in html
    assert "Send answer" not in html
    assert bob.post(page, data=YES).status_code == 403
    assert stored(app, waiting.request_id) == (InputRequestStatus.PENDING, None)


def test_never_shows_a_secret_again(app: Flask, bob: FlaskClient, waiting: Waiting) -> None:
    asked = ask_again(app, waiting, "Your PIN?", SECRET)
    assert bob.post(page_of(asked), data={"answer-0": PIN, "answer-1": "Bo"}).status_code == 303

    html = bob.get(page_of(asked)).text

    assert stored(app, asked)[1] == {"pin": PIN, "name": "Bo"}
    assert PIN not in html
    assert "Secret, not shown" in html
    assert "Bo" in html


def test_says_when_the_agent_is_only_going_to_fetch_the_answer(
    app: Flask, cast: Cast, bob: FlaskClient
) -> None:
    with app.app_context():
        fetching = ask_in(cast.alice, None)
    bob.post(page_of(fetching.request_id), data=YES)

    assert "Ready for the agent to fetch" in bob.get(page_of(fetching.request_id)).text


def test_leads_to_the_next_request_and_back_to_the_inbox(
    app: Flask, bob: FlaskClient, waiting: Waiting, page: str
) -> None:
    upcoming = ask_again(app, waiting, "Sell?", SCHEMA)
    bob.post(page, data=YES)

    html = bob.get(page).text

    assert "Next request" in html
    assert page_of(upcoming) in html
    assert 'href="/w/main/inbox"' in html


def test_leads_from_the_last_one_to_the_first_that_still_waits(
    app: Flask, bob: FlaskClient, waiting: Waiting
) -> None:
    latest = page_of(ask_again(app, waiting, "Sell?", SCHEMA))
    bob.post(latest, data=YES)

    assert f'id="progress-next" href="{page_of(waiting.request_id)}"' in bob.get(latest).text
    assert "Nothing else is waiting" not in bob.get(f"{latest}?view=decided").text
    assert "Nothing else is waiting in this list." in bob.get(f"{latest}?key=none").text


def test_watches_the_call_and_the_session_until_both_are_over(
    app: Flask, cast: Cast, bob: FlaskClient, waiting: Waiting, page: str
) -> None:
    href = refresh_href(bob.get(page).text)
    assert news(bob, href) == (204, "")
    answer_and_call(app, cast, waiting, 200)

    status, part = news(bob, href)
    assert status == 200
    assert "Delivered in 12 ms" in part
    html = bob.get(page).text
    assert "The agent goes on" in html

    end_session(app, waiting)
    status, part = news(bob, refresh_href(html))
    assert status == 200
    assert "Session completed" in part
    assert "data-live-every" not in part  # nothing more is to come


def test_tells_whoever_is_typing_that_somebody_else_has_answered(
    app: Flask, cast: Cast, bob: FlaskClient, waiting: Waiting, page: str
) -> None:
    href = refresh_href(bob.get(page).text)
    with app.app_context():
        answer(cast.alice, waiting)

    _, part = news(bob, href)

    assert "Answered by alice@example.com" in part
    assert "can no longer be sent" in part
    assert ">Answered</span>" in part


def test_shows_why_a_call_failed_and_leads_to_it(
    app: Flask, cast: Cast, bob: FlaskClient, waiting: Waiting, page: str
) -> None:
    delivery_id = answer_and_call(app, cast, waiting, 500)

    html = bob.get(page).text

    assert "The call to the agent failed" in html
    assert "answered 500" in html
    assert f"/w/main/deliveries/{delivery_id}" in html
    assert "data-live-every" not in html  # nothing more is to come


def test_the_news_without_scripts_are_the_page(bob: FlaskClient, page: str) -> None:
    assert bob.get(f"{page}/live").location == page


@pytest.mark.parametrize("wrong", [{"answer-0": "7"}, {"answer-0": ""}, {}])
def test_an_answer_that_is_none_stores_nothing(
    app: Flask, bob: FlaskClient, waiting: Waiting, page: str, wrong: dict[str, str]
) -> None:
    assert bob.post(page, data=wrong).status_code == 422

    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Delivery)) == 0
    assert stored(app, waiting.request_id) == (InputRequestStatus.PENDING, None)


def test_without_a_token_nothing_is_taken(
    app: Flask, bob: FlaskClient, waiting: Waiting, page: str
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True

    assert bob.post(page, data=YES).status_code == 400
    assert stored(app, waiting.request_id) == (InputRequestStatus.PENDING, None)


def test_somebody_elses_request_is_not_there(
    app: Flask, charlie: FlaskClient, waiting: Waiting
) -> None:
    theirs = f"/w/elsewhere/requests/{waiting.request_id}"

    assert charlie.get(theirs).status_code == 404
    assert charlie.get(f"{theirs}/live").status_code == 404
    assert charlie.post(theirs, data=YES).status_code == 404
    assert stored(app, waiting.request_id) == (InputRequestStatus.PENDING, None)


def test_what_is_not_there_is_not_there(bob: FlaskClient) -> None:
    assert bob.get(page_of(uuid4())).status_code == 404
    assert bob.get("/w/main/requests/nonsense").status_code == 404


def test_escapes_what_an_agent_says(app: Flask, bob: FlaskClient, waiting: Waiting) -> None:
    asked = ask_again(app, waiting, "<script>alert(1)</script>", {"title": "<script>x"})

    html = bob.get(page_of(asked)).text

    assert "<script>alert" not in html
    assert "<script>x" not in html
    assert "<script>alert(1)</script>" in unescape(html)


def test_the_person_who_answered_may_be_gone(
    app: Flask, cast: Cast, alice: FlaskClient, waiting: Waiting, page: str
) -> None:
    with app.app_context():
        answer(cast.bob, waiting)
    forget_who_answered(app, cast.bob, waiting)

    assert "Answered by somebody who has left" in alice.get(page).text


def forget_who_answered(app: Flask, person: Person, waiting: Waiting) -> None:
    with app.app_context(), writing():
        asked = db.session.get_one(InputRequest, waiting.request_id)
        assert asked.resolved_by_id == person.id
        asked.resolved_by_id = None


@pytest.mark.parametrize("button", [{}, {"_decline": "1", "reason": "No."}])
@pytest.mark.parametrize("seen", ["", "0" * 64])
def test_without_a_word_on_what_was_seen_nothing_is_decided(
    app: Flask, bob: FlaskClient, waiting: Waiting, page: str, button: dict[str, str], seen: str
) -> None:
    answer = bob.post(page, data={**YES, **button, "_seen": seen})
    assert answer.status_code == 409
    assert "This was changed while you had it open" in answer.text
    with app.app_context():
        request = db.session.get_one(InputRequest, waiting.request_id)
        assert request.status is InputRequestStatus.PENDING
