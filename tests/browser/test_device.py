"""The button "Notify this device" in a real browser, in each of its states.

Chromium without windows asks nobody for a permission and has no push service behind it, so it is
told what both would answer. What it subscribes with is real, and so is what is pushed.
"""

import re
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Page, Request, expect

from tests.browser.conftest import Site, renew_sign_in, sign_in
from tests.support.push_service import PushService, Subscription
from tests.support.real_servers import wait_until

pytestmark = pytest.mark.server
PERMITS = """
Object.defineProperty(Notification, "permission", { get: () => "granted" });
Notification.requestPermission = async () => "granted";
"""
HAS_A_PUSH_SERVICE = """
const made = () => JSON.parse(localStorage.getItem("subscription"));
const asBrowsersHaveIt = (made) => made && {
  endpoint: made.endpoint,
  toJSON: () => ({ endpoint: made.endpoint, keys: { p256dh: made.p256dh, auth: made.auth } }),
  unsubscribe: async () => localStorage.removeItem("subscription"),
};
PushManager.prototype.getSubscription = async () => asBrowsersHaveIt(made());
PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
  if (!userVisibleOnly || made()) throw new DOMException("no", "InvalidStateError");
  const key = btoa(String.fromCharCode(...applicationServerKey));
  localStorage.setItem("subscription", JSON.stringify(await window.subscribeAt(key)));
  return asBrowsersHaveIt(made());
};
"""
FAILS = (
    'PushManager.prototype.subscribe = async () => { throw new DOMException("no", "AbortError"); };'
)
LACKING = {
    "unsupported": "delete window.PushManager;",
    "install": "delete window.PushManager;"
    ' Object.defineProperty(navigator, "standalone", { value: false });',
    "denied": 'Object.defineProperty(Notification, "permission", { get: () => "denied" });',
    "insecure": 'Object.defineProperty(window, "isSecureContext", { value: false });',
}
SAYS = {
    "unsupported": "This browser takes no notifications",
    "install": "must be on the home screen first",
    "denied": "Notifications are blocked",
    "insecure": "https:// alone",
}


@pytest.fixture
def service() -> Iterator[PushService]:
    with PushService() as made:
        yield made


@pytest.fixture
def devices(signed_in: Page, service: PushService) -> list[Subscription]:
    """What the browser has subscribed for, in order."""
    found: list[Subscription] = []

    def subscribe(key: str) -> object:
        url_safe = key.replace("+", "-").replace("/", "_").rstrip("=")
        found.append(service.subscribe(url_safe))
        return found[-1].config

    signed_in.expose_function("subscribeAt", subscribe)
    signed_in.add_init_script(PERMITS + HAS_A_PUSH_SERVICE)
    return found


def turn_on(page: Page) -> None:
    page.get_by_role("button", name="Notify this device").click()
    expect(page.get_by_text("This device is notified", exact=True)).to_be_visible()


def remove_all(page: Page) -> None:
    while (menus := page.locator(".cell-menu")).count():
        menus.first.locator("> summary").click()
        menus.first.locator(".confirm > summary").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(page.get_by_text("is removed.")).to_be_visible()


def test_a_device_that_is_turned_on_shows_what_is_asked(
    signed_in: Page, site: Site, devices: list[Subscription]
) -> None:
    page = signed_in
    page.goto(site.page("/notifications"))
    turn_on(page)
    asked = site.ask({"type": "object"}, title="Sell 7 shares?")
    [device] = devices
    [shown] = wait_until(device.received)
    assert shown["title"] == "Sell 7 shares?"
    assert shown["url"] == site.page(f"/requests/{asked['request_id']}")
    site.post(f"/agent-session-input-requests/{asked['request_id']}/resolve", {"response": {}})
    [decided] = wait_until(device.received)
    assert (decided["tag"], decided["is_withdrawal"]) == (shown["tag"], True)
    page.reload()
    expect(page.get_by_text("This device is notified", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Notify this device")).to_be_hidden()
    remove_all(page)
    # what the browser has still is of nobody now: it begins anew
    turn_on(page)
    assert len(devices) == 1 or devices[0].endpoint != devices[1].endpoint
    remove_all(page)


def end_from_elsewhere(site: Site) -> None:
    """Sign out all of Alice's sign-ins but a new one, as she may do on another machine."""
    renew_sign_in(site)
    address = f"{site.url}/account"
    form = requests.get(address, cookies=site.cookies, timeout=60).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
    assert token is not None, form
    answer = requests.post(
        f"{address}/sessions/end-others",
        data={"csrf_token": token[1]},
        cookies=site.cookies,
        timeout=60,
        allow_redirects=False,
    )
    assert answer.status_code == 303, answer.text


def is_renewal(request: Request) -> bool:
    return request.method == "POST" and request.url.endswith("/account/device")


def test_a_device_goes_on_in_the_same_tab_at_each_sign_in(
    signed_in: Page, site: Site, devices: list[Subscription]
) -> None:
    page = signed_in
    page.goto(site.page("/notifications"))
    turn_on(page)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if is_renewal(request) else None)
    for _ in range(2):
        end_from_elsewhere(site)
        with page.expect_response(lambda response: is_renewal(response.request)):
            sign_in(page)
        page.goto(site.page("/notifications"))
        expect(page.get_by_text("This device is notified", exact=True)).to_be_visible()
    assert len(sent) == 2, "once for each sign-in"
    remove_all(page)


@pytest.mark.parametrize("state", LACKING)
def test_where_it_cannot_be_turned_on_the_page_says_why(
    signed_in: Page, site: Site, state: str
) -> None:
    signed_in.add_init_script(PERMITS.replace("Object", "if (0) Object") + LACKING[state])
    signed_in.goto(site.page("/notifications"))
    expect(signed_in.get_by_text(SAYS[state])).to_be_visible()
    expect(signed_in.get_by_role("button", name="Notify this device")).to_be_hidden()
    for other in SAYS.keys() - {state}:
        expect(signed_in.get_by_text(SAYS[other])).to_be_hidden()


def test_a_push_service_out_of_reach_is_said_and_tried_again(signed_in: Page, site: Site) -> None:
    signed_in.add_init_script(PERMITS + FAILS)
    signed_in.goto(site.page("/notifications"))
    for _ in range(2):
        signed_in.get_by_role("button", name="Notify this device").click()
        expect(signed_in.get_by_role("alert")).to_contain_text("did not answer")
        expect(signed_in.get_by_role("button", name="Notify this device")).to_be_enabled()


def test_without_scripts_the_page_says_that_they_are_needed(signed_in: Page, site: Site) -> None:
    text = signed_in.request.get(site.page("/notifications")).text()
    assert "<noscript>" in text
    assert "Notifying a device needs scripts" in text
