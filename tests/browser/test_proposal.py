"""A proposal that is changed: each field says so at once, is put back, and is counted."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PATIENCE_MS, Site, let_in

pytestmark = pytest.mark.server

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["quantity", "side"],
    "properties": {
        "quantity": {"type": "integer", "title": "Quantity", "default": 100, "minimum": 1},
        "side": {
            "title": "Side",
            "oneOf": [{"const": "b", "title": "Buy"}, {"const": "s", "title": "Sell"}],
            "default": "b",
        },
        "why": {"type": "string", "title": "Why", "maxLength": 500, "default": "It is\ncheap."},
        "pin": {"type": "string", "title": "PIN", "writeOnly": True, "default": "s3cret-1"},
        "tags": {
            "type": "array",
            "title": "Tags",
            "items": {"type": "string", "title": "Tag"},
            "default": ["x", "y"],
        },
        "note": {"type": "string", "title": "Note"},
    },
}
NOTHING = "Nothing changed from the proposal."
DEFAULT_ANSWER = {
    "quantity": 100,
    "side": "b",
    "why": "It is\ncheap.",
    "pin": "s3cret-1",
    "tags": ["x", "y"],
}


@pytest.fixture
def request_id(site: Site) -> str:
    return site.ask(SCHEMA, title="How many?")["request_id"]


@pytest.fixture
def form(signed_in: Page, site: Site, request_id: str) -> Page:
    signed_in.goto(site.page(f"/requests/{request_id}"))
    return signed_in


@pytest.fixture
def scriptless(chromium: Browser, site: Site, request_id: str) -> Iterator[Page]:
    context = chromium.new_context(base_url=site.url, java_script_enabled=False)
    context.set_default_timeout(PATIENCE_MS)
    let_in(context, site)
    page = context.new_page()
    page.goto(site.page(f"/requests/{request_id}"))
    yield page
    context.close()


def bar(page: Page) -> Locator:
    return page.locator("[data-proposed-changes]")


def top_of(element: Locator) -> int:
    """Return where an element stands in the page, however far that is scrolled."""
    script = "element => Math.round(element.getBoundingClientRect().top + scrollY)"
    top: int = element.evaluate(script)
    return top


def stored(site: Site, request_id: str) -> tuple[Any, Any]:
    request = site.get(f"/agent-session-input-requests/{request_id}")
    return request["response"], request["edited"]


def open_last(page: Page) -> None:
    """Look at what was decided last."""
    page.locator("#last-decision a").first.click()


def put_back(page: Page, label: str) -> Locator:
    return page.get_by_role("button", name=f"Put back what was proposed for {label}", exact=True)


def test_by_mouse_each_change_shows_at_once_and_moves_nothing(
    form: Page, site: Site, request_id: str
) -> None:
    expect(bar(form)).to_have_text(NOTHING)
    expect(form.get_by_text("Proposed:")).to_have_count(5)  # each in its place, unseen
    expect(put_back(form, "Quantity")).to_have_count(0)
    note, send = form.get_by_label("Note"), form.get_by_role("button", name="Send answer")
    before = (top_of(note), send.bounding_box())

    form.get_by_label("Quantity").fill("80")
    form.get_by_label("Sell").check()
    form.get_by_label("PIN").fill("s3cret-2")
    note.fill("Filled in.")
    expect(bar(form)).to_have_text("3 fields changed: Quantity, Side, PIN. Filled in: Note")
    expect(form.get_by_text("Proposed: 100")).to_be_visible()
    expect(form.get_by_text("Proposed: Buy")).to_be_visible()
    expect(form.get_by_text("Secret, changed")).to_be_visible()
    assert (top_of(note), send.bounding_box()) == before

    put_back(form, "Side").click()
    put_back(form, "PIN").click()
    expect(form.get_by_label("Buy")).to_be_checked()
    expect(form.get_by_label("PIN")).to_have_value("")
    expect(bar(form)).to_have_text("1 field changed: Quantity. Filled in: Note")
    send.click()
    open_last(form)
    expect(form.locator("main")).to_contain_text("Answered by you, with 1 field changed")
    expect(form.locator(".is-edited")).to_have_count(1)
    expect(form.locator(".is-edited")).to_contain_text("Proposed 100")
    assert stored(site, request_id) == (
        DEFAULT_ANSWER | {"quantity": 80, "note": "Filled in."},
        ["/quantity"],
    )


def test_by_keyboard_what_is_typed_is_put_back_and_the_focus_stays(
    form: Page, site: Site, request_id: str
) -> None:
    form.get_by_label("Why").focus()
    form.keyboard.press("Control+A")
    form.keyboard.type("It is dear.")
    expect(bar(form)).to_have_text("1 field changed: Why")
    assert bar(form).get_attribute("role") == "status"
    form.keyboard.press("Tab")
    expect(put_back(form, "Why")).to_be_focused()
    form.keyboard.press("Enter")
    expect(form.get_by_label("Why")).to_be_focused()
    expect(form.get_by_label("Why")).to_have_value("It is\ncheap.")
    expect(bar(form)).to_have_text(NOTHING)

    form.get_by_label("Quantity").focus()
    form.keyboard.press("Control+Enter")
    open_last(form)
    expect(form.locator("main")).to_contain_text("As proposed")
    assert stored(site, request_id) == (DEFAULT_ANSWER, [])


def test_what_was_changed_is_still_marked_and_put_back_on_a_page_with_errors(
    form: Page, site: Site, request_id: str
) -> None:
    form.get_by_label("Quantity").fill("0")
    form.get_by_label("Why").fill("Dear.")
    form.get_by_label("PIN").fill("s3cret-2")
    form.get_by_role("button", name="Send answer").click()
    expect(form.locator("#answer-errors")).to_be_visible()
    expect(bar(form)).to_have_text("3 fields changed: Quantity, Why, PIN")
    assert "s3cret" not in form.content()
    form.get_by_label("Quantity").fill("100")
    expect(bar(form)).to_have_text("2 fields changed: Why, PIN")
    put_back(form, "Why").click()
    put_back(form, "PIN").click()
    expect(bar(form)).to_have_text(NOTHING)
    form.get_by_label("Quantity").press("Enter")  # which sends nothing in a form with rows
    form.get_by_role("button", name="Send answer").click()
    open_last(form)
    expect(form.locator("main")).to_contain_text("As proposed")
    assert stored(site, request_id) == (DEFAULT_ANSWER, [])


def test_rows_are_counted_by_the_server_and_put_back(
    form: Page, site: Site, request_id: str
) -> None:
    form.get_by_label("Tag 2").fill("z")
    expect(bar(form)).to_have_text("1 field changed: Tags / Tag 2")
    form.get_by_role("button", name="Remove Tag 1 of Tags").click()
    expect(bar(form)).to_have_text("1 field changed: Tags")
    expect(form.get_by_text("Proposed: x, y")).to_be_visible()
    form.get_by_label("Quantity").fill("7")
    expect(bar(form)).to_have_text("2 fields changed: Quantity, Tags")
    put_back(form, "Tags").click()
    expect(bar(form)).to_have_text("1 field changed: Quantity")
    expect(form.get_by_label("Tag 1")).to_have_value("x")
    expect(form.get_by_label("Tag 2")).to_have_value("y")
    form.get_by_role("button", name="Send answer").click()
    open_last(form)
    expect(form.locator("main")).to_contain_text("Answered by you, with 1 field changed")
    assert stored(site, request_id) == (DEFAULT_ANSWER | {"quantity": 7}, ["/quantity"])


def test_without_scripts_a_page_that_comes_back_says_and_restores_it(
    scriptless: Page, site: Site, request_id: str
) -> None:
    page = scriptless
    expect(page.get_by_text("Proposed:").first).to_be_hidden()
    page.get_by_label("Quantity").fill("0")
    page.get_by_label("PIN").fill("s3cret-2")
    page.get_by_label("Tag 1").fill("changed")
    page.get_by_label("Note").fill("kept")
    page.get_by_role("button", name="Send answer").click()
    expect(page.locator("#answer-errors")).to_be_visible()
    expect(bar(page)).to_have_text("3 fields changed: Quantity, PIN, Tags / Tag 1. Filled in: Note")
    expect(page.get_by_text("Proposed: 100")).to_be_visible()
    assert "s3cret" not in page.content()
    for label in ("Quantity", "PIN", "Tags / Tag 1"):
        put_back(page, label).click()
        expect(put_back(page, label)).to_have_count(0)
    expect(page.get_by_label("Quantity")).to_have_value("100")
    expect(bar(page)).to_have_text(f"{NOTHING} Filled in: Note")
    page.get_by_role("button", name="Send answer").click()
    open_last(page)
    expect(page.locator("main")).to_contain_text("As proposed")
    assert stored(site, request_id) == (DEFAULT_ANSWER | {"note": "kept"}, [])


def test_long_choices_and_boxes_say_it_too(signed_in: Page, site: Site) -> None:
    schema = {
        "type": "object",
        "required": ["read"],
        "properties": {
            "city": {
                "enum": [f"City {n}" for n in range(30)],
                "title": "City",
                "default": "City 7",
            },
            "days": {
                "type": "array",
                "title": "Days",
                "uniqueItems": True,
                "items": {"enum": ["Mon", "Tue", "Wed"]},
                "default": ["Mon", "Tue"],
            },
            "read": {"const": True, "title": "I have read it"},
        },
    }
    request_id = site.ask(schema, title="Where?")["request_id"]
    page = signed_in
    page.goto(site.page(f"/requests/{request_id}"))
    expect(bar(page)).to_have_text(NOTHING)
    page.get_by_label("I have read it").check()
    expect(bar(page)).to_have_text(f"{NOTHING} Filled in: I have read it")
    page.locator('select[name="answer-0"]').select_option("City 9")
    page.get_by_label("Tue").uncheck()
    page.get_by_label("Wed").check()
    expect(bar(page)).to_have_text("2 fields changed: City, Days. Filled in: I have read it")
    expect(page.get_by_text("Proposed: City 7")).to_be_visible()
    expect(page.get_by_text("Proposed: Mon, Tue")).to_be_visible()
    put_back(page, "Days").click()
    expect(page.get_by_label("Tue")).to_be_checked()
    expect(page.get_by_label("Wed")).not_to_be_checked()
    page.get_by_role("button", name="Send answer").click()
    open_last(page)
    expect(page.locator("main")).to_contain_text("Answered by you, with 1 field changed")
    assert stored(site, request_id) == (
        {"city": "City 9", "days": ["Mon", "Tue"], "read": True},
        ["/city"],
    )
