"""Web Push, against a push service as strict as real ones, and a browser that decrypts."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from opensink_web import json_value
from opensink_web.channels import exchange
from opensink_web.channels.base import ChannelTools, MessageKind
from opensink_web.channels.push_keys import VapidKey, contact_of, new_private_key
from opensink_web.channels.web_push.transport import WebPushChannel, payload, topic_of
from opensink_web.errors import InvalidInput
from tests.support.endpoints import silent_port
from tests.support.http_server import Reply
from tests.support.messages import BUTTONS, TOOLS, URL, digest, item, message, tools, withdrawal
from tests.support.push_service import PushService, Subscription

CHANNEL = WebPushChannel()


@pytest.fixture(scope="module")
def service() -> Iterator[PushService]:
    with PushService() as made:
        yield made


@pytest.fixture
def device(service: PushService) -> Subscription:
    assert TOOLS.vapid is not None
    service.headers.clear()
    return service.subscribe(TOOLS.vapid.public_key)


def test_a_message_arrives_and_says_what_is_asked(device: Subscription) -> None:
    config = CHANNEL.check(device.config, TOOLS)
    sent = CHANNEL.send(config, message(), TOOLS)
    assert sent.ok, sent.error
    assert device.received() == [
        {
            "title": "Buy 10 shares?",
            "tag": "request-018f",
            "url": URL,
            "is_withdrawal": False,
            "sender_id": "01-message",
            "body": "Trader\namount: 10\nsymbol: ACME",
        }
    ]


def test_its_buttons_lead_where_it_is_asked_once_more_and_go_with_it(device: Subscription) -> None:
    asked = message(item(buttons=BUTTONS))
    sent = CHANNEL.send(device.config, asked, TOOLS)
    [shown] = device.received()
    assert shown["buttons"] == [{"words": each.words, "url": each.url} for each in BUTTONS]
    CHANNEL.send(device.config, withdrawal(asked, sent.provider_ref), TOOLS)
    assert "buttons" not in device.received()[-1]


def test_what_is_decided_takes_the_place_of_what_is_not_fetched_yet(device: Subscription) -> None:
    asked = message()
    sent = CHANNEL.send(device.config, asked, TOOLS)
    assert CHANNEL.send(device.config, message(tag="request-other"), TOOLS).ok
    assert CHANNEL.send(device.config, withdrawal(asked, sent.provider_ref), TOOLS).ok
    other, decided = device.received()
    assert other["tag"] == "request-other"
    assert decided["tag"] == asked.tag
    assert decided["is_withdrawal"]
    assert decided["body"] == "Approved by bob@example.com"


def test_what_takes_a_digest_back_stands_in_its_place(device: Subscription) -> None:
    """Under the tag that it was sent with, whatever is in it by then."""
    sent = CHANNEL.send(device.config, digest(), TOOLS)
    back = replace(withdrawal(digest(), sent.provider_ref), tag="another")
    assert CHANNEL.send(device.config, back, TOOLS).ok
    [seen] = device.received()
    assert (seen["tag"], seen["is_withdrawal"]) == ("digest-1", True)


def test_a_test_says_that_it_arrived(device: Subscription) -> None:
    of = message(kind=MessageKind.TEST, outcome="Messages arrive.")
    assert CHANNEL.send(device.config, replace(of, items=()), TOOLS).ok
    assert device.received()[0]["body"] == "Messages arrive."


def test_a_digest_names_the_first_and_counts_the_rest() -> None:
    content = json_value.parse(payload(digest(20, more=980)))
    assert isinstance(content, dict)
    assert str(content["body"]).splitlines() == [
        *(f"Request {number}" for number in range(6)),
        "and 994 more",
    ]


@pytest.mark.parametrize(
    ("kind", "priority", "urgency", "ttl"),
    [
        (MessageKind.SINGLE, 50, "normal", "86400"),
        (MessageKind.SINGLE, 90, "high", "86400"),
        (MessageKind.REMINDER, 0, "high", "86400"),
        (MessageKind.ESCALATION, 0, "high", "86400"),
        (MessageKind.WITHDRAWAL, 90, "low", "86400"),
        (MessageKind.TEST, 0, "high", "300"),
    ],
)
def test_how_soon_and_how_long_it_is_tried(
    service: PushService,
    device: Subscription,
    kind: MessageKind,
    priority: int,
    urgency: str,
    ttl: str,
) -> None:
    sent = CHANNEL.send(device.config, message(item(priority=priority), kind=kind), TOOLS)
    assert sent.ok, sent.error
    [headers] = service.headers
    assert (headers["urgency"], headers["ttl"]) == (urgency, ttl)
    assert headers["topic"] == topic_of("request-018f")


@pytest.mark.parametrize("text", ["x" * 100_000, "\U0001f600" * 2_000, '"\\' * 3_000])
def test_it_fits_however_long_texts_are(device: Subscription, text: str) -> None:
    of = message(item(text, asked_by=text, facts=(text,) * 50))
    assert CHANNEL.send(device.config, of, TOOLS).ok
    [seen] = device.received()
    assert seen["url"] == URL
    assert seen["title"] == "Buy 10 shares?"
    assert CHANNEL.send(device.config, message(headline=text), TOOLS).ok
    assert device.received()[0]["url"] == URL


def test_a_device_that_is_gone_ends_its_channel(service: PushService, device: Subscription) -> None:
    service.unsubscribe(device)
    for status in (410, 404):
        service.answers[:] = [Reply(status)]
        sent = CHANNEL.send(device.config, message(), TOOLS)
        assert (sent.ok, sent.gone) == (False, True)
        assert "on the device" in sent.error


def test_another_key_than_the_subscription_s_is_refused_for_good(device: Subscription) -> None:
    other = replace(TOOLS, vapid=VapidKey(new_private_key(), "mailto:ops@example.com"))
    sent = CHANNEL.send(device.config, message(), other)
    assert (sent.ok, sent.gone, sent.is_final) == (False, False, True)
    assert "403" in sent.error


@pytest.mark.parametrize(
    ("reply", "is_final", "wait"),
    [
        (Reply(429, headers={"Retry-After": "120"}), False, 120),
        (Reply(503, headers={"Retry-After": "7"}), False, 7),
        (Reply(500, b"<html>\xff"), False, None),
        (Reply(413), True, None),
        (Reply(400), True, None),
        (Reply(302, headers={"Location": "http://169.254.169.254/"}), True, None),
    ],
)
def test_what_else_a_push_service_answers(
    service: PushService, device: Subscription, reply: Reply, is_final: bool, wait: float | None
) -> None:
    service.answers[:] = [reply]
    sent = CHANNEL.send(device.config, message(), TOOLS)
    assert not sent.ok
    assert (sent.is_final, sent.retry_after_seconds) == (is_final, wait)
    assert str(reply.status) in sent.error
    assert len(service.headers) == 1, "redirects are not followed"


def test_one_that_hangs_is_left(device: Subscription, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "TIMEOUT_SECONDS", 0.2)
    with silent_port() as port:
        config = device.config | {"endpoint": f"http://127.0.0.1:{port}/push"}
        sent = CHANNEL.send(config, message(), TOOLS)
    assert (sent.ok, sent.is_final) == (False, False)
    assert sent.error == "The browser's push service did not answer within 0.2 s."


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"endpoint": "https://10.0.0.1/push"}, ["/endpoint"]),
        ({"endpoint": "http://push.example.com/x"}, ["/endpoint"]),
        ({"endpoint": "https://localhost/x"}, ["/endpoint"]),
        ({"endpoint": "https://push.example.com/" + "x" * 3000}, ["/endpoint"]),
        ({"endpoint": None}, ["/endpoint"]),
        ({"p256dh": "AAAA", "auth": "AAAA"}, ["/p256dh", "/auth"]),
        ({"p256dh": "B" + "A" * 86}, ["/p256dh"]),
        ({"p256dh": "é" * 87}, ["/p256dh"]),
        ({"auth": 7}, ["/auth"]),
        ({"device": {}}, []),
        ({"device": ["x"]}, ["/device"]),
    ],
)
def test_what_is_no_subscription_is_refused(
    device: Subscription, changes: dict[str, Any], pointers: list[str]
) -> None:
    config = device.config | {"endpoint": "https://push.example.com/x"} | changes
    if not pointers:
        assert CHANNEL.check(config, tools("10.1.1.1"))["device"] == "A browser"
        return
    with pytest.raises(InvalidInput) as refusal:
        CHANNEL.check(config, tools("10.1.1.1"))
    assert [error.path for error in refusal.value.errors] == pointers


def test_a_private_address_is_not_called_even_if_it_was_stored(device: Subscription) -> None:
    sent = CHANNEL.send(device.config, message(), tools("10.1.1.1"))
    assert (sent.ok, sent.is_final) == (False, True)


def test_it_is_shown_without_its_address(device: Subscription) -> None:
    shown = CHANNEL.shown(device.config)
    assert shown == "Firefox on Linux (127.0.0.1)"


def test_without_a_key_nothing_is_sent(device: Subscription) -> None:
    without: ChannelTools = replace(TOOLS, vapid=None)
    assert CHANNEL.send(device.config, message(), without).is_final


@pytest.mark.parametrize(
    ("public_url", "contact"),
    [
        ("https://sink.example.com/ops", "https://sink.example.com/ops"),
        ("http://10.0.0.7:7465", "mailto:opensink@10.0.0.7"),
    ],
)
def test_where_a_push_service_finds_whoever_runs_this(public_url: str, contact: str) -> None:
    assert contact_of(public_url) == contact
