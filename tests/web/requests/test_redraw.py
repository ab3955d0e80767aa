"""A button that only draws the form anew: htmx gets the part that changed, others the page."""

from html import unescape
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.json_value import JSONValue
from opensink_web.models import InputRequestStatus
from tests.conftest import Cast
from tests.support.review_cases import HTMX, ask_again
from tests.support.scenarios import ENDPOINT, Waiting, ask_in
from tests.web.requests.test_input_request import page_of, stored

TAG: JSONValue = {"type": "string", "minLength": 3}
SCHEMA: JSONValue = {
    "type": "object",
    "properties": {
        "tags": {"type": "array", "items": TAG},
        "more": {"type": "array", "items": TAG},
        "count": {"type": "integer"},
    },
}
SENT = {"answer-0": "0", "answer-0-0": "green", "answer-2": "many", "_add": "answer-0"}


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Waiting:
    with app.app_context():
        return ask_in(cast.alice, ENDPOINT)


@pytest.fixture
def request_id(app: Flask, waiting: Waiting) -> UUID:
    return ask_again(app, waiting, "Which tags?", SCHEMA)


def part_of(
    client: FlaskClient, request_id: UUID, sent: dict[str, str], target: str = "answer-0-part"
) -> str:
    headers = {**HTMX, "HX-Target": target}
    response = client.post(page_of(request_id), data=sent, headers=headers)
    assert response.status_code == 200
    return unescape(response.text)


def test_htmx_gets_the_part_alone(bob: FlaskClient, request_id: UUID) -> None:
    html = part_of(bob, request_id, SENT)
    assert html.lstrip().startswith('<div class="answer-part" id="answer-0-part"')
    assert "green" in html
    assert 'name="answer-0-1"' in html
    assert 'name="answer-1"' not in html
    assert "<form" not in html
    assert "answer-errors" not in html


def test_without_scripts_the_page_comes_with_everything_typed(
    app: Flask, bob: FlaskClient, request_id: UUID
) -> None:
    response = bob.post(page_of(request_id), data=SENT)
    assert response.status_code == 200
    html = unescape(response.text)
    assert "<title>" in html
    assert "green" in html
    assert 'value="many"' in html
    assert stored(app, request_id) == (InputRequestStatus.PENDING, None)


def test_a_target_that_is_no_part_gets_the_form(bob: FlaskClient, request_id: UUID) -> None:
    headers = {**HTMX, "HX-Target": "answer-9-part"}
    response = bob.post(page_of(request_id), data=SENT, headers=headers)
    assert response.headers["HX-Retarget"] == "closest form"
    assert response.text.lstrip().startswith("<form")


def test_refreshing_changes_and_stores_nothing(
    app: Flask, bob: FlaskClient, request_id: UUID
) -> None:
    sent = {**SENT, "_refresh": "answer"}
    del sent["_add"]
    html = part_of(bob, request_id, sent, "answer-part")
    assert "green" in html
    assert 'value="many"' in html
    assert "This must" not in html
    assert stored(app, request_id) == (InputRequestStatus.PENDING, None)


def test_errors_that_were_shown_stay_and_no_others_come(bob: FlaskClient, request_id: UUID) -> None:
    sent = {**SENT, "answer-0-0": "no", "answer-errors": "answer-2"}
    html = part_of(bob, request_id, sent)
    assert "at least 3 characters" not in html
    assert 'id="answer-errors"' in html
    assert 'hx-swap-oob="true"' in html
    assert '<input type="hidden" name="answer-errors" value="answer-2">' in html
    mended = {**sent, "answer-2": "3"}
    assert '<div id="answer-errors" hx-swap-oob="delete">' in part_of(bob, request_id, mended)
