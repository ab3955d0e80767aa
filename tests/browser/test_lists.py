"""Lists on a phone: ten rows of any of them are seen at once, whatever stands in them."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE_MS, Site, let_in
from tests.browser.test_accessibility import AXE, EVERYTHING, FIND

pytestmark = pytest.mark.server

ROWS = 10
HEIGHT_MAX_PX = 900
WIDTHS = (390, 768, 1440)
PHONE: Any = {"width": 390, "height": 844}
LONG = "Pneumonoultramicroscopicsilicovolcanoconiosis" * 4
REFUND: dict[str, Any] = {
    "key": "refund",
    "title": "Refund order 1009?",
    "message": "The parcel arrived damaged.",
    "tags": ["vip"],
    "schema": {
        "type": "object",
        "required": ["refund"],
        "properties": {"refund": {"type": "boolean", "title": "Refund the customer?"}},
    },
}
"""It is decided in its row, where all of it has to be read."""
RIGHT_TO_LEFT = "هل أشتري عشرة أسهم من الشركة قبل أن ترتفع الأسعار مرة أخرى؟"
APPROVED = {
    "type": "object",
    "required": ["approved"],
    "properties": {"approved": {"type": "boolean", "title": "Approve"}},
}
LISTS = {
    "/inbox": ".inbox-row",
    "/inbox?view=decided": ".inbox-row",
    "/inbox?group=agent": ".inbox-row",
    "/inbox?key=refund": ".inbox-row",
    "/sessions": "tbody tr",
    "/deliveries": "tbody tr",
    "/functions": "tbody tr",
    "/executions": "tbody tr",
    "/batches": "tbody tr",
    "/admin/agents": "tbody tr",
    "/admin/api-keys": "tbody tr",
    "/admin/members": "tbody tr",
    "/admin/roles": "tbody tr",
}
HEIGHTS = """(rows) => rows.slice(0, 10).map((row) => row.getBoundingClientRect())
    .map(({ top, bottom }) => [top, bottom])"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def filled(site: Site) -> Site:
    """Put ten rows in every list that programs fill, with long words and text from the right."""
    texts = [LONG, RIGHT_TO_LEFT, "Buy 10 shares?"]
    for number in range(ROWS):
        text = texts[number % len(texts)]
        endpoint = {"url": "http://127.0.0.1:9/", "retry": {"max_attempts": 3}}
        agent = site.post("/agents", {"name": text[:60], "execution_endpoint": endpoint})
        ids = {"agent_id": agent["id"]}
        ids["session_id"] = site.post("/agent-sessions", ids)["id"]
        question = {"key": "k" * 40, "message": text * 3, "schema": APPROVED, "title": text}
        for _ in range(2):
            asked = site.post("/agent-session-input-requests", ids | question)
        site.post("/agent-session-input-requests", ids | REFUND)
        answer = {"response": {"approved": False}}
        site.post(f"/agent-session-input-requests/{asked['id']}/resolve", answer)
        site.execute_batch("http://127.0.0.1:9/", [{"n": 1}])
        site.post("/api-keys", {"name": text[:100], "scopes": ["agents:read", "deliveries:all"]})
        permissions = [f"sinas.functions/{LONG}/*.execute:own", "sinas.agents.read:all"] * 3
        role = {"name": f"{text[:30]} {uuid4().hex[:8]}", "description": text}
        site.post("/roles", role | {"permissions": sorted({*permissions})})
    return site


@pytest.fixture
def phone(chromium: Browser, site: Site) -> Iterator[Page]:
    """A page of Alice's on a phone, into which axe may be put despite its policy."""
    context = chromium.new_context(base_url=site.url, viewport=PHONE, bypass_csp=True)
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(AXE)
    let_in(context, site)
    yield context.new_page()
    context.close()


def too_wide(phone: Page) -> list[str]:
    faults = []
    for width in WIDTHS:
        phone.set_viewport_size({"width": width, "height": 844})
        if phone.evaluate(OVERFLOW) > 0:
            faults.append(f"the page is wider than {width} px")
    phone.set_viewport_size(PHONE)
    return faults


def test_ten_rows_of_any_list_fit_on_a_phone(phone: Page, filled: Site) -> None:
    faults: list[str] = []
    for path, rows in LISTS.items():
        phone.goto(filled.page(path))
        places = phone.locator(rows).evaluate_all(HEIGHTS)
        assert places, path
        height = (places[-1][1] - places[0][0]) * ROWS / len(places)
        if height > HEIGHT_MAX_PX:
            faults.append(f"{path}: ten rows are {height:.0f} px high")
        faults += [f"{path}: {fault}" for fault in phone.evaluate(FIND, EVERYTHING)]
        faults += [f"{path}: {fault}" for fault in too_wide(phone)]
    phone.goto(filled.page("/inbox"))
    phone.locator(".row-title", has_text=LONG).first.click()
    expect(phone.get_by_role("heading", level=1)).to_have_text(LONG)
    faults += [f"the page of a request: {fault}" for fault in too_wide(phone)]
    filled.empty_inbox()
    assert faults == []
