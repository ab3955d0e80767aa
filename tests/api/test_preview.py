"""POST /agent-session-input-requests/preview: the form of a schema, before anybody is asked."""

import html
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import func, select

from opensink_web import clock
from opensink_web.models import InputRequest, Preview, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.requests.preview import forget_previews, is_any_preview_over
from tests.api.conftest import APPROVAL, Api, Apis, assert_problem, key_with, made, wrong_paths
from tests.conftest import Cast
from tests.support.second_factor_cases import Later
from tests.web.conftest import browser_of, later

__all__ = ["later"]

PATH = "/agent-session-input-requests/preview"


def previewed(api: Api, schema: Any = APPROVAL, **fields: Any) -> Any:
    return made(api.post(PATH, {"schema": schema, **fields}))


def path_of(preview: Any) -> str:
    """Return where the link leads to, for the browsers of tests, which know one host alone."""
    return str(urlsplit(preview["url"]).path)


def rows_of(app: Flask, table: Any) -> int:
    with app.app_context(), reading():
        return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_tells_which_control_every_field_gets(alice: Api) -> None:
    preview = previewed(alice)

    approved, limit = preview["fields"]
    assert approved == {
        "pointer": "/approved",
        "title": "Approved",
        "control": "choice",
        "is_native": True,
    }
    assert (limit["pointer"], limit["title"], limit["is_native"]) == ("/limit", "Limit", True)
    assert preview["is_native"] is True
    assert (preview["warnings"], preview["errors"]) == ([], [])


def test_tells_which_fields_people_would_type_as_json(alice: Api) -> None:
    schema = {"properties": {"odd": {"writeOnly": True}, "name": {"type": "string"}}}
    preview = previewed(alice, schema)

    assert [each["is_native"] for each in preview["fields"]] == [False, True]
    assert preview["is_native"] is False


def test_warns_of_likely_mistakes_with_their_places_in_the_body(alice: Api) -> None:
    preview = previewed(alice, {"properties": {"a": {"type": "string", "minLenght": 1}}})

    (warning,) = preview["warnings"]
    assert warning["path"] == "/schema/properties/a/minLenght"
    assert "minLength" in warning["message"]


def test_tells_why_values_do_not_fit(alice: Api) -> None:
    preview = previewed(alice, values={"approved": "yes", "limit": 0})

    assert [each["path"] for each in preview["errors"]] == ["/values/approved", "/values/limit"]
    assert previewed(alice, values={"approved": True})["errors"] == []


def test_tells_what_of_values_and_defaults_is_left_out_of_the_form(alice: Api) -> None:
    schema = {"properties": {"n": {"type": "integer", "default": "many"}}}

    assert [each["pointer"] for each in previewed(alice, schema)["notices"]] == ["/n"]
    unfit = previewed(alice, values={"approved": "yes", "limit": 2})
    assert [each["pointer"] for each in unfit["notices"]] == ["/approved"]


def test_asks_nobody(app: Flask, alice: Api) -> None:
    previewed(alice, values={"approved": True})

    assert (rows_of(app, InputRequest), rows_of(app, Preview)) == (0, 1)


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"type": "objekt"}, "/schema/type"),
        ({"properties": {"a": {"minLength": -1}}}, "/schema/properties/a/minLength"),
        ({"$ref": "https://example.com/schema"}, "/schema/$ref"),
        ("text", "/schema"),
        (None, "/schema"),
    ],
)
def test_refuses_a_schema_as_asking_with_it_does(
    app: Flask, alice: Api, schema: Any, path: str
) -> None:
    response = alice.post(PATH, {"schema": schema})

    assert wrong_paths(response, "invalid_schema")[0] == path
    assert rows_of(app, Preview) == 0


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "/schema"),
        ({"schema": {}, "values": []}, "/values"),
        ({"schema": {}, "value": {}}, "/value"),
    ],
)
def test_refuses_a_bad_body(alice: Api, body: Any, path: str) -> None:
    assert wrong_paths(alice.post(PATH, body)) == [path]


def test_once_under_one_idempotency_key(app: Flask, alice: Api) -> None:
    headers = {"Idempotency-Key": "k"}
    first, second = (alice.post(PATH, {"schema": APPROVAL}, headers) for _ in range(2))

    assert first.json == second.json
    assert rows_of(app, Preview) == 1


def test_needs_the_scope_that_asking_needs(app: Flask, alice: Api) -> None:
    narrow = key_with(alice, app, "agent_session_input_requests:read", "agents:all")

    assert_problem(narrow.post(PATH, {"schema": APPROVAL}), 403, "permission_missing")


class TestTheLink:
    def test_shows_the_form_with_the_values(self, app: Flask, cast: Cast, alice: Api) -> None:
        preview = previewed(alice, values={"approved": True, "limit": 77})
        page = browser_of(app, cast.bob).get(path_of(preview))

        assert preview["url"].startswith("http://127.0.0.1:7465/w/main/previews/")
        assert page.status_code == 200
        assert 'value="77"' in page.text
        assert "Nobody has been asked" in page.text

    def test_is_the_workspaces_own(self, app: Flask, cast: Cast, apis: Apis, alice: Api) -> None:
        ours = path_of(previewed(alice))
        theirs = path_of(previewed(apis.charlie))
        charlie = browser_of(app, cast.charlie)

        assert charlie.get(ours).status_code == 404
        assert charlie.get(theirs).status_code == 200
        place = ours.rpartition("/")[0]
        assert browser_of(app, cast.alice).get(f"{place}/{theirs[-36:]}").status_code == 404

    def test_leads_nowhere_after_a_day_and_the_row_goes(
        self, app: Flask, cast: Cast, alice: Api, later: Later
    ) -> None:
        preview = previewed(alice)
        later(timedelta(hours=23, minutes=59).total_seconds())
        assert browser_of(app, cast.alice).get(path_of(preview)).status_code == 200
        with app.app_context(), reading():
            assert not is_any_preview_over()

        later(60)
        page = browser_of(app, cast.alice).get(path_of(preview))
        assert page.status_code == 404
        assert "kept for a day" in html.unescape(page.text)
        with app.app_context():
            with reading():
                assert is_any_preview_over()
            with writing():
                assert forget_previews() == 1
        assert rows_of(app, Preview) == 0


def test_what_is_kept_is_sealed(app: Flask, alice: Api) -> None:
    secret = "a secret proposal"
    schema = {"properties": {"pin": {"type": "string", "writeOnly": True, "default": secret}}}
    previewed(alice, schema, values={"pin": secret})

    with app.app_context(), reading():
        row = db.session.scalars(select(Preview)).one()
        assert secret not in row.sealed_schema
        assert secret not in str(row.sealed_proposed_response)
        assert row.proposed_response == {"pin": secret}
        assert row.expires_at > clock.now()
