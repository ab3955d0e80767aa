"""What must hold for every page, also for those not written yet."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from opensink_web.contract.surface import surface_of
from opensink_web.factory import create_app
from opensink_web.settings import Settings
from opensink_web.web.access import PERMISSION
from tests.conftest import PASSWORD, Cast

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates"


def page_rules(app: Flask) -> list[Rule]:
    return [
        rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and surface_of(rule.rule) is None
    ]


def workspace_rules(app: Flask) -> list[Rule]:
    return [rule for rule in page_rules(app) if "workspace_slug" in rule.arguments]


def addresses(app: Flask, slug: str) -> Iterator[tuple[str, str]]:
    """Give every method and address of the workspace's pages, with ids that exist nowhere."""
    adapter = app.url_map.bind("localhost")
    for rule in workspace_rules(app):
        values = {name: slug if name == "workspace_slug" else uuid4() for name in rule.arguments}
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield method, adapter.build(rule.endpoint, values, method=method)


@pytest.fixture
def without_csrf(app: Flask) -> Flask:
    """Tokens are tested elsewhere; here they would hide what comes behind them."""
    app.config["WTF_CSRF_ENABLED"] = False
    return app


def test_every_page_declares_its_permission(app: Flask) -> None:
    undeclared = [
        rule.endpoint
        for rule in page_rules(app)
        if not hasattr(app.view_functions[rule.endpoint], PERMISSION)
    ]
    assert undeclared == []


def test_no_part_of_a_page_asks_by_the_clock() -> None:
    """What moves by itself waits for news: static/js/live.js."""
    asking = [
        path.name for path in TEMPLATES.rglob("*.html") if 'hx-trigger="every' in path.read_text()
    ]
    assert asking == []


def test_every_page_of_a_workspace_needs_a_permission(app: Flask) -> None:
    public = [
        rule.endpoint
        for rule in workspace_rules(app)
        if getattr(app.view_functions[rule.endpoint], PERMISSION) is None
    ]
    assert public == []


def test_without_a_sign_in_every_page_leads_to_it(without_csrf: Flask, cast: Cast) -> None:
    client = without_csrf.test_client()
    for method, address in addresses(without_csrf, cast.alice.workspace_slug):
        answer = client.open(address, method=method)
        assert answer.status_code == 303, (method, address)
        assert answer.location.startswith("/sign-in"), (method, address)


def test_somebody_elses_workspace_is_not_there(without_csrf: Flask, cast: Cast) -> None:
    client = without_csrf.test_client()
    signed_in = client.post("/sign-in", data={"email": cast.charlie.email, "password": PASSWORD})
    assert signed_in.status_code == 303
    for method, address in addresses(without_csrf, cast.alice.workspace_slug):
        answer = client.open(address, method=method)
        assert answer.status_code == 404, (method, address)


def unsafe_addresses(app: Flask, slug: str) -> list[tuple[str, str]]:
    """Give every method and address outside the API that may change something."""
    adapter = app.url_map.bind("localhost")
    found = []
    for rule in page_rules(app):
        kinds = {name: rule._converters[name] for name in rule.arguments}
        values = {
            name: uuid4() if "UUID" in type(kind).__name__ else slug for name, kind in kinds.items()
        }
        for method in sorted((rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}):
            address = adapter.build(rule.endpoint, values, method=method)
            found.append((method, address))
    assert len(found) > 20
    return found


def stored(settings: Settings) -> list[str]:
    with closing(sqlite3.connect(settings.data_dir / "opensink.sqlite3")) as connection:
        return list(connection.iterdump())


@pytest.mark.parametrize("fields", [{}, {"csrf_token": "made up"}])
def test_whatever_may_change_something_is_refused_without_a_token(
    app: Flask, settings: Settings, cast: Cast, fields: dict[str, str]
) -> None:
    client = signed_in_with_token(app, cast)[0]
    before = stored(settings)
    for method, address in unsafe_addresses(app, cast.alice.workspace_slug):
        answer = client.open(address, method=method, data=fields)
        if answer.status_code == 303:  # somebody signed in has no use for a sign-in form
            assert address == "/sign-in"
            continue
        assert answer.status_code in {400, 404}, address
        assert "<h1>" in answer.text, address
    assert stored(settings) == before


@pytest.mark.parametrize("in_header", [False, True])
def test_and_is_taken_with_one_in_the_form_or_in_the_header(
    app: Flask, cast: Cast, *, in_header: bool
) -> None:
    client = app.test_client()
    for method, address in unsafe_addresses(app, cast.alice.workspace_slug):
        token = token_in(client.get("/sign-in").text)
        fields = {} if in_header else {"csrf_token": token}
        headers = {"X-CSRFToken": token} if in_header else {}
        answer = client.open(address, method=method, data=fields, headers=headers)
        assert answer.status_code in {303, 404, 422}, address


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found is not None
    return found[1]


def signed_in_with_token(app: Flask, cast: Cast) -> tuple[FlaskClient, str]:
    """Sign Alice in through the form, and return her browser and the token of its pages."""
    client = app.test_client()
    token = token_in(client.get("/sign-in").text)
    data = {"email": cast.alice.email, "password": PASSWORD, "csrf_token": token}
    assert client.post("/sign-in", data=data).status_code == 303
    return client, token_in(client.get("/account").text)


def test_every_template_is_used() -> None:
    sources = [*TEMPLATES.rglob("*.html"), *(ROOT / "opensink_web").rglob("*.py")]
    text = "\n".join(path.read_text() for path in sources)
    mentioned = set(re.findall(r"[\"']([\w/-]+\.html)[\"']", text)) | templates_of_controls()
    existing = {str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html")}
    assert existing - mentioned == set(), "nobody uses these"
    assert mentioned - existing == set(), "these are not there"


def templates_of_controls() -> set[str]:
    """Return the templates of the controls of a form, each of which has its control's name."""
    modules = (ROOT / "opensink_web/schema/controls").glob("*.py")
    named = {name for path in modules for name in re.findall(r'"([a-z]+)"', path.read_text())}
    return {f"answer/controls/{name}.html" for name in named & control_templates()}


def control_templates() -> set[str]:
    return {path.stem for path in (TEMPLATES / "answer/controls").glob("*.html")}


def test_no_template_has_inline_script_or_style() -> None:
    """The content security policy would not run it."""
    inline = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|hx-on", re.IGNORECASE)
    found = [
        f"{path.relative_to(TEMPLATES)}: {match.group()}"
        for path in TEMPLATES.rglob("*.html")
        for match in inline.finditer(re.sub(r"{#.*?#}", "", path.read_text(), flags=re.DOTALL))
    ]
    assert found == []


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def every_get(app: Flask, slug: str) -> list[str]:
    """Give an address for every rule that answers GET, the API's too, and some for none."""
    adapter = app.url_map.bind("localhost")
    found = [
        "/static/js/forms.js",
        "/static/img/favicon.svg",
        "/static/nowhere",
        "/nowhere",
        "/api/v1/nowhere",
        "/%00",
    ]
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or set()) and rule.endpoint != "static":
            values = {
                name: slug if name == "workspace_slug" else uuid4() for name in rule.arguments
            }
            found.append(adapter.build(rule.endpoint, values))
    return found


def test_every_answer_carries_the_security_headers(without_csrf: Flask, cast: Cast) -> None:
    client = without_csrf.test_client()
    client.post("/sign-in", data={"email": cast.alice.email, "password": PASSWORD})
    for address in every_get(without_csrf, cast.alice.workspace_slug):
        for method in ("GET", "PUT"):
            answer = client.open(address, method=method)
            headers = answer.headers
            is_file = address.startswith("/static/") and answer.status_code == 200
            of_it = {"X-Content-Type-Options": "nosniff"} if is_file else HEADERS
            assert {name: headers[name] for name in HEADERS if name in headers} == of_it, address
            policy = headers.get("Content-Security-Policy", "")
            if not address.endswith(".js") or not is_file:
                assert "default-src 'none'" in policy, address
                assert "frame-ancestors 'none'" in policy, address
            assert "Strict-Transport-Security" not in headers, address
            is_static = address.startswith("/static/")
            assert is_static or headers["Cache-Control"] == "no-store", address
            answer.close()


@pytest.fixture
def https_client(app: Flask, cast: Cast, settings: Settings) -> FlaskClient:
    """A browser at an installation that people reach over HTTPS, on the same database."""
    over_https = create_app(replace(settings, public_url="https://sink.example.com"))
    over_https.config["WTF_CSRF_ENABLED"] = False
    return over_https.test_client()


def test_over_https_cookies_stay_on_it(https_client: FlaskClient, cast: Cast) -> None:
    answer = https_client.post(
        "/sign-in",
        base_url="https://sink.example.com",
        data={"email": cast.alice.email, "password": PASSWORD},
    )
    assert answer.status_code == 303
    cookies = answer.headers.getlist("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {
        "__Host-opensink_session",
        "opensink_device",
    }
    for cookie in cookies:
        flags = set(cookie.split("; "))
        assert {"Secure", "HttpOnly", "SameSite=Lax"} <= flags, cookie
        assert not any(flag.startswith("Domain") for flag in flags), cookie
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    out = https_client.post("/sign-out", base_url="https://sink.example.com")
    assert out.headers["Clear-Site-Data"] == '"cache", "storage"'


def test_over_http_cookies_are_kept_from_scripts_and_other_sites(
    without_csrf: Flask, cast: Cast
) -> None:
    data = {"email": cast.alice.email, "password": PASSWORD}
    answer = without_csrf.test_client().post("/sign-in", data=data)
    for cookie in answer.headers.getlist("Set-Cookie"):
        flags = set(cookie.split("; "))
        assert {"HttpOnly", "SameSite=Lax"} <= flags, cookie
        assert "Secure" not in flags, cookie
