"""The button of a device: the key for its subscription, and what the browser hands in."""

import re
from collections.abc import Iterator
from hashlib import sha256

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web.models import NotificationChannel, ServerKey, UserSession, db
from opensink_web.models.transaction import reading
from tests.conftest import Cast
from tests.support.push_service import PushService, Subscription
from tests.web.conftest import browser_of

PAGE = "/w/main/notifications"
CHROME = "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36"


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"NOTIFICATION_HOSTS": "127.0.0.0/8"}


@pytest.fixture
def device(bob: FlaskClient) -> Iterator[Subscription]:
    with PushService() as service:
        yield service.subscribe(bob.post(f"{PAGE}/devices/key").json["key"])  # type: ignore[index]


def form_of(device: Subscription) -> dict[str, str]:
    return {name: device.config[name] for name in ("endpoint", "p256dh", "auth")}


def names(app: Flask) -> list[str]:
    with app.app_context(), reading():
        return list(db.session.scalars(select(NotificationChannel.name)))


def test_everybody_gets_the_same_key_and_looking_makes_none(
    app: Flask, alice: FlaskClient, bob: FlaskClient, charlie: FlaskClient
) -> None:
    bob.get(PAGE)
    with app.app_context(), reading():
        assert db.session.scalars(select(ServerKey)).all() == []
    answers = [each.post(f"{PAGE}/devices/key") for each in (alice, bob)]
    assert answers[0].json == answers[1].json
    assert bob.get(f"{PAGE}/devices/key").status_code == 405
    assert charlie.post(f"{PAGE}/devices/key").status_code == 404


def test_a_device_is_added_under_its_browser_s_name_once(
    app: Flask, bob: FlaskClient, alice: FlaskClient, device: Subscription
) -> None:
    for _ in range(2):
        data, headers = form_of(device), {"User-Agent": CHROME}
        answer = bob.post(f"{PAGE}/devices", data=data, headers=headers)
        assert (answer.status_code, answer.location) == (303, PAGE)
    assert names(app) == ["Chrome on Android"]
    digest = sha256(device.endpoint.encode()).hexdigest()
    page = bob.get(PAGE).text
    assert f'data-here="{digest}"' in page
    assert device.endpoint not in page
    assert digest not in alice.get(PAGE).text


def test_it_is_called_otherwise_and_keeps_its_subscription(
    app: Flask, bob: FlaskClient, device: Subscription
) -> None:
    bob.post(f"{PAGE}/devices", data=form_of(device))
    [place] = re.findall(rf'href="({PAGE}/channels/[0-9a-f-]+)"', bob.get(PAGE).text)
    assert (
        bob.post(place, data={"name": "Phone", "endpoint": "https://x.example"}).status_code == 303
    )
    assert names(app) == ["Phone"]
    with app.app_context(), reading():
        channel = db.session.scalars(select(NotificationChannel)).one()
        assert channel.config["endpoint"] == device.endpoint


@pytest.mark.parametrize(
    ("name", "value"), [("endpoint", "https://10.0.0.1/x"), ("auth", "AAAA"), ("p256dh", "")]
)
def test_what_is_no_subscription_is_refused(
    app: Flask, bob: FlaskClient, device: Subscription, name: str, value: str
) -> None:
    answer = bob.post(f"{PAGE}/devices", data=form_of(device) | {name: value})
    assert answer.status_code == 303
    assert "could not be added" in bob.get(PAGE).text
    assert names(app) == []


def test_one_that_the_browser_makes_anew_goes_on_with_its_channel(
    app: Flask, bob: FlaskClient, alice: FlaskClient, device: Subscription
) -> None:
    bob.post(f"{PAGE}/devices", data=form_of(device))
    with PushService() as service:
        anew = service.subscribe(bob.post(f"{PAGE}/devices/key").json["key"])  # type: ignore[index]
        sent = {"before": device.endpoint, **form_of(anew)}
        assert alice.post("/account/device", data=sent).status_code == 404
        assert app.test_client().post("/account/device", data=sent).status_code == 303
        assert bob.post("/account/device", data=sent | {"auth": ""}).status_code == 400
        with app.app_context(), reading():
            [before] = db.session.scalars(select(NotificationChannel)).all()
            assert before.config["endpoint"] == device.endpoint
            channel_id = before.id
        assert bob.get("/account/device").json["token"]  # type: ignore[index]
        assert bob.post("/account/device", data=sent).json == {"renewed": 1}
    with app.app_context(), reading():
        [channel] = db.session.scalars(select(NotificationChannel)).all()
        assert (channel.id, channel.config["endpoint"]) == (channel_id, anew.endpoint)
        assert channel.is_in_use


def test_a_page_tells_one_sign_in_from_another_without_its_id(
    app: Flask, cast: Cast, bob: FlaskClient
) -> None:
    def mark_of(browser: FlaskClient) -> str:
        page = browser.get(PAGE).text
        with app.app_context(), reading():
            assert not any(str(each) in page for each in db.session.scalars(select(UserSession.id)))
        [mark] = re.findall(r'<html [^>]*data-sign-in="([0-9a-f]{16})"', page)
        return str(mark)

    mark = mark_of(bob)
    assert mark_of(bob) == mark
    bob.post("/sign-out")
    assert "data-sign-in" not in bob.get("/sign-in").text
    assert mark_of(browser_of(app, cast.bob)) != mark
