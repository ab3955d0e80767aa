"""The bar that decides, at every width: its buttons can be read and pressed, none sticks out."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site
from tests.support.quick_reviewer import YES_NO

pytestmark = pytest.mark.server

WIDTHS = (360, 390, 768, 1440)
LEAST_TARGET_PX = 44
PAY = "Pay the whole amount back to the customer today"
KEEP = "Keep the money and explain why in a friendly letter"
CHOICE = {
    "title": "Next?",
    "oneOf": [{"const": True, "title": PAY}, {"const": False, "title": KEEP}],
}
KINDS: dict[str, dict[str, Any]] = {
    "yes or no": YES_NO,
    "long words": {"type": "object", "required": ["ok"], "properties": {"ok": CHOICE}},
    "not required": {"type": "object", "properties": {"ok": {"type": "boolean"}}},
    "form": {"type": "object", "properties": {"note": {"type": "string", "default": "x"}}},
}
BUTTONS = """(bar) => [...bar.querySelectorAll(".send-buttons > .btn, .confirm > summary")]
    .filter((button) => button.checkVisibility())
    .map((button) => ({
        words: button.innerText, width: button.clientWidth, needs: button.scrollWidth,
        height: button.offsetHeight, right: button.getBoundingClientRect().right }))"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("schema", KINDS.values(), ids=KINDS)
def test_shows_whole_buttons_at_every_width(
    signed_in: Page, site: Site, schema: dict[str, Any]
) -> None:
    signed_in.goto(site.page(f"/requests/{site.ask(schema)['request_id']}"))
    for width in WIDTHS:
        signed_in.set_viewport_size({"width": width, "height": 844})
        bar = signed_in.locator("#send-bar")
        expect(bar).to_be_in_viewport(ratio=0.9)
        assert signed_in.evaluate(OVERFLOW) == 0, width
        buttons = bar.evaluate(BUTTONS)
        assert len(buttons) >= 2
        for button in buttons:
            assert button["needs"] <= button["width"] >= LEAST_TARGET_PX, (width, button)
            assert button["height"] >= LEAST_TARGET_PX, (width, button)
            assert button["right"] <= width, (width, button)


def test_says_that_a_draft_is_saved_without_moving_a_button(signed_in: Page, site: Site) -> None:
    signed_in.goto(site.page(f"/requests/{site.ask(KINDS['form'])['request_id']}"))
    send = signed_in.get_by_role("button", name="Send answer")
    before = send.bounding_box()
    signed_in.get_by_label("Note").fill("half a thought")
    expect(signed_in.locator("[data-draft]")).to_have_text("Draft saved")
    assert send.bounding_box() == before
