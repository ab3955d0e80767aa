"""Deciding in a list, with a real browser: rows stay where they are, ranges, tables, no scripts."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE_MS, Site, let_in

pytestmark = pytest.mark.server

FLAG = {
    "type": "object",
    "required": ["approved"],
    "properties": {"approved": {"type": "boolean"}},
}
FORM = {
    "type": "object",
    "required": ["amount"],
    "properties": {
        "amount": {"type": "integer", "minimum": 1},
        "note": {"type": "string"},
        "currency": {"enum": ["EUR", "USD", "GBP"]},
        "due": {"type": "string", "format": "date"},
        "urgent": {"type": "boolean"},
    },
}


@pytest.fixture(autouse=True)
def _an_empty_inbox(site: Site) -> Iterator[None]:
    site.empty_inbox()
    yield
    site.empty_inbox()


def ask(site: Site, count: int, schema: dict[str, Any]) -> list[str]:
    return [site.ask(schema, title=f"Number {n}")["request_id"] for n in range(count)]


def response(site: Site, request_id: str) -> object:
    return site.get(f"/agent-session-input-requests/{request_id}")["response"]


def top_of(page: Page, request_id: str) -> float:
    box = page.locator(f"#request-{request_id}").bounding_box()
    assert box is not None
    return box["y"]


def test_a_row_that_was_decided_stays_and_the_focus_goes_on(signed_in: Page, site: Site) -> None:
    page = signed_in
    first, second, third = ask(site, 3, FLAG)
    page.goto(site.page("/inbox"))
    before = top_of(page, second)
    page.locator(f"#yes-{first}").click()
    row = page.locator(f"#request-{first}")
    expect(row).to_contain_text("Answered by alice@example.com")
    expect(page.locator(f"#row-{second}")).to_be_focused()
    assert top_of(page, second) == before
    # the list is drawn anew with what came
    (fourth,) = ask(site, 1, FLAG)
    expect(page.locator(f"#request-{fourth}")).to_be_visible()
    expect(row).to_be_visible()
    assert top_of(page, second) == before
    page.locator(f"#no-{second}").click()
    expect(page.locator(f"#row-{third}")).to_be_focused()
    assert response(site, first) == {"approved": True}
    assert response(site, second) == {"approved": False}


def test_a_range_is_chosen_with_shift_and_decided_at_once(signed_in: Page, site: Site) -> None:
    page = signed_in
    ids = ask(site, 4, FLAG)
    page.goto(site.page("/inbox"))
    bar = page.locator("form[data-selection]")
    expect(bar).to_be_hidden()
    page.locator(f"#choose-{ids[0]}").click()
    page.locator(f"#choose-{ids[2]}").click(modifiers=["Shift"])
    expect(bar).to_contain_text("3 selected")
    # what is chosen stays so when the list is drawn anew
    (newer,) = ask(site, 1, FLAG)
    expect(page.locator(f"#request-{newer}")).to_be_visible()
    expect(bar).to_contain_text("3 selected")
    bar.get_by_role("button", name="Yes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("3 decided")
    assert [response(site, each) for each in ids] == [{"approved": True}] * 3 + [None]
    page.get_by_role("link", name="Back to the list").click()
    expect(page.locator(f"#request-{ids[3]}")).to_be_visible()


def test_keys_decide_and_choose_rows(signed_in: Page, site: Site) -> None:
    page = signed_in
    ids = ask(site, 5, FLAG)
    page.goto(site.page("/inbox"))
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator(f"#row-{ids[1]}")).to_be_focused()
    page.keyboard.press("r")
    expect(page.locator(f"#row-{ids[2]}")).to_be_focused()
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(page.locator("form[data-selection]")).to_contain_text("3 selected")
    answers = [response(site, each) for each in ids[:3]]
    assert answers == [{"approved": True}, {"approved": False}, None]


def test_a_key_claims_what_is_chosen_and_lets_it_go(signed_in: Page, site: Site) -> None:
    page = signed_in
    first, second, third = ask(site, 3, FLAG)
    page.goto(site.page("/inbox"))
    for each in (first, second):
        page.locator(f"#choose-{each}").click()
    release = page.get_by_role("button", name="Release", exact=True)
    expect(release).to_be_hidden()
    page.keyboard.press("c")
    claimed = page.get_by_text("Claimed by alice@example.com")
    expect(claimed).to_have_count(2)
    page.locator(f"#choose-{first}").click()
    expect(release).to_be_visible()
    page.locator(f"#row-{third}").focus()  # of what is chosen, whatever has the focus
    page.keyboard.press("c")
    expect(claimed).to_have_count(1)
    expect(page.locator(f"#request-{second}")).to_contain_text("Claimed by")


def test_one_reason_is_asked_for_in_a_dialog(signed_in: Page, site: Site) -> None:
    page = signed_in
    ids = ask(site, 2, FLAG)
    page.goto(site.page("/inbox"))
    for each in ids:
        page.locator(f"#choose-{each}").click()
    page.locator("#decline-chosen summary").click()
    page.get_by_role("button", name="Decline", exact=True).click()
    expect(page.locator("dialog:modal")).to_be_visible()  # without a reason nothing is sent
    page.locator("dialog textarea").fill("Not today.")
    page.get_by_role("button", name="Decline", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2 decided")
    for each in ids:
        assert site.get(f"/agent-session-input-requests/{each}")["status"] == "declined"


def test_a_row_of_a_table_is_ticked_by_filling_it_in(signed_in: Page, site: Site) -> None:
    page = signed_in
    ids = ask(site, 3, FORM)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(site.page("/inbox/table"))
    frame = page.locator(".table-frame")
    assert frame.evaluate("each => each.scrollWidth - each.clientWidth") == 0
    amounts = [page.locator(f"[name=row{each.replace('-', '')}-0]") for each in ids]
    amounts[0].fill("5")
    amounts[2].fill("0")
    page.get_by_role("button", name="Send what is ticked").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was sent.")
    expect(amounts[0]).to_have_value("5")
    amounts[2].fill("7")
    page.get_by_role("button", name="Send what is ticked").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2 decided")
    assert [response(site, each) for each in ids] == [{"amount": 5}, None, {"amount": 7}]


def test_it_is_one_plain_form_without_scripts(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(base_url=site.url, java_script_enabled=False)
    context.set_default_timeout(PATIENCE_MS)
    let_in(context, site)
    page = context.new_page()
    first, second, third = ask(site, 3, FLAG)
    page.goto(site.page("/inbox"))
    page.locator(f"#yes-{first}").click()
    expect(page.locator(f"#request-{first}")).to_have_count(0)
    page.locator(f"#choose-{second}").check()
    page.locator(f"#choose-{third}").check()
    page.locator("form#decide").get_by_role("button", name="No").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2 decided")
    context.close()
    answers = [response(site, each) for each in (first, second, third)]
    assert answers == [{"approved": True}, {"approved": False}, {"approved": False}]
