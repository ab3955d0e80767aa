"""Nothing that an agent or an endpoint writes runs, loads or calls anything where it is read.

Every page is opened on the real server in a workspace full of hostile text, as on a phone: no
script runs, nothing but the page's own is asked for, its policy has nothing to stop, no text of
others is within htmx' reach, no character stands there unseen, and the page can still be used.
"""

import re
import time
from collections.abc import Iterator

import pytest
from jinja2 import Environment
from playwright.sync_api import Browser, Page, ViewportSize, expect
from werkzeug.routing import Rule

from opensink_web.contract.surface import surface_of
from opensink_web.factory import create_app
from opensink_web.settings import Settings
from tests.browser.conftest import PATIENCE_MS, Site
from tests.browser.hostile_content import PAYLOADS, with_canary
from tests.browser.hostile_watch import MARK, POLICY, Canary, Watch
from tests.browser.hostile_workspace import READER, HostilePlace, fill
from tests.conftest import PASSWORD

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]  # its pages are the largest there are

PHONE: ViewportSize = {"width": 390, "height": 844}
WITHOUT_TEXT = {
    "audit.export_csv",
    "audit.export_jsonl",
    "device.token",
    "inbox.mentions",
    "inbox_counts.show",
    "insights.export",
    "installed_app.service_worker",
    "static",
    "health.healthz",
    "health.readyz",
    "metrics.metrics",
    "status.show",
    "status.show_json",
    "auth.home",
    "auth.sign_in",
    "execution.download_input",
    "execution.download_output",
    "gallery.index",
    "gallery.show",
    "reference.index",
    "reference.show",
    "oidc.callback",
    "oidc.link",
    "oidc.sign_in",
    "second_factor.enter",
    "seen.seen",
    "workspace.home",
    "draft.version",
    "input_request.became",
    "input_request.live",
    "live.show",
}
"""Files, health, redirects, our own examples, and parts of pages that are opened."""
SWAP = """(selector) => {
  const part = document.querySelector(selector);
  const href = part.getAttribute("hx-get").replace(/version=[^&]*/, "version=old");
  return htmx.ajax("GET", href, { source: part, target: part, swap: "outerHTML" });
}"""
HTMX_LIMITS = {
    "allowEval": False,
    "allowScriptTags": False,
    "includeIndicatorStyles": False,
    "historyCacheSize": 0,
    "selfRequestsOnly": True,
    "disableSelector": "[hx-disable], [data-hx-disable]",
}
TOAST = """(text) => document.dispatchEvent(
  new CustomEvent("toast", { detail: { text, tone: "danger" } }))"""
UNESCAPED = """<!doctype html><title>x</title>
<script src="/static/vendor/htmx-2.0.11/htmx.min.js"></script>
<p id="p"><button type="submit">Send</button></p>{{ text | safe }}"""
PARTS = 3
"""There are so many pages that one test of all takes a minute beside busy neighbours."""
TRIPS = (
    ("script", "<img src=x onerror=ran=1>", ""),
    ("dialog", "<script>alert(document.domain)</script>", ""),
    ("pageerror", "<script>throw new Error(1)</script>", ""),
    ("canary", "<script src=//canary/a.js></script>", ""),
    ("request", "<script>fetch('/sign-out', {method: 'POST'})</script>", ""),
    ("header", "", ""),
    ("policy", "<img src=x onerror=ran=1>", POLICY),
    ("console", "<script>ran=1</script>", POLICY),
    ("htmx", "<div hx-get=/healthz hx-trigger=load></div>", POLICY),
    ("markup", "<iframe srcdoc=x></iframe>", POLICY),
    ("address", "<a href=javascript:ran=1>Approve</a>", POLICY),
    ("address", "<svg><a href=javascript:ran=1><text>Approve</text></a></svg>", POLICY),
    ("address", "<svg><a xlink:href=javascript:ran=1><text>Approve</text></a></svg>", POLICY),
    ("address", "<a href=http://[>Approve</a>", POLICY),
    ("id", "<form id=p></form>", POLICY),
    ("hidden", "EUR \u202e01 RUE", POLICY),
    ("hidden", '<p title="Appr\u200bove">', POLICY),
    ("enabled", f"<p>{MARK}", POLICY),
    ("overflow", "W" * 10_000, POLICY),
    ("covered", "<p style=position:fixed;inset:0;z-index:9999;background:#fff>Sign in again", ""),
)


@pytest.fixture(scope="session")
def canary() -> Iterator[Canary]:
    with Canary() as canary:
        yield canary


@pytest.fixture(scope="session")  # the module may be left for another's tests and come back to
def place(site: Site, canary: Canary) -> HostilePlace:
    return fill(site.data_dir, canary.netloc)


@pytest.fixture(scope="module")
def watch(chromium: Browser, site: Site, canary: Canary, place: HostilePlace) -> Iterator[Watch]:
    context = chromium.new_context(base_url=site.url, viewport=PHONE)
    context.set_default_timeout(PATIENCE_MS)
    watch = Watch(context, canary)
    watch.page.goto("/sign-in")
    watch.page.get_by_label("E-mail").fill(READER)
    watch.page.get_by_label("Password").fill(PASSWORD)
    watch.page.get_by_role("button", name="Sign in").click()
    watch.page.wait_for_url("**/inbox")
    watch.open(watch.page.url)  # what it asks for again and again is known from here on
    list(watch.faults())
    yield watch
    context.close()


def storage(page: Page) -> str:
    return str(page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])"))


@pytest.mark.parametrize("part", range(PARTS))
def test_no_page_runs_loads_or_calls_anything(watch: Watch, place: HostilePlace, part: int) -> None:
    faults: list[str] = []
    for path in (*place.paths, place.request_path)[part::PARTS]:
        watch.open(path)
        faults += watch.faults()
    time.sleep(0.2)  # for what would come late
    assert "\n".join([*faults, *watch.faults()]) == ""
    assert MARK not in storage(watch.page)


def test_htmx_swaps_and_does_nothing_else(watch: Watch, place: HostilePlace) -> None:
    watch.open(place.request_path)
    config = watch.page.evaluate("({ ...htmx.config, responseHandling: null })")
    assert {name: config[name] for name in HTMX_LIMITS} == HTMX_LIMITS


def test_every_page_that_shows_anything_is_opened(site: Site, place: HostilePlace) -> None:
    app = create_app(Settings.from_env({"DATA_DIR": str(site.data_dir)}))
    adapter = app.url_map.bind("localhost")
    opened = {
        adapter.match(path.partition("?")[0])[0] for path in (*place.paths, place.request_path)
    }
    assert {rule.endpoint for rule in app.url_map.iter_rules() if is_page(rule)} == opened


def is_page(rule: Rule) -> bool:
    is_read = "GET" in (rule.methods or set())
    return is_read and surface_of(rule.rule) is None and rule.endpoint not in WITHOUT_TEXT


def test_what_is_swapped_in_runs_nothing_either(watch: Watch, place: HostilePlace) -> None:
    faults: list[str] = []
    for path, part in place.live:
        watch.open(path)
        watch.page.evaluate(SWAP, part)
        faults += watch.faults()
    watch.open(place.request_path)
    rows = watch.page.get_by_role("button", name="Remove")
    count = rows.count()
    watch.page.get_by_role("button", name="Add an entry").first.click()
    expect(rows).to_have_count(count + 1)
    watch.page.evaluate(TOAST, with_canary("".join(PAYLOADS[:8]), watch.canary.netloc))
    assert "\n".join([*faults, *but_for_posts(watch)]) == ""


def but_for_posts(watch: Watch) -> list[str]:
    """Give the faults of a page on which the test itself has pressed a button.

    A decision leads on to the next request, which asks at once for what is new there.
    """
    led_to = r"(request: GET|htmx: get) \S+/requests/[0-9a-f-]+(/live)?\?(\S+&)?last="
    own = rf"request: POST|htmx: post|{led_to}"
    return [fault for fault in watch.faults() if not re.search(own, fault)]


def test_the_form_can_be_sent(watch: Watch, place: HostilePlace) -> None:
    watch.open(place.to_answer_path)
    page = watch.page
    whole_number = page.locator("#answer-form [inputmode=numeric]").first
    whole_number.fill("many")
    yes = page.get_by_role("button", name="Yes", exact=True)
    yes.click()
    expect(page.get_by_role("alert")).to_contain_text("whole number")
    faults = but_for_posts(watch)
    whole_number.fill("")
    yes.click()
    expect(page.locator("#last-decision")).to_contain_text("Answered")
    assert "\n".join([*faults, *but_for_posts(watch)]) == ""


@pytest.fixture
def defenceless(chromium: Browser, site: Site) -> Iterator[Watch]:
    """A browser of its own: what runs here may come late, and is nobody else's."""
    context = chromium.new_context(base_url=site.url, viewport=PHONE)
    context.set_default_timeout(PATIENCE_MS)
    with Canary() as canary:
        yield Watch(context, canary)
        context.close()


def test_unescaped_each_of_them_would_be_seen(defenceless: Watch) -> None:
    watch = defenceless
    template = Environment(autoescape=True).from_string(UNESCAPED)
    body = ""
    served: dict[str, str] = {}
    watch.page.route("**/unescaped", lambda route: route.fulfill(headers=served, body=body))
    missed = []
    for kind, text, policy in TRIPS:
        body = template.render(text=with_canary(text, watch.canary.netloc))
        served |= {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy}
        watch.open("/unescaped")
        if not is_seen(watch, f"/unescaped {kind}:"):
            missed.append(kind)
    assert missed == []


def is_seen(watch: Watch, fault: str) -> bool:
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < deadline:
        if any(one.startswith(fault) for one in watch.faults()):
            return True
    return False
