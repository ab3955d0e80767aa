"""Deliveries: the list with its filters, every attempt in full, and making a call again."""

from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web.models import Delivery, DeliveryAttempt, DeliveryStatus, db
from opensink_web.models.transaction import writing
from tests.conftest import Cast
from tests.support.deliveries import claim_delivery
from tests.support.polling import asked_by_itself
from tests.support.review_cases import answer_and_call, news, refresh_href, words_of
from tests.support.scenarios import ENDPOINT, Waiting, answer, ask_in, endpoint_at, index_all

PAGE = "/w/main/deliveries"


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Waiting:
    with app.app_context():
        return ask_in(cast.alice, ENDPOINT)


@pytest.fixture
def failed(app: Flask, cast: Cast, waiting: Waiting) -> str:
    return f"{PAGE}/{answer_and_call(app, cast, waiting, 500)}"


def status_of(app: Flask, page: str) -> DeliveryStatus:
    with app.app_context():
        return db.session.get_one(Delivery, UUID(page.rsplit("/", 1)[1])).status


def test_lists_deliveries_with_their_last_error(
    bob: FlaskClient, waiting: Waiting, failed: str
) -> None:
    html = bob.get(PAGE).text

    assert f'href="{failed}"' in html
    assert "Answer to a request" in html
    assert "answered 500" in html
    assert f"/w/main/sessions/{waiting.session_id}" in html


def test_names_what_was_asked_and_who_decided(
    bob: FlaskClient, waiting: Waiting, failed: str
) -> None:
    for page in (PAGE, failed):
        words = words_of(bob.get(page).text)
        assert "Buy?" in words
        assert "Answered by bob@example.com" in words


@pytest.mark.parametrize(
    ("text", "is_there"),
    [("buy", True), ("k", True), ("TRAD", True), ("%", False), ("sell", False)],
)
def test_is_searched_by_title_key_and_agent(
    app: Flask, bob: FlaskClient, charlie: FlaskClient, failed: str, text: str, is_there: bool
) -> None:
    with app.app_context():
        index_all()
    html = bob.get(PAGE, query_string={"search": text, "status": "failed"}).text
    assert (f'href="{failed}"' in html) is is_there
    elsewhere = charlie.get("/w/elsewhere/deliveries", query_string={"search": text}).text
    assert failed not in elsewhere


def test_the_list_updates_itself(app: Flask, cast: Cast, bob: FlaskClient) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
    href = refresh_href(bob.get(PAGE).text)
    assert news(bob, href) == (204, "")

    failed = answer_and_call(app, cast, waiting, 500)

    status, part = news(bob, href)
    assert status == 200
    assert f"{PAGE}/{failed}" in part
    assert "<html" not in part


def test_says_how_many_attempts_can_follow(app: Flask, cast: Cast, bob: FlaskClient) -> None:
    with app.app_context():
        patient = ask_in(cast.alice, endpoint_at("https://slow.example.com/", max_attempts=3))
    page = f"{PAGE}/{answer_and_call(app, cast, patient, 503)}"
    html = bob.get(PAGE).text
    assert "1 of 3" in html
    assert 'data-time="countdown"' in html
    assert "Attempt 1 of 3 failed. Next attempt" in words_of(bob.get(page).text)


def test_filters_in_the_address(bob: FlaskClient, waiting: Waiting, failed: str) -> None:
    fitting = f"status=failed&kind=input_request_resolved&agent={waiting.agent_id}"

    assert failed in bob.get(f"{PAGE}?{fitting}").text
    for other in ("status=succeeded", "kind=test", f"agent={uuid4()}"):
        assert failed not in bob.get(f"{PAGE}?{other}").text
    assert bob.get(f"{PAGE}?kind=letter").status_code == 400


def test_what_has_failed_is_found_at_once(bob: FlaskClient, failed: str) -> None:
    html = bob.get(f"{PAGE}?kind=input_request_resolved").text
    assert f'href="{PAGE}?status=failed&amp;kind=input_request_resolved"' in html
    assert failed in bob.get(f"{PAGE}?status=failed").text
    assert "No deliveries match" in bob.get(f"{PAGE}?status=pending").text


def test_says_so_where_nothing_has_failed(bob: FlaskClient) -> None:
    assert "No call has failed" in bob.get(f"{PAGE}?status=failed").text


def test_says_what_to_do_while_there_is_none(bob: FlaskClient) -> None:
    assert "Nothing delivered yet" in bob.get(PAGE).text


def test_shows_what_was_sent_and_what_came_back(
    alice: FlaskClient, bob: FlaskClient, failed: str
) -> None:
    html = bob.get(failed).text

    assert "Delivery failed after 12 ms" in html
    assert "First attempt" in html
    assert "POST https://agent.example.com/execute" in html
    assert "X-OpenSink-Secret: ••••" in html
    assert "Status 500" in html
    assert "Content-Type: text/plain" in html
    assert "&lt;b&gt;what it said&lt;/b&gt;" in html
    # where the endpoint's name leads is for those who may set it
    assert "from 127.0.0.1" not in html
    assert "from 127.0.0.1" in alice.get(failed).text


def test_says_that_the_answer_was_longer(app: Flask, bob: FlaskClient, failed: str) -> None:
    assert "cut off after 4 KiB" not in bob.get(failed).text
    with app.app_context(), writing():
        db.session.scalars(select(DeliveryAttempt)).one().response_body_truncated = True
    assert "Response, cut off after 4 KiB" in bob.get(failed).text


def test_the_agents_page_is_linked_for_those_who_may_see_it(
    bob: FlaskClient, alice: FlaskClient, waiting: Waiting, failed: str
) -> None:
    link = f"/w/main/admin/agents/{waiting.agent_id}"
    assert link in alice.get(failed).text
    assert link not in bob.get(failed).text


def test_says_when_the_next_attempt_is(app: Flask, cast: Cast, bob: FlaskClient) -> None:
    with app.app_context():
        patient = ask_in(cast.alice, endpoint_at("https://slow.example.com/", max_attempts=3))
    page = f"{PAGE}/{answer_and_call(app, cast, patient, 503)}"

    html = bob.get(page).text

    assert "Next attempt" in html
    assert 'data-time="countdown"' in html
    assert status_of(app, page) is DeliveryStatus.PENDING


def test_updates_itself_until_the_call_has_ended(
    app: Flask, cast: Cast, bob: FlaskClient, waiting: Waiting
) -> None:
    with app.app_context():
        answer(cast.bob, waiting)
    page = bob.get(PAGE).text.split(f'href="{PAGE}/')[1].split('"')[0]

    html = bob.get(f"{PAGE}/{page}").text

    assert "No attempt has been made yet" in html
    assert news(bob, refresh_href(html)) == (204, "")

    with app.app_context(), writing():
        claim_delivery(UUID(page))
    html = bob.get(f"{PAGE}/{page}").text

    assert "Calling the agent…" in html
    assert "First attempt" in html
    assert "X-OpenSink-Secret: ••••" in html
    assert news(bob, refresh_href(html)) == (204, "")


def test_an_ended_call_does_not_ask_for_news(bob: FlaskClient, failed: str) -> None:
    assert asked_by_itself(bob.get(failed).text) == []


def test_has_a_failed_call_made_again(app: Flask, alice: FlaskClient, failed: str) -> None:
    assert f'action="{failed}/redeliver"' in alice.get(failed).text
    response = alice.post(f"{failed}/redeliver")

    assert (response.status_code, response.location) == (303, failed)
    assert status_of(app, failed) is DeliveryStatus.PENDING
    html = alice.get(failed).text
    assert "is being called again" in html
    assert "/redeliver" not in html


def test_makes_no_call_again_that_has_not_failed(
    app: Flask, cast: Cast, alice: FlaskClient, waiting: Waiting
) -> None:
    page = f"{PAGE}/{answer_and_call(app, cast, waiting, 200)}"

    assert "/redeliver" not in alice.get(page).text
    assert alice.post(f"{page}/redeliver").status_code == 303
    assert "Only a failed delivery" in alice.get(page).text
    assert status_of(app, page) is DeliveryStatus.SUCCEEDED


def test_a_reviewer_may_not_make_a_call_again(app: Flask, bob: FlaskClient, failed: str) -> None:
    assert "/redeliver" not in bob.get(failed).text
    assert bob.post(f"{failed}/redeliver").status_code == 403
    assert status_of(app, failed) is DeliveryStatus.FAILED


def test_a_get_makes_no_call_again(app: Flask, alice: FlaskClient, failed: str) -> None:
    assert alice.get(f"{failed}/redeliver").status_code == 405
    assert status_of(app, failed) is DeliveryStatus.FAILED


def test_without_a_token_no_call_is_made_again(app: Flask, alice: FlaskClient, failed: str) -> None:
    app.config["WTF_CSRF_ENABLED"] = True

    assert alice.post(f"{failed}/redeliver").status_code == 400
    assert status_of(app, failed) is DeliveryStatus.FAILED


def test_another_workspace_sees_nothing_of_it(
    app: Flask, charlie: FlaskClient, failed: str
) -> None:
    theirs = failed.replace("/w/main/", "/w/elsewhere/")

    assert charlie.get(theirs).status_code == 404
    assert charlie.post(f"{theirs}/redeliver").status_code == 404
    assert failed not in charlie.get("/w/elsewhere/deliveries").text
    assert status_of(app, failed) is DeliveryStatus.FAILED


def test_one_that_waits_can_be_tried_now(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient
) -> None:
    with app.app_context():
        patient = ask_in(cast.alice, endpoint_at("https://slow.example.com/", max_attempts=3))
    page = f"{PAGE}/{answer_and_call(app, cast, patient, 503)}"
    assert "Try now" in alice.get(page).text
    assert "Try now" not in bob.get(page).text
    assert bob.post(f"{page}/try-now").status_code == 403

    response = alice.post(f"{page}/try-now")

    assert (response.status_code, response.location) == (303, page)
    html = alice.get(page).text
    assert "is being called now" in html
    assert "Try now" not in html


def test_one_that_has_ended_cannot(alice: FlaskClient, failed: str) -> None:
    assert alice.post(f"{failed}/try-now").status_code == 303
    assert "under way, or has ended" in alice.get(failed).text


def test_all_that_failed_of_an_agent_can_be_made_again(
    app: Flask, alice: FlaskClient, bob: FlaskClient, waiting: Waiting, failed: str
) -> None:
    of_agent = f"{PAGE}?agent={waiting.agent_id}"
    assert "Deliver the failed call again?" in alice.get(of_agent).text
    assert "Deliver the failed call again?" not in alice.get(PAGE).text
    assert "Deliver the failed call again?" not in bob.get(of_agent).text
    form = {"agent": str(waiting.agent_id)}
    assert bob.post(f"{PAGE}/redeliver", data=form).status_code == 403

    response = alice.post(f"{PAGE}/redeliver", data=form)

    assert (response.status_code, response.location) == (303, of_agent)
    assert status_of(app, failed) is DeliveryStatus.PENDING
    assert "One call is being made again." in alice.get(of_agent).text
    alice.post(f"{PAGE}/redeliver", data=form)
    assert "No call to this agent has failed any more" in alice.get(of_agent).text
    assert alice.post(f"{PAGE}/redeliver", data={"agent": "x"}).status_code == 400


def test_another_workspace_makes_nothing_again(
    app: Flask, charlie: FlaskClient, waiting: Waiting, failed: str
) -> None:
    form = {"agent": str(waiting.agent_id)}
    for path in ("main/deliveries", "elsewhere/deliveries"):
        assert charlie.post(f"/w/{path}/redeliver", data=form).status_code == 404
    assert charlie.post(f"{failed}/try-now").status_code == 404
    assert status_of(app, failed) is DeliveryStatus.FAILED
