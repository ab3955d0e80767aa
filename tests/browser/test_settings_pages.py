"""Pages of Settings in a browser: a chain is tried and made, the audit is narrowed."""

import json
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, let_in
from tests.browser.test_accessibility import faults, reader
from tests.support.real_servers import wait_until

pytestmark = pytest.mark.server

__all__ = ["reader"]
IS_WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
PICTURES = os.environ.get("PICTURES")


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def check_on_phone(page: Page, name: str) -> None:
    """Nothing is wider than a phone."""
    size = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    assert not page.evaluate(IS_WIDER)
    picture(page, f"{name}-phone")
    assert size is not None
    page.set_viewport_size(size)


def test_a_chain_is_tried_before_it_is_made(reader: Page, site: Site) -> None:
    let_in(reader.context, site)
    page = reader
    page.goto(site.page("/admin/escalation"))
    picture(page, "chains-empty")
    page.goto(site.page("/admin/escalation/new"))
    page.get_by_label("Name").fill("Trading desk")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_label("Time of step 1").fill("1")
    page.get_by_label("Time of step 2").fill("3")
    page.get_by_label("Who is told of step 2").select_option("admins")
    page.get_by_label("If it was asked at").fill("2026-11-27T16:30")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#preview")).to_contain_text("Monday, 2026-11-30 09:30")
    expect(page.locator("#preview")).to_contain_text("Monday, 2026-11-30 11:30")
    assert faults(page) == []
    picture(page, "chain-form")
    check_on_phone(page, "chain-form")
    page.get_by_label("Monday").fill("nine to five")
    page.get_by_role("button", name="Create chain").click()
    expect(page.get_by_role("alert")).to_contain_text("Monday: Write from when to when")
    assert faults(page) == []
    page.get_by_label("Monday").fill("09:00-17:00")
    page.get_by_role("button", name="Create chain").click()
    expect(page.get_by_role("cell", name="Trading desk")).to_be_visible()
    assert faults(page) == []
    picture(page, "chains")
    check_on_phone(page, "chains")
    page.get_by_role("link", name="Trading desk").click()
    expect(page.get_by_role("heading", name="Revisions")).to_be_visible()
    assert faults(page) == []


def _walked_by_keys(page: Page) -> None:
    """Go from the filters to the first entry by Tab, and have it say all that it knows."""
    page.locator("#filter-user").focus()
    focused = "document.activeElement.id || document.activeElement.textContent.trim()"
    stops: list[str] = []
    while not stops or "In full" not in stops[-1]:
        page.keyboard.press("Tab")
        stop = str(page.evaluate(focused))
        if stop not in stops[-1:]:  # a day is three stops
            stops.append(stop)
        assert len(stops) < 30, stops
    assert stops[:5] == ["filter-action", "filter-since", "filter-until", "Filter", "Clear"]
    page.keyboard.press("Enter")
    row = page.locator("tbody tr").first
    expect(row.locator("details")).to_have_attribute("open", "")
    expect(row.locator("details")).to_contain_text(re.compile(r"Team: [0-9a-f-]{36}"))
    page.keyboard.press("Enter")


def test_the_audit_is_narrowed_and_had_as_a_file(reader: Page, site: Site) -> None:
    let_in(reader.context, site)
    page = reader
    site.post("/teams", {"name": "Audited"})
    page.goto(site.page("/admin/audit"))

    def is_signed() -> bool:
        page.reload()
        is_chained = page.get_by_text("to be chained").count() == 0
        return is_chained and page.locator("#checkpoint").count() == 1

    wait_until(is_signed)  # which the sweeper sees to, one after the other
    page.get_by_label("What").select_option("team_created")
    page.get_by_role("button", name="Filter").click()
    rows = page.locator("tbody tr")
    expect(rows.first).to_contain_text("Team created")
    expect(rows.filter(has_not_text="Team created")).to_have_count(0)
    expect(rows.first).to_contain_text("Audited")
    assert faults(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    written = Path(download.value.path()).read_text()
    assert "team_created" in written
    assert "agent_created" not in written
    with page.expect_download() as download:
        page.get_by_role("link", name="JSONL").click()
    lines = [json.loads(line) for line in Path(download.value.path()).read_text().splitlines()]
    assert {line["action"] for line in lines} == {"team_created"}
    assert "Audited" in str(lines[0]["details"])
    _walked_by_keys(page)
    page.locator("#checkpoint summary").click()
    expect(page.locator("#checkpoint-line")).to_contain_text('"signature"')
    assert faults(page) == []
    picture(page, "audit")
    check_on_phone(page, "audit")
