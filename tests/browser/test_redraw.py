"""A part of a form that is drawn anew while somebody types on."""

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser.conftest import Site, let_in

pytestmark = pytest.mark.server

SCHEMA = {
    "type": "object",
    "properties": {
        "tags": {
            "type": "array",
            "title": "Tags",
            "items": {"type": "string", "title": "Tag"},
            "default": ["red"],
        },
        "note": {"type": "string", "title": "Note"},
    },
}


def test_what_is_typed_meanwhile_is_kept_with_the_caret_where_it_was(
    signed_in: Page, site: Site
) -> None:
    page = signed_in
    ids = site.ask(SCHEMA)
    page.goto(site.page(f"/requests/{ids['request_id']}"))
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/requests/*", hold)
    page.get_by_role("button", name="Add an entry to Tags").focus()
    with page.expect_request("**/requests/*"):
        page.keyboard.press("Enter")
    page.get_by_label("Tag 1").fill("reddish")
    page.get_by_label("Tag 1").evaluate("control => control.setSelectionRange(3, 3)")
    page.get_by_label("Note").evaluate("control => { control.value = 'kept'; }")
    assert page.get_by_label("Tag 2").count() == 0
    [route] = held
    answer = route.fetch()
    route.fulfill(response=answer)

    expect(page.get_by_label("Tag 2")).to_be_visible()
    expect(page.get_by_label("Tag 1")).to_have_value("reddish")
    expect(page.get_by_label("Note")).to_have_value("kept")
    expect(page.get_by_label("Tag 1")).to_be_focused()
    assert page.get_by_label("Tag 1").evaluate("control => control.selectionStart") == 3
    assert "Note" not in answer.text()


def test_the_new_row_has_the_focus_where_nobody_types(signed_in: Page, site: Site) -> None:
    page = signed_in
    ids = site.ask(SCHEMA)
    page.goto(site.page(f"/requests/{ids['request_id']}"))
    page.get_by_role("button", name="Add an entry to Tags").click()
    expect(page.get_by_label("Tag 2")).to_be_focused()


DECISION = {
    "type": "object",
    "properties": {
        "decision": {"enum": ["approve", "reject"], "title": "Decision"},
        "note": {"type": "string", "title": "Note"},
    },
    "required": ["decision"],
    "if": {"properties": {"decision": {"const": "reject"}}, "required": ["decision"]},
    "then": {
        "properties": {"reason": {"type": "string", "title": "Reason", "minLength": 5}},
        "required": ["reason"],
    },
}


def reason_of(page: Page) -> Locator:
    """The field of the form, not the reason for which somebody declines."""
    return page.locator("#answer-form").get_by_label("Reason")


def test_a_field_comes_with_what_is_chosen_and_keeps_what_was_typed(
    signed_in: Page, site: Site
) -> None:
    page = signed_in
    ids = site.ask(DECISION)
    page.goto(site.page(f"/requests/{ids['request_id']}"))
    page.get_by_label("Note").fill("kept")
    reason = reason_of(page)
    expect(reason).to_have_count(0)

    page.get_by_label("reject").focus()
    page.keyboard.press("Space")
    expect(reason).to_be_visible()
    expect(page.get_by_label("reject")).to_be_focused()
    reason.fill("too late")
    page.get_by_label("approve").check()
    expect(reason).to_have_count(0)
    page.get_by_label("reject").check()
    expect(reason).to_have_value("too late")
    expect(page.locator("#answer-errors")).to_have_count(0)

    page.get_by_role("button", name="Send answer").click()
    expect(page.locator("#last-decision")).to_contain_text("Answered")
    answer = site.get(f"/agent-session-input-requests/{ids['request_id']}")["response"]
    assert answer == {"decision": "reject", "note": "kept", "reason": "too late"}


def test_the_same_by_hand_without_scripts(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(base_url=site.url, java_script_enabled=False)
    let_in(context, site)
    page = context.new_page()
    ids = site.ask(DECISION)
    page.goto(site.page(f"/requests/{ids['request_id']}"))
    page.get_by_label("Note").fill("kept")
    page.get_by_label("reject").check()
    page.get_by_role("button", name="Update the fields").click()
    reason_of(page).fill("too late")
    expect(page.get_by_label("Note")).to_have_value("kept")
    page.get_by_role("button", name="Send answer").click()
    expect(page.locator("#last-decision")).to_contain_text("Answered")
    context.close()


def test_what_is_chosen_as_soon_as_a_part_is_drawn_anew_counts(signed_in: Page, site: Site) -> None:
    page = signed_in
    ids = site.ask(DECISION)
    page.goto(site.page(f"/requests/{ids['request_id']}"))
    reject = page.get_by_label("reject")
    reject.evaluate("""radio => document.addEventListener("htmx:afterSwap", () =>
      setTimeout(() => document.getElementById(radio.id).click()), { once: true })""")
    page.get_by_label("Note").fill("kept")
    page.get_by_label("Note").blur()  # what depends on it is drawn anew
    expect(reason_of(page)).to_be_visible()
    expect(reject).to_be_checked()
