"""After a decision: the next request of the same list, and what became of the last one above it."""

from html import unescape
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Cast
from tests.support.review_cases import HTMX, YES, answer_and_call, ask_again, news
from tests.support.scenarios import ENDPOINT, SCHEMA, Waiting, ask_in

SWAPPED = HTMX | {"HX-Target": "main"}


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Waiting:
    with app.app_context():
        return ask_in(cast.alice, ENDPOINT)


@pytest.fixture
def upcoming(app: Flask, waiting: Waiting) -> UUID:
    return ask_again(app, waiting, "Sell?", SCHEMA)


def page_of(request_id: UUID, query: str = "") -> str:
    return f"/w/main/requests/{request_id}{query}"


def last(request_id: UUID) -> str:
    return f"?last={request_id}"


def test_the_next_of_the_list_is_open_and_says_what_became_of_the_last(
    bob: FlaskClient, waiting: Waiting, upcoming: UUID
) -> None:
    response = bob.post(page_of(waiting.request_id), data=YES)

    assert response.location == page_of(upcoming, last(waiting.request_id))
    html = bob.get(response.location).text
    assert "<h1>Sell?</h1>" in html
    assert "“Buy?”" in html
    assert "Calling the agent…" in html
    assert "1 of 1" in html


def test_the_list_stays_the_one_that_the_request_was_opened_from(
    bob: FlaskClient, waiting: Waiting, upcoming: UUID
) -> None:
    opened = page_of(waiting.request_id, "?key=k")  # the next one has another key
    html = bob.get(opened).text
    assert f'action="{opened}"' in html
    assert "1 of 1" in html

    response = bob.post(opened, data=YES)

    assert response.location == f"/w/main/inbox?key=k&last={waiting.request_id}"
    assert "“Buy?”" in bob.get(response.location).text


def test_what_htmx_swaps_has_no_frame_and_its_own_address(
    bob: FlaskClient, waiting: Waiting, upcoming: UUID
) -> None:
    goal = bob.post(page_of(waiting.request_id), data=YES, headers=SWAPPED).location
    swapped = bob.get(goal, headers=SWAPPED)

    assert "<body" not in swapped.text
    assert "<title>(1) Sell? · OpenSink" in swapped.text
    assert swapped.headers["HX-Push-Url"] == goal
    # the list has scripts of its own, so it is loaded as a page
    response = bob.post(goal, data=YES, headers=SWAPPED)
    assert response.status_code == 204
    assert response.headers["HX-Redirect"] == f"/w/main/inbox{last(upcoming)}"


def test_what_is_refused_is_swapped_at_the_address_that_is_there(
    bob: FlaskClient, waiting: Waiting
) -> None:
    response = bob.post(page_of(waiting.request_id), data={"answer-0": "7"}, headers=SWAPPED)

    assert response.status_code == 422
    assert response.headers["HX-Push-Url"] == "false"


def test_a_call_that_failed_is_made_again_from_where_the_reader_is(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, waiting: Waiting
) -> None:
    delivery_id = answer_and_call(app, cast, waiting, 500)
    with app.app_context():
        other = ask_in(cast.alice, ENDPOINT).request_id
    here = page_of(other, last(waiting.request_id))

    html = unescape(alice.get(here).text)
    assert "The call to the agent failed" in html
    again = f"/w/main/deliveries/{delivery_id}/redeliver"
    assert f'action="{again}"' in html
    assert f'name="back" value="{here}"' in html
    its_own = page_of(waiting.request_id)
    assert f'name="back" value="{its_own}"' in alice.get(its_own).text
    assert alice.post(again, data={"back": "https://elsewhere.example"}).location.startswith("/w/")
    assert alice.post(again, data={"back": here}).location == here


def test_what_the_address_says_of_the_last_decision_may_be_anything(
    bob: FlaskClient, charlie: FlaskClient, waiting: Waiting, upcoming: UUID
) -> None:
    for made_up in (str(uuid4()), "nonsense", str(upcoming), str(waiting.request_id)):
        html = bob.get(page_of(upcoming, f"?last={made_up}")).text
        assert 'id="last-decision"' not in html  # none of these was decided
    assert charlie.get("/w/main/inbox?last=" + str(waiting.request_id)).status_code == 404


def test_the_bar_of_a_list_asks_for_its_news(
    app: Flask, cast: Cast, bob: FlaskClient, charlie: FlaskClient, waiting: Waiting
) -> None:
    answer_and_call(app, cast, waiting, 200)
    became = f"{page_of(waiting.request_id)}/became"

    status, part = news(bob, became)
    assert status == 200
    assert "“Buy?”" in part
    assert "Delivered in 12 ms" in part, "that the agent goes on may last for days"
    assert "is-done" in part
    assert bob.get(became).location == page_of(waiting.request_id)
    assert charlie.get(became).status_code == 404
