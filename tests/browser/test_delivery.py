"""A delivery that waits: the seconds count down, and its webhook-id can be copied."""

import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site
from tests.support.real_servers import wait_until

pytestmark = pytest.mark.server


def waiting_delivery(site: Site) -> str:
    """Have a call fail and dated for later; return its id."""
    ids = site.ask({"type": "object"}, endpoint={"url": "http://127.0.0.1:9/execute"})
    site.post(f"/agent-session-input-requests/{ids['request_id']}/resolve", {"response": {}})
    of_session = f"/deliveries?session_id={ids['session_id']}&status=failed"
    (failed,) = wait_until(lambda: site.get(of_session)["items"])
    later = (datetime.now(UTC) + timedelta(seconds=50)).strftime("%Y-%m-%d %H:%M:%S.%f")
    change = "UPDATE deliveries SET status = 'pending', next_trigger = 'retry', next_at = ?"
    with closing(sqlite3.connect(site.data_dir / "opensink.sqlite3", timeout=60)) as database:
        database.execute(f"{change} WHERE id = ?", (later, UUID(failed["id"]).hex))
        database.commit()
    return str(failed["id"])


def test_it_says_why_it_waits_and_counts_down(signed_in: Page, site: Site) -> None:
    page = signed_in
    delivery_id = waiting_delivery(site)
    page.goto(site.page(f"/deliveries/{delivery_id}"))
    expect(page.locator("main")).to_contain_text("The last attempt failed")
    countdown = page.locator('time[data-time="countdown"]')
    expect(countdown).to_have_text(re.compile(r"^in \d+ s$"))
    before = countdown.inner_text()
    expect(countdown).to_have_text(fewer_seconds_than(before))

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator('[data-copy="#webhook-id"]').click()
    wait_until(lambda: page.evaluate("navigator.clipboard.readText()") == delivery_id)


def fewer_seconds_than(text: str) -> re.Pattern[str]:
    seconds = int(re.findall(r"\d+", text)[0])
    return re.compile(rf"^in ({'|'.join(map(str, range(seconds)))}) s$")
