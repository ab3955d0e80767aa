"""The reference of the API: for everybody, every operation, nobody's key."""

import re
import shlex

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web import json_value
from opensink_web.contract.example import shown
from opensink_web.contract.openapi import sent_headers
from opensink_web.contract.route import Route
from opensink_web.factory import ROUTES
from opensink_web.operations.sinks.secret import SECRET_HEADER
from tests.support.cases import for_each
from tests.support.statements import statements

INDEX = "/docs"
LARGEST = 150_000
"""Of a page, in characters: it was 300,000 where each call told all fields of what it answers."""


@pytest.fixture
def reader(app: Flask) -> FlaskClient:
    """Somebody who is not signed in."""
    return app.test_client()


def words_of(html: str) -> str:
    return re.sub(r"&#(34|39);", lambda it: {"34": '"', "39": "'"}[it[1]], html)


def test_every_operation_is_listed_and_shown_with_a_call(reader: FlaskClient) -> None:
    index = reader.get(INDEX).text
    pages = {name: words_of(reader.get(f"{INDEX}/{name}").text) for name in resources()}

    def check(route: Route) -> None:
        assert f'href="{INDEX}/{route.resource}#{route.name}"' in index
        page = pages[route.resource]
        assert f'id="{route.name}"' in page
        call = re.search(rf'<pre id="{route.name}-call"[^>]*>(.*?)</pre>', page, re.DOTALL)
        assert call is not None
        words = shlex.split(call[1].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))
        assert words[0] == "curl"
        if route.takes_body:
            sent = json_value.parse(words[words.index("-d") + 1])
            assert sent == shown(route.example.body)
        headers = {**sent_headers(route)}
        for name, value in headers.items():
            assert f"{name}: {shown(value)}" in words
        needs_key = not route.is_public and SECRET_HEADER not in headers
        assert ("Authorization: Bearer $OPENSINK_API_KEY" in words) is needs_key
        for name in route.body.model_fields if route.takes_body else ():
            assert f"<code>{route.body.model_fields[name].alias or name}</code>" in page
        for name in fields_of(route):
            is_of_list = name in {"items", "trail"}
            assert is_of_list or f"<code>{name}</code>" in page, (route.name, name)

    for_each(ROUTES, check)
    for page in [index, *pages.values()]:
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert sorted(ids) == sorted(set(ids))
        assert not re.search(r"os[ks]_(?!shown-)\w", page)
        links = re.findall(r'href="#([^"]+)"', page)
        assert set(links) <= {*ids, "main"}
        assert len(page) < LARGEST


def fields_of(route: Route) -> list[str]:
    """Return the names of what a route answers, or what is in a list of it."""
    schema = (
        route.answer.model_json_schema(mode="serialization") if route.answer is not None else {}
    )
    return list(schema.get("properties", {}))


def resources() -> list[str]:
    return sorted({route.resource for route in ROUTES})


def test_it_is_searched_by_words(reader: FlaskClient) -> None:
    page = reader.get(f"{INDEX}?q=standing+REVOKE").text
    names = ["grant_standing_approval", "revoke_standing_approval"]
    assert re.findall(rf'href="{INDEX}/\w+#(\w+)"', page) == names
    assert "Nothing is called that" in reader.get(f"{INDEX}?q=%3Cscript%3E").text
    assert "<script>" not in reader.get(f"{INDEX}?q=%22%3E%3Cscript%3E").text


def test_there_is_no_page_of_another_name(reader: FlaskClient) -> None:
    assert reader.get(f"{INDEX}/nothing").status_code == 404


def test_it_asks_no_database(app: Flask, reader: FlaskClient) -> None:
    with statements(app) as said:
        reader.get(INDEX)
        reader.get(f"{INDEX}/agents")
    assert said == []


def test_it_stands_below_a_path_too(reader: FlaskClient) -> None:
    for path in (INDEX, f"{INDEX}/agents"):
        page = reader.get(path, environ_overrides={"SCRIPT_NAME": "/sink"}).text
        links = re.findall(r'(?:href|src|action)="([^"#][^"]*)"', page)
        assert links
        assert [link for link in links if not link.startswith("/sink/")] == []


def test_every_page_leads_there(reader: FlaskClient, alice: FlaskClient) -> None:
    for page in (reader.get("/sign-in"), alice.get("/account")):
        assert page.status_code == 200
        assert f'href="{INDEX}"' in page.text
