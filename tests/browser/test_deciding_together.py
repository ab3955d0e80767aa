"""Several people answer one request: what one has said is told, and taken back by a key."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site

pytestmark = pytest.mark.server
YES_OR_NO = {
    "type": "object",
    "required": ["approved"],
    "properties": {"approved": {"type": "boolean"}},
}


def test_an_answer_counts_and_is_taken_back_by_a_key(signed_in: Page, site: Site) -> None:
    page, several = signed_in, dict[str, Any](required_responses=2)
    site.empty_inbox()
    asked = site.ask(YES_OR_NO, **several)
    site.ask(YES_OR_NO)
    page.goto(site.page(f"/requests/{asked['request_id']}"))
    expect(page.locator(".votes")).to_contain_text("0 of 2 say the same so far.")
    page.keyboard.press("a")
    bar = page.locator("#last-decision")
    expect(bar).to_contain_text("You answered")
    expect(bar).to_contain_text("1 of 2 say the same so far.")
    page.keyboard.press("z")
    expect(page.locator(".votes")).to_contain_text("0 of 2 say the same so far.")
    expect(page.get_by_role("button", name="Yes")).to_be_visible()
    request = site.get(f"/agent-session-input-requests/{asked['request_id']}")
    assert (request["status"], request["responses"]) == ("pending", [])
