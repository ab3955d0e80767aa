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
