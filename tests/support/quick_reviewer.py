"""A reviewer who decides many requests in a browser, by keys alone or by mouse, and what it takes.

Every key that is pressed is counted by the page's own listener, Control and the letters of a reason
too. `shown_ms` is from the key to the next request's first frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import uuid4

import requests
from playwright.sync_api import Page

from tests.browser.conftest import Site

YES_NO = {
    "type": "object",
    "required": ["approved"],
    "properties": {"approved": {"type": "boolean", "title": "Refund it?"}},
}
FORM = {
    "type": "object",
    "required": ["amount"],
    "properties": {
        "amount": {"type": "integer", "title": "Amount", "minimum": 1},
        "urgent": {"type": "boolean", "title": "Urgent", "default": False},
        "note": {"type": "string", "title": "Note"},
    },
}
MESSAGE = (
    "The customer says that the parcel arrived **broken**.\n\n"
    "| Item | Price |\n|---|---|\n| Lamp | 49.00 |\n| Shade | 12.50 |\n\n"
    "- ordered three days ago\n- first complaint\n- pays by card\n"
)
REASON = "Too dear"
UNSEEN_MS = 320
"""A person has to see a request before they decide it; what comes sooner is not taken."""
WATCH = """
window.pressed = 0; window.shownMs = [];
let pressedAt = null;
addEventListener("keydown", (event) => {
  if (event.repeat) return;
  window.pressed += 1;
  pressedAt = performance.now();
}, true);
addEventListener("pointerdown", () => { pressedAt = performance.now(); }, true);
let shown = null;
new MutationObserver(() => {
  const page = document.querySelector(".deciding");
  const id = page && page.dataset.request;
  if (!id || id === shown) return;
  shown = id;
  const from = pressedAt;
  // the first frame with it in it is on the screen when a task after the next frame runs
  if (from === null) return;
  const note = () => window.shownMs.push(performance.now() - from);
  requestAnimationFrame(() => setTimeout(note));
}).observe(document, { childList: true, subtree: true });
"""


@dataclass(frozen=True)
class Decided:
    """What it took to decide: the keys of all, and the most that a yes or no took."""

    keys: int
    most_of_yes_no: int
    shown_ms: Sequence[float]

    def shown_within(self, share: float) -> float:
        """Return within how many milliseconds such a share of the next requests was shown."""
        ordered = sorted(self.shown_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def ask_mixed(site: Site, *, yes_no: int, approvals: int, forms: int) -> None:
    """Have agents and an application ask, in no order."""
    agent = site.post("/agents", {"name": "Shop"})["id"]
    function = f"refund{uuid4().hex}"
    target = {"kind": "http", "url": "http://127.0.0.1:9/"}
    properties = {"amount": {"type": "number", "title": "Amount"}, "to": {"type": "string"}}
    site.post(
        "/functions",
        {
            "namespace": "shop",
            "name": function,
            "target": target,
            "requires_approval": True,
            "input_schema": {"type": "object", "properties": properties},
        },
    )
    kinds = ["yes_no"] * yes_no + ["approval"] * approvals + ["form"] * forms
    Random(11).shuffle(kinds)
    for number, kind in enumerate(kinds):
        if kind == "approval":
            execute(site, function, {"amount": 10 + number, "to": "Ada"})
        else:
            session = site.post("/agent-sessions", {"agent_id": agent})["id"]
            question: dict[str, Any] = {"key": "refund", "title": f"Refund {number}?"}
            question |= {"session_id": session, "agent_id": agent, "message": MESSAGE}
            question["schema"] = YES_NO if kind == "yes_no" else FORM
            site.post("/agent-session-input-requests", question)


def execute(site: Site, function: str, values: dict[str, Any]) -> None:
    """Have a function executed, which waits for its approval."""
    answer = requests.post(
        f"{site.url}/functions/shop/{function}/execute/async",
        json={"input": values},
        headers={"Authorization": f"Bearer {site.api_key}"},
        timeout=60,
    )
    assert answer.ok, answer.text


def decide_all_by_keys(page: Page, site: Site, count: int) -> Decided:
    """Open the inbox, and decide so many requests with what keys there are; one more waits."""
    page.add_init_script(WATCH)
    page.goto(site.page("/inbox"))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/requests/*")
    keys_before = 2  # those of the list, which was another page
    rejected = most_of_yes_no = 0
    for number in range(count):
        wait_until_seen(page)
        before = pressed(page)
        request_id = page.locator(".deciding").get_attribute("data-request")
        if page.locator('[data-review-submit="choice"]').count():
            page.keyboard.press("r" if number % 4 == 0 else "a")
            most_of_yes_no = max(most_of_yes_no, pressed(page) - before)
        elif page.locator('.send-buttons > [data-key="a"]').count():
            if number % 5 == 0:
                reject(page, typed=not rejected)
                rejected += 1
            else:
                page.keyboard.press("a")
        else:
            page.keyboard.type("12")
            page.keyboard.press("Control+Enter")
        page.wait_for_function(
            "id => (document.querySelector('.deciding')?.dataset.request ?? id) !== id",
            arg=request_id,
        )
    shown = page.evaluate("window.shownMs")
    return Decided(keys_before + pressed(page), most_of_yes_no, shown)


def wait_until_seen(page: Page) -> None:
    """Be as slow as a person is at seeing what the page shows now."""
    page.wait_for_timeout(UNSEEN_MS)


def pressed(page: Page) -> int:
    return int(page.evaluate("window.pressed"))


def reject(page: Page, *, typed: bool) -> None:
    """Reject with a reason: typed, or the one before again."""
    page.keyboard.press("r")
    if typed:
        page.keyboard.type(REASON)
    else:
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Control+Enter")


def decide_by_mouse(page: Page, site: Site, count: int) -> int:
    """Decide so many requests without moving the pointer; return how many clicks it took."""
    page.goto(site.page("/inbox"))
    page.locator(".inbox-row .row-title").first.click()
    page.wait_for_url("**/requests/*")
    clicks = 1
    box = page.locator(".send-buttons > .btn-primary").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for _ in range(count):
        wait_until_seen(page)
        request_id = page.locator(".deciding").get_attribute("data-request")
        page.mouse.down()
        page.mouse.up()
        clicks += 1
        page.wait_for_function(
            "id => (document.querySelector('.deciding')?.dataset.request ?? id) !== id",
            arg=request_id,
        )
    return clicks
