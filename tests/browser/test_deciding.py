"""Deciding in a browser: by keys, beside others, without scripts, and what does not move."""

import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import PATIENCE_MS, Site, let_in
from tests.support.quick_reviewer import YES_NO, wait_until_seen

pytestmark = pytest.mark.server

NOTE = {
    "type": "object",
    "required": ["note"],
    "properties": {"note": {"type": "string", "title": "Note"}},
}

# in the same instant: whatever a test does by itself may come later than a person who has seen it
PRESS_AS_SOON_AS_IT_IS_THERE = """([before, key]) => document.addEventListener(
  "htmx:afterSettle", async function press() {
    if (document.querySelector(".deciding").dataset.request === before) return;
    document.removeEventListener("htmx:afterSettle", press);
    await null; // the page's own come first
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    window.wasPressedAgain = true;
  })"""


@pytest.fixture(autouse=True)
def _nothing_else_waits(site: Site) -> None:
    site.empty_inbox()


def open_first(page: Page, site: Site, *titles: str) -> list[str]:
    """Ask so many times for a yes or no, and open the first."""
    ids = [site.ask(YES_NO, title=title)["request_id"] for title in titles]
    page.goto(site.page(f"/requests/{ids[0]}?key=approval"))
    expect(page.get_by_role("heading", level=1)).to_have_text(titles[0])
    return ids


def status_of(site: Site, request_id: str) -> object:
    return site.get(f"/agent-session-input-requests/{request_id}")["status"]


def test_the_next_of_the_same_list_comes_with_the_focus_and_is_read_out(
    signed_in: Page, site: Site
) -> None:
    ids = open_first(signed_in, site, "First?", "Second?")
    expect(signed_in.locator(".place-count")).to_have_text("1 of 2")
    signed_in.keyboard.press("a")
    heading = signed_in.get_by_role("heading", level=1)
    expect(heading).to_have_text("Second?")
    expect(heading).to_be_focused()
    expect(signed_in).to_have_url(re.compile(rf"/requests/{ids[1]}\?key=approval&last={ids[0]}$"))
    expect(signed_in).to_have_title(re.compile("Second"))
    announced = signed_in.locator("#announcer")
    expect(announced).to_have_text("Answered “First?”. Next: Second?, 1 of 1")
    assert status_of(site, ids[0]) == "resolved"


def test_a_second_press_does_not_decide_what_nobody_has_seen(signed_in: Page, site: Site) -> None:
    ids = open_first(signed_in, site, "First?", "Second?")
    signed_in.evaluate(PRESS_AS_SOON_AS_IT_IS_THERE, [ids[0], "a"])
    signed_in.keyboard.press("a")
    signed_in.wait_for_function("() => window.wasPressedAgain")
    wait_until_seen(signed_in)
    expect(signed_in.get_by_role("heading", level=1)).to_have_text("Second?")
    assert status_of(site, ids[1]) == "pending"
    signed_in.keyboard.press("r")
    signed_in.wait_for_url("**/inbox?*")  # nothing else waits
    expect(signed_in.locator("#last-decision")).to_contain_text("Answered “Second?”")


def test_no_key_decides_while_somebody_types_or_once_they_are_turned_off(
    signed_in: Page, site: Site
) -> None:
    request_id = site.ask(NOTE, title="Why?")["request_id"]
    signed_in.goto(site.page(f"/requests/{request_id}"))
    expect(signed_in.get_by_label("Note")).to_be_focused()
    signed_in.keyboard.type("jar?")
    expect(signed_in.get_by_label("Note")).to_have_value("jar?")
    signed_in.get_by_label("Note").fill("")
    (first,) = open_first(signed_in, site, "First?")
    signed_in.keyboard.press("?")
    signed_in.get_by_role("checkbox", name="Use these keys").uncheck()
    signed_in.keyboard.press("Escape")
    signed_in.keyboard.press("a")
    wait_until_seen(signed_in)
    assert status_of(site, first) == "pending"


def test_what_somebody_else_decides_moves_nothing_and_keeps_what_was_typed(
    signed_in: Page, site: Site
) -> None:
    ids = site.ask(NOTE, title="Who?")
    signed_in.goto(site.page(f"/requests/{ids['request_id']}"))
    note = signed_in.get_by_label("Note")
    note.fill("half a sentence")
    before = (note.bounding_box(), signed_in.locator(".send-buttons").bounding_box())
    resolved = {"response": {"note": "faster"}}
    site.post(f"/agent-session-input-requests/{ids['request_id']}/resolve", resolved)
    expect(signed_in.locator("#send-bar")).to_contain_text("Answered by you")
    expect(signed_in.locator("#request-status")).to_contain_text("Answered")
    assert (note.bounding_box(), signed_in.locator(".send-buttons").bounding_box()) == before
    expect(note).to_have_value("half a sentence")
    expect(note).to_be_focused()


def test_news_that_the_page_before_had_asked_for_are_news_of_the_next(
    signed_in: Page, site: Site
) -> None:
    asks_for_news = re.compile("/requests/[^/]+/live")
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    # from before the page is there: it asks each few seconds too
    signed_in.route(asks_for_news, hold_the_first)
    with signed_in.expect_request(asks_for_news):
        ids = open_first(signed_in, site, "First?", "Second?")
        site.ask(YES_NO, title="Third?")
    signed_in.keyboard.press("a")
    expect(signed_in.get_by_role("heading", level=1)).to_have_text("Second?")
    held[0].fulfill(response=held[0].fetch())
    resolved = {"response": {"approved": True}}
    site.post(f"/agent-session-input-requests/{ids[1]}/resolve", resolved)
    expect(signed_in.locator("#send-bar")).to_contain_text("Answered by you")
    expect(signed_in).to_have_title(re.compile("Second"))


def test_control_enter_sends_what_a_dialog_asks(signed_in: Page, site: Site) -> None:
    (first,) = open_first(signed_in, site, "First?")
    signed_in.keyboard.press("d")
    signed_in.keyboard.type("Not mine to say.")
    signed_in.keyboard.press("Control+Enter")
    expect(signed_in.locator("#last-decision")).to_contain_text("Declined “First?”")
    assert status_of(site, first) == "declined"


def test_a_reason_stays_with_the_request_that_was_declined(signed_in: Page, site: Site) -> None:
    open_first(signed_in, site, "First?", "Second?")
    asked: list[str] = []
    signed_in.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    signed_in.keyboard.press("d")
    signed_in.keyboard.type("Not mine to say.")
    signed_in.keyboard.press("Control+Enter")
    expect(signed_in.get_by_role("heading", level=1)).to_have_text("Second?")
    assert "draft" not in asked
    signed_in.reload()
    expect(signed_in.locator("#reason")).to_have_value("")


def test_without_scripts_the_next_one_comes_too(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(base_url=site.url, java_script_enabled=False)
    context.set_default_timeout(PATIENCE_MS)
    let_in(context, site)
    page = context.new_page()
    open_first(page, site, "First?", "Second?")
    page.get_by_role("button", name="No", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Second?")
    expect(page.locator("#last-decision")).to_contain_text("Answered “First?”")
    context.close()
