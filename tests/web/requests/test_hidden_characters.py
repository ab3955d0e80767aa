"""A request whose words deceive: what is shown is what is used, and the page says that it is so."""

import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.json_value import JSONValue
from opensink_web.models import InputRequest, db
from tests.conftest import Cast
from tests.support.review_cases import ask_again
from tests.support.scenarios import ENDPOINT, Waiting, ask_in
from tests.web.conftest import browser_of

WARNING = "This request contains characters that are invisible or change the order of text."
SPOOF = "EUR \u202e01 RUE"
SCHEMA: JSONValue = {
    "type": "object",
    "required": ["amount", "fixed"],
    "properties": {
        "amount": {"type": "string", "title": f"Amount {SPOOF}", "default": SPOOF},
        "to": {"enum": [f"Acme\u200b{number}" for number in range(8)]},
        "fixed": {"const": f"const {SPOOF}"},
        "note": {"type": "string", "examples": [SPOOF], "description": f"`{SPOOF}`"},
    },
}


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Waiting:
    with app.app_context():
        return ask_in(cast.alice, ENDPOINT)


@pytest.fixture
def bob(app: Flask, cast: Cast) -> FlaskClient:
    return browser_of(app, cast.bob)


def without_values(html: str) -> str:
    """Leave out what a form sends back, which has to stay exact."""
    return re.sub(r'(?s)\bvalue="[^"]*"|<textarea.*?</textarea>', "", html)


def test_every_word_of_it_is_marked_and_a_warning_stands_at_the_form(
    app: Flask, waiting: Waiting, bob: FlaskClient
) -> None:
    request_id = ask_again(app, waiting, f"Pay {SPOOF}", SCHEMA)

    html = bob.get(f"/w/main/requests/{request_id}").text

    assert not re.search("[\u202e\u200b]", without_values(html))
    assert "<title>(2) Pay EUR [U+202E]01 RUE" in re.sub(r"<title>\s+", "<title>", html)
    assert html.count(WARNING) == 1
    assert html.index(WARNING) < html.index('id="answer-form"')


def test_an_input_keeps_its_value_and_shows_it_marked_beside_it(
    app: Flask, waiting: Waiting, bob: FlaskClient
) -> None:
    request_id = ask_again(app, waiting, "Pay", SCHEMA)

    html = bob.get(f"/w/main/requests/{request_id}").text

    assert f"{SPOOF}</textarea>" in html
    note = re.search(r'(?s)id="answer-0-hidden".*?</div>', html)
    assert note is not None
    assert ">U+202E</span>01 RUE" in note[0]
    assert 'dir="auto"' in html


def test_what_is_sent_back_untouched_is_stored_exactly(
    app: Flask, waiting: Waiting, bob: FlaskClient
) -> None:
    request_id = ask_again(app, waiting, "Pay", SCHEMA)
    page = f"/w/main/requests/{request_id}"
    token = re.search(r'name="csrf_token" value="([^"]+)"', bob.get(page).text)
    assert token is not None

    answer = bob.post(
        page, data={"csrf_token": unescape(token[1]), "answer-0": SPOOF, "answer-1": "3"}
    )

    assert answer.status_code == 303
    with app.app_context():
        stored = db.session.get_one(InputRequest, request_id).response
    assert stored == {"amount": SPOOF, "to": "Acme\u200b3", "fixed": f"const {SPOOF}"}
    html = bob.get(page).text
    assert not re.search("[\u202e\u200b]", without_values(html))
    assert WARNING in html


def test_a_request_in_which_everything_is_seen_has_no_warning(
    waiting: Waiting, bob: FlaskClient
) -> None:
    html = bob.get(f"/w/main/requests/{waiting.request_id}").text

    assert "change the order of text" not in html


def test_other_pages_warn_too(app: Flask, waiting: Waiting, bob: FlaskClient) -> None:
    ask_again(app, waiting, f"Pay {SPOOF}", SCHEMA)

    html = bob.get("/w/main/inbox").text

    assert "This page contains characters that are invisible" in html
    assert "\u202e" not in html


def test_the_title_of_a_page_with_errors_says_so(
    app: Flask, waiting: Waiting, bob: FlaskClient
) -> None:
    request_id = ask_again(app, waiting, 'Pay <div class="error-summary"', SCHEMA)
    page = f"/w/main/requests/{request_id}"
    before = bob.get(page).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', before)
    assert token is not None

    refused = bob.post(page, data={"csrf_token": unescape(token[1]), "answer-1": "99"})

    assert refused.status_code == 422
    assert re.search(r"<title>\s*Error: \(2\) Pay", refused.text)
    assert "Error: " not in before


def test_the_title_of_a_refused_sign_in_says_so(app: Flask, cast: Cast) -> None:
    stranger = app.test_client()
    page = stranger.get("/sign-in").text
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)
    assert token is not None

    refused = stranger.post(
        "/sign-in", data={"csrf_token": token[1], "email": cast.bob.email, "password": "wrong"}
    )

    assert "<title>Error: " in refused.text
    assert "<title>Error: " not in page
