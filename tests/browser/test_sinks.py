"""Sinks in a browser: a feed goes on while one scrolls, and axe finds nothing on their pages."""

import re

import pytest
from playwright.sync_api import Page, expect

from opensink_web.models import SinkColor
from tests.browser.conftest import Site, let_in
from tests.browser.test_accessibility import faults, reader

__all__ = ["reader"]
pytestmark = pytest.mark.server

ITEM = {
    "body": "Below the **limit**, as [agreed](https://example.com/a).",
    "type": "trade",
    "url": "https://example.com/trade",
    "fields": {"price": 9.5, "of": [1, "a"]},
    "resources": [{"type": "link", "label": "Chart", "url": "https://example.com/chart"}],
}


def test_a_feed_goes_on_and_all_of_its_pages_can_be_read(reader: Page, site: Site) -> None:
    let_in(reader.context, site)
    for color in SinkColor:
        made = site.post("/sinks", {"name": f"Feed {color}", "color": color.value})
        site.post("/sink-items", {"sink_id": made["id"], "title": f"In {color}", **ITEM})
    public = {"is_public": True, "public_slug": "read-by-everybody", "description": "For all."}
    site.patch(f"/sinks/{made['id']}", public)
    titles = [f"Number {number} of many" for number in range(50)]
    site.post(
        "/sink-items/many",
        {"items": [{"sink_id": made["id"], "title": title, **ITEM} for title in titles]},
    )

    feed = site.page(f"/sinks/{made['id']}")
    reader.goto(feed)
    cards = reader.locator(".sink-card")
    expect(cards).to_have_count(20)
    for count in (40, 51):
        reader.locator("#feed-more").scroll_into_view_if_needed()
        expect(cards).to_have_count(count)
    assert cards.locator("h2").all_inner_texts()[:50] == titles[::-1]
    expect(reader.locator("#feed-more")).to_have_count(0)

    reader.get_by_role("link", name="Number 30 of many").click()
    item = reader.url
    reader.get_by_role("link", name="Its place in the feed").click()
    expect(cards.first).to_contain_text("Number 30 of many")

    found: list[str] = []
    pages = (site.page("/sinks"), f"{feed}?search=many", site.page("/sink-items"), item)
    for page in (*pages, f"{feed}/edit", f"{site.url}/sinks/read-by-everybody"):
        reader.goto(page)
        expect(reader).to_have_title(re.compile("OpenSink"))
        found += faults(reader)
    assert found == [], found


def test_what_is_new_waits_above_an_open_feed_and_moves_nothing(reader: Page, site: Site) -> None:
    let_in(reader.context, site)
    sink = site.post("/sinks", {"name": "Open feed", "color": "blue"})

    def add(*titles: str) -> None:
        items = [{"sink_id": sink["id"], "title": each, **ITEM} for each in titles]
        site.post("/sink-items/many", {"items": items})

    add(*(f"Old {number}" for number in range(50)))
    reader.goto(site.page(f"/sinks/{sink['id']}"))
    cards, pill = reader.locator(".sink-card"), reader.locator(".live-pill")
    fourth = cards.nth(3).bounding_box()
    add("New 1", "New 2")
    expect(pill).to_have_text("2 new")
    assert cards.nth(3).bounding_box() == fourth
    assert faults(reader) == []
    pill.focus()
    reader.keyboard.press("Enter")
    expect(reader.get_by_role("link", name="New 2")).to_be_focused()
    expect(pill).to_have_count(0)
    reader.locator("#feed-more").scroll_into_view_if_needed()
    expect(cards).to_have_count(42)
    expect(reader).to_have_url(re.compile("through="))
    here = cards.nth(35)
    title = here.locator("h2").inner_text()
    here.scroll_into_view_if_needed()
    add("New 3")
    expect(pill).to_have_text("1 new")
    reader.reload()
    expect(pill).to_have_text("1 new")
    expect(here.locator("h2")).to_have_text(title)
    expect(here).to_be_in_viewport()
    here.get_by_role("link", name=title).click()
    expect(reader).to_have_url(re.compile("/sink-items/"))
    reader.go_back()
    expect(here.locator("h2")).to_have_text(title)
    expect(here).to_be_in_viewport()
