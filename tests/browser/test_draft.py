"""What is typed outlives a reload, another browser, a server that is killed and one that is away;
and a decision that is undone is typed again.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import HOLDING, PATIENCE_MS, Site, end_holding, let_in
from tests.support.forked_site import ForkedSite
from tests.support.real_servers import wait_until

pytestmark = pytest.mark.server

NOTE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "note": {"type": "string", "title": "Note"},
        "pin": {"type": "string", "title": "Pin", "writeOnly": True},
    },
}
PLAIN: dict[str, Any] = {
    "type": "object",
    "properties": {"note": {"type": "string", "title": "Note"}},
}


@pytest.fixture
def opensink(holding_opensink: ForkedSite) -> ForkedSite:
    return holding_opensink


@pytest.fixture
def site(holding_site: Site) -> Site:
    return holding_site


@pytest.fixture
def tab(chromium: Browser, site: Site) -> Iterator[Page]:
    """A page of Alice's, whose server may go away: what the browser says of that is no error."""
    context = new_browser(chromium, site)
    yield context.pages[0]
    context.close()


def new_browser(chromium: Browser, site: Site) -> BrowserContext:
    context = chromium.new_context(base_url=site.url)
    context.set_default_timeout(PATIENCE_MS)
    let_in(context, site)
    context.new_page()
    return context


def open_request(tab: Page, site: Site, schema: dict[str, Any] = NOTE) -> str:
    ids = site.ask(schema)
    tab.goto(site.page(f"/requests/{ids['request_id']}"))
    return ids["request_id"]


def type_note(tab: Page, text: str) -> None:
    tab.get_by_label("Note").fill(text)


def saved(tab: Page) -> None:
    expect(tab.locator("[data-draft]")).to_contain_text("Draft saved")


def test_is_there_after_a_reload_and_in_another_browser_without_the_secret(
    tab: Page, site: Site, chromium: Browser
) -> None:
    open_request(tab, site)
    tab.get_by_label("Pin").fill("4711")
    type_note(tab, "half a thought")
    saved(tab)
    tab.reload()
    expect(tab.get_by_label("Note")).to_have_value("half a thought")
    expect(tab.get_by_label("Pin")).to_have_value("")
    expect(tab.locator("#draft-notice")).to_contain_text("This is your draft")

    elsewhere = new_browser(chromium, site)
    elsewhere.pages[0].goto(tab.url)
    expect(elsewhere.pages[0].get_by_label("Note")).to_have_value("half a thought")
    elsewhere.close()


def test_is_saved_while_the_page_is_left(tab: Page, site: Site) -> None:
    open_request(tab, site)
    page = tab.url
    type_note(tab, "left at once")
    tab.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide'))")
    saved(tab)
    tab.goto(page)
    expect(tab.get_by_label("Note")).to_have_value("left at once")


def test_the_newer_of_two_tabs_wins_and_says_so(tab: Page, site: Site) -> None:
    open_request(tab, site)
    other = tab.context.new_page()
    other.goto(tab.url)
    type_note(tab, "first")
    saved(tab)
    type_note(other, "second")
    expect(other.locator("[data-draft]")).to_contain_text("in another tab")
    tab.reload()
    expect(tab.get_by_label("Note")).to_have_value("second")


def test_is_discarded_after_a_question(tab: Page, site: Site) -> None:
    open_request(tab, site)
    type_note(tab, "never mind")
    saved(tab)
    tab.reload()
    tab.get_by_text("Discard draft…").click()
    tab.get_by_role("button", name="Discard draft").click()
    expect(tab.get_by_label("Note")).to_have_value("")


def test_outlives_a_server_that_is_killed_and_is_away(
    tab: Page, site: Site, opensink: ForkedSite
) -> None:
    open_request(tab, site, PLAIN)
    type_note(tab, "saved before")
    saved(tab)
    opensink.kill()
    type_note(tab, "typed while it was away")
    expect(tab.locator("[data-draft]")).to_contain_text("server cannot be reached")
    opensink.start(HOLDING)
    saved(tab)
    tab.reload()
    expect(tab.get_by_label("Note")).to_have_value("typed while it was away")


def test_outlives_a_reload_of_which_the_server_heard_nothing(
    tab: Page, site: Site, opensink: ForkedSite
) -> None:
    open_request(tab, site, PLAIN)
    opensink.kill()
    type_note(tab, "only here")
    expect(tab.locator("[data-draft]")).to_contain_text("server cannot be reached")
    opensink.start(HOLDING)
    tab.reload()
    expect(tab.get_by_label("Note")).to_have_value("only here")
    expect(tab.locator("#draft-notice")).to_contain_text("This is your draft")


class TestDeciding:
    def test_is_undone_and_typed_again(self, tab: Page, site: Site) -> None:
        request_id = open_request(tab, site)
        page = tab.url
        type_note(tab, "too fast")
        tab.get_by_role("button", name="Send answer").click()
        tab.get_by_role("button", name="Undo").first.click()
        tab.wait_for_url(f"{page}*")
        expect(tab.get_by_label("Note")).to_have_value("too fast")
        assert status_of(site, request_id) == ("pending", None)

    def test_takes_effect_by_itself(self, tab: Page, site: Site) -> None:
        request_id = open_request(tab, site)
        type_note(tab, "meant")
        tab.get_by_role("button", name="Send answer").click()
        expect(tab.get_by_role("button", name="Undo").first).to_be_visible()
        assert status_of(site, request_id) == ("pending", None)
        end_holding(site)
        wait_until(lambda: status_of(site, request_id) == ("resolved", {"note": "meant"}))


def status_of(site: Site, request_id: str) -> tuple[str, object]:
    request = site.get(f"/agent-session-input-requests/{UUID(request_id)}")
    return request["status"], request["response"]


def test_a_form_that_is_open_while_it_is_superseded_keeps_what_was_typed(
    tab: Page, site: Site
) -> None:
    request_id = open_request(tab, site, PLAIN)
    note = tab.get_by_label("Note")
    type_note(tab, "half a sentence")
    saved(tab)
    before = note.bounding_box()
    path = f"/agent-session-input-requests/{request_id}"
    newer = site.post(f"{path}/supersede", {"title": "Buy 5 shares?"})
    expect(tab.locator("#send-bar")).to_contain_text("Superseded by the agent")
    expect(tab.get_by_role("button", name="Send answer")).to_have_count(0)
    assert note.bounding_box() == before
    expect(note).to_have_value("half a sentence")
    expect(note).to_be_focused()
    tab.get_by_role("link", name="See what changed").click()
    tab.get_by_role("link", name="Show what is asked now").click()
    tab.wait_for_url(f"**/requests/{newer['id']}*")
    expect(tab.get_by_label("Note")).to_have_value("half a sentence")
