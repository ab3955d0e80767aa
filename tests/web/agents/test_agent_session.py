"""Sessions: the list with its filters, and everything that happened in one, in order."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.models import ActivitySource, ActivityType, SessionStatus, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.activity import add_activity
from opensink_web.operations.agents.agent_session import update_session
from tests.conftest import Cast
from tests.support.polling import asked_by_itself
from tests.support.review_cases import answer_and_call, ask_again, news, refresh_href, words_of
from tests.support.scenarios import ENDPOINT, SCHEMA, Waiting, answer, ask_in, index_all

PAGE = "/w/main/sessions"


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Waiting:
    with app.app_context():
        return ask_in(cast.alice, ENDPOINT)


@pytest.fixture
def page(waiting: Waiting) -> str:
    return f"{PAGE}/{waiting.session_id}"


def ours() -> Workspace:
    return db.session.query(Workspace).filter_by(slug="main").one()


def report(app: Flask, waiting: Waiting, message: str, href: str) -> None:
    with app.app_context(), writing():
        add_activity(
            ours(),
            waiting.session_id,
            waiting.agent_id,
            ActivityType.MESSAGE,
            ActivitySource.AGENT,
            message=message,
            payload={"scanned": 214},
            links=[{"href": href, "text": "Report"}],
        )


def complete(app: Flask, waiting: Waiting) -> None:
    with app.app_context(), writing():
        update_session(
            ours(), waiting.session_id, status=SessionStatus.COMPLETED, state={"bought": 302}
        )


def test_lists_sessions_with_what_waits_in_them(
    bob: FlaskClient, waiting: Waiting, page: str
) -> None:
    html = bob.get(PAGE).text

    assert f'href="{page}"' in html
    assert "Waiting for input" in html
    assert 'data-label="Waiting">1<' in html


def test_names_what_was_asked_last_and_who_decided(
    app: Flask, cast: Cast, bob: FlaskClient, waiting: Waiting, page: str
) -> None:
    assert "Buy? Trader · k" in words_of(bob.get(PAGE).text)
    with app.app_context():
        answer(cast.bob, waiting)
    assert "Buy? Trader · k · Answered by bob@example.com" in words_of(bob.get(PAGE).text)

    ask_again(app, waiting, "And sell?", SCHEMA)
    assert "And sell? Trader · more" in words_of(bob.get(PAGE).text)
    assert '<span dir="auto">And sell?</span>' in bob.get(page).text


@pytest.mark.parametrize(
    ("text", "is_there"),
    [("buy", True), ("k", True), ("TRAD", True), ("%", False), ("sell", False)],
)
def test_is_searched_by_title_key_and_agent(
    app: Flask, bob: FlaskClient, page: str, text: str, is_there: bool
) -> None:
    with app.app_context():
        index_all()
    html = bob.get(PAGE, query_string={"search": text}).text
    assert (f'href="{page}"' in html) is is_there
    assert ("No sessions match" in html) is not is_there


def test_the_list_updates_itself(
    app: Flask, cast: Cast, bob: FlaskClient, waiting: Waiting
) -> None:
    href = refresh_href(bob.get(PAGE).text)
    assert news(bob, href) == (204, "")

    complete(app, waiting)

    status, part = news(bob, href)
    assert status == 200
    assert "Completed" in part
    assert "<html" not in part


def test_filters_by_status_and_agent_in_the_address(
    bob: FlaskClient, waiting: Waiting, page: str
) -> None:
    assert page in bob.get(f"{PAGE}?status=waiting_for_input&agent={waiting.agent_id}").text
    html = bob.get(f"{PAGE}?status=completed").text
    assert page not in html
    assert "No sessions match" in html
    assert bob.get(f"{PAGE}?status=asleep").status_code == 400


def test_says_what_to_do_while_there_is_none(bob: FlaskClient) -> None:
    assert "No sessions yet" in bob.get(PAGE).text


def test_shows_state_requests_and_history_newest_first(
    app: Flask, bob: FlaskClient, waiting: Waiting, page: str
) -> None:
    report(app, waiting, "Looked at 214 symbols.", "https://example.com/report")

    html = bob.get(page).text

    assert f"/w/main/requests/{waiting.request_id}" in html
    assert html.index("Looked at 214 symbols.") < html.index("Asked for input")
    assert html.index("Asked for input") < html.index("Session started")
    assert "&#34;scanned&#34;: 214" in html
    assert 'href="https://example.com/report" rel="noopener noreferrer nofollow"' in html


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", "data:text/html,x", "http:sign-out", "https:/w/main", "//[", ""]
)
def test_follows_no_link_but_to_the_web(
    app: Flask, bob: FlaskClient, waiting: Waiting, page: str, href: str
) -> None:
    report(app, waiting, "Look here.", href)

    html = bob.get(page).text
    assert "Look here." in html
    assert ">Report</a>" not in html


def test_merges_the_calls_into_the_history(
    app: Flask, cast: Cast, bob: FlaskClient, waiting: Waiting, page: str
) -> None:
    delivery_id = answer_and_call(app, cast, waiting, 200)

    html = bob.get(page).text

    assert html.index("Delivered in 12 ms") < html.index('history-title">Answered<')
    assert f"/w/main/deliveries/{delivery_id}" in html


def test_says_what_to_do_about_a_failed_call(
    app: Flask, cast: Cast, alice: FlaskClient, waiting: Waiting, page: str
) -> None:
    delivery_id = answer_and_call(app, cast, waiting, 500)

    html = alice.get(page).text

    assert "answered 500" in html
    assert "the failed delivery" in html
    assert f'action="/w/main/deliveries/{delivery_id}/redeliver"' in html
    assert asked_by_itself(html) == []


def test_sends_a_reviewer_to_an_admin_about_it(
    app: Flask, cast: Cast, bob: FlaskClient, waiting: Waiting, page: str
) -> None:
    answer_and_call(app, cast, waiting, 500)

    html = bob.get(page).text
    assert "An admin can deliver it again" in html
    assert "/redeliver" not in html


def test_updates_itself_until_the_session_has_ended(
    app: Flask, bob: FlaskClient, waiting: Waiting, page: str
) -> None:
    href = refresh_href(bob.get(page).text)
    assert news(bob, href) == (204, "")
    complete(app, waiting)

    status, part = news(bob, href)

    assert status == 200
    assert part.lstrip().startswith('<div id="session"')
    assert "Completed" in part
    assert asked_by_itself(part) == []


def test_another_workspace_sees_nothing_of_it(charlie: FlaskClient, waiting: Waiting) -> None:
    assert charlie.get(f"/w/elsewhere/sessions/{waiting.session_id}").status_code == 404
    assert str(waiting.session_id) not in charlie.get("/w/elsewhere/sessions").text


def test_is_deleted_by_the_api_alone(alice: FlaskClient, page: str) -> None:
    assert alice.post(page).status_code == 405
    assert alice.delete(page).status_code == 405
