"""The loop closes in a browser: sign in, the demo asks, a person answers, the agent finishes."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from opensink_web.cli.whole import DEMO_FILE_NAME
from opensink_web.factory import create_app
from opensink_web.models import Role, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.credential import hash_password
from opensink_web.operations.accounts.user import create_user
from opensink_web.operations.accounts.workspace import create_workspace
from opensink_web.settings import Settings
from tests.browser.conftest import Site, sign_in
from tests.conftest import PASSWORD
from tests.support.real_servers import AgentEndpoint

pytestmark = pytest.mark.server

APPROVAL = {
    "type": "object",
    "properties": {
        "approved": {"type": "boolean", "title": "Approve"},
        "quantity": {"type": "integer", "title": "Quantity", "minimum": 1, "default": 10},
    },
    "required": ["approved", "quantity"],
}


def choose(page: Page, answer: str) -> None:
    page.get_by_role("radio", name=answer).first.check()


def send(page: Page) -> None:
    page.get_by_role("button", name="Send answer").click()


@pytest.fixture
def newcomer(site: Site) -> str:
    """Somebody in a workspace that never had a request; by e-mail."""
    email = "newcomer@example.com"
    app = create_app(Settings.from_env({"DATA_DIR": str(site.data_dir)}))
    with app.app_context():
        try:
            with writing():
                workspace = create_workspace("new", "New")
                db.session.flush()
                create_user(workspace, email, hash_password(PASSWORD), role=Role.ADMIN)
        finally:
            db.session.remove()
            db.engine.dispose()
    return email


@pytest.fixture
def demo(site: Site) -> Iterator[None]:
    """The demo's agent, which `opensink up` starts as soon as somebody asks for it."""
    file = site.data_dir / DEMO_FILE_NAME
    wait = f'until [ -e "{file}" ]; do sleep 0.1; done; exec "$0" -m opensink_web.demo "{file}"'
    settings = Settings.from_env({"DATA_DIR": str(site.data_dir), "PUBLIC_URL": site.url})
    command = ["sh", "-c", wait, sys.executable]
    with subprocess.Popen(command, env=settings.function_environment()) as process:
        yield
        process.terminate()


@pytest.mark.usefixtures("demo")
def test_sign_in_demo_answer_session_completed(page: Page, newcomer: str) -> None:
    sign_in(page, email=newcomer)
    page.get_by_role("button", name=re.compile("demo", re.IGNORECASE)).first.click()
    page.wait_for_url("**/requests/*")
    for yes in page.get_by_role("radio", name="Yes").all():
        yes.check()
    send(page)
    expect(page.locator("#last-decision")).to_contain_text("Answered")
    page.get_by_role("link", name="Sessions").first.click()
    expect(page.get_by_role("table")).to_contain_text("Completed")


def test_a_wrong_password_says_so_and_keeps_the_address(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill("alice@example.com")
    page.get_by_label("Password").fill("not the one")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("E-mail")).to_have_value("alice@example.com")
    expect(page.locator("main")).to_contain_text("is wrong")


def test_a_link_to_a_request_survives_the_sign_in(page: Page, site: Site) -> None:
    ids = site.ask(APPROVAL, title="Straight here")
    page.goto(site.page(f"/requests/{ids['request_id']}"))
    page.get_by_label("E-mail").fill("alice@example.com")
    page.get_by_label("Password").fill("correct horse battery staple")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Straight here")


def test_an_invalid_answer_shows_where_and_keeps_the_rest(signed_in: Page, site: Site) -> None:
    page = signed_in
    ids = site.ask(APPROVAL)
    page.goto(site.page(f"/requests/{ids['request_id']}"))
    choose(page, "Yes")
    page.get_by_label("Quantity").fill("0")
    send(page)
    expect(page.get_by_role("alert").first).to_be_visible()
    expect(page.get_by_label("Quantity")).to_have_value("0")
    expect(page.get_by_label("Quantity")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("radio", name="Yes").first).to_be_checked()
    assert site.get(f"/agent-session-input-requests/{ids['request_id']}")["status"] == "pending"

    page.get_by_label("Quantity").fill("3")
    send(page)
    expect(page.locator("#last-decision")).to_contain_text("Answered")
    stored = site.get(f"/agent-session-input-requests/{ids['request_id']}")
    assert stored["response"] == {"approved": True, "quantity": 3}


def test_rows_are_added_and_removed_without_losing_what_was_typed(
    signed_in: Page, site: Site
) -> None:
    page = signed_in
    item = {"type": "object", "properties": {"name": {"type": "string", "title": "Name"}}}
    schema = {
        "type": "object",
        "properties": {"people": {"type": "array", "title": "People", "items": item}},
    }
    ids = site.ask(schema)
    page.goto(site.page(f"/requests/{ids['request_id']}"))
    add = page.get_by_role("button", name=re.compile("Add an entry"))
    add.click()
    page.get_by_label("Name").fill("Ada")
    add.click()
    expect(page.get_by_label("Name")).to_have_count(2)
    expect(page.get_by_label("Name").first).to_have_value("Ada")
    page.get_by_label("Name").nth(1).fill("Grace")
    page.get_by_role("button", name=re.compile("Remove")).first.click()
    expect(page.get_by_label("Name")).to_have_count(1)
    expect(page.get_by_label("Name")).to_have_value("Grace")
    send(page)
    expect(page.locator("#last-decision")).to_contain_text("Answered")
    stored = site.get(f"/agent-session-input-requests/{ids['request_id']}")
    assert stored["response"] == {"people": [{"name": "Grace"}]}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("500", "500"),
        ("timeout", "did not answer within 1 s"),
        ("refused", "connection refused"),
    ],
)
def test_an_endpoint_that_fails_is_seen(
    signed_in: Page, site: Site, name: str, reason: str
) -> None:
    page = signed_in
    delay = 3.0 if name == "timeout" else 0.0
    with AgentEndpoint(status=500, delay_seconds=delay) as endpoint:
        url = "http://127.0.0.1:9/execute" if name == "refused" else endpoint.url
        ids = site.ask(APPROVAL, endpoint={"url": url, "timeout_seconds": 1})
        page.goto(site.page(f"/requests/{ids['request_id']}"))
        choose(page, "No")
        send(page)
        expect(page.locator("main")).to_contain_text(reason)
        page.goto(site.page(f"/sessions/{ids['session_id']}"))
        expect(page.locator("main")).to_contain_text("Failed")
        expect(page.locator("main")).to_contain_text(reason)
    assert site.get(f"/agents/{ids['agent_id']}")["status"] == "failed"


def test_delivered_again_it_goes_on(signed_in: Page, site: Site) -> None:
    page = signed_in
    with AgentEndpoint(status=500) as endpoint:
        ids = site.ask(APPROVAL, endpoint={"url": endpoint.url})
        page.goto(site.page(f"/requests/{ids['request_id']}"))
        choose(page, "Yes")
        send(page)
        expect(page.locator("main")).to_contain_text("500")
        endpoint.status = 200
        page.goto(site.page(f"/sessions/{ids['session_id']}"))
        page.get_by_text("Deliver again").first.click()
        page.get_by_role("button", name="Deliver again").last.click()
        expect(page.locator("main")).to_contain_text("Delivered")
        assert len(endpoint.calls) == 2
        ids_sent = {call.headers["webhook-id"] for call in endpoint.calls}
        assert len(ids_sent) == 1


def test_the_inbox_updates_itself(signed_in: Page, site: Site) -> None:
    page = signed_in
    page.goto(site.page("/inbox"))
    ids = site.ask(APPROVAL, title="Just arrived")
    expect(page.get_by_role("link", name="Just arrived")).to_be_visible()
    body = {"response": {"approved": False, "quantity": 1}}
    site.post(f"/agent-session-input-requests/{ids['request_id']}/resolve", body)
    expect(page.get_by_role("link", name="Just arrived")).to_have_count(0)


def test_two_tabs_one_answer(signed_in: Page, site: Site) -> None:
    page = signed_in
    ids = site.ask(APPROVAL)
    page.goto(site.page(f"/requests/{ids['request_id']}"))
    other = page.context.new_page()
    other.goto(site.page(f"/requests/{ids['request_id']}"))
    choose(other, "No")
    choose(page, "Yes")
    send(other)
    expect(other.locator("#last-decision")).to_contain_text("Answered")
    expect(page.locator("#send-bar")).to_contain_text("can no longer be sent")
    page.evaluate("document.getElementById('answer-form').requestSubmit()")  # all the same
    expect(page.locator("main")).to_contain_text(re.compile("already answered", re.IGNORECASE))
    stored = site.get(f"/agent-session-input-requests/{ids['request_id']}")
    assert stored["response"]["approved"] is False
