"""The page on which the author of a schema sees its form, fills it in and checks it."""

import html
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.models import Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.requests.preview import create_preview
from tests.conftest import Cast, Person

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["n"],
    "properties": {
        "n": {"type": "integer", "title": "How many?", "maximum": 10},
        "tags": {"type": "array", "items": {"type": "string"}},
        "pin": {"type": "string", "writeOnly": True},
        "odd": {"writeOnly": True, "title": "A secret of any shape"},
        "typo": {"type": "string", "maxLenght": 3},
    },
}


def preview_for(app: Flask, person: Person, schema: Any = SCHEMA, values: Any = None) -> str:
    with app.app_context(), writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        preview_id: UUID = create_preview(workspace, schema, values).id
    return f"/w/{person.workspace_slug}/previews/{preview_id}"


@pytest.fixture
def page(app: Flask, cast: Cast) -> str:
    return preview_for(app, cast.alice)


def test_shows_the_form_and_what_to_say_of_its_schema(alice: FlaskClient, page: str) -> None:
    text = html.unescape(alice.get(page).text)
    assert "How many?" in text
    assert "people type JSON" in text
    assert "/odd" in text
    assert "maxLenght" in text
    assert "Is this what you mean?" in text


def test_a_schema_without_a_fault_is_praised(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    schema = {"properties": {"a": {"type": "string"}}, "additionalProperties": False}
    text = alice.get(preview_for(app, cast.alice, schema)).text
    assert "nothing looks like a mistake" in text


def test_check_shows_what_the_agent_would_get(alice: FlaskClient, page: str) -> None:
    answer = alice.post(page, data={"answer-0": "7", "answer-2": "s3cr3t"})
    assert answer.status_code == 200
    text = html.unescape(answer.text)
    assert "This answer fits" in text
    assert '"n": 7' in text
    assert "s3cr3t" not in text
    assert '"pin": "••••••"' in text


def test_check_shows_what_was_changed_of_a_proposal(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    page = preview_for(app, cast.alice, values={"n": 3})
    changed, left = (alice.post(page, data={"answer-0": n}).text for n in ("4", "3"))
    assert '<span class="mono tag">/n</span>' in changed
    assert "Nothing changed from the proposal" in left


def test_check_says_what_is_wrong_at_the_field_and_keeps_what_was_typed(
    alice: FlaskClient, page: str
) -> None:
    answer = alice.post(page, data={"answer-0": "11", "answer-2": "s3cr3t"})
    assert answer.status_code == 422
    assert "There is a problem with this answer" in answer.text
    assert 'value="11"' in answer.text
    assert "This answer fits" not in answer.text
    assert "s3cr3t" not in answer.text
    assert 'name="answer-2-sealed"' in answer.text


def test_rows_come_and_go(alice: FlaskClient, page: str) -> None:
    data = {"answer-0": "7", "_add": "answer-1"}
    whole = alice.post(page, data=data)
    part = alice.post(page, data=data, headers={"HX-Request": "true"})
    for answer in (whole, part):
        assert answer.status_code == 200
        assert 'name="answer-1-0"' in answer.text
        assert 'value="7"' in answer.text
    assert part.text.lstrip().startswith("<form")


def test_values_that_fit_are_in_the_form(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    text = alice.get(preview_for(app, cast.alice, values={"n": 3})).text
    assert 'value="3"' in text


def test_values_that_do_not_fit_are_said_to(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    text = html.unescape(alice.get(preview_for(app, cast.alice, values={"n": "x"})).text)
    assert "was left out of the form" in text
    assert "/n" in text


def test_no_secret_is_in_the_page(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    secret = {"type": "string", "format": "password", "default": "s3cr3t-default"}
    schema = {"properties": {"pin": secret, "n": {"type": "integer"}}}
    page = preview_for(app, cast.alice, schema, {"pin": "s3cr3t-value"})
    for text in (alice.get(page).text, alice.post(page, data={"answer-1": "7"}).text):
        assert "s3cr3t" not in text


def test_who_reads_requests_sees_it_and_nobody_else(
    app: Flask, bob: FlaskClient, charlie: FlaskClient, page: str
) -> None:
    assert bob.get(page).status_code == 200
    assert bob.post(page, data={"answer-0": "7"}).status_code == 200
    assert charlie.get(page).status_code == 404
    assert charlie.post(page, data={"answer-0": "7"}).status_code == 404
    assert app.test_client().get(page).status_code == 303
    assert bob.get(f"{page.rpartition('/')[0]}/{UUID(int=7)}").status_code == 404


class TestMakingOne:
    NEW = "/w/main/previews/new"

    def test_leads_to_the_form(self, alice: FlaskClient) -> None:
        assert "JSON Schema" in alice.get(self.NEW).text
        schema = '{"properties": {"n": {"type": "integer"}}}'
        answer = alice.post(self.NEW, data={"schema": schema, "values": '{"n": 7}'})
        assert answer.status_code == 303
        assert 'value="7"' in alice.get(answer.location).text

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"schema": ""}, "Enter a JSON Schema."),
            ({"schema": "{"}, "not valid JSON"),
            ({"schema": "[]"}, "is an object"),
            ({"schema": '{"type": "txt"}'}, "Line 1"),
            ({"schema": "{}", "values": "[]"}, "The values are an object"),
            ({"schema": "{}", "values": "{"}, "not valid JSON"),
        ],
    )
    def test_says_what_is_wrong_and_keeps_it(
        self, alice: FlaskClient, fields: dict[str, str], words: str
    ) -> None:
        answer = alice.post(self.NEW, data=fields)
        assert answer.status_code == 422
        shown = html.unescape(answer.text)
        assert words in shown
        assert all(typed in shown for typed in fields.values())

    def test_begins_with_the_schema_of_another(
        self, app: Flask, cast: Cast, alice: FlaskClient, charlie: FlaskClient
    ) -> None:
        secret = {"type": "string", "writeOnly": True, "default": "s3cr3t"}
        page = preview_for(app, cast.alice, {"properties": {"odd name": secret}})
        link = f"{self.NEW}?of={page.rpartition('/')[2]}"
        assert html.escape(link) in alice.get(page).text
        text = alice.get(link).text
        assert "odd name" in text
        assert "s3cr3t" not in text
        theirs = link.replace("main", cast.charlie.workspace_slug)
        assert charlie.get(theirs).status_code == 404
        assert alice.get(f"{self.NEW}?of=x").status_code == 404

    def test_is_for_those_who_may_ask(self, bob: FlaskClient) -> None:
        assert bob.get(self.NEW).status_code == 200
