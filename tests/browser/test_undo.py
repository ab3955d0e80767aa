"""A decision is taken back while there is time, by key and by button; after that it stands."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE_MS, Site, end_holding, let_in
from tests.support.quick_reviewer import YES_NO, wait_until_seen
from tests.support.real_servers import wait_until

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def site(holding_site: Site) -> Site:
    return holding_site


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    context = chromium.new_context(base_url=site.url)
    context.set_default_timeout(PATIENCE_MS)
    site.empty_inbox()
    let_in(context, site)
    yield context.new_page()
    context.close()


@pytest.fixture
def first(page: Page, site: Site) -> str:
    """Open the first of two questions."""
    request_id = site.ask(YES_NO, title="First?")["request_id"]
    site.ask(YES_NO, title="Second?")
    page.goto(site.page(f"/requests/{request_id}?key=approval"))
    return request_id


def status_of(site: Site, request_id: str) -> object:
    return site.get(f"/agent-session-input-requests/{request_id}")["status"]


def test_z_takes_the_last_decision_back_from_the_next_request(
    page: Page, site: Site, first: str
) -> None:
    page.keyboard.press("a")
    expect(page.get_by_role("heading", level=1)).to_have_text("Second?")
    expect(page.locator("#last-decision")).to_contain_text("Takes effect")
    assert status_of(site, first) == "pending"  # nobody is told yet
    page.keyboard.press("z")
    expect(page.get_by_role("heading", level=1)).to_have_text("First?")
    expect(page).to_have_url(re.compile(rf"/requests/{first}\?key=approval"))
    expect(page.get_by_role("button", name="Yes", exact=True)).to_be_enabled()
    assert status_of(site, first) == "pending"


def test_what_was_undone_can_be_decided_otherwise(page: Page, site: Site, first: str) -> None:
    page.get_by_role("button", name="Yes", exact=True).click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("First?")
    wait_until_seen(page)
    page.get_by_role("button", name="No", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Second?")
    end_holding(site)
    wait_until(lambda: status_of(site, first) == "resolved")
    answer = site.get(f"/agent-session-input-requests/{first}")["response"]
    assert answer == {"approved": False}


def test_undo_goes_when_the_decision_takes_effect(page: Page, site: Site, first: str) -> None:
    page.keyboard.press("a")
    last = page.locator("#last-decision")
    expect(last.get_by_role("button", name="Undo")).to_be_visible()
    end_holding(site)
    expect(last.get_by_role("button", name="Undo")).to_have_count(0)
    expect(last).not_to_contain_text("Takes effect")
    page.keyboard.press("z")
    expect(page.get_by_role("heading", level=1)).to_have_text("Second?")
    assert status_of(site, first) == "resolved"
