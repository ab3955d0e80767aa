"""Where people say what they are told, and where messages lead: for axe, and by keyboard."""

from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, let_in
from tests.browser.test_accessibility import faults, reader

pytestmark = pytest.mark.server

__all__ = ["reader"]
YES_OR_NO = {"type": "object", "properties": {"go": {"type": "boolean", "title": "Go?"}}}


def test_axe_finds_nothing_where_people_say_what_they_want_to_be_told(
    reader: Page, site: Site
) -> None:
    let_in(reader.context, site)
    found = []
    for path in ("/notifications", "/notifications/messages"):
        reader.goto(site.page(path))
        found += faults(reader)
    reader.goto(site.page("/notifications/channels/new/ntfy"))
    found += faults(reader)
    reader.get_by_label("Topic").fill(f"topic-{uuid4().hex}")
    reader.get_by_label("Topic").press("Enter")
    found += faults(reader)
    site.ask(YES_OR_NO)
    reader.get_by_role("link", name="Everything, at once").first.click()
    reader.get_by_label("Gathered in a digest").check()
    reader.get_by_label("Of this agent alone").fill("Nobody")
    reader.get_by_role("button", name="Show what matches").click()
    expect(reader.get_by_role("alert")).to_be_focused()
    found += faults(reader)
    reader.get_by_label("Of this agent alone").fill("")
    reader.get_by_role("button", name="Show what matches").click()
    expect(reader.get_by_role("heading", name="What it would tell you of now")).to_be_visible()
    found += faults(reader)
    reader.get_by_role("button", name="Save").click()
    digest = reader.get_by_role("link", name="Everything, in a digest each 60 minutes")
    expect(digest.first).to_be_visible()
    reader.get_by_text("Manage").first.click()
    reader.get_by_text("Remove", exact=True).first.click()
    expect(reader.get_by_role("dialog")).to_be_visible()
    found += faults(reader)
    reader.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(digest).to_have_count(0)
    assert found == []


def test_axe_finds_nothing_where_it_is_asked_once_more_or_others_are_asked(
    reader: Page, site: Site
) -> None:
    """Where a button of a message leads, by keyboard and on a phone; and chains of escalation."""
    let_in(reader.context, site)
    ids = site.ask(YES_OR_NO)
    link = f"/requests/{ids['request_id']}/decide"
    found = []
    for path in (f"{link}/yes", "/admin/escalation", "/admin/escalation/new"):
        reader.goto(site.page(path))
        found += faults(reader)
    chain = {
        "name": f"Of one agent {uuid4().hex[:8]}",
        "agent_id": ids["agent_id"],
        "time_zone": "Europe/Berlin",
        "working_hours": {"monday": "09:00-17:00"},
        "steps": [{"after_minutes": 60, "to": "admins"}],
    }
    chain_id = site.post("/escalation-chains", chain)["id"]
    for path in ("/admin/escalation", f"/admin/escalation/{chain_id}/edit"):
        reader.goto(site.page(path))
        found += faults(reader)
    reader.set_viewport_size({"width": 390, "height": 800})
    reader.goto(site.page(f"{link}/decline"))
    assert reader.evaluate("document.documentElement.scrollWidth") == 390
    reader.get_by_role("button", name="Decline").press("Enter")
    reader.get_by_label("Declined because").fill(" ")
    reader.get_by_role("button", name="Decline").press("Enter")
    expect(reader.get_by_role("alert")).to_be_focused()
    found += faults(reader)
    reader.get_by_label("Declined because").fill("Too dear.")
    reader.get_by_role("button", name="Decline").press("Enter")
    reader.wait_for_url(f"**/requests/{ids['request_id']}")
    expect(reader.locator("#request-status")).to_contain_text("Declined")
    reader.goto(site.page(f"{link}/yes"))
    expect(reader.get_by_text("Nothing was decided here.")).to_be_visible()
    assert found + faults(reader) == []
