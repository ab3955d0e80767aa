"""Pages that are open show at once what happens, and move nothing that somebody has in hand."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect

from tests.browser.conftest import PATIENCE_MS, Site, let_in

pytestmark = pytest.mark.server

APPROVAL = {
    "type": "object",
    "properties": {"approved": {"type": "boolean", "title": "Approve?"}},
    "required": ["approved"],
}


@pytest.fixture
def inbox(signed_in: Page, site: Site) -> Page:
    """An inbox in which two requests wait."""
    site.empty_inbox()
    site.ask(APPROVAL, title="First")
    site.ask(APPROVAL, title="Second")
    signed_in.goto(site.page("/inbox"))
    expect(row(signed_in, "Second")).to_be_visible()
    return signed_in


@pytest.fixture
def tabs(chromium: Browser, site: Site) -> Iterator[BrowserContext]:
    """A browser whose pages may lose the server."""
    context = chromium.new_context(base_url=site.url)
    context.set_default_timeout(PATIENCE_MS)
    let_in(context, site)
    yield context
    context.close()


def row(page: Page, title: str) -> Locator:
    return page.locator("#inbox-list li").filter(has_text=title)


def top_of(locator: Locator) -> float:
    box = locator.bounding_box()
    assert box is not None
    return box["y"]


def titles(page: Page) -> list[str]:
    return page.locator("#inbox-list .row-title").all_inner_texts()


def answer(site: Site, ids: dict[str, str]) -> None:
    body = {"response": {"approved": True}}
    site.post(f"/agent-session-input-requests/{ids['request_id']}/resolve", body)


def test_under_the_pointer_what_is_new_comes_at_the_end(inbox: Page, site: Site) -> None:
    row(inbox, "Second").hover()
    before = top_of(row(inbox, "Second"))
    site.ask(APPROVAL, title="Third")
    expect(row(inbox, "Third")).to_be_visible()
    assert titles(inbox) == ["First", "Second", "Third"]
    assert top_of(row(inbox, "Second")) == before


def test_what_would_push_a_row_away_waits_in_a_pill(inbox: Page, site: Site) -> None:
    inbox.goto(site.page("/inbox?order=newest"))
    row(inbox, "First").hover()
    before = top_of(row(inbox, "First"))
    site.ask(APPROVAL, title="Third")
    pill = inbox.get_by_role("button", name="1 new", exact=True)
    expect(pill).to_be_visible()
    site.ask(APPROVAL, title="Fourth")
    pill = inbox.get_by_role("button", name="2 new", exact=True)
    expect(pill).to_be_visible()
    assert titles(inbox) == ["Second", "First"]
    assert top_of(row(inbox, "First")) == before
    pill.click()
    expect(row(inbox, "Fourth")).to_be_visible()
    assert titles(inbox) == ["Fourth", "Third", "Second", "First"]
    expect(pill).to_have_count(0)
    expect(row(inbox, "Fourth").locator("a")).to_be_focused()


def test_what_others_decide_stays_where_it_is_until_nobody_works_there(
    inbox: Page, site: Site
) -> None:
    gone = site.ask(APPROVAL, title="Third")
    expect(row(inbox, "Third")).to_be_visible()
    for title in ("Second", "Third"):
        row(inbox, title).get_by_role("checkbox").check()
    row(inbox, "Third").get_by_role("link").focus()
    answer(site, gone)
    expect(row(inbox, "Third")).to_have_class(re.compile("is-gone"))
    expect(inbox.get_by_text("1 selected", exact=True)).to_be_visible()
    expect(inbox.get_by_text("1 you had ticked is no longer in this list.")).to_be_visible()
    expect(row(inbox, "Third").get_by_role("checkbox")).to_be_disabled()
    row(inbox, "Second").get_by_role("checkbox").uncheck()
    row(inbox, "Second").get_by_role("checkbox").blur()
    inbox.mouse.move(0, 0)
    site.ask(APPROVAL, title="Fourth")
    expect(row(inbox, "Third")).to_have_count(0)
    expect(row(inbox, "Fourth")).to_be_visible()
    assert titles(inbox) == ["First", "Second", "Fourth"]


def test_nobody_there_the_list_is_as_it_is(inbox: Page, site: Site) -> None:
    inbox.goto(site.page("/inbox?order=newest"))
    inbox.mouse.move(0, 0)
    site.ask(APPROVAL, title="Third")
    expect(row(inbox, "Third")).to_be_visible()
    assert titles(inbox) == ["Third", "Second", "First"]


def test_a_click_is_not_lost_to_news_that_come_while_the_button_is_down(
    inbox: Page, site: Site
) -> None:
    inbox.goto(site.page("/sessions"))
    link = inbox.get_by_role("table").get_by_role("link").first
    href = link.get_attribute("href")
    link.hover()
    inbox.mouse.down()
    with inbox.expect_response(lambda each: "/sessions?" in each.url and each.status == 200):
        site.ask(APPROVAL, title="Third")
    inbox.wait_for_function("() => !document.querySelector('.htmx-request')")
    inbox.mouse.up()
    expect(inbox).to_have_url(f"{site.url}{href}")


def icon(page: Page) -> str:
    href = page.locator('link[rel="icon"]').get_attribute("href")
    assert href is not None
    return href


def test_every_page_counts_in_its_title_and_on_its_icon(inbox: Page, site: Site) -> None:
    inbox.goto(site.page("/functions"))
    expect(inbox).to_have_title(re.compile(r"^\(2\) Functions"))
    expect(inbox.locator('link[rel="icon"]')).to_have_attribute("href", re.compile("^data:image/"))
    with_two = icon(inbox)
    site.ask(APPROVAL, title="(7) Third")
    expect(inbox).to_have_title(re.compile(r"^\(3\) Functions"))
    expect(inbox.locator(".sidebar .inbox-count")).to_have_text("3")
    expect(inbox.locator('link[rel="icon"]')).not_to_have_attribute("href", with_two)
    site.empty_inbox()
    expect(inbox).to_have_title(re.compile("^Functions"))
    expect(inbox.locator('link[rel="icon"]')).to_have_attribute("href", re.compile("favicon"))


def is_question(request: Request) -> bool:
    return "/live?" in request.url


def test_ten_tabs_share_one_question(tabs: BrowserContext, site: Site) -> None:
    site.empty_inbox()
    pages = [tabs.new_page() for _ in range(10)]
    open_questions: set[Request] = set()
    most = 0

    def begin(request: Request) -> None:
        nonlocal most
        if is_question(request):
            open_questions.add(request)
            most = max(most, len(open_questions))

    def end(request: Request) -> None:
        open_questions.discard(request)

    tabs.on("request", begin)
    tabs.on("requestfinished", end)
    tabs.on("requestfailed", end)
    for page in pages:
        page.goto(site.page("/inbox"))
    site.ask(APPROVAL, title="For all of them")
    for page in pages:
        expect(row(page, "For all of them")).to_be_visible()
    assert most == 1
    pages[0].close()  # the one that asked
    site.ask(APPROVAL, title="And on")
    for page in pages[1:]:
        expect(row(page, "And on")).to_be_visible()


def test_without_locks_each_tab_asks(tabs: BrowserContext, site: Site) -> None:
    """As on a server that is reached by HTTP at a name."""
    tabs.add_init_script("Object.defineProperty(navigator, 'locks', {value: undefined})")
    site.empty_inbox()
    pages = [tabs.new_page() for _ in range(2)]
    for page in pages:
        page.goto(site.page("/inbox"))
    site.ask(APPROVAL, title="For both")
    for page in pages:
        expect(row(page, "For both")).to_be_visible()


def test_a_page_that_lost_the_server_says_so_and_catches_up(
    tabs: BrowserContext, site: Site
) -> None:
    site.empty_inbox()
    page = tabs.new_page()
    page.goto(site.page("/inbox"))
    tabs.set_offline(True)
    lost = page.get_by_text("The server cannot be reached.")
    expect(lost).to_be_visible()
    site.ask(APPROVAL, title="Meanwhile")
    tabs.set_offline(False)
    expect(row(page, "Meanwhile")).to_be_visible()
    expect(lost).to_be_hidden()
    expect(page.locator(".toasts *")).to_have_count(0)
