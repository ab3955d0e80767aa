"""What a real browser makes of the form: it must send back what was drawn, and show what it is."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONValue, dump
from opensink_web.schema.form import AnswerForm

pytestmark = pytest.mark.server
CORPUS: dict[str, Any] = json.loads(Path(__file__).with_name("corpus.json").read_text())
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
