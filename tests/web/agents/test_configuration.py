"""The pages of an agent's configuration: editing, schemas, versions, going back, variants."""

import re
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.json_value import JSONValue, dump, parse
from opensink_web.models import Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.agent import lock_agent
from opensink_web.operations.agents.configuration import (
    ConfigurationFields,
    check_configuration,
    create_configuration,
)
from opensink_web.operations.agents.configuration_queries import active_in, newest_of
from tests.conftest import Cast
from tests.support.agent_cases import made

SCHEMA: JSONValue = {
    "type": "object",
    "required": ["model"],
    "properties": {
        "model": {"title": "Model", "enum": ["small", "large"]},
        "limit": {"title": "Largest order", "type": "number", "maximum": 5000},
        "token": {"title": "Shop's token", "type": "string", "writeOnly": True},
    },
}
VALUE: dict[str, Any] = {"model": "small", "limit": 500.0, "token": "s3cret"}


class Pages:
    """The pages of one agent of Alice's."""

    def __init__(self, app: Flask, cast: Cast) -> None:
        self.app, self.cast = app, cast
        self.agent_id = made(app, cast.alice.workspace_id, "Buyer")
        self.at = f"/w/{cast.alice.workspace_slug}/agents/{self.agent_id}/configuration"

    def workspace(self) -> Workspace:
        return db.session.get_one(Workspace, self.cast.alice.workspace_id)

    def make(self, variant: str = "default", schema: JSONValue = None, **value: Any) -> str:
        """Make a version as a program does; return its id."""
        with self.app.app_context():
            fields = ConfigurationFields(variant, schema, value or None)
            with reading():
                checked = check_configuration(self.workspace(), self.agent_id, fields)
            with writing():
                agent = lock_agent(self.workspace(), self.agent_id)
                return str(create_configuration(agent, checked).id)

    def active(self) -> tuple[int, Any]:
        with self.app.app_context(), reading():
            active = active_in(self.workspace(), self.agent_id)
            return active.version, active.value

    def newest(self, variant: str = "default") -> dict[str, Any]:
        with self.app.app_context(), reading():
            row = newest_of(self.agent_id, variant)
            names = ("id", "version", "schema_version", "schema", "value")
            return {name: getattr(row, name) for name in names}


@pytest.fixture
def pages(app: Flask, cast: Cast) -> Pages:
    return Pages(app, cast)


def sent(page: str, **changes: Any) -> dict[str, Any]:
    """Return what a browser sends of the page's form, with some fields typed otherwise."""
    form = page[page.index('id="answer-form"') :]
    form = form[: form.index("</form>")]
    values: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = (re.search(rf' {each}="([^"]*)"', tag) for each in ("name", "value"))
        if name and ("checked" in tag or not re.search(r'type="(radio|checkbox)"', tag)):
            values[name[1]] = unescape(value[1]) if value else ""
    for name_, text in re.findall(
        r'<textarea[^>]* name="([^"]+)"[^>]*>(?:\r?\n)?(.*?)</textarea>', form, re.DOTALL
    ):
        values[name_] = unescape(text)
    for name_, options in re.findall(
        r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL
    ):
        chosen = re.search(r'<option value="([^"]*)"[^>]* selected', options)
        values[name_] = unescape(chosen[1]) if chosen else ""
    return {**values, **changes}


def with_token(**words: JSONValue) -> JSONValue:
    """Return the schema with more said of its secret."""
    schema: Any = parse(dump(SCHEMA))
    schema["properties"]["token"] |= words
    return schema  # type: ignore[no-any-return]


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_an_empty_one_leads_to_its_schema(
    alice: FlaskClient, bob: FlaskClient, pages: Pages
) -> None:
    page = alice.get(pages.at)
    assert (page.status_code, "Begin with a schema" in page.text) == (200, True)
    assert "Begin with a schema" not in bob.get(pages.at).text
    assert (
        f"{pages.agent_id}/configuration"
        in alice.get(f"/w/{pages.cast.alice.workspace_slug}/admin/agents/{pages.agent_id}").text
    )


def test_what_is_saved_untouched_is_the_very_same(alice: FlaskClient, pages: Pages) -> None:
    pages.make(schema=SCHEMA, **VALUE)
    page = alice.get(pages.at).text
    assert "s3cret" not in page
    assert alice.post(pages.at, data=sent(page)).status_code == 303
    version, value = pages.active()
    assert (version, dump(value)) == (3, dump(VALUE))


def test_what_is_changed_is_a_new_version_and_says_so(alice: FlaskClient, pages: Pages) -> None:
    pages.make(schema=SCHEMA, **VALUE)
    data = sent(alice.get(pages.at).text, **{"answer-1": "800"})
    saved = alice.post(pages.at, data=data, follow_redirects=True).text
    assert "Saved as version 3, and active." in saved
    assert "Version 3: Largest order" in saved
    assert "alice@example.com" in saved
    assert pages.active() == (3, {**VALUE, "limit": 800})


def test_what_does_not_fit_is_kept_and_stored_nowhere(alice: FlaskClient, pages: Pages) -> None:
    pages.make(schema=SCHEMA, **VALUE)
    data = sent(alice.get(pages.at).text, **{"answer-1": "9999"})
    refused = alice.post(pages.at, data=data)
    assert refused.status_code == 422
    assert "There is a problem with this configuration" in refused.text
    assert "9999" in refused.text
    assert pages.active()[0] == 2


def test_of_two_at_once_the_second_sees_both_and_loses_nothing(
    alice: FlaskClient, pages: Pages
) -> None:
    pages.make(schema=SCHEMA, **VALUE)
    mine = sent(alice.get(pages.at).text, **{"answer-1": "800"})
    pages.make(**{**VALUE, "model": "large", "token": "other"})
    told = alice.post(pages.at, data=mine)
    assert told.status_code == 409
    assert "Somebody has saved version 3 while you had this open." in text_of(told.text)
    assert "Model changed Before small now large" in text_of(told.text)
    again = sent(told.text)
    assert again["answer-1"] == "800"
    assert pages.active()[0] == 3
    assert alice.post(pages.at, data=again).status_code == 303
    version, value = pages.active()
    assert (version, value["limit"], value["token"]) == (4, 800, "other")


def test_a_new_schema_says_what_becomes_of_the_value(alice: FlaskClient, pages: Pages) -> None:
    pages.make(schema=SCHEMA, **VALUE)
    editor = alice.get(f"{pages.at}/schema")
    assert "Largest order" in editor.text
    ids = dict.fromkeys(("basis", "newest"), str(pages.newest()["id"]))
    wrong = alice.post(f"{pages.at}/schema", data={**ids, "schema": '{"type": "array"}'})
    assert (wrong.status_code, "cannot be used yet" in wrong.text) == (422, True)
    check = alice.post(f"{pages.at}/schema/check", data={"schema": "{"})
    assert "cannot be used yet" in check.text
    schema: JSONValue = {
        "type": "object",
        "properties": {
            "limit": {"title": "Largest order", "type": "number", "maximum": 400},
            "token": {"title": "Shop's token", "type": "string"},
        },
    }
    fate = alice.post(f"{pages.at}/schema", data={**ids, "schema": dump(schema)})
    assert fate.status_code == 200
    assert "s3cret" not in fate.text
    said = text_of(fate.text)
    for words in ("does not fit the new schema", "names no field for these any more; they stay"):
        assert words in said
    assert "or would show it. Fill it in anew: token" in said
    assert pages.active()[0] == 2, "nothing is stored before it is saved"
    data = sent(fate.text, **{"answer-0": "300"})
    assert alice.post(pages.at, data=data).status_code == 303
    stored = pages.newest()
    assert (stored["version"], stored["schema_version"], stored["schema"]) == (3, 3, schema)
    assert stored["value"] == {"limit": 300, "model": "small"}


def test_a_secret_is_entered_anew_where_a_new_schema_says_more_of_it(
    alice: FlaskClient, pages: Pages
) -> None:
    pages.make(schema=SCHEMA, **VALUE)
    ids = dict.fromkeys(("basis", "newest"), str(pages.newest()["id"]))
    for pattern in ("^s3", "^other"):
        schema = with_token(pattern=pattern)
        fate = alice.post(f"{pages.at}/schema", data={**ids, "schema": dump(schema)})
        assert "Fill it in anew: token" in text_of(fate.text)
        # nor does sending the form tell anything
        saved = alice.post(pages.at, data=sent(fate.text))
        assert (saved.status_code, pages.newest()["value"].get("token")) == (303, None)
        pages.make(schema=SCHEMA, **VALUE)
        ids = dict.fromkeys(("basis", "newest"), str(pages.newest()["id"]))
    fate = alice.post(f"{pages.at}/schema", data={**ids, "schema": dump(with_token(title="Its"))})
    assert "Fill it in anew" not in text_of(fate.text)
    assert alice.post(pages.at, data=sent(fate.text)).status_code == 303
    assert pages.newest()["value"] == VALUE


def test_what_a_page_has_sealed_is_held_against_no_other_schema(
    alice: FlaskClient, pages: Pages
) -> None:
    pin: JSONValue = {"type": "string", "writeOnly": True}
    # too many shapes for anything but JSON
    shapes: list[JSONValue] = [
        {"maxProperties": count, "additionalProperties": pin} for count in range(1, 102)
    ]
    schema: JSONValue = {"properties": {"keys": {"anyOf": shapes}, "n": {"type": "integer"}}}
    pages.make(schema=schema, keys={"a": "s3cret"}, n=1)
    page = alice.get(pages.at).text
    typed = sent(page)["answer-0"].replace("{", '{"b": "mine",')
    drawn = alice.post(pages.at, data=sent(page, **{"answer-0": typed, "answer-1": "no number"}))
    assert drawn.status_code == 422
    for pattern in ("^(s3|mi)", "^other"):
        probe = dump(schema).replace('"writeOnly":', f'"pattern":"{pattern}","writeOnly":')
        data = sent(drawn.text, **{"answer-1": "1", "new_schema": probe})
        told = alice.post(pages.at, data=data)
        assert told.status_code == 422
        assert "What you typed here is no longer kept. Type it again." in text_of(told.text)


def test_a_schema_with_a_mark_in_it_is_refused(alice: FlaskClient, pages: Pages) -> None:
    pages.make(schema=with_token(default="s3cret"), **VALUE)
    ids = dict.fromkeys(("basis", "newest"), str(pages.newest()["id"]))
    text = re.search(
        r"<textarea[^>]*>\s*(.*?)</textarea>", alice.get(f"{pages.at}/schema").text, re.DOTALL
    )
    assert text
    shown = unescape(text[1])
    assert alice.post(f"{pages.at}/schema", data={**ids, "schema": shown}).status_code == 200
    edited = shown.replace("Largest order", "Limit")
    refused = alice.post(f"{pages.at}/schema", data={**ids, "schema": edited})
    assert refused.status_code == 422
    assert "There is no stored value to keep here." in refused.text
    assert "/properties/token/default" in refused.text


def test_versions_are_compared_and_gone_back_to(
    app: Flask, alice: FlaskClient, pages: Pages
) -> None:
    second = pages.make(schema=SCHEMA, **VALUE)
    third = pages.make(**{**VALUE, "limit": 900, "token": "other"})
    compared = alice.get(f"{pages.at}/versions/{third}?other={second}").text
    assert "Largest order changed Version 2 500.0 now 900" in text_of(compared)
    assert "Secrets are not compared." in compared
    assert "Secret, changed" not in compared
    asked = alice.get(f"{pages.at}/versions/{second}/activate").text
    assert "Go back to version 2?" in asked
    assert "Largest order changed Version 3 900 now 500.0" in text_of(asked)
    activate = f"{pages.at}/versions/{second}/activate"
    stale = alice.post(activate, data={"active": second})
    assert (stale.status_code, pages.active()[0]) == (409, 3)
    assert alice.post(activate, data={"active": third}).status_code == 303
    assert pages.active() == (2, VALUE)
    page = alice.get(pages.at).text
    assert "The agent goes by version 2, not by the newest of this variant, version 3." in page
    alice.post(pages.at, data=sent(page, **{"answer-1": "600"}))
    assert pages.active() == (4, {**VALUE, "limit": 600})
    assert "s3cret" not in asked + compared


def test_a_variant_begins_with_another_and_stands_beside_it(
    alice: FlaskClient, pages: Pages
) -> None:
    second = pages.make(schema=SCHEMA, **VALUE)
    assert "One variant so far" in alice.get(f"{pages.at}/variants").text
    new = f"{pages.at}/variants/new?of={second}"
    assert alice.post(new, data={"variant": "default"}).status_code == 422
    assert alice.post(new, data={"variant": "bold"}).status_code == 303
    schema: JSONValue = {"properties": {"model": {"title": "Which model"}}}
    pages.make("bold", schema, model="large")
    assert (pages.newest("bold")["version"], pages.active()[0]) == (4, 2)
    table = text_of(alice.get(f"{pages.at}/variants").text)
    assert "Which model differs large small" in table
    assert table.count("odel differs") == 1, "a field is the same whatever its title"
    assert "Not set" in table
    page = alice.get(f"{pages.at}?variant=bold").text
    assert "The agent goes by default meanwhile." in page
    assert alice.get(f"{pages.at}?variant=none").status_code == 404


def test_many_versions_come_in_pages(alice: FlaskClient, pages: Pages) -> None:
    for number in range(21):
        pages.make(n=number)
    first = alice.get(pages.at).text
    assert "Version 2:" not in first
    (older,) = re.findall(r'href="([^"]+)" rel="next"', first)
    assert "Version 2:" in alice.get(unescape(older)).text


def test_reviewers_see_and_do_not_change(
    alice: FlaskClient, bob: FlaskClient, charlie: FlaskClient, pages: Pages
) -> None:
    second = pages.make(schema=SCHEMA, **VALUE)
    page = bob.get(pages.at).text
    assert "Largest order" in page
    assert 'id="answer-form"' not in page
    assert "s3cret" not in page
    mine = sent(alice.get(pages.at).text)
    for path in ("", f"/versions/{second}/activate", "/schema", "/variants/new"):
        assert bob.post(pages.at + path, data=mine).status_code == 403
        assert charlie.post(pages.at + path, data=mine).status_code == 404
    for path in ("", f"/versions/{second}", "/variants"):
        assert bob.get(pages.at + path).status_code == 200
        assert charlie.get(pages.at + path).status_code == 404
    elsewhere = f"/w/{pages.cast.charlie.workspace_slug}/agents/{pages.agent_id}/configuration"
    assert charlie.get(elsewhere).status_code == 404


def test_a_version_of_another_agent_is_not_there(
    app: Flask, alice: FlaskClient, pages: Pages
) -> None:
    other = made(app, pages.cast.alice.workspace_id, "Clerk")
    with app.app_context(), reading():
        theirs: UUID = active_in(pages.workspace(), other).id
    for path in ("", "/activate"):
        assert alice.get(f"{pages.at}/versions/{theirs}{path}").status_code == 404
    data = {"basis": str(theirs), "newest": str(theirs)}
    assert alice.post(pages.at, data=data).status_code == 404


NESTED: JSONValue = {
    "properties": {
        "limits": {
            "title": "Limits",
            "properties": {"day": {"title": "A day", "type": "integer"}, "hour": {}},
        },
        "model": {},
    }
}


def test_fields_of_objects_are_compared_one_by_one(alice: FlaskClient, pages: Pages) -> None:
    second = pages.make(schema=NESTED, model="small", limits={"day": 10, "hour": 2})
    third = pages.make(model="small", limits={"day": 20, "hour": 2})
    pages.make("bold", NESTED, model="small", limits={"day": 10})
    compared = text_of(alice.get(f"{pages.at}/versions/{third}?other={second}").text)
    assert "A day changed Version 2 10 now 20" in compared
    assert "Limits: A day" in text_of(alice.get(pages.at).text)
    table = text_of(alice.get(f"{pages.at}/variants").text)
    assert "Limits: A day differs 10 20 Limits: Hour differs Not set 2" in table


KEEPING: JSONValue = {
    "properties": {
        "url": {"type": "string"},
        "mode": {"type": "string"},
        "token": {"type": "string", "writeOnly": True},
    },
    "if": {"properties": {"mode": {"const": "probe"}}},
    "then": {"properties": {"token": {"pattern": "^s3"}}},
}


@pytest.mark.parametrize("typed", ["", "s3cret", "other"])
def test_a_secret_that_was_left_as_it_is_tells_nothing_and_goes_nowhere_else(
    alice: FlaskClient, pages: Pages, typed: str
) -> None:
    """Whoever types one hears the same, whether it is the one that there is or not."""
    value = {"url": "https://shop.example.com", "mode": "live", "token": "s3cret"}
    pages.make(schema=KEEPING, **value)
    for change in ({"answer-0": "https://elsewhere.example.com"}, {"answer-1": "test"}):
        page = alice.get(pages.at).text
        answer = alice.post(pages.at, data=sent(page, **change, **{"answer-2": typed}))
        assert answer.status_code == (303 if typed else 422)
        assert ("is needed anew" in answer.text) == (not typed)
    assert pages.active()[0] == (4 if typed else 2)
    assert alice.post(pages.at, data=sent(alice.get(pages.at).text)).status_code == 303
