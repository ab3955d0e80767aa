"""Functions: the list, making, changing and deleting one, and how to call it."""

import html
import re
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web.json_value import JSONObject
from opensink_web.models import Function, User, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.executions.function import (
    FunctionFields,
    check_fields,
    create_function,
)
from opensink_web.operations.executions.function_target import EntryPointSpec, FunctionTarget
from opensink_web.outbound.endpoint_call import EndpointSpec
from tests.conftest import Cast, Person
from tests.support.agent_cases import LOOPBACK, SECRET
from tests.support.executions import submit_one

LIST = "/w/main/functions"
PAGE = f"{LIST}/images/resize"
SCHEMA: JSONObject = {
    "type": "object",
    "required": ["url"],
    "properties": {"url": {"type": "string", "title": "Which image?"}},
}
ENDPOINT = EndpointSpec(
    "http://127.0.0.1:9/resize?token=secret",
    "POST",
    (("Authorization", "Bearer secret"),),
    {"password": "secret"},
    30,
)
FORM = {
    "namespace": "images",
    "name": "resize",
    "description": "a\r\nb",
    "input_schema": '{"type": "object", "properties": {"z": {}, "a": {}}}',
    "output_schema": "",
    "kind": "http",
    "method": "PUT",
    "url": "http://127.0.0.1:9/run",
    "body": '{"task": "go"}',
    "entry_point": "",
    "timeout_seconds": "45",
    "is_active": "y",
}
PYTHON = {"kind": "python", "entry_point": "images.resize", "url": "", "body": "no JSON at all"}


def made(app: Flask, person: Person, name: str = "resize", **fields: Any) -> UUID:
    target: FunctionTarget = fields.pop("target", EntryPointSpec("resize"))
    whole = FunctionFields("images", name, target, **fields)
    with app.app_context(), writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        user = db.session.get_one(User, person.id)
        return create_function(workspace, user, LOOPBACK, check_fields(LOOPBACK, whole)).id


def stored(app: Flask) -> dict[str, Any]:
    """Return the only function, without what every row has."""
    with app.app_context(), reading():
        function = db.session.scalars(select(Function)).one()
        return {
            "address": f"{function.namespace}/{function.name}",
            "target": function.target,
            **{name: getattr(function, name) for name in FORM if hasattr(function, name)},
            "requires_approval": function.requires_approval,
        }


def names(app: Flask) -> list[str]:
    with app.app_context(), reading():
        return list(db.session.scalars(select(Function.name).order_by(Function.name)))


class TestTheList:
    def test_says_what_a_function_is_while_there_is_none(
        self, alice: FlaskClient, bob: FlaskClient
    ) -> None:
        for_admins, for_reviewers = alice.get(LIST).text, bob.get(LIST).text
        assert "No functions yet" in for_admins
        assert f'href="{LIST}/new"' in for_admins
        assert "/api/v1/functions" in for_admins
        assert "No functions yet" in for_reviewers
        assert f'href="{LIST}/new"' not in for_reviewers

    def test_shows_what_carries_each_out(self, app: Flask, cast: Cast, alice: FlaskClient) -> None:
        made(app, cast.alice, "one", target=ENDPOINT, description="Does one thing.")
        made(app, cast.alice, "two", is_active=False, requires_approval=True, timeout_seconds=3600)
        made(app, cast.charlie, "theirs")
        text = alice.get(LIST).text
        for words in ("images/one", "127.0.0.1", "Does one thing.", "images/two", "Inactive"):
            assert words in text
        assert "with approval" in text
        assert ">1 h<" in text
        assert "secret" not in text
        assert "theirs" not in text

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("search=ONE", ["one"]),
            ("search=images/", ["one", "three", "two"]),
            ("search=letters", ["three"]),
            ("search=%25", []),
            ("status=active", ["one", "two"]),
            ("status=inactive", ["three"]),
            ("kind=http", ["two"]),
            ("kind=python&status=active&search=im", ["one"]),
        ],
    )
    def test_finds_what_is_asked_for(
        self, app: Flask, cast: Cast, alice: FlaskClient, query: str, found: list[str]
    ) -> None:
        made(app, cast.alice, "one")
        made(app, cast.alice, "two", target=ENDPOINT)
        made(app, cast.alice, "three", is_active=False, description="Sends Letters")
        text = alice.get(f"{LIST}?{query}").text
        assert sorted(re.findall(r"images/(\w+)</a>", text)) == found
        assert ("No function fits" in text) == (not found)

    def test_comes_in_pages_that_keep_the_filter(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        for number in range(52):
            made(app, cast.alice, f"function{number:02}", is_active=number != 1)
        first = alice.get(f"{LIST}?search=function&status=active").text
        (older,) = re.findall(r'href="([^"]+)" rel="next"', first)
        second = alice.get(html.unescape(older)).text
        assert re.findall(r"images/(\w+)</a>", second) == ["function00"]


class TestMaking:
    def test_keeps_what_was_typed(self, app: Flask, alice: FlaskClient) -> None:
        answer = alice.post(f"{LIST}/new", data=FORM | SECRET)
        assert (answer.status_code, answer.location) == (303, PAGE)
        assert stored(app) == {
            "address": "images/resize",
            "namespace": "images",
            "name": "resize",
            "description": "a\nb",
            "input_schema": {"type": "object", "properties": {"z": {}, "a": {}}},
            "output_schema": None,
            "kind": "http",
            "timeout_seconds": 45,
            "requires_approval": False,
            "is_active": True,
            "target": {
                "kind": "http",
                "method": "PUT",
                "url": "http://127.0.0.1:9/run",
                "headers": {"Authorization": "Bearer of news"},
                "body": {"task": "go"},
            },
        }

    def test_of_a_python_function_only_its_entry_point_counts(
        self, app: Flask, alice: FlaskClient
    ) -> None:
        data = FORM | PYTHON | {"output_schema": '{"type": "number"}', "requires_approval": "y"}
        assert alice.post(f"{LIST}/new", data=data).location == PAGE
        function = stored(app)
        assert function["target"] == {"kind": "python", "entry_point": "images.resize"}
        assert function["output_schema"] == {"type": "number"}
        assert function["requires_approval"]

    def test_an_empty_input_schema_takes_any_object(self, app: Flask, alice: FlaskClient) -> None:
        alice.post(f"{LIST}/new", data=FORM | {"input_schema": " "})
        assert stored(app)["input_schema"] == {"type": "object"}

    @pytest.mark.parametrize(
        ("changes", "field", "sentence"),
        [
            ({"namespace": ""}, "namespace", "Enter a namespace."),
            ({"name": "9 lives"}, "name", "beginning with a letter"),
            ({"name": "taken"}, "name", "A function with this name already exists"),
            ({"url": ""}, "url", "Enter the address"),
            ({"url": "http://169.254.169.254/"}, "url", "169.254.169.254"),
            ({"body": "[]"}, "body", "The body must be a JSON object"),
            ({"headers-0-name": "Host", "headers-0-value": "x"}, "headers", "Host"),
            (PYTHON | {"entry_point": ""}, "entry_point", "Enter the name of the entry point."),
            (PYTHON | {"entry_point": "os:system"}, "entry_point", "letters, digits"),
            ({"kind": "shell"}, "kind", "Not a valid choice"),
            ({"timeout_seconds": "0"}, "timeout_seconds", "between 1 and 86,400 seconds"),
            ({"timeout_seconds": "soon"}, "timeout_seconds", "Not a valid integer value"),
            ({"input_schema": "[]"}, "input_schema", "A JSON Schema is an object"),
            ({"input_schema": '{"type":'}, "input_schema", "at line 1, column 9"),
            ({"input_schema": '{\n"type": "string"}'}, "input_schema", "must allow an object"),
            ({"output_schema": '{\n\n"type": 5}'}, "output_schema", "Line 3: "),
        ],
    )
    def test_says_what_is_wrong_and_makes_none(
        self,
        app: Flask,
        cast: Cast,
        alice: FlaskClient,
        changes: dict[str, str],
        field: str,
        sentence: str,
    ) -> None:
        made(app, cast.alice, "taken")
        answer = alice.post(f"{LIST}/new", data=FORM | {"description": "kept text"} | changes)
        assert answer.status_code == 422
        assert f'href="#{field}"' in answer.text
        assert sentence in html.unescape(answer.text)
        assert "kept text" in answer.text
        assert names(app) == ["taken"]

    def test_rows_of_headers_come_and_go_and_nothing_is_made(
        self, app: Flask, alice: FlaskClient
    ) -> None:
        more = alice.post(f"{LIST}/new", data=FORM | SECRET | {"add_header": "1"})
        assert 'name="headers-1-name"' in more.text
        fewer = alice.post(f"{LIST}/new", data=FORM | SECRET | {"remove_header": "headers-0"})
        assert "Authorization" not in fewer.text
        assert (more.status_code, fewer.status_code, names(app)) == (200, 200, [])

    def test_a_schema_can_be_checked_without_scripts(self, app: Flask, alice: FlaskClient) -> None:
        data = FORM | {"input_schema": '{"requierd": []}', "check": "input_schema"}
        answer = alice.post(f"{LIST}/new", data=data)
        assert (answer.status_code, names(app)) == (200, [])
        assert "Did you mean “required”?" in answer.text


class TestThePage:
    def test_says_how_to_call_it(self, app: Flask, cast: Cast, bob: FlaskClient) -> None:
        made(app, cast.alice, input_schema=SCHEMA, output_schema={"type": "number"})
        text = html.unescape(bob.get(PAGE).text)
        for path in ("execute", "execute/async", "execute/batch"):
            assert f"\ncall /functions/images/resize/{path} -d @- <<'JSON'\n" in text
        assert '"http://127.0.0.1:7465$@"' in text
        assert '"input": {\n    "url": "text"\n  }' in text
        assert "Which image?" in text
        assert '"type": "number"' in text

    def test_shows_no_credential_and_only_admins_the_way_to_change_it(
        self, app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient
    ) -> None:
        made(app, cast.alice, target=ENDPOINT)
        for client in (alice, bob):
            text = client.get(PAGE).text
            for stored in ("token=secret", "Bearer secret", '"secret"', "&#34;secret&#34;"):
                assert stored not in text
            assert "http://127.0.0.1:9/resize?token=••••" in text
        assert f'href="{PAGE}/edit"' in alice.get(PAGE).text
        assert f'href="{PAGE}/edit"' not in bob.get(PAGE).text
        assert "/delete" not in bob.get(PAGE).text

    def test_stands_at_every_name_that_a_function_can_have(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        for name in ("new", "check", "edit", "delete"):
            made(app, cast.alice, name)
            assert f"<h1>images/{name}</h1>" in alice.get(f"{LIST}/images/{name}").text

    def test_is_not_there_for_others(self, app: Flask, cast: Cast, charlie: FlaskClient) -> None:
        made(app, cast.alice)
        assert charlie.get(PAGE).status_code == 404
        assert (
            charlie.get(f"/w/{cast.charlie.workspace_slug}/functions/images/resize").status_code
            == 404
        )

    def test_says_that_its_target_cannot_be_decrypted(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        made(app, cast.alice, target=ENDPOINT)
        with app.app_context(), writing():
            db.session.scalars(select(Function)).one().sealed_target = "00000000.lost"
        for page in (PAGE, f"{PAGE}/edit"):
            assert "a key that this server does not have" in alice.get(page).text
        assert "cannot be decrypted" in alice.get(LIST).text
        assert alice.post(f"{PAGE}/edit", data=FORM).location == PAGE
        assert stored(app)["target"]["url"] == "http://127.0.0.1:9/run"


class TestChanging:
    def test_the_form_is_filled_with_what_there_is(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        made(app, cast.alice, target=ENDPOINT, input_schema=SCHEMA, requires_approval=True)
        text = html.unescape(alice.get(f"{PAGE}/edit").text)
        assert 'value="Authorization"' in text
        assert "Bearer secret" not in text
        assert '"title": "Which image?"' in text
        assert re.search(
            r'name="requires_approval"[^>]*checked|checked[^>]*name="requires_approval"', text
        )

    def test_a_masked_header_stays_and_the_name_may_change(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        made(app, cast.alice, target=ENDPOINT)
        masked = {"headers-0-name": "Authorization", "headers-0-value": "••••", "name": "scale"}
        answer = alice.post(f"{PAGE}/edit", data=FORM | masked)
        assert answer.location == f"{LIST}/images/scale"
        function = stored(app)
        assert function["target"]["headers"] == {"Authorization": "Bearer secret"}
        assert (function["address"], function["timeout_seconds"]) == ("images/scale", 45)

    def test_an_unchecked_box_switches_off(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        made(app, cast.alice, requires_approval=True)
        data = {name: text for name, text in FORM.items() if name != "is_active"}
        alice.post(f"{PAGE}/edit", data=data)
        assert (stored(app)["is_active"], stored(app)["requires_approval"]) == (False, False)

    def test_what_is_wrong_changes_nothing(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        made(app, cast.alice)
        made(app, cast.alice, "taken")
        answer = alice.post(f"{PAGE}/edit", data=FORM | {"name": "taken"})
        assert answer.status_code == 422
        assert "<h1>Edit images/resize</h1>" in answer.text
        assert names(app) == ["resize", "taken"]

    def test_is_for_admins(self, app: Flask, cast: Cast, bob: FlaskClient) -> None:
        made(app, cast.alice)
        for path in (f"{PAGE}/edit", f"{PAGE}/delete", f"{LIST}/new"):
            assert bob.post(path, data=FORM).status_code == 403
        assert names(app) == ["resize"]


class TestDeleting:
    def test_deletes_it(self, app: Flask, cast: Cast, alice: FlaskClient) -> None:
        made(app, cast.alice)
        assert "Delete images/resize?" in alice.get(PAGE).text
        assert alice.post(f"{PAGE}/delete").location == LIST
        assert names(app) == []
        assert alice.get(PAGE).status_code == 404

    def test_keeps_it_while_an_execution_is_not_finished(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        function_id = made(app, cast.alice)
        with app.app_context():
            submit_one(cast.alice, function_id)
        assert alice.post(f"{PAGE}/delete").location == PAGE
        assert "Executions of this function are not finished" in alice.get(PAGE).text
        assert names(app) == ["resize"]
