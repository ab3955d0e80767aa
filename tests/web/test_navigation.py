"""The menu, and that of Settings, which stands beside each of its pages."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.role import create_role, set_roles
from tests.conftest import Cast
from tests.support.review_cases import make_viewer
from tests.support.scenarios import admin_of

MENU = re.compile(r'<nav class="sidebar-nav".*?</nav>', re.DOTALL)
SETTINGS = re.compile(r'<nav class="settings-nav".*?</nav>', re.DOTALL)
LINK = re.compile(r'href="([^"]+)"( aria-current="page")?[^>]*>\s*(?:<svg.*?</svg>)?\s*([^<]+)')


def lines(menu: re.Pattern[str], page: str) -> dict[str, str]:
    """Return the lines of a menu: where each leads."""
    nav = menu.search(page)
    return {} if nav is None else {name.strip(): href for href, _, name in LINK.findall(nav[0])}


def current(menu: re.Pattern[str], page: str) -> list[str]:
    nav = menu.search(page)
    assert nav is not None, page
    return [name.strip() for _, is_current, name in LINK.findall(nav[0]) if is_current]


def test_each_page_of_settings_is_marked_in_its_menu(alice: FlaskClient) -> None:
    home = alice.get("/w/main/inbox").text
    assert lines(SETTINGS, home) == {}
    settings = lines(SETTINGS, alice.get(lines(MENU, home)["Settings"]).text)
    assert {"Overview", "Members", "Teams", "Roles", "API keys", "Audit", "Workspace"} <= set(
        settings
    )
    for name, href in settings.items():
        page = alice.get(href)
        assert page.status_code == 200, href
        assert lines(SETTINGS, page.text) == settings
        assert (current(SETTINGS, page.text), current(MENU, page.text)) == ([name], ["Settings"])


@pytest.mark.parametrize(
    ("path", "line"), [("teams/new", "Teams"), ("api-keys/new", "API keys"), ("roles/new", "Roles")]
)
def test_what_stands_below_a_page_is_marked_as_it(alice: FlaskClient, path: str, line: str) -> None:
    assert current(SETTINGS, alice.get(f"/w/main/admin/{path}").text) == [line]


def test_who_may_see_none_of_it_has_no_such_line(app: Flask, cast: Cast, bob: FlaskClient) -> None:
    make_viewer(app, cast.bob)
    page = bob.get("/w/main/inbox").text
    assert "Inbox" in lines(MENU, page)
    assert "Settings" not in lines(MENU, page)


def test_who_may_see_some_of_it_is_led_to_the_first_of_that(
    app: Flask, cast: Cast, bob: FlaskClient
) -> None:
    make_viewer(app, cast.bob)
    with app.app_context(), writing():
        by = admin_of(cast.alice.workspace_id)
        role = create_role(by, name="Auditor", description="", permissions=["sinas.audit.read:all"])
        set_roles(by, cast.bob.id, {role.id})
    href = lines(MENU, bob.get("/w/main/inbox").text)["Settings"]
    assert href == "/w/main/admin/audit"
    assert lines(SETTINGS, bob.get(href).text) == {"Audit": href}
