"""Writes the pictures of docs/: a workspace with members, and a team at work, as an admin sees it.

    python -m tests.admin_pictures

Chromium is found as the browser tests find it.
"""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from os import environ
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from flask import Flask
from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from opensink_web.cli.database import run_migrations
from opensink_web.factory import create_app
from opensink_web.models import Membership, Role, User, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.api_key import create_key
from opensink_web.operations.accounts.credential import new_password_hash
from opensink_web.operations.accounts.invitation import invite
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.accounts.program_session import begin_program_session
from opensink_web.operations.accounts.team import create_team
from opensink_web.operations.accounts.user import create_user, deactivate_member
from opensink_web.operations.accounts.user_session import begin_session
from opensink_web.operations.accounts.workspace import first_workspace
from opensink_web.operations.accounts.workspace_creation import open_workspace
from opensink_web.settings import Settings
from tests import team_pictures
from tests.conftest import PASSWORD, Person
from tests.support.old_sessions import end_session_long_ago

PICTURES = Path(__file__).parents[1] / "docs" / "img"
ADMIN = "alice@example.com"
_BROWSERS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/19.0 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1",
)


def _fill(app: Flask, settings: Settings) -> dict[str, UUID]:
    """Make what is to be seen; return the requests that are shown."""
    with app.app_context():
        run_migrations()
        with writing():
            workspace = first_workspace()
            workspace.name = "Acme Trading"
            password_hash = new_password_hash(PASSWORD, email=ADMIN)
            alice = create_user(workspace, ADMIN, password_hash, role=Role.ADMIN)
            people = [_join(workspace, name) for name in ("bob", "carol", "dan", "erin")]
            for number, user in enumerate([*people, people[0]]):
                address = f"192.0.2.{number + 7}"
                begin_session(user, user_agent=_BROWSERS[number % 3], remote_address=address)
            _furnish(workspace, alice, people)
            open_workspace(alice, name="EMEA desk", slug="emea")
            bob_id = people[0].id
        person = Person(alice.id, ADMIN, "", workspace.id, workspace.slug)
        bob = Person(bob_id, "bob@example.com", "", workspace.id, workspace.slug)
    for _ in range(3):
        end_session_long_ago(app, person, days=40)
    with app.app_context():
        return team_pictures.furnish(person, bob, settings)


def _join(workspace: Workspace, name: str) -> User:
    return create_user(workspace, f"{name}@example.com", None, role=Role.REVIEWER)


def _furnish(workspace: Workspace, alice: User, people: list[User]) -> None:
    bob, carol, dan, erin = people
    by = Principal.of(db.session.get_one(Membership, (alice.id, workspace.id)))
    create_team(workspace, name="Finance", description="", user_ids={bob.id, carol.id})
    create_team(workspace, name="Support", description="")
    create_key(workspace, bob, name="trader", scopes=("agents:read",))
    program = {"user_agent": "trader/1.4", "remote_address": "198.51.100.9"}
    begin_program_session(bob, workspace, **program)
    invite(workspace, role=Role.REVIEWER, email="frank@example.com", by=alice)
    deactivate_member(by, erin.id)
    assert dan.is_active


@contextmanager
def _served() -> Iterator[tuple[str, dict[str, UUID]]]:
    with TemporaryDirectory() as folder:
        variables = {"DATA_DIR": folder, "SECRET_KEY": "pictures" * 5}
        mail = {"SMTP_HOST": "mail.example.com", "SMTP_FROM": "opensink@example.com"}
        settings = Settings.from_env(variables | mail)
        app = create_app(settings)
        shown = _fill(app, settings)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", shown
        finally:
            server.shutdown()
            thread.join()


def _sign_in(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(ADMIN)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/inbox")


def _take(page: Page, name: str) -> None:
    page.evaluate("document.activeElement.blur()")
    page.screenshot(path=PICTURES / f"{name}.png")


def main() -> None:
    """Write the pictures."""
    path = environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or "/usr/bin/chromium"
    with _served() as (address, shown), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": team_pictures.WIDTH, "height": team_pictures.HEIGHT},
            color_scheme="light",
            locale="en-GB",
            base_url=address,
        )
        _sign_in(page)
        page.goto("/w/main/admin")
        _take(page, "settings")
        page.goto("/w/main/admin/sign-ins")
        page.get_by_role("link", name="bob@example.com").click()
        page.wait_for_url("**/sign-ins/*")
        _take(page, "sign-ins")
        page.goto("/w/main/admin/retention")
        page.get_by_label("Sessions, in days").fill("30")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Nothing is saved yet").wait_for()
        _take(page, "retention")
        page.goto("/w/main/inbox")
        page.locator(".workspace-menu summary").click()
        page.get_by_role("link", name="EMEA desk").wait_for()
        _take(page, "workspaces")
        team_pictures.take_all(page, shown, _take)
        browser.close()


if __name__ == "__main__":
    main()
