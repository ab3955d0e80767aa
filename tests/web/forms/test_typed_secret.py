"""A secret that somebody has typed, while its form is drawn again: kept, shown to nobody."""

import re
from html import unescape
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.json_value import JSONValue
from opensink_web.models import InputRequest, db
from opensink_web.models.transaction import reading
from tests.conftest import Cast
from tests.support.executions import make_function
from tests.support.review_cases import HTMX, ask_again
from tests.support.scenarios import ENDPOINT, Waiting, ask_in
from tests.web.conftest import browser_of

SCHEMA: JSONValue = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "pin": {"type": "string", "writeOnly": True},
        "name": {"type": "string", "minLength": 3},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
}
TYPED = {"answer-0": "s3cr3t", "answer-1": "Ada", "answer-2": []}


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Waiting:
    with app.app_context():
        return ask_in(cast.alice, ENDPOINT)


@pytest.fixture
def asked(app: Flask, waiting: Waiting) -> UUID:
    return ask_again(app, waiting, "Your PIN?", SCHEMA)


def page_of(asked: UUID) -> str:
    return f"/w/main/requests/{asked}"


def sealed_in(html: str) -> str:
    """Return what the page brings back of the secret that was typed."""
    assert "s3cr3t" not in html
    found = re.search(r'name="answer-0-sealed"\s+value="([^"]+)"', html)
    assert found is not None
    return unescape(found[1])


def response_of(app: Flask, asked: UUID) -> JSONValue:
    with app.app_context(), reading():
        response: JSONValue = db.session.get_one(InputRequest, asked).response
        return response


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "no JavaScript"])
@pytest.mark.parametrize("button", [{"_add": "answer-2"}, {"_remove": "answer-2-0"}])
def test_outlives_a_row_more_or_less(
    app: Flask, bob: FlaskClient, asked: UUID, headers: dict[str, str], button: dict[str, str]
) -> None:
    html = bob.post(page_of(asked), data={**TYPED, **button}, headers=headers).text

    sent = {"answer-0": "", "answer-0-sealed": sealed_in(html), "answer-1": "Ada"}
    assert bob.post(page_of(asked), data=sent).status_code == 303
    assert response_of(app, asked) == {"pin": "s3cr3t", "name": "Ada"}


def test_outlives_an_error_of_another_field(app: Flask, bob: FlaskClient, asked: UUID) -> None:
    refused = bob.post(page_of(asked), data={**TYPED, "answer-1": "A"})
    assert refused.status_code == 422
    assert "what you typed is kept" in refused.text

    sent = {"answer-0-sealed": sealed_in(refused.text), "answer-0": "", "answer-1": "Ada"}
    assert bob.post(page_of(asked), data=sent).status_code == 303
    assert response_of(app, asked) == {"pin": "s3cr3t", "name": "Ada"}


def test_is_its_writers_alone(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, asked: UUID
) -> None:
    html = bob.post(page_of(asked), data={**TYPED, "answer-1": "A"}).text
    sent = {"answer-0-sealed": sealed_in(html), "answer-0": "", "answer-1": "Ada"}

    refused = alice.post(page_of(asked), data=sent)

    assert refused.status_code == 422
    assert "no longer kept. Type it again." in refused.text
    assert response_of(app, asked) is None


def test_counts_for_its_request_alone(
    app: Flask, bob: FlaskClient, waiting: Waiting, asked: UUID
) -> None:
    other = ask_again(app, waiting, "Another PIN?", SCHEMA)
    html = bob.post(page_of(asked), data={**TYPED, "answer-1": "A"}).text

    sent = {"answer-0-sealed": sealed_in(html), "answer-0": "", "answer-1": "Ada"}

    assert bob.post(page_of(other), data=sent).status_code == 422
    assert response_of(app, other) is None


@pytest.mark.parametrize("broken", ["", "x", "aaaaaaaa.gAAAA", "é"])
def test_is_asked_for_again_rather_than_left_out(
    app: Flask, bob: FlaskClient, asked: UUID, broken: str
) -> None:
    html = bob.post(page_of(asked), data={**TYPED, "answer-1": "A"}).text
    sent = {"answer-0-sealed": sealed_in(html)[:-9] + broken, "answer-0": "", "answer-1": "Ada"}

    assert bob.post(page_of(asked), data=sent).status_code == 422
    assert response_of(app, asked) is None


def test_is_kept_on_the_page_that_tries_a_function_too(app: Flask, cast: Cast) -> None:
    with app.app_context():
        make_function(cast.alice, input_schema=SCHEMA)
    page, alice = "/w/main/functions/tests/work/try", browser_of(app, cast.alice)
    html = alice.post(page, data={**TYPED, "_add": "answer-2"}).text

    sent = {"answer-0-sealed": sealed_in(html), "answer-0": "", "answer-1": "Ada"}

    answer = alice.post(page, data=sent)
    assert answer.status_code == 303
    assert "s3cr3t" not in alice.get(answer.location).text
