"""Errors as pages: what happened and what to do, never a traceback; below /api/ as JSON."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from opensink_web.errors import NotFound
from opensink_web.factory import create_app
from opensink_web.settings import Settings
from opensink_web.web.access import public
from tests.conftest import Cast
from tests.web.conftest import browser_of

MENU = '<nav class="sidebar-nav"'


@pytest.fixture
def failing(settings: Settings) -> Flask:
    """An application as it runs for users, with pages that fail."""
    app = create_app(settings)

    @public
    def crash() -> str:
        raise RuntimeError("secret detail")

    @public
    def locked() -> str:
        raise OperationalError("SELECT secret", {}, Exception("database is locked"))

    @public
    def missing() -> str:
        raise NotFound("There is no such thing.")

    for view in (crash, locked, missing):
        app.add_url_rule(f"/{view.__name__}", view_func=view)
        app.add_url_rule(f"/api/v1/{view.__name__}", f"api_{view.__name__}", view)
    return app


@pytest.mark.parametrize(
    ("path", "status"), [("/crash", 500), ("/locked", 503), ("/missing", 404), ("/nowhere", 404)]
)
def test_answers_a_page_that_says_what_happened(failing: Flask, path: str, status: int) -> None:
    answer = failing.test_client().get(path)
    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert (f'href="{path}">Try again' in answer.text) == (status >= 500)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/crash", 500, "internal_error"),
        ("/api/v1/locked", 503, "unavailable"),
        ("/api/v1/missing", 404, "not_found"),
        ("/api/v1/nowhere", 404, "not_found"),
    ],
)
def test_answers_json_below_the_api(failing: Flask, path: str, status: int, code: str) -> None:
    answer = failing.test_client().get(path)
    assert answer.status_code == status
    assert answer.json is not None
    assert answer.json["code"] == code
    assert "secret" not in answer.text


def test_a_wrong_method_is_405_in_both(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    assert client.get(f"/w/{cast.alice.workspace_slug}/demo/start").status_code == 405
    answer = client.put("/api/v1/agents", headers=cast.alice.headers, json={})
    assert answer.status_code == 405
    assert answer.json is not None
    assert answer.json["code"] == "method_not_allowed"


@pytest.mark.parametrize("path", ["/w/%00/inbox", "/w/main/%00", "/sign-up/%00", "/static/%00"])
def test_an_address_with_a_nul_names_nothing(app: Flask, path: str) -> None:
    assert app.test_client().get(path).status_code == 404
    answer = app.test_client().get("/api/v1/agents/%00")
    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["code"] == "not_found"


def test_a_referer_that_is_no_address_is_400(app: Flask) -> None:
    client = app.test_client()
    form = client.get("/sign-in", base_url="https://localhost").text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
    assert token is not None
    answer = client.post(
        "/sign-in",
        base_url="https://localhost",
        data={"csrf_token": token[1]},
        headers={"Referer": "https://["},
    )
    assert answer.status_code == 400


def test_a_form_that_is_too_large_is_413(app: Flask) -> None:
    answer = app.test_client().post("/sign-in", data={"email": "x" * 2_000_000})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/w/main/nowhere", 404),
        ("/w/main/requests/00000000-0000-0000-0000-000000000000", 404),
        ("/w/main/admin/agents", 403),
        ("/w/main/executions?status=nearly", 400),
        ("/nowhere", 404),
    ],
)
def test_whoever_is_in_the_workspace_keeps_its_menu(
    bob: FlaskClient, path: str, status: int
) -> None:
    answer = bob.get(path)
    assert answer.status_code == status
    assert MENU in answer.text
    assert 'href="/w/main/inbox"' in answer.text
    assert answer.text.count("<h1>") == 1


@pytest.mark.parametrize("path", ["/w/main/nowhere", "/w/main/inbox", "/w/not-there/inbox"])
def test_who_is_not_in_the_workspace_sees_nothing_of_it(
    app: Flask, cast: Cast, charlie: FlaskClient, path: str
) -> None:
    answer = charlie.get(path)
    assert answer.status_code == 404
    assert MENU not in answer.text
    assert "/w/main" not in answer.text
    assert charlie.get("/w/not-there/inbox").text == charlie.get("/w/main/inbox").text


def test_a_stranger_gets_no_menu(app: Flask, cast: Cast) -> None:
    assert MENU not in app.test_client().get("/w/main/nowhere").text


def test_an_error_of_ours_asks_the_database_for_no_menu(failing: Flask, cast: Cast) -> None:
    answer = browser_of(failing, cast.bob).get("/crash")
    assert answer.status_code == 500
    assert MENU not in answer.text
