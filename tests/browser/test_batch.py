"""A batch as it is watched: its bar moves by itself, and it is stopped by keyboard."""

import re
import threading

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.conftest import Site
from tests.support.http_server import Received
from tests.support.real_servers import AgentEndpoint

pytestmark = pytest.mark.server


def test_its_bar_moves_by_itself_and_it_is_cancelled_by_keyboard(
    signed_in: Page, site: Site
) -> None:
    page = signed_in
    first, second, rest = threading.Event(), threading.Event(), threading.Event()

    def answer(received: Received) -> bytes:
        number = received.body["input"]["n"]
        (first if number < 3 else second if number < 6 else rest).wait(100)
        return b'{"done": true}'

    with AgentEndpoint(body_for=answer) as endpoint:
        taken = site.execute_batch(endpoint.url, [{"n": number} for number in range(40)])
        page.goto(site.page(f"/batches/{taken['batch_id']}"))
        bar = page.get_by_role("progressbar")
        expect(bar).to_have_attribute("aria-valuenow", "0")
        first.set()
        expect(bar).to_have_attribute("aria-valuetext", re.compile("3 of 40 ended: 3 completed"))

        page.locator("summary", has_text="Cancel").focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="Cancel this batch?")
        expect(dialog.get_by_role("button", name="Keep it running")).to_be_focused()
        with page.expect_response(has_news):
            second.set()
        page.wait_for_function("() => !document.querySelector('.htmx-request')")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("#flash")).to_contain_text("The batch has been cancelled")
        rest.set()
        expect(bar).to_have_attribute("aria-valuenow", "40")
        expect(page.locator("h1 + .state")).to_have_text("Cancelled")
        expect(page.locator("#batch[hx-get]")).to_have_count(0)


def has_news(answer: Response) -> bool:
    return "version=" in answer.url and answer.status == 200
