"""A part of a form that is drawn anew while somebody types on."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Site

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
