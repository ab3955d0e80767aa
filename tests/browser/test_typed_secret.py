"""A secret typed into a form that comes back before it is sent: kept, never shown."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE_MS, Site, let_in

pytestmark = pytest.mark.server

SCHEMA = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "pin": {"type": "string", "title": "PIN", "writeOnly": True},
        "name": {"type": "string", "title": "Name", "minLength": 3},
        "tags": {"type": "array", "title": "Tags", "items": {"type": "string", "title": "Tag"}},
        "keys": {
            "type": "object",
            "title": "Keys",
            "patternProperties": {"^key": {"type": "string", "format": "password"}},
        },
    },
}


@pytest.fixture(params=[True, False], ids=["JavaScript", "no JavaScript"])
def reviewer(request: pytest.FixtureRequest, chromium: Browser, site: Site) -> Iterator[Page]:
    context = chromium.new_context(base_url=site.url, java_script_enabled=request.param)
    context.set_default_timeout(PATIENCE_MS)
    let_in(context, site)
    yield context.new_page()
    context.close()


def test_it_outlives_rows_and_errors_and_is_sent(reviewer: Page, site: Site) -> None:
    ids = site.ask(SCHEMA, title="Which PIN?")
    reviewer.goto(site.page(f"/requests/{ids['request_id']}"))
    reviewer.get_by_label("PIN").fill("s3cret-1")
    reviewer.get_by_role("button", name="Add an entry to Keys").click()
    keys = reviewer.get_by_role("group", name="Keys")
    keys.get_by_label("Name").fill("key-1")
    keys.get_by_label("Name").press("Tab")
    if (update := keys.get_by_role("button", name="Update the fields")).is_visible():
        update.first.click()  # without a script nothing else draws the value that this name has
    expect(keys.locator("input[type=password]")).to_be_visible()
    keys.get_by_label("Value", exact=True).fill("s3cret-2")
    reviewer.get_by_label("Name").first.fill("A")

    reviewer.get_by_role("button", name="Add an entry to Tags").click()
    reviewer.get_by_label("Tag 1").fill("red")  # with a script only the list was drawn again
    assert "s3cret" not in reviewer.content()
    reviewer.get_by_role("button", name="Send answer").click()
    expect(reviewer.locator("#answer-errors")).to_be_visible()
    expect(reviewer.get_by_text("what you typed is kept, not shown")).to_have_count(2)
    assert "s3cret" not in reviewer.content()
    reviewer.get_by_label("Name").first.fill("Ada")
    reviewer.get_by_role("button", name="Send answer").click()

    expect(reviewer.locator("#last-decision")).to_contain_text("Answered")
    assert "s3cret" not in reviewer.content()
    assert site.get(f"/agent-session-input-requests/{ids['request_id']}")["response"] == {
        "pin": "s3cret-1",
        "name": "Ada",
        "tags": ["red"],
        "keys": {"key-1": "s3cret-2"},
    }
