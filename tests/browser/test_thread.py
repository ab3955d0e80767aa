"""Asking the agent back while a form is filled in: the keys, what is written, and what arrives."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site

pytestmark = pytest.mark.server

STANDS_STILL = """() => {
    const before = window.stood;
    window.stood = document.getElementById("answer-form").getBoundingClientRect().top;
    return before === window.stood;
}"""
"""What was scrolled to is reached softly."""
REASON = {"type": "object", "required": ["why"], "properties": {"why": {"type": "string"}}}


def say(site: Site, asked: dict[str, str], message: str) -> Any:
    path = f"/agent-session-input-requests/{asked['request_id']}/comments"
    return site.post(path, {"message": message})


def test_an_agent_is_asked_and_answers_and_nothing_that_is_typed_moves_or_is_lost(
    signed_in: Page, site: Site
) -> None:
    page = signed_in
    asked = site.ask(REASON, endpoint={"url": "http://127.0.0.1:9/", "method": "POST"})
    page.goto(site.page(f"/requests/{asked['request_id']}"))
    page.get_by_label("why").fill("Because")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("m")
    box = page.get_by_label("Ask back or comment")
    expect(box).to_be_focused()
    page.keyboard.type("Ten or five?")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    page.reload()
    expect(box).to_have_value("Ten or five?")
    box.focus()
    page.keyboard.press("Control+Enter")
    comments = page.locator(".comment")
    expect(comments).to_have_count(1)
    expect(comments.first).to_contain_text("asked the agent")
    expect(comments.first).to_contain_text("could not be reached")
    expect(box).to_have_value("")
    request = site.get(f"/agent-session-input-requests/{asked['request_id']}")
    assert (request["status"], request["comments_count"]) == ("pending", 1)

    box.fill("Still there")
    why = page.get_by_label("why")
    expect(why).to_have_value("Because")
    why.focus()
    page.wait_for_function(STANDS_STILL, polling=400)
    before = why.bounding_box()
    say(site, asked, "Five, and here is why.")
    expect(comments).to_have_count(2)
    expect(page.locator("#comments-link")).to_have_text("2 comments")
    expect(why).to_be_focused()
    expect(box).to_have_value("Still there")
    assert why.bounding_box() == before

    page.get_by_role("heading", level=1).click()
    page.keyboard.press("e")
    expect(why).to_be_focused()
