"""A device on which somebody has signed out is told nothing until they sign in there again."""

from collections.abc import Callable
from contextlib import closing

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.settings import Settings
from tests.conftest import Cast
from tests.support.notifications import Sender, look
from tests.support.push_service import PushService, Subscription
from tests.support.scenarios import ENDPOINT, ask_in
from tests.web.conftest import browser_of

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]
PAGE = "/w/main/notifications"


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"NOTIFICATION_HOSTS": "127.0.0.0/8"}


def subscribe(browser: FlaskClient, service: PushService) -> Subscription:
    return service.subscribe(browser.post(f"{PAGE}/devices/key").json["key"])  # type: ignore[index]


def form_of(device: Subscription, before: str | None = None) -> dict[str, str]:
    form = {name: device.config[name] for name in ("endpoint", "p256dh", "auth")}
    return form if before is None else {**form, "before": before}


def end_from_elsewhere(app: Flask, cast: Cast, browser: FlaskClient) -> None:
    browser_of(app, cast.bob).post("/account/sessions/end-others")


def end_by_an_admin(app: Flask, cast: Cast, browser: FlaskClient) -> None:
    browser_of(app, cast.alice).post(f"/w/main/admin/sign-ins/{cast.bob.id}/end")


def sign_out(app: Flask, cast: Cast, browser: FlaskClient) -> None:
    browser.post("/sign-out")


@pytest.mark.parametrize("end", [sign_out, end_from_elsewhere, end_by_an_admin])
@pytest.mark.parametrize("is_forgotten", [False, True])
def test_is_silent_until_then(
    app: Flask,
    cast: Cast,
    settings: Settings,
    end: Callable[[Flask, Cast, FlaskClient], None],
    is_forgotten: bool,
) -> None:
    def told(device: Subscription) -> int:
        with app.app_context():  # not around what browsers ask, who would share it
            ask_in(cast.alice, ENDPOINT)
            look()
            sender.send()
        return len(device.received())

    sender = Sender(settings)
    with PushService() as service, closing(sender.tools.channel_tools.client):
        browser, another = browser_of(app, cast.bob), browser_of(app, cast.alice)
        device, of_alice = subscribe(browser, service), subscribe(another, service)
        browser.post(f"{PAGE}/devices", data=form_of(device))
        assert told(device) == 1
        end(app, cast, browser)
        assert told(device) == 0
        assert browser.post("/account/device", data=form_of(device, "")).status_code == 303
        browser = browser_of(app, cast.bob)
        assert "Signed out there" in browser.get(PAGE).text
        assert browser.get("/account/device").json["rests"] is True  # type: ignore[index]
        for others in (form_of(of_alice, device.endpoint), form_of(of_alice, "")):
            assert another.post("/account/device", data=others).status_code == 404
        # what the browser keeps may be cleared with the sign-out
        now = subscribe(browser, service) if is_forgotten else device
        sent = form_of(now, "" if is_forgotten else device.endpoint)
        assert browser.post("/account/device", data=sent).json == {"renewed": 1}
        assert browser.get("/account/device").json["rests"] is False  # type: ignore[index]
        assert told(now) == 1
        end(app, cast, browser)
        assert told(now) == 0
