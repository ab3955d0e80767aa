"""The same is allowed again with a decision by the keyboard alone, and then approved by itself."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, let_in
from tests.browser.test_accessibility import faults, reader
from tests.support.real_servers import wait_until

pytestmark = pytest.mark.server
__all__ = ["reader"]
PAY: dict[str, Any] = {
    "type": "object",
    "required": ["to", "amount", "approved"],
    "properties": {
        "to": {"type": "string", "title": "To", "default": "Ada", "readOnly": True},
        "amount": {"title": "Amount", "const": 42},
        "approved": {"type": "boolean", "title": "Pay?"},
    },
}


def ask_again(site: Site, agent_id: str) -> str:
    """Have the same agent ask the same in another session; return the request's id."""
    session = site.post("/agent-sessions", {"agent_id": agent_id})
    ids = {"session_id": session["id"], "agent_id": agent_id}
    question = {"key": "approval", "title": "Pay?", "message": "The lamp", "schema": PAY}
    request_id: str = site.post("/agent-session-input-requests", ids | question)["id"]
    return request_id


def test_it_is_granted_with_two_keys_and_the_next_is_approved_by_itself(
    reader: Page, site: Site
) -> None:
    site.empty_inbox()
    let_in(reader.context, site)
    ids = site.ask(PAY, title="Pay?", message="The lamp")
    site.ask(PAY, title="Another agent's?")
    reader.goto(site.page(f"/requests/{ids['request_id']}?key=approval"))
    found = faults(reader)
    reader.keyboard.press("s")
    expect(reader.get_by_role("heading", level=1)).to_have_text("Allow the same again")
    expect(reader.get_by_label("At most so often")).to_be_focused()
    expect(reader.locator("#dry-run")).to_contain_text("the only request of the same kind")
    found += faults(reader)
    reader.keyboard.press("Control+Enter")
    expect(reader.get_by_role("heading", level=1)).to_have_text("Another agent's?")

    again = ask_again(site, ids["agent_id"])
    address = f"/agent-session-input-requests/{again}"
    wait_until(lambda: site.get(address)["status"] == "resolved")
    approval_id = site.get(address)["standing_approval_id"]
    reader.goto(site.page(f"/requests/{again}"))
    expect(reader.locator("#progress")).to_contain_text("a standing approval that alice@")
    found += faults(reader)
    for path in ("", f"/{approval_id}"):
        reader.goto(site.page(f"/admin/standing-approvals{path}"))
        expect(reader.locator("main")).to_contain_text("In force")
        found += faults(reader)
    assert found == []

    reader.get_by_role("main").get_by_text("Revoke", exact=True).first.click()
    reader.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(reader.locator("main")).to_contain_text("Revoked by")
    waits = ask_again(site, ids["agent_id"])
    assert site.get(f"/agent-session-input-requests/{waits}")["status"] == "pending"
    site.empty_inbox()
