"""axe-core finds nothing on any page, light or dark; and what no checker finds, focus and scroll.

axe-core stands in vendor/, as its makers publish it: it is run in pages and never served.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE_MS, Site, let_in
from tests.support.real_servers import wait_until

pytestmark = pytest.mark.server

AXE = (Path(__file__).parent / "vendor/axe-core-4.14.1/axe.min.js").read_text(encoding="utf-8")
FIND = """async (options) => (await axe.run(document, options)).violations.flatMap(
    ({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`))"""
EVERYTHING: dict[str, Any] = {"resultTypes": ["violations"]}
AT_ONCE = "*, ::before, ::after { transition: none !important }"
COLOURS: dict[str, Any] = EVERYTHING | {"runOnly": ["color-contrast", "link-in-text-block"]}

MESSAGE = (
    "# Risk\n\n| Trade | Limit |\n|---|---:|\n| Buy 10 | $88.15 |\n\n> [Why](https://x.example)"
    "\n\nEUR \u202e01 `\u200b`"
)
QUESTION = {
    "type": "object",
    "required": ["approved", "trades"],
    "properties": {
        "approved": {"enum": ["Yes", "No"], "title": "Approve", "description": "Money **moves**."},
        "venue": {"enum": ["XNAS", "XAMS"], "title": "Venue"},
        "amount": {"type": "string", "title": "Amount\u00ad", "default": "EUR \u202e01"},
        "note": {"type": "string", "title": "Note", "minLength": 3},
        "trades": {
            "type": "array",
            "title": "Trades",
            "default": [{"symbol": "TLT"}],
            "items": {"type": "object", "properties": {"symbol": {"type": "string"}}},
        },
    },
}


@pytest.fixture(autouse=True)
def _an_empty_inbox(site: Site) -> Iterator[None]:
    """Begin with nothing that others asked on this server, and leave nothing to them."""
    site.empty_inbox()
    yield
    site.empty_inbox()


@pytest.fixture
def reader(chromium: Browser, site: Site) -> Iterator[Page]:
    """A page of Alice's, into which axe may be put despite its policy."""
    context = chromium.new_context(
        base_url=site.url,
        reduced_motion="reduce",  # a row that is new would fade in
        bypass_csp=True,
    )
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(AXE)
    page = context.new_page()
    yield page
    context.close()


def faults(page: Page) -> list[str]:
    """What axe finds: everything in the theme it is shown in, in the other what colours can do.

    The page stays in the other theme, in which the next one opens: half of them are light.
    """
    now = page.evaluate("document.documentElement.dataset.bsTheme")
    found = [f"{page.url} in {now} {fault}" for fault in page.evaluate(FIND, EVERYTHING)]
    other: Literal["dark", "light"] = "light" if now == "dark" else "dark"
    show_in(page, other)
    return found + [f"{page.url} in {other} {fault}" for fault in page.evaluate(FIND, COLOURS)]


def show_in(page: Page, theme: Literal["dark", "light"]) -> None:
    page.add_style_tag(content=AT_ONCE)  # in the middle of it a colour has another contrast
    page.emulate_media(color_scheme=theme)
    page.wait_for_function("theme => document.documentElement.dataset.bsTheme === theme", arg=theme)


def light_faults(page: Page) -> list[str]:
    return [f"{page.url} {fault}" for fault in page.evaluate(FIND, EVERYTHING)]


def test_axe_finds_nothing_before_signing_in(reader: Page) -> None:
    found = []
    paths = ("/sign-in", "/sign-up/dead", "/nowhere", "/docs", "/docs/agent_sessions", "/status")
    for path in paths:
        reader.goto(path)
        found += faults(reader)
    assert found == []


def test_axe_finds_nothing_where_many_are_decided(reader: Page, site: Site) -> None:
    let_in(reader.context, site)
    amount = {"type": "integer", "title": "Amount", "minimum": 1, "description": "In euros."}
    flag = {"type": "boolean", "title": "Pay?"}
    for _ in range(2):
        site.ask({"type": "object", "required": ["ok"], "properties": {"ok": flag}})
        site.ask({"type": "object", "required": ["n"], "properties": {"n": amount, "ok": flag}})
    found = []
    reader.goto(site.page("/inbox"))
    reader.locator("[data-select]").first.click()
    found += faults(reader)
    for path in ("/inbox/bulk", "/inbox/table", "/inbox/table?kind=approval"):
        reader.goto(site.page(path))
        found += faults(reader)
    reader.goto(site.page("/inbox/table"))
    reader.locator("[data-table-choose]").first.click()
    reader.get_by_role("button", name="Send what is ticked").click()
    expect(reader.get_by_role("alert")).to_be_visible()
    found += faults(reader)
    reader.goto(site.page("/inbox/bulk"))
    reader.locator("form[data-selection]").get_by_role("button", name="Yes").click()
    expect(reader.get_by_role("heading", level=1)).to_have_text("2 decided, 2 not")
    found += faults(reader)
    assert found == []


def test_axe_finds_nothing_in_lists_and_settings(reader: Page, site: Site) -> None:
    ids = site.ask(QUESTION)
    let_in(reader.context, site)
    paths = [
        "/inbox",
        "/inbox/bulk",
        "/inbox/table",
        "/inbox?view=decided",
        "/inbox?group=agent",
        "/inbox?q=nothing-like-it",
        "/sessions",
        f"/sessions/{ids['session_id']}",
    ]
    paths += ["/deliveries", "/admin/agents", "/admin/agents/new"]
    paths += [f"/admin/agents/{ids['agent_id']}", "/admin/api-keys", "/admin/api-keys/new"]
    paths += ["/admin/members", "/admin/workspace", "/functions", "/functions/new"]
    paths += ["/admin/roles", "/admin/roles/new", f"/requests/{uuid4()}"]
    paths += ["/notifications", "/notifications/channels/new/slack"]
    paths += define_function(site)
    paths += ["/jobs", "/jobs/new", *make_job(site)]
    paths += execute(site)
    found = []
    for address in (*map(site.page, paths), "/account", "/account/second-factor"):
        reader.goto(address)
        found += faults(reader)
    reader.goto(site.page("/inbox?key=approval"))
    for menu in (".view-name", ".facet"):
        reader.locator(f"{menu} > summary").first.click()
        found += faults(reader)
    reader.goto(site.page("/admin/workspace"))
    reader.locator("summary", has_text="Replace").click()
    expect(reader.get_by_role("dialog")).to_be_visible()
    found += faults(reader)
    assert found == []


def execute(site: Site) -> list[str]:
    """Have a batch fail, because nobody listens; return the pages that tell of it."""
    taken = site.execute_batch("http://127.0.0.1:9/", [{"n": 1}, {"n": 2}])
    batch, execution = f"/batches/{taken['batch_id']}", f"/executions/{taken['execution_ids'][0]}"
    return ["/executions", execution, "/batches", batch, f"/functions/browser/{taken['name']}"]


def define_function(site: Site) -> list[str]:
    """Make a function of which there is something to say; return its pages."""
    name = f"f{uuid4().hex}"
    target = {"kind": "http", "url": "http://127.0.0.1:9/", "headers": {"X-A": "b"}}
    schema = QUESTION | {"requierd": []}
    fields = {"namespace": "axe", "name": name, "description": "Words.", "is_active": False}
    site.post("/functions", fields | {"input_schema": schema, "target": target})
    return [f"/functions/axe/{name}{page}" for page in ("", "/edit", "/try")]


def make_job(site: Site) -> list[str]:
    """Make a job that fails; return its pages."""
    job = {"name": "Axe", "interval_minutes": 60, "url": "http://127.0.0.1:9/", "enabled": False}
    job_id = site.post("/background-jobs", job)["id"]
    run_id = site.post(f"/background-jobs/{job_id}/run", {})["id"]
    wait_until(lambda: site.get(f"/background-jobs/{job_id}/runs/{run_id}")["finished_at"])
    return [f"/jobs/{job_id}{page}" for page in ("", "/edit", f"/runs/{run_id}")]


def test_axe_finds_nothing_in_insights(reader: Page, site: Site) -> None:
    """Nor where there is nothing; a table is opened by keyboard, and own days are offered."""
    ids = site.ask(QUESTION)
    answer = {"response": {"approved": "Yes", "trades": []}}
    site.post(f"/agent-session-input-requests/{ids['request_id']}/resolve", answer)
    let_in(reader.context, site)
    reader.goto(site.page("/insights?zone=Asia/Kathmandu"))
    own = reader.get_by_role("link", name="Show the days of")
    expect(own).to_be_visible()
    for summary in reader.locator("figure summary").all():
        summary.press("Enter")
    expect(reader.get_by_role("table", name="Time to decide, over time")).to_be_visible()
    found = faults(reader)
    own.click()
    expect(reader.get_by_role("link", name="Show the days of")).to_have_count(0)
    reader.set_viewport_size({"width": 390, "height": 800})
    expect(reader.get_by_role("img", name="How requests ended")).to_be_visible()
    assert reader.evaluate("document.documentElement.scrollWidth") == 390
    reader.goto(site.page("/insights?key=none"))
    assert found + faults(reader) == []


def test_a_mark_is_in_one_line_in_a_narrow_cell(signed_in: Page, site: Site) -> None:
    table = f"| a | b |\n|---|---|\n| \u202e | {'w' * 200} |"
    ids = site.ask(QUESTION, message=table)
    signed_in.set_viewport_size({"width": 390, "height": 844})
    signed_in.goto(site.page(f"/requests/{ids['request_id']}"))
    mark = signed_in.locator("td .hidden-char").bounding_box()
    assert mark is not None
    assert mark["height"] < mark["width"]


def test_axe_finds_nothing_from_the_question_to_the_delivery(reader: Page, site: Site) -> None:
    ids = site.ask(QUESTION, message=MESSAGE, endpoint={"url": "http://127.0.0.1:9/execute"})
    let_in(reader.context, site)
    reader.goto(site.page(f"/requests/{ids['request_id']}"))
    found = faults(reader)
    for key in "d?":
        reader.locator("h1").press(key)
        expect(reader.get_by_role("dialog")).to_be_visible()
        found += faults(reader)
        reader.keyboard.press("Escape")
    send(reader)
    expect(reader.get_by_role("alert")).to_be_focused()
    found += faults(reader)
    reader.get_by_role("radio", name="Yes").check()
    send(reader)
    expect(reader.locator("#last-decision")).to_contain_text("The call to the agent failed")
    found += faults(reader)
    reader.locator("#last-decision a").first.click()
    expect(reader.locator("main")).to_contain_text("Session failed")
    found += faults(reader)
    reader.get_by_role("link", name="Delivery").first.click()
    expect(reader.get_by_role("heading", level=1)).to_be_visible()
    found += faults(reader)
    assert found == []


def test_axe_finds_nothing_in_a_proposal_that_is_changed(reader: Page, site: Site) -> None:
    number = {"type": "integer", "title": "Quantity", "default": 100}
    ids = site.ask({"type": "object", "required": ["n"], "properties": {"n": number}})
    let_in(reader.context, site)
    reader.goto(site.page(f"/requests/{ids['request_id']}"))
    reader.get_by_label("Quantity").fill("80")
    expect(reader.get_by_text("Proposed: 100")).to_be_visible()
    assert faults(reader) == []
    send(reader)
    reader.locator("#last-decision a").first.click()
    expect(reader.locator(".is-edited")).to_be_visible()
    assert faults(reader) == []


def test_axe_finds_nothing_in_a_draft_and_in_what_is_asked_again(reader: Page, site: Site) -> None:
    ids = site.ask(QUESTION, message=MESSAGE)
    let_in(reader.context, site)
    old = site.page(f"/requests/{ids['request_id']}")
    reader.goto(old)
    with reader.expect_response("**/draft"):
        reader.get_by_label("Note").fill("Half a sentence")
    reader.reload()
    expect(reader.locator("#draft-notice")).to_be_visible()
    found = faults(reader)
    again = {
        "title": "Buy 9?",
        "context": [{"text": "The order", "href": "https://shop.example/1"}],
        "tags": ["vip"],
        "expires_at": "2199-01-01T00:00:00Z",
    }
    site.post(f"/agent-session-input-requests/{ids['request_id']}/supersede", again)
    reader.goto(old)
    found += faults(reader)
    reader.get_by_role("link", name="Show what is asked now").click()
    expect(reader.get_by_role("heading", level=1)).to_have_text("Buy 9?")
    found += faults(reader)
    assert found == []


def send(page: Page) -> None:
    page.get_by_role("button", name="Send answer").click()


def test_errors_are_reached_and_mended_by_keyboard(signed_in: Page, site: Site) -> None:
    page = signed_in
    ids = site.ask(QUESTION)
    page.goto(site.page(f"/requests/{ids['request_id']}"))
    page.get_by_label("Note").press("Control+Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name="Yes")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#last-decision")).to_contain_text("Answered")


def test_back_after_a_mended_answer_shows_the_request(signed_in: Page, site: Site) -> None:
    page = signed_in
    ids = site.ask(QUESTION)
    page.goto(site.page(f"/requests/{ids['request_id']}"))
    send(page)
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("radio", name="No", exact=True).check()
    send(page)
    expect(page.locator("#last-decision")).to_contain_text("Answered")
    page.go_back()
    expect(page.locator("main")).to_contain_text("Answered by you")


def test_what_arrives_moves_neither_the_focus_nor_the_rows(signed_in: Page, site: Site) -> None:
    page = signed_in
    page.set_viewport_size({"width": 1000, "height": 400})
    for number in range(8):
        site.ask(QUESTION, title=f"Standing {number}")
    page.goto(site.page("/inbox"))
    row = page.get_by_role("link", name="Standing 1")
    row.focus()
    row.evaluate("row => scrollTo(0, row.getBoundingClientRect().top - 150)")
    before = row.bounding_box()
    site.ask(QUESTION, title="Pushed in above")
    expect(page.get_by_role("link", name="Pushed in above")).to_be_attached()
    expect(row).to_be_focused()
    after = row.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 2


def test_a_list_is_filled_and_sent_without_scripts(chromium: Browser, site: Site) -> None:
    ids = site.ask(QUESTION)
    context = chromium.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    let_in(context, site)
    page.goto(site.page(f"/requests/{ids['request_id']}"))
    page.get_by_role("button", name=re.compile("Add an entry")).click()
    page.get_by_label("Symbol").nth(1).fill("NVDA")
    page.get_by_role("radio", name="Yes").check()
    send(page)
    expect(page.locator("#last-decision")).to_contain_text("Answered")
    context.close()
    stored = site.get(f"/agent-session-input-requests/{ids['request_id']}")
    assert stored["response"]["trades"] == [{"symbol": "TLT"}, {"symbol": "NVDA"}]
