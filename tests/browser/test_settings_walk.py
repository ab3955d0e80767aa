"""All pages of Settings as one: what axe finds in both themes at both widths, and a rule made by
keyboard alone.
"""

from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Site, let_in
from tests.browser.test_accessibility import faults, reader
from tests.browser.test_settings_pages import IS_WIDER

pytestmark = pytest.mark.server

__all__ = ["reader"]
WIDE, NARROW = 1280, 390
PAGES = (
    "",
    *("/members", "/teams", "/teams/new", "/sign-ins"),
    *("/rules", "/rules/new", "/escalation/new", "/standing-approvals"),
    *("/retention", "/audit"),
)


def fill(site: Site) -> None:
    """Have there be something on each page."""
    name = f"Team {uuid4().hex[:8]}"
    site.post("/teams", {"name": name, "description": "Whoever decides on what is large"})
    step = {"name": "Second person", "assignees": [], "required_responses": 1}
    site.post("/policies", {"name": f"Large {name}", "is_active": False, "steps": [step]})


def faults_at(page: Page, width: int) -> list[str]:
    """What axe finds on a page that is so wide, and whether anything is wider."""
    page.set_viewport_size({"width": width, "height": 844})
    found = [f"at {width} px {fault}" for fault in faults(page)]
    if page.evaluate(IS_WIDER):
        found.append(f"{page.url} is wider than {width}")
    return found


def test_axe_finds_nothing_on_any_page_of_settings_and_nothing_is_cut(
    reader: Page, site: Site
) -> None:
    fill(site)
    let_in(reader.context, site)
    reader.goto(site.page("/admin/members"))
    links = ('td a[href$="/absences"]', 'td a[href*="/sign-ins/"]')
    of_member = [str(reader.locator(link).first.get_attribute("href")) for link in links]
    found = []
    for address in (
        *(site.page(f"/admin{page}") for page in PAGES),
        *(*of_member, "/account", "/workspaces", "/workspaces/new"),
    ):
        reader.goto(address)
        found += faults_at(reader, WIDE) + faults_at(reader, NARROW)
    reader.goto(site.page("/inbox"))
    reader.locator(".topbar-menu > summary").click()
    expect(reader.get_by_role("link", name="Workspaces")).to_be_visible()
    found += faults_at(reader, NARROW)
    reader.set_viewport_size({"width": WIDE, "height": 844})
    reader.goto(site.page("/inbox"))
    reader.locator(".workspace-menu > summary").click()
    expect(reader.get_by_role("link", name="All workspaces").last).to_be_visible()
    assert found + faults_at(reader, WIDE) == []


def tab_to(page: Page, goal: Locator, *, most: int) -> None:
    """Go to a control by the Tab key, of which it may take so many."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if goal.evaluate("goal => goal === document.activeElement"):
            return
    raise AssertionError(f"{goal} is not reached by {most} keys")


def test_a_rule_is_tried_and_made_by_keyboard_alone(reader: Page, site: Site) -> None:
    page, name = reader, f"By keys {uuid4().hex[:8]}"
    let_in(page.context, site)
    page.goto(site.page("/admin/rules/new"))
    page.get_by_role("heading", level=1).click()
    tab_to(page, page.get_by_label("Name").first, most=2)
    page.keyboard.type(name)
    example = page.get_by_role("button", name="Fill in an example")
    tab_to(page, example, most=6)
    page.keyboard.press("Enter")
    condition = page.get_by_label("Condition")
    expect(condition).to_be_focused()
    assert '"minimum": 10000' in condition.input_value()
    expect(page.get_by_label("Name").first).to_have_value(name)
    sample = page.get_by_label("Try it on a sample")
    tab_to(page, sample, most=2)
    page.keyboard.type('{"amount": 12000}')
    tab_to(page, page.get_by_role("button", name="Try it"), most=1)
    page.keyboard.press("Enter")
    expect(page.locator("#tryout")).to_be_focused()
    expect(page.locator("#tryout")).to_contain_text("The sample meets the condition")
    assert faults(page) == []
    # as one who sees the screen: from what came of it on to the end of the form
    tab_to(page, page.get_by_role("button", name="Create rule").last, most=30)
    page.keyboard.press("Enter")
    row = page.get_by_role("row", name=name)
    expect(row).to_be_visible()
    assert faults(page) == []
    row.locator("summary", has_text="Manage").press("Enter")
    tab_to(page, row.locator("summary", has_text="Delete"), most=3)
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert faults(page) == []
    tab_to(page, dialog.get_by_role("button", name="Delete"), most=2)
    page.keyboard.press("Enter")
    expect(row).to_have_count(0)
