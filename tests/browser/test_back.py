"""Back in the list: the row that was opened is where it was, and has the focus."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PATIENCE_MS, Site, let_in
from tests.support.quick_reviewer import YES_NO

pytestmark = pytest.mark.server

PHONE: Any = {"width": 390, "height": 844}
ROWS = 50
OPENED = 40
TO_THE_MIDDLE = "(row) => row.scrollIntoView({ block: 'center', behavior: 'instant' })"
TOP = "(row) => row.getBoundingClientRect().top"
IS_AT = "([row, top]) => Math.abs(row.getBoundingClientRect().top - top) <= 1"


@pytest.fixture
def phone(chromium: Browser, site: Site) -> Iterator[Page]:
    """A page of Alice's on a phone."""
    context = chromium.new_context(base_url=site.url, viewport=PHONE)
    context.set_default_timeout(PATIENCE_MS)
    let_in(context, site)
    yield context.new_page()
    context.close()


def ask_fifty(site: Site) -> str:
    """Have an agent ask so often; return the tag by which they are found."""
    tag = uuid4().hex
    ids = {"agent_id": site.post("/agents", {"name": "Shop"})["id"]}
    ids["session_id"] = site.post("/agent-sessions", ids)["id"]
    for number in range(ROWS):
        question: dict[str, Any] = {"key": "refund", "title": f"Refund {number}?", "message": ""}
        question |= ids | {"schema": YES_NO, "tags": [tag]}
        site.post("/agent-session-input-requests", question)
    return tag


def title_of(page: Page, number: int) -> Locator:
    return page.get_by_role("link", name=f"Refund {number}?", exact=True)


def expect_at(row: Locator, top: float) -> None:
    row.page.wait_for_function(IS_AT, arg=[row.element_handle(), top])


def test_the_row_that_was_opened_is_where_it_was(phone: Page, site: Site) -> None:
    page, address = phone, site.page(f"/inbox?tag={ask_fifty(site)}&order=newest")
    page.goto(address)
    row = title_of(page, ROWS - OPENED)
    row.evaluate(TO_THE_MIDDLE)
    at = row.evaluate(TOP)
    assert 0 < at < PHONE["height"]
    assert page.evaluate("scrollY") > 1000
    row.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Refund {ROWS - OPENED}?")

    page.go_back()
    expect(row).to_be_focused()
    assert page.url == address
    expect_at(row, at)

    # decided, the next one takes its place
    page.keyboard.press("Enter")
    page.locator(".deciding [data-key~=a]").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Refund {ROWS - OPENED - 1}?")
    page.locator("#place-list").click()
    next_row = title_of(page, ROWS - OPENED - 1)
    expect(next_row).to_be_focused()
    assert parse_qs(urlsplit(page.url).query) == parse_qs(urlsplit(address).query)
    expect_at(next_row, at)
    site.empty_inbox()
