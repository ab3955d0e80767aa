"""Pages that somebody opens for the first time, and again: how much their browser fetches."""

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.conftest import Site, let_in
from tests.support.page_load import Fetched, fetching
from tests.support.quick_reviewer import YES_NO

pytestmark = pytest.mark.server

REQUESTS_MAX = 7
"""One more asks what is new, and is held."""
KILOBYTES_MAX = 60
"""An inbox of 50 rows has 62 of them, a request 60; docs/decisions/light.md says of what."""


def opened(context: BrowserContext, address: str) -> Fetched:
    """Open a page, and wait until it has asked what is new; return what it is made of."""
    page = context.new_page()
    with fetching(page) as fetched, page.expect_request("**/live?*"):
        page.goto(address)
        page.wait_for_load_state()
    page.close()
    return fetched.without_news()


def test_a_page_is_light_when_it_is_new_and_alone_later(
    context: BrowserContext, site: Site
) -> None:
    let_in(context, site)
    address = site.page(f"/requests/{site.ask(YES_NO)['request_id']}")
    cold = opened(context, address)
    assert cold.count <= REQUESTS_MAX, cold.lines()
    assert 0 < cold.kilobytes <= KILOBYTES_MAX, cold.lines()
    inbox = site.page("/inbox")
    assert opened(context, inbox).kilobytes < cold.kilobytes / 2, "what lists need, and no more"
    for known in (address, inbox):
        assert opened(context, known).addresses == [known]
    site.empty_inbox()


def test_the_inbox_is_light_when_it_is_new(context: BrowserContext, site: Site) -> None:
    let_in(context, site)
    cold = opened(context, site.page("/inbox"))
    assert cold.count <= REQUESTS_MAX, cold.lines()
    assert 0 < cold.kilobytes <= KILOBYTES_MAX, cold.lines()
