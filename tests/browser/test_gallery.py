"""Every form of the gallery before a person: with a mouse, by keyboard alone, on a phone, without
scripts. Nobody has to be signed in.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from opensink_web.schema.gallery import constructs
from tests.browser.conftest import PATIENCE_MS, Site
from tests.browser.test_accessibility import faults, reader

__all__ = ["reader"]

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]

GALLERY = "/docs/forms"
LARGE = [each.name for each in constructs().values() if each.is_large]
SMALL = [each.name for each in constructs().values() if not each.is_large]
TABS_MAX = 200
FOCUS = """() => {
    const now = document.activeElement, form = now.closest("form");
    return [Boolean(form), now.matches("[data-review-submit]"), now.name || now.id || now.tagName];
}"""
REACHABLE = """form => [...form.querySelectorAll("input, select, textarea, button, summary")]
    .filter(each => each.checkVisibility() && each.type !== "hidden" && !each.disabled)
    .map(each => each.name || each.id || each.tagName)"""


@pytest.fixture
def without_scripts(chromium: Browser, site: Site) -> Iterator[Page]:
    context = chromium.new_context(base_url=site.url, java_script_enabled=False)
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def said(page: Page) -> str:
    """Press the button, and return what is said of the answer."""
    page.locator("[data-review-submit]").click()
    expect(page.locator("#outcome, #answer-errors")).to_be_visible()
    return page.locator("#outcome, #answer-errors").inner_text()


def test_axe_finds_nothing(reader: Page) -> None:
    found = []
    for path in (GALLERY, *(f"{GALLERY}/{name}" for name in (*LARGE, "proposal"))):
        reader.goto(path)
        found += faults(reader)
    reader.locator("[data-review-submit]").click()
    expect(reader.locator("#outcome")).to_be_visible()
    assert [*found, *faults(reader)] == []


def test_each_can_be_checked_without_scripts(without_scripts: Page) -> None:
    silent = []
    for name in SMALL:
        without_scripts.goto(f"{GALLERY}/{name}")
        if not said(without_scripts):
            silent.append(name)
    assert silent == []


def test_a_list_grows_without_scripts(without_scripts: Page) -> None:
    without_scripts.goto(f"{GALLERY}/list")
    without_scripts.get_by_role("button", name="Add an entry").click()
    without_scripts.get_by_role("textbox").first.fill("555 0100")
    assert '"phone_numbers": [\n    "555 0100"\n  ]' in said(without_scripts)


def test_every_control_is_reached_by_keyboard_and_the_answer_checked(page: Page) -> None:
    for name in SMALL:
        page.goto(f"{GALLERY}/{name}")
        wanted = set(page.locator("form").evaluate(REACHABLE))
        reached = set()
        for _ in range(TABS_MAX):
            page.keyboard.press("Tab")
            is_in_form, is_button, control = page.evaluate(FOCUS)
            if is_in_form:
                reached.add(control)
            if is_button:
                break
        assert reached == wanted, name
        page.keyboard.press("Enter")
        expect(page.locator("#outcome, #answer-errors")).to_be_focused()


def test_none_is_wider_than_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    wide = []
    for path in (GALLERY, *(f"{GALLERY}/{name}" for name in LARGE)):
        page.goto(path)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(path)
    assert wide == []


def test_what_is_typed_stays_when_a_row_is_added(page: Page) -> None:
    page.goto(GALLERY)
    form = page.locator("#list-of-groups-form")
    form.get_by_label("Article").fill("Paper")
    form.get_by_role("button", name="Add an entry").click()
    expect(form.get_by_label("Article")).to_have_count(2)
    expect(form.get_by_label("Article").first).to_have_value("Paper")
    assert page.url.endswith(GALLERY)


def test_a_functions_form_is_tried_in_another_tab_and_the_editor_stays(
    signed_in: Page, site: Site
) -> None:
    signed_in.goto(site.page("/functions/new"))
    signed_in.get_by_label("Input schema").fill('{"properties": {"how_many": {"type": "integer"}}}')
    expect(signed_in.locator("#input_schema-check")).to_contain_text("How many")
    with signed_in.expect_popup() as popup:
        signed_in.get_by_role("button", name="Try this form").click()
    popup.value.get_by_label("How many").fill("7")
    assert '"how_many": 7' in said(popup.value)
    expect(signed_in.locator("form.function-form")).not_to_have_attribute("aria-busy", "true")
