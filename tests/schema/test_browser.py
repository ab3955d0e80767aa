"""What a real browser makes of the form: it must send back what was drawn, and show what it is."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.form import AnswerForm

pytestmark = pytest.mark.server
CORPUS: dict[str, Any] = json.loads(Path(__file__).with_name("corpus.json").read_text())
STATIC = Path(__file__).parents[2] / "static"
ENTRIES = "() => [...new FormData(document.querySelector('form')).entries()]"


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    yield page
    page.close()


def test_chromium_sends_every_proposal_back_as_it_was(
    page: Page, draw: Callable[[AnswerForm], str]
) -> None:
    for name, case in CORPUS.items():
        page.set_content(f"<!doctype html>{draw(AnswerForm.blank(case['schema']))}")
        sent = MultiDict((key, value) for key, value in page.evaluate(ENTRIES))
        submission = AnswerForm.submitted(case["schema"], sent).read()
        assert dump(submission.value) == dump(case["untouched"]), name


def test_enter_in_a_field_neither_adds_nor_removes_a_row(
    page: Page, draw: Callable[[AnswerForm], str]
) -> None:
    schema: JSONValue = {
        "properties": {
            "who": {"type": "string"},
            "tags": {"type": "array", "items": {"type": "string"}, "default": ["a"]},
        }
    }
    page.set_content(f"<!doctype html>{draw(AnswerForm.blank(schema))}")
    page.evaluate("() => addEventListener('submit', () => { window.sent = true; })")
    page.get_by_label("Who").press("Enter")
    assert page.evaluate("window.sent") is None


def shown(page: Page, draw: Callable[[AnswerForm], str], schema: JSONValue) -> None:
    """Show a form with its style and its script."""
    page.set_content(f"<!doctype html>{draw(AnswerForm.blank(schema))}")
    page.add_style_tag(path=STATIC / "css" / "answer.css")
    page.add_script_tag(path=STATIC / "js" / "answer.js")


def test_lengths_are_counted_in_characters_and_no_emoji_is_cut_off(
    page: Page, draw: Callable[[AnswerForm], str]
) -> None:
    shown(page, draw, {"properties": {"r": {"type": "string", "maxLength": 3}}})
    control, count = page.get_by_label("R", exact=True), page.locator("#answer-0-count")
    control.press_sequentially("👍🎉🚀")
    assert control.input_value() == "👍🎉🚀"
    assert count.text_content() == "At most 3 characters. Now 3."
    assert "is-over" not in (count.get_attribute("class") or "")
    control.fill("a\nbc")
    assert count.text_content() == "At most 3 characters. Now 4."
    assert "is-over" in (count.get_attribute("class") or "")


def test_a_text_grows_with_its_lines(page: Page, draw: Callable[[AnswerForm], str]) -> None:
    shown(page, draw, {"properties": {"r": {"type": "string"}}})
    control = page.get_by_label("R", exact=True)
    low = control.evaluate("each => each.offsetHeight")
    control.press_sequentially("a\nb\nc\nd")
    assert control.evaluate("each => each.offsetHeight") > low


def test_what_is_typed_reaches_the_server_as_it_is(
    page: Page, draw: Callable[[AnswerForm], str]
) -> None:
    texts = {
        "email": "straße@bücher.example ",
        "uri": " HTTPS://Example.org",
        "date": "31.1.2026",
        "color": "RED",
    }
    properties: JSONObject = {name: {"type": "string", "format": name} for name in texts}
    numbers: JSONObject = {"number": {"type": "number"}, "integer": {"type": "integer"}}
    typed = [*texts.values(), "2,5", "12-"]
    shown(page, draw, {"properties": properties | numbers})
    for at, text in enumerate(typed):
        page.locator(f"[name=answer-{at}]").press_sequentially(text)
    sent = dict(page.evaluate(ENTRIES))
    assert [sent[f"answer-{at}"] for at in range(len(typed))] == typed


def test_a_picker_only_fills_in_the_text(page: Page, draw: Callable[[AnswerForm], str]) -> None:
    formats = ("date", "date-time", "time", "color")
    properties: JSONObject = {name: {"type": "string", "format": name} for name in formats}
    shown(page, draw, {"properties": properties})
    assert page.get_by_role("button", name="Pick a date and time for Date time").is_visible()
    zone = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    assert page.locator("[name=answer-1-zone]").input_value() == zone
    assert page.locator(".answer-moment").text_content() == (
        f"Without an offset such as +01:00 it is read in your time zone, {zone}."
    )
    natives, picks = page.locator(".answer-native"), ("2026-01-31", "2026-07-01T14:30", "09:05")
    for at, value in enumerate((*picks, "#1f6feb")):
        natives.nth(at).evaluate(
            "(each, value) => { each.value = value; each.dispatchEvent(new Event('input')); }",
            value,
        )
    entries = dict(page.evaluate(ENTRIES))
    assert entries["answer-0"] == "2026-01-31"
    assert entries["answer-1"].startswith("2026-07-01T14:30:00")
    assert entries["answer-2"].startswith("09:05:00")
    assert entries["answer-3"] == "#1f6feb"
    assert page.locator(".answer-moment").text_content() == (
        f"In your time zone, {zone}: Wednesday, 1 July 2026 at 14:30:00."
    )
    submission = AnswerForm.submitted({"properties": properties}, MultiDict(entries)).read()
    assert submission.errors == ()


def test_a_picked_time_that_the_clocks_skip_or_repeat_is_left_to_be_asked(
    chromium: Browser, draw: Callable[[AnswerForm], str]
) -> None:
    page = chromium.new_page(timezone_id="Europe/Berlin")
    shown(page, draw, {"properties": {"at": {"type": "string", "format": "date-time"}}})
    picked = {}
    for value in ("2026-01-31T14:30", "2026-03-29T02:30", "2026-10-25T02:30", "2026-03-29T03:30"):
        page.locator(".answer-native").evaluate(
            "(each, value) => { each.value = value; each.dispatchEvent(new Event('input')); }",
            value,
        )
        picked[value] = page.locator("[name=answer-0]").input_value()
    page.close()
    assert picked == {
        "2026-01-31T14:30": "2026-01-31T14:30:00+01:00",
        "2026-03-29T02:30": "2026-03-29 02:30:00",
        "2026-10-25T02:30": "2026-10-25 02:30:00",
        "2026-03-29T03:30": "2026-03-29T03:30:00+02:00",
    }


LONG: JSONObject = {
    "type": "string",
    "title": "Country",
    "enum": [f"c-{number}" for number in range(60)],
    "enumNames": [*(f"Land {number}" for number in range(58)), "Österreich", "Österbotten"],
}


def test_a_long_select_is_searched_and_chosen_from_by_keyboard(
    page: Page, draw: Callable[[AnswerForm], str]
) -> None:
    shown(page, draw, {"properties": {"c": LONG}, "required": ["c"]})
    page.add_script_tag(path=STATIC / "js" / "filter.js")
    page.evaluate("() => addEventListener('submit', () => { window.sent = true; })")
    box, select = (
        page.get_by_label("Find in Country"),
        page.get_by_label("Country", exact=False).last,
    )
    box.press_sequentially("oster")
    words = "each => [...each.options].map((option) => option.text)"
    assert page.locator("select[name=answer-0]").evaluate(words) == [
        "Choose…",
        "Österreich",
        "Österbotten",
    ]
    assert page.get_by_role("status").first.text_content() == "2 of 61"
    box.press("ArrowDown")
    box.press("ArrowDown")
    box.press("Enter")
    assert page.evaluate("window.sent") is None
    assert select.evaluate("each => each.size") == 0
    assert len(page.locator("select[name=answer-0]").evaluate(words)) == 61
    assert dict(page.evaluate(ENTRIES)) == {"answer-0": "59"}
    box.fill("land 5")
    box.press("Enter")
    assert dict(page.evaluate(ENTRIES)) == {"answer-0": "5"}
    box.fill("nowhere")
    box.press("Enter")
    box.fill("land 1")
    box.press("Escape")
    assert dict(page.evaluate(ENTRIES)) == {"answer-0": "5"}
    box.fill("land 42")
    page.locator("option", has_text="Land 42").click()
    assert dict(page.evaluate(ENTRIES)) == {"answer-0": "42"}


def test_a_short_select_needs_no_search(page: Page, draw: Callable[[AnswerForm], str]) -> None:
    shown(page, draw, {"properties": {"c": {"enum": list(range(20))}}})
    page.add_script_tag(path=STATIC / "js" / "filter.js")
    assert page.locator("[type=search]").count() == 0


def test_the_page_says_how_a_number_with_three_decimals_is_read(
    page: Page, draw: Callable[[AnswerForm], str]
) -> None:
    shown(page, draw, {"properties": {"n": {"type": "number"}, "i": {"type": "integer"}}})
    control, note = page.locator("[name=answer-0]"), page.locator(".answer-read")
    control.fill("1.20")
    assert note.count() == 0
    control.fill("-1.200")
    assert note.text_content() == "This is read as -1.2, with a decimal point."
    control.fill("1200.5")
    assert note.text_content() == ""
