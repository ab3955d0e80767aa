"""Asking the agent back while a form is filled in: the keys, what is written, and what arrives."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, let_in
from tests.browser.test_accessibility import faults, reader
from tests.conftest import PASSWORD
from tests.support.opensink_up import Opensink

pytestmark = pytest.mark.server
__all__ = ["reader"]

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


@pytest.fixture
def colleagues(site: Site) -> None:
    """Two members besides, and one who is told apart by the end of an address alone."""
    for name in ("anna", "anton", "zoe.an"):
        user = ("user", "create", f"{name}@example.com", "--role", "viewer", "--password-stdin")
        Opensink(site.data_dir).run(*user, text=PASSWORD)


@pytest.mark.usefixtures("colleagues")
def test_whom_to_ask_is_offered_behind_an_at(signed_in: Page, site: Site) -> None:
    page, asked = signed_in, site.ask(REASON)
    page.goto(site.page(f"/requests/{asked['request_id']}"))
    box, offered = (
        page.get_by_label("Ask back or comment"),
        page.locator("#mention-list [role=option]"),
    )
    box.click()
    expect(box).to_have_attribute("aria-autocomplete", "list")
    box.press_sequentially("Hello @an")
    expect(offered).to_have_text(["anna@example.com", "anton@example.com", "zoe.an@example.com"])
    page.keyboard.press("ArrowDown")
    expect(offered.nth(1)).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == offered.nth(1).get_attribute("id")
    page.keyboard.press("Enter")
    expect(box).to_have_value("Hello @anton@example.com ")
    expect(offered).to_have_count(0)
    box.press_sequentially("or @zoe")
    expect(offered).to_have_count(1)
    page.keyboard.press("Tab")
    expect(box).to_have_value("Hello @anton@example.com or @zoe.an@example.com ")
    expect(box).to_be_focused()
    box.press_sequentially("or @ann")
    expect(offered).to_have_text(["anna@example.com"])
    offered.click()
    expect(box).to_have_value(
        "Hello @anton@example.com or @zoe.an@example.com or @anna@example.com "
    )
    box.press_sequentially("@a")
    expect(offered).not_to_have_count(0)
    page.keyboard.press("Escape")
    expect(offered).to_have_count(0)
    expect(box).to_be_focused()
    page.reload()  # what was chosen is kept as what was typed
    expect(box).to_have_value(re.compile("or @anna@example.com @a$"))


@pytest.mark.usefixtures("colleagues")
def test_nobody_is_taken_whom_what_is_typed_does_not_name(signed_in: Page, site: Site) -> None:
    """Not while the server has not said yet whom it names, either."""
    page, asked = signed_in, site.ask(REASON)
    page.goto(site.page(f"/requests/{asked['request_id']}"))
    box = page.get_by_label("Ask back or comment")
    offered = page.locator("#mention-list [role=option]")
    box.click()
    expect(box).to_have_attribute("aria-autocomplete", "list")
    box.press_sequentially("@an")
    expect(offered).to_have_count(3)
    page.route(re.compile(r"/mentionable\?q=ant"), lambda _: None)  # it never answers
    box.press_sequentially("t")
    expect(offered).to_have_text(["anton@example.com"])
    page.keyboard.press("Enter")
    expect(box).to_have_value("@anton@example.com ")
    page.unroute_all(behavior="ignoreErrors")


@pytest.mark.usefixtures("colleagues")
def test_axe_finds_nothing_in_what_is_offered(reader: Page, site: Site) -> None:
    let_in(reader.context, site)
    asked = site.ask(REASON)
    reader.goto(site.page(f"/requests/{asked['request_id']}"))
    box = reader.get_by_label("Ask back or comment")
    box.click()
    expect(box).to_have_attribute("aria-autocomplete", "list")
    box.press_sequentially("@an")
    expect(reader.locator("#mention-list [role=option]")).to_have_count(3)
    assert faults(reader) == []
