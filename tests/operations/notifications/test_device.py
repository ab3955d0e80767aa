"""Devices, ntfy and chats, from what is asked to what is shown, and back when it is decided."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from flask import Flask
from sqlalchemy import func, select

from opensink_web.channels.push_keys import VapidKey
from opensink_web.errors import InvalidInput
from opensink_web.models import MessageStatus, NotificationChannel, NotificationRule, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.notifications.channel import add_channel
from opensink_web.operations.notifications.device import add_device, device_endpoints
from opensink_web.operations.server_key import ensure_push_key
from opensink_web.services import channel_tools
from opensink_web.settings import Settings
from tests.conftest import Cast, Person
from tests.support.http_server import Reply
from tests.support.notifications import Sender, look, messages, principal_of, statuses
from tests.support.ntfy_server import OPEN, NtfyServer
from tests.support.push_service import PushService, Subscription
from tests.support.scenarios import ENDPOINT, answer, ask_in

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]
NAME = "Firefox on Linux"


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"NOTIFICATION_HOSTS": "127.0.0.0/8"}


@pytest.fixture
def service() -> Iterator[PushService]:
    with PushService() as made:
        yield made


def subscribe(service: PushService) -> Subscription:
    with writing():
        key = ensure_push_key()
    return service.subscribe(VapidKey(key, "").public_key)


def add(person: Person, device: Subscription, settings: Settings, name: str = NAME) -> None:
    with writing():
        add_device(principal_of(person), name, device.config, channel_tools(settings))


def tell(sender: Sender) -> None:
    look()
    sender.send()


def test_a_device_is_told_and_shows_when_it_is_decided(
    cast: Cast, settings: Settings, sender: Sender, service: PushService
) -> None:
    device = subscribe(service)
    add(cast.bob, device, settings)
    waiting = ask_in(cast.alice, ENDPOINT)
    tell(sender)
    [asked] = device.received()
    assert (asked["title"], asked["is_withdrawal"]) == ("Buy?", False)
    assert asked["url"] == f"{settings.public_url}/w/main/requests/{waiting.request_id}"
    answer(cast.alice, waiting)
    tell(sender)
    [decided] = device.received()
    assert (decided["tag"], decided["is_withdrawal"]) == (asked["tag"], True)
    assert "alice@example.com" in decided["body"]


def test_a_device_that_was_off_learns_of_the_decision_alone(
    cast: Cast, settings: Settings, sender: Sender, service: PushService
) -> None:
    device = subscribe(service)
    add(cast.bob, device, settings)
    waiting = ask_in(cast.alice, ENDPOINT)
    tell(sender)
    answer(cast.alice, waiting)
    tell(sender)
    [seen] = device.received()
    assert seen["is_withdrawal"]


def test_one_that_is_gone_stops_and_goes_on_when_it_is_turned_on_again(
    cast: Cast, settings: Settings, sender: Sender, service: PushService
) -> None:
    device = subscribe(service)
    add(cast.bob, device, settings)
    service.unsubscribe(device)
    ask_in(cast.alice, ENDPOINT)
    tell(sender)
    assert statuses(cast.bob) == [MessageStatus.FAILED]
    with reading():
        channel = db.session.scalars(select(NotificationChannel)).one()
        rule_id = db.session.scalar(select(NotificationRule.id))
        assert not channel.is_active
        assert "on the device" in (channel.paused_reason or "")
        assert device_endpoints(principal_of(cast.bob)).here == ()
    again = subscribe(service)
    add(cast.bob, again, settings)
    ask_in(cast.alice, ENDPOINT)
    tell(sender)
    assert [seen["title"] for seen in again.received()] == ["Buy?"]
    with reading():
        assert db.session.scalars(select(NotificationRule.id)).all() == [rule_id]


def test_a_device_is_there_once_however_often_it_is_added(
    app: Flask, cast: Cast, settings: Settings, service: PushService
) -> None:
    start = threading.Barrier(4)
    with app.app_context():
        device = subscribe(service)

    def add_it(_: int) -> None:
        with app.app_context():
            start.wait()
            add(cast.bob, device, settings)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add_it, range(4)))
    with app.app_context(), reading():
        count = select(func.count()).select_from(NotificationChannel)
        assert db.session.scalar(count) == 1


def test_the_page_knows_a_device_by_the_hash_of_its_endpoint(
    app: Flask, cast: Cast, settings: Settings, service: PushService
) -> None:
    with app.app_context():
        device = subscribe(service)
        add(cast.bob, device, settings)
        with reading():
            digest = sha256(device.endpoint.encode()).hexdigest()
            own = device_endpoints(principal_of(cast.bob))
            assert (own.here, own.mine) == ((digest,), (digest,))
            for other in (cast.alice, cast.charlie):
                assert device_endpoints(principal_of(other)).mine == ()


def test_what_is_no_subscription_is_not_stored(
    app: Flask, cast: Cast, settings: Settings, service: PushService
) -> None:
    with app.app_context():
        device = subscribe(service)
        device.auth = b"short"
        with pytest.raises(InvalidInput):
            add(cast.bob, device, settings)
        with reading():
            assert db.session.scalars(select(NotificationChannel)).all() == []


def test_ntfy_shows_it_until_it_is_decided_and_waits_as_long_as_it_is_asked_to(
    cast: Cast, settings: Settings, sender: Sender
) -> None:
    with NtfyServer() as server:
        with writing():
            config = {"server": server.origin, "topic": OPEN}
            tools = channel_tools(settings)
            add_channel(principal_of(cast.bob), "ntfy", "", {**config}, tools)
        waiting = ask_in(cast.alice, ENDPOINT)
        server.answers.append(Reply(429, headers={"Retry-After": "3000"}))
        tell(sender)
        [message] = messages(cast.bob)
        assert message.status is MessageStatus.DUE
        assert message.next_at is not None
        assert (message.next_at - message.created_at).total_seconds() > 2900
        with writing():
            held = select(type(message)).where(type(message).id == message.id)
            db.session.scalars(held).one().next_at = message.created_at
        sender.send()
        assert [shown["title"] for shown in server.shown.values()] == ["Buy?"]
        answer(cast.alice, waiting)
        tell(sender)
        assert server.shown == {}
