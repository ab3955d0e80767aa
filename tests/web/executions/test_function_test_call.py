"""Trying a function: a form from its input schema, executed as whoever fills it in."""

import html
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web.models import Execution, Function, db
from opensink_web.models.transaction import reading, writing
from tests.conftest import Cast
from tests.support.executions import make_function

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["n"],
    "properties": {
        "n": {"type": "integer", "title": "How many?", "maximum": 10},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
}
FUNCTION = "/w/main/functions/tests/work"
PAGE = f"{FUNCTION}/try"


@pytest.fixture(autouse=True)
def function(app: Flask, cast: Cast) -> None:
    with app.app_context():
        make_function(cast.alice, input_schema=SCHEMA)


def executions(app: Flask) -> list[tuple[Any, ...]]:
    with app.app_context(), reading():
        rows = db.session.scalars(select(Execution))
        return [(each.user_id, each.input_data, each.status, each.trigger_id) for each in rows]


def change(app: Flask, **values: Any) -> None:
    with app.app_context(), writing():
        function = db.session.scalars(select(Function)).one()
        for name, value in values.items():
            setattr(function, name, value)


def test_the_functions_page_leads_to_a_form_of_its_schema(alice: FlaskClient) -> None:
    assert f'href="{PAGE}"' in alice.get(FUNCTION).text
    text = alice.get(PAGE).text
    assert "How many?" in text
    assert 'name="answer-0"' in text


def test_it_is_executed_as_whoever_fills_it_in(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    answer = alice.post(PAGE, data=filled(alice, "7"))
    assert answer.status_code == 303
    assert answer.location.startswith("/w/main/executions/")
    assert executions(app) == [(cast.alice.id, {"n": 7}, "queued", "try-it")]
    assert alice.get(answer.location).status_code == 200


def test_with_approval_it_waits(app: Flask, alice: FlaskClient) -> None:
    change(app, requires_approval=True)
    assert "until somebody approves it" in alice.get(PAGE).text
    assert alice.post(PAGE, data=filled(alice, "7")).status_code == 303
    assert [status for _, _, status, _ in executions(app)] == ["awaiting_input"]


def test_what_does_not_fit_is_shown_at_its_field_and_executes_nothing(
    app: Flask, alice: FlaskClient
) -> None:
    answer = alice.post(PAGE, data=filled(alice, "11"))
    assert answer.status_code == 422
    assert "There is a problem with this input" in answer.text
    assert "This must be 10 or less." in answer.text
    assert 'value="11"' in answer.text
    assert executions(app) == []


def test_rows_come_without_executing(app: Flask, alice: FlaskClient) -> None:
    data = filled(alice, "7") | {"_add": "answer-1"}
    page = alice.post(PAGE, data=data)
    part = alice.post(PAGE, data=data, headers={"HX-Request": "true"})
    assert "Remove" in page.text
    assert 'value="7"' in page.text
    assert part.text.lstrip().startswith("<form")
    assert executions(app) == []


def test_an_inactive_one_is_not_executed_and_keeps_what_was_typed(
    app: Flask, alice: FlaskClient
) -> None:
    data = filled(alice, "7")
    change(app, is_active=False)
    assert f'href="{PAGE}"' not in alice.get(FUNCTION).text
    assert "It is inactive" in alice.get(PAGE).text
    answer = alice.post(PAGE, data=data)
    assert answer.status_code == 409
    assert "Nothing was executed." in html.unescape(answer.text)
    assert 'value="7"' in answer.text
    assert executions(app) == []


def test_only_those_who_may_execute_it_can(
    app: Flask, alice: FlaskClient, bob: FlaskClient, charlie: FlaskClient
) -> None:
    data = filled(alice, "7")
    assert f'href="{PAGE}"' not in bob.get(FUNCTION).text
    assert (bob.get(PAGE).status_code, bob.post(PAGE, data=data).status_code) == (403, 403)
    assert charlie.post(PAGE, data=data).status_code == 404
    assert alice.get("/w/main/functions/tests/none/try").status_code == 404
    assert executions(app) == []


def filled(client: FlaskClient, number: str) -> dict[str, str]:
    """Return what the form sends when this number is typed."""
    assert client.get(PAGE).status_code == 200
    return {"answer-0": number}
