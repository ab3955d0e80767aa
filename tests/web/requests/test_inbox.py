"""The inbox: what waits, what was decided, filters and pages in the address, and its own news."""

from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.models import SessionStatus
from opensink_web.models.transaction import reading, writing
from opensink_web.operations import page
from opensink_web.operations.accounts.queries import find_workspace
from opensink_web.operations.agents.agent_session import update_session
from opensink_web.operations.requests.queries import count_waiting
from opensink_web.web.rendering import listing
from tests.conftest import Cast
from tests.support.polling import asked_by_itself
from tests.support.review_cases import HTMX, ask_again, make_viewer, news, refresh_href
from tests.support.scenarios import SCHEMA, Waiting, answer, ask_in

PAGE = "/w/main/inbox"
DECIDED = f"{PAGE}?view=decided"


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Waiting:
    with app.app_context():
        return ask_in(cast.alice, None)


def href_of(request_id: UUID) -> str:
    return f"/w/main/requests/{request_id}"


def test_shows_what_waits_oldest_first(app: Flask, bob: FlaskClient, waiting: Waiting) -> None:
    newer = ask_again(app, waiting, "Sell?", SCHEMA)

    html = bob.get(PAGE).text

    assert html.index(href_of(waiting.request_id)) < html.index(href_of(newer))
    assert "<title>(2) Inbox" in html


def test_escapes_what_an_agent_calls_it(app: Flask, bob: FlaskClient, waiting: Waiting) -> None:
    ask_again(app, waiting, "<img src=x onerror=alert(1)>", SCHEMA)

    assert "<img src=x" not in bob.get(PAGE).text


def test_keeps_what_was_answered_among_the_decided(
    app: Flask, cast: Cast, bob: FlaskClient, waiting: Waiting
) -> None:
    with app.app_context():
        answer(cast.bob, waiting)

    assert href_of(waiting.request_id) not in bob.get(PAGE).text
    html = bob.get(DECIDED).text
    assert href_of(waiting.request_id) in html
    assert "Answered by bob@example.com" in html


def test_keeps_what_was_cancelled_among_the_decided(
    app: Flask, bob: FlaskClient, waiting: Waiting
) -> None:
    with app.app_context(), writing():
        update_session(find_workspace("main"), waiting.session_id, status=SessionStatus.COMPLETED)

    assert href_of(waiting.request_id) not in bob.get(PAGE).text
    assert "Cancelled" in bob.get(DECIDED).text


def test_what_was_cancelled_stands_by_when_it_was(
    app: Flask, cast: Cast, bob: FlaskClient, waiting: Waiting
) -> None:
    with app.app_context():
        other = ask_in(cast.alice, None)
        answer(cast.bob, other)
        with writing():
            workspace = find_workspace("main")
            update_session(workspace, waiting.session_id, status=SessionStatus.COMPLETED)

    html = bob.get(DECIDED).text
    assert html.index(href_of(waiting.request_id)) < html.index(href_of(other.request_id))


def test_filters_by_agent_in_the_address(
    app: Flask, cast: Cast, bob: FlaskClient, waiting: Waiting
) -> None:
    with app.app_context():
        other = ask_in(cast.alice, None)

    html = bob.get(f"{PAGE}?agent={other.agent_id}").text

    assert href_of(other.request_id) in html
    assert href_of(waiting.request_id) not in html


@pytest.mark.parametrize("arguments", ["view=all", "agent=me", "trail=nothing"])
def test_refuses_an_address_that_means_nothing(bob: FlaskClient, arguments: str) -> None:
    assert bob.get(f"{PAGE}?{arguments}").status_code == 400


@pytest.mark.parametrize("arguments", ["endpoint=x", "_external=1", "workspace_slug=elsewhere"])
def test_takes_no_made_up_argument_for_one_of_its_own(
    bob: FlaskClient, waiting: Waiting, arguments: str
) -> None:
    response = bob.get(f"{PAGE}?{arguments}")

    assert response.status_code == 200
    assert refresh_href(response.text).startswith(f"{PAGE}?")


def test_pages_by_cursor(app: Flask, bob: FlaskClient, waiting: Waiting) -> None:
    asked = [ask_again(app, waiting, f"Question {number}", SCHEMA) for number in range(50)]
    first = bob.get(PAGE).text

    assert href_of(asked[-1]) not in first
    following = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
    html = bob.get(following.replace("&amp;", "&")).text
    assert href_of(asked[-1]) in html
    assert "First" in html
    # nothing arrives there; what the reader's tabs have is told everywhere
    assert [each.partition("?")[0] for each in asked_by_itself(html)] == [f"{PAGE}/counts"]


def test_says_nothing_while_nothing_changes(bob: FlaskClient, waiting: Waiting) -> None:
    href = refresh_href(bob.get(PAGE).text)

    assert news(bob, href) == (204, "")
    assert bob.get(href).status_code == 200


def test_counts_no_more_than_it_shows(
    app: Flask, bob: FlaskClient, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch whose calls are to be approved may have a hundred thousand."""
    for module in (page, listing):
        monkeypatch.setattr(module, "COUNTED_MAX", 3)
    ask_again(app, waiting, "Sell?", SCHEMA)
    assert 'inbox-count">2<' in bob.get(PAGE).text
    for _ in range(2):
        ask_again(app, waiting, "Sell?", SCHEMA)
    with app.app_context(), reading():
        assert count_waiting(find_workspace("main")) == 3
    assert 'inbox-count">2+<' in bob.get(PAGE).text


def test_brings_and_announces_what_arrives(app: Flask, bob: FlaskClient, waiting: Waiting) -> None:
    href = refresh_href(bob.get(PAGE).text)
    newer = ask_again(app, waiting, "Sell?", SCHEMA)

    status, part = news(bob, href)

    assert status == 200
    assert part.lstrip().startswith('<div id="inbox-list"')
    assert href_of(newer) in part
    assert 'hx-swap-oob="innerHTML:#inbox-news">New request: Sell?<' in part
    assert 'hx-swap-oob="innerHTML:.inbox-count">2<' in part
    assert "<title>(2) Inbox" in part
    assert news(bob, refresh_href(part)) == (204, "")


def test_brings_but_does_not_announce_that_something_was_decided(
    app: Flask, cast: Cast, bob: FlaskClient, waiting: Waiting
) -> None:
    href = refresh_href(bob.get(PAGE).text)
    with app.app_context():
        answer(cast.alice, waiting)

    status, part = news(bob, href)

    assert status == 200
    assert "Nothing waits for you" in part
    assert "inbox-news" not in part


def test_empty_offers_an_author_the_demo_and_the_way_to_ask(alice: FlaskClient) -> None:
    html = alice.get(PAGE).text

    assert 'action="/w/main/demo/start"' in html
    assert "/w/main/admin/api-keys" in html
    assert "/api/v1/" in html


def test_empty_offers_a_reviewer_neither(bob: FlaskClient) -> None:
    html = bob.get(PAGE).text

    assert "Nothing waits for you" in html
    assert "/demo/start" not in html
    assert "/api/v1/" not in html


def test_how_to_begin_is_not_for_who_has_begun(
    app: Flask, cast: Cast, alice: FlaskClient, waiting: Waiting
) -> None:
    with app.app_context():
        answer(cast.bob, waiting)
    html = alice.get(PAGE).text
    assert "Nothing waits for you" in html
    assert "Connect your own agent" not in html
    assert "Try it with a demo agent" not in html


def test_empty_because_of_the_filter_leads_back(bob: FlaskClient) -> None:
    html = bob.get(f"{PAGE}?agent={uuid4()}").text

    assert "Clear the filters" in html


def test_a_viewer_may_read_it(app: Flask, cast: Cast, bob: FlaskClient, waiting: Waiting) -> None:
    make_viewer(app, cast.bob)

    assert href_of(waiting.request_id) in bob.get(PAGE).text


def test_another_workspace_sees_nothing_of_it(charlie: FlaskClient, waiting: Waiting) -> None:
    assert charlie.get(PAGE).status_code == 404
    assert str(waiting.request_id) not in charlie.get("/w/elsewhere/inbox").text


def test_does_not_answer_other_methods(bob: FlaskClient) -> None:
    assert bob.post(PAGE).status_code == 405


def test_leads_to_the_sign_in_and_back(app: Flask, cast: Cast) -> None:
    client = app.test_client()

    assert client.get(PAGE).location == "/sign-in?next=/w/main/inbox"
    refresh = client.get(PAGE, headers=HTMX)
    assert refresh.status_code == 204
    assert "HX-Redirect" in refresh.headers
