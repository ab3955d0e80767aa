"""What must hold for every page, also for those not written yet."""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from werkzeug.routing import Rule

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
        if rule.endpoint != "static" and not rule.rule.startswith("/api/")
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


def test_every_form_needs_its_token(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    for method, address in addresses(app, cast.alice.workspace_slug):
        if method == "POST":
            assert client.post(address).status_code == 400, address


def test_every_template_is_used() -> None:
    sources = [*TEMPLATES.rglob("*.html"), *(ROOT / "opensink_web").rglob("*.py")]
    text = "\n".join(path.read_text() for path in sources)
    mentioned = set(re.findall(r"[\"']([\w/-]+\.html)[\"']", text))
    existing = {str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html")}
    assert existing - mentioned == set(), "nobody uses these"
    assert mentioned - existing == set(), "these are not there"


def test_no_template_has_inline_script_or_style() -> None:
    """The content security policy would not run it."""
    inline = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|hx-on", re.IGNORECASE)
    found = [
        f"{path.relative_to(TEMPLATES)}: {match.group()}"
        for path in TEMPLATES.rglob("*.html")
        for match in inline.finditer(re.sub(r"{#.*?#}", "", path.read_text(), flags=re.DOTALL))
    ]
    assert found == []


def test_every_answer_carries_the_policy(app: Flask) -> None:
    client = app.test_client()
    for address in ("/healthz", "/sign-in", "/nowhere", "/api/v1/nowhere"):
        headers = client.get(address).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"], address
        assert headers["X-Content-Type-Options"] == "nosniff", address


def test_cookies_are_secure_where_the_address_is(tmp_path: Path) -> None:
    environment = {"DATA_DIR": str(tmp_path), "PUBLIC_URL": "https://sink.example.com"}
    app = create_app(Settings.from_env(environment))
    assert app.config["SESSION_COOKIE_SECURE"] is True
    assert "Strict-Transport-Security" in app.test_client().get("/healthz").headers
