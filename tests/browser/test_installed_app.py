"""The service worker in a real browser: what it shows of a push, and what a click opens.

Chromium without windows shows no notifications, so what the worker hands to the browser is noted
instead; the push itself is the browser's own.
"""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, Worker

from tests.browser.conftest import Site
from tests.support.real_servers import wait_until

pytestmark = pytest.mark.server
NOTE_WHAT_IS_SHOWN = """
() => {
  self.shown = [];
  self.opened = [];
  registration.getNotifications = async ({ tag }) => self.shown.filter((each) => each.tag === tag);
  registration.showNotification = async (title, options) => {
    self.shown = [...self.shown.filter(({ tag }) => tag !== options.tag), { title, ...options }];
  };
  self.clients.openWindow = async (address) => { self.opened.push(address); };
}
"""
REGISTER = """
async () => {
  await navigator.serviceWorker.register("/service-worker.js", { scope: "/" });
  await navigator.serviceWorker.ready;
}
"""
CLICK = """
async ({ data, action }) => {
  const event = new Event("notificationclick");
  event.notification = { close() {}, data };
  event.action = action;
  const waited = [];
  event.waitUntil = (promise) => waited.push(promise);
  self.dispatchEvent(event);
  await Promise.all(waited);
}
"""


class Device:
    """A browser with the worker, to which things are pushed."""

    def __init__(self, context: BrowserContext, page: Page, origin: str) -> None:
        self.origin = origin
        page.goto("/sign-in")
        with context.expect_event("serviceworker") as started:
            page.evaluate(REGISTER)
        self.worker: Worker = started.value
        self.worker.evaluate(NOTE_WHAT_IS_SHOWN)
        self._session: CDPSession = context.new_cdp_session(page)
        registrations: list[dict[str, Any]] = []
        self._session.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda event: registrations.extend(event["registrations"]),
        )
        self._session.send("ServiceWorker.enable")
        page.evaluate("1")
        self._id = registrations[0]["registrationId"]

    def push(self, data: str) -> None:
        self._session.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": self.origin, "registrationId": self._id, "data": data},
        )

    def shown(self) -> Any:
        return self.worker.evaluate("self.shown")

    def click(self, url: str, urls: Sequence[str] = (), action: str = "") -> Any:
        """Click on a notification, or on a button of it; return what that opened."""
        data = {"url": url, "urls": [*urls]}
        self.worker.evaluate(CLICK, {"data": data, "action": action})
        return self.worker.evaluate("self.opened.splice(0)")


@pytest.fixture
def device(context: BrowserContext, page: Page, site: Site) -> Device:
    return Device(context, page, site.url)


ASKED: dict[str, Any] = {
    "title": "Buy 10 shares?",
    "body": "Trader",
    "tag": "request-1",
    "url": "/w/main/requests/1",
    "sender_id": "01",
    "is_withdrawal": False,
    "buttons": [
        {"words": "Approve", "url": "/w/main/requests/1/decide/yes"},
        {"words": "Decline", "url": "/w/main/requests/1/decide/decline"},
    ],
}


def test_a_push_is_shown_and_a_decision_takes_its_place(device: Device) -> None:
    device.push(json.dumps(ASKED))
    [asked] = wait_until(device.shown)
    assert (asked["title"], asked["body"], asked["renotify"]) == ("Buy 10 shares?", "Trader", True)
    assert asked["silent"] is False
    assert asked["actions"] == [
        {"action": "0", "title": "Approve"},
        {"action": "1", "title": "Decline"},
    ]
    assert asked["data"]["urls"] == [each["url"] for each in ASKED["buttons"]]
    device.push(json.dumps(ASKED))
    wait_until(lambda: device.shown()[0]["renotify"] is False)  # a copy makes no sound
    decided = {"body": "Approved by bob@example.com", "is_withdrawal": True, "sender_id": "02"}
    device.push(json.dumps(ASKED | decided | {"buttons": []}))
    wait_until(lambda: device.shown()[0]["silent"] is True)
    [shown] = device.shown()
    assert (shown["tag"], shown["body"]) == ("request-1", "Approved by bob@example.com")
    assert (shown["renotify"], shown["actions"]) == (False, [])


@pytest.mark.parametrize("data", ["", "no JSON", "{}"])
def test_what_is_none_of_ours_is_shown_as_nothing_particular(device: Device, data: str) -> None:
    device.push(data)
    [shown] = wait_until(device.shown)
    assert shown["title"] == "OpenSink"
    assert shown["renotify"] is False


def test_a_click_opens_the_request_and_no_other_site(device: Device, site: Site) -> None:
    assert device.click("/w/main/requests/1") == [f"{site.url}/w/main/requests/1"]
    assert device.click(f"{site.url}/w/main/inbox") == [f"{site.url}/w/main/inbox"]
    ways = [each["url"] for each in ASKED["buttons"]]
    assert device.click("/w/main/requests/1", ways, "1") == [site.url + ways[1]]
    assert device.click("/", ["https://evil.example/"], "0") == [f"{site.url}/"]
    for elsewhere in ("https://evil.example/", "javascript:alert(1)", "//evil.example", "http://["):
        assert device.click(elsewhere) == [f"{site.url}/"]


CHANGE = """
async ([before, now]) => {
  const sent = [];
  self.fetch = async (address, { method = "GET", body, headers } = {}) => {
    sent.push([String(address), method, String(body ?? ""), headers?.["X-CSRFToken"] ?? ""]);
    return { ok: true, json: async () => ({ token: "t" }) };
  };
  const event = new Event("pushsubscriptionchange");
  event.oldSubscription = before && { endpoint: before, options: {} };
  event.newSubscription = { toJSON: () => ({ endpoint: now, keys: { p256dh: "p", auth: "a" } }) };
  const waited = [];
  event.waitUntil = (promise) => waited.push(promise);
  self.dispatchEvent(event);
  await Promise.all(waited);
  return sent;
}
"""


def test_a_subscription_made_anew_is_handed_in_or_asked_for(device: Device, site: Site) -> None:
    sent = device.worker.evaluate(CHANGE, ["https://push.example/1", "https://push.example/2"])
    body = "&".join(
        (
            "before=https%3A%2F%2Fpush.example%2F1",
            "endpoint=https%3A%2F%2Fpush.example%2F2",
            "p256dh=p",
            "auth=a",
        )
    )
    there = f"{site.url}/account/device"
    assert sent == [[there, "GET", "", ""], [there, "POST", body, "t"]]
    assert device.shown() == []
    device.worker.evaluate(CHANGE, [None, "https://push.example/2"])
    [shown] = device.shown()
    assert "turn this device on again" in shown["body"]
