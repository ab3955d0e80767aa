"""Messages to the browser that a person said should be told: RFC 8030, 8291 and 8292.

A device is set up by the button on its own page (static/js/device.js), which hands in what the
browser's push service gave it. The service worker draws what comes (static/js/service-worker.js).
"""

import hashlib
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

from opensink_web import json_value
from opensink_web.channels.base import (
    ChannelTools,
    Field,
    Message,
    MessageKind,
    Sent,
)
from opensink_web.channels.exchange import call_to, failed
from opensink_web.channels.push_keys import from_base64url, to_base64url
from opensink_web.channels.web_push.encryption import (
    AUTH_BYTES,
    PLAINTEXT_BYTES_MAX,
    PUBLIC_KEY_BYTES,
    Receiver,
    encrypt,
)
from opensink_web.errors import FieldError, InvalidInput
from opensink_web.json_value import JSONObject

ENDPOINT_LENGTH_MAX = 2048
DEVICE_LENGTH_MAX = 60
_WHO = "The browser's push service"
_TOPIC_BYTES = 24
"""RFC 8030, section 5.4: 32 characters of base64url at most."""
_TTL = timedelta(days=1)
_TTL_OF_TEST = timedelta(minutes=5)
_HIGH_PRIORITY = 70
_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_GONE_SENTENCE = "This device takes no notifications any more. Turn them on again on the device."
_BODY_LINES_MAX = 6


class WebPushChannel:
    """A browser on one device. `config`: endpoint, p256dh and auth of its subscription, device."""

    kind = "web_push"
    label = "This device"
    can_withdraw = True
    withdraws_in_place = True
    needs_confirmation = False
    is_added_by_device = True
    fields: tuple[Field, ...] = ()

    def is_available(self, tools: ChannelTools) -> bool:
        """It takes nothing of the operator: the key to sign with is made when it is needed."""
        return True

    def check(self, config: JSONObject, tools: ChannelTools) -> JSONObject:
        """Return a subscription as it is stored. Raises: InvalidInput."""
        endpoint, device = config.get("endpoint"), config.get("device") or "A browser"
        errors = []
        if not isinstance(endpoint, str) or len(endpoint) > ENDPOINT_LENGTH_MAX:
            errors.append(FieldError("/endpoint", "This is not the address of a push service."))
        elif refusal := tools.client.check_url(endpoint):
            errors.append(FieldError("/endpoint", refusal))
        if not isinstance(device, str):
            errors.append(FieldError("/device", "The device's name must be a text."))
        for name, length in (("p256dh", PUBLIC_KEY_BYTES), ("auth", AUTH_BYTES)):
            if _bytes_of(config, name, length) is None:
                errors.append(FieldError(f"/{name}", f"This key is not {length} bytes long."))
        if not errors and not _is_point(config):
            errors.append(FieldError("/p256dh", "This key is not a point of the curve P-256."))
        if errors:
            raise InvalidInput("The browser's subscription cannot be used.", errors=tuple(errors))
        names = ("endpoint", "p256dh", "auth")
        return {**{name: config[name] for name in names}, "device": str(device)[:DEVICE_LENGTH_MAX]}

    def send(self, config: JSONObject, message: Message, tools: ChannelTools) -> Sent:
        """Push one message. Never raises."""
        if tools.vapid is None:
            return Sent(ok=False, error="This server has no key for Web Push.", is_final=True)
        endpoint = str(config["endpoint"])
        body = encrypt(payload(message), _receiver(config))
        ttl = _TTL_OF_TEST if message.kind is MessageKind.TEST else _TTL
        headers = (
            ("Authorization", tools.vapid.authorization(endpoint, tools.now())),
            ("Content-Encoding", "aes128gcm"),
            ("Content-Type", "application/octet-stream"),
            ("TTL", str(int(ttl.total_seconds()))),
            ("Urgency", _urgency(message)),
            # what a device has not fetched yet is replaced by what takes it back
            ("Topic", topic_of(_tag_of(message))),
        )
        call = call_to("POST", endpoint, headers, body)
        response = tools.client.send(call)
        if response.succeeded:
            return Sent(ok=True, provider_ref={"tag": _tag_of(message)})
        if response.error is None and response.status_code in _GONE:
            return Sent(ok=False, error=_GONE_SENTENCE, gone=True, is_final=True)
        return failed(_WHO, call, response, tools.now())

    def shown(self, config: JSONObject) -> str:
        """Name the device, and whose push service passes messages on."""
        return f"{config['device']} ({urlsplit(str(config['endpoint'])).hostname})"


def payload(message: Message) -> bytes:
    """Return what the service worker is told, no longer than a push message may be."""
    is_withdrawal = message.kind is MessageKind.WITHDRAWAL
    content: JSONObject = {
        "title": message.headline,
        "tag": _tag_of(message),
        "url": message.url,
        "is_withdrawal": is_withdrawal,
        "sender_id": message.sender_id,
    }
    if message.buttons:
        content["buttons"] = [{"words": each.words, "url": each.url} for each in message.buttons]
    lines = [message.outcome] if message.outcome else []
    lines += [] if is_withdrawal else _lines(message)
    # the longest that there is room for: people read the first line
    for count in range(len(lines), -1, -1):
        whole = json_value.dump({**content, "body": "\n".join(lines[:count])}).encode()
        if len(whole) <= PLAINTEXT_BYTES_MAX:
            return whole
    return json_value.dump({**content, "title": "OpenSink", "body": "", "buttons": []}).encode()


def topic_of(tag: str) -> str:
    """Return the header by which a push service replaces what it still holds."""
    return to_base64url(hashlib.sha256(tag.encode()).digest()[:_TOPIC_BYTES])


def _tag_of(message: Message) -> str:
    """Return under what a device shows a message: what takes one back stands in its place."""
    before = (message.refers_to or {}).get("tag")
    is_back = message.kind is MessageKind.WITHDRAWAL and isinstance(before, str)
    return str(before) if is_back else message.tag


def _lines(message: Message) -> list[str]:
    items = message.items
    if len(items) == 1:
        [item] = items
        return [line for line in (item.asked_by, *item.facts) if line][:_BODY_LINES_MAX]
    titles = [item.title for item in items if item.title][:_BODY_LINES_MAX]
    more = len(items) - len(titles) + message.more_count
    return [*titles, f"and {more} more"] if titles and more else titles


def _urgency(message: Message) -> str:
    """RFC 8030, section 5.3: what does not wake a phone that saves its battery."""
    match message.kind:
        case MessageKind.WITHDRAWAL:
            return "low"
        case MessageKind.REMINDER | MessageKind.ESCALATION | MessageKind.TEST:
            return "high"
        case _:
            is_urgent = any(item.priority >= _HIGH_PRIORITY for item in message.items)
            return "high" if is_urgent else "normal"


def _bytes_of(config: JSONObject, name: str, length: int) -> bytes | None:
    text = config.get(name)
    try:
        value = from_base64url(text) if isinstance(text, str) and len(text) < 200 else b""
    except ValueError:
        return None
    return value if len(value) == length else None


def _receiver(config: JSONObject) -> Receiver:
    return Receiver(from_base64url(str(config["p256dh"])), from_base64url(str(config["auth"])))


def _is_point(config: JSONObject) -> bool:
    try:
        _receiver(config).point()
    except ValueError:
        return False
    return True
