"""A push service as browsers have one, which refuses what real ones refuse; and the browser itself.

It checks what RFC 8030 (Web Push), RFC 8292 (VAPID) and RFC 8291 (encryption) demand of a sender,
holds a message for each topic, and lets the browser decrypt it with the package http-ece, of which
nothing of ours is made.
"""

import json
import re
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.http_server import HttpServer, Received, Reply

_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")
_URGENCIES = {"very-low", "low", "normal", "high"}


def b64(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    assert "=" not in text, "base64url on the Web has no padding"
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Subscription:
    """A browser's: where to push, what for, and the keys that never leave it."""

    endpoint: str
    application_server_key: str
    key: ec.EllipticCurvePrivateKey
    auth: bytes
    held: dict[str, tuple[dict[str, str], bytes]] = field(default_factory=dict)
    """What the push service has for it: a message for each topic."""

    @property
    def config(self) -> dict[str, Any]:
        """What a page hands to the server."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {
            "endpoint": self.endpoint,
            "p256dh": b64(point),
            "auth": b64(self.auth),
            "device": "Firefox on Linux",
        }

    def read(self, body: bytes) -> Any:
        """Decrypt a message, as the browser does before its service worker sees it."""
        plain = http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth)
        return json.loads(plain)

    def received(self) -> list[Any]:
        """Go online: return what is held, in order, read."""
        bodies = [body for _, body in self.held.values()]
        self.held.clear()
        return [self.read(body) for body in bodies]


class PushService(HttpServer):
    """The service; `answers` are given first, each once, instead of its own."""

    def __init__(self) -> None:
        self.subscriptions: dict[str, Subscription] = {}
        self.answers: list[Reply] = []
        self.headers: list[dict[str, str]] = []

    def subscribe(self, application_server_key: str) -> Subscription:
        """Return a new subscription for pushes of the server with this key."""
        path = f"/push/{uuid4().hex}"
        key = ec.generate_private_key(ec.SECP256R1())
        made = Subscription(self.origin + path, application_server_key, key, uuid4().bytes)
        self.subscriptions[path] = made
        return made

    def unsubscribe(self, subscription: Subscription) -> None:
        del self.subscriptions[subscription.endpoint.removeprefix(self.origin)]

    def respond(self, received: Received) -> Reply:
        self.headers.append(received.headers)
        if self.answers:
            return self.answers.pop(0)
        subscription = self.subscriptions.get(received.path)
        if subscription is None:
            return Reply(410, b"push subscription has unsubscribed or expired.\n")
        if received.method != "POST":
            return Reply(405)
        refusal = self._refusal(received, subscription)
        if refusal is not None:
            return refusal
        topic = received.headers.get("topic", uuid4().hex)
        subscription.held.pop(topic, None)
        subscription.held[topic] = (received.headers, received.raw)
        return Reply(201, headers={"Location": f"{self.origin}/message/{uuid4().hex}"})

    def _refusal(self, received: Received, subscription: Subscription) -> Reply | None:
        headers = received.headers
        if not headers.get("ttl", "").isdigit():
            return Reply(400, b"TTL header is missing")
        if headers.get("content-encoding") != "aes128gcm":
            return Reply(415, b"unsupported content encoding")
        if not _TOPIC.fullmatch(headers.get("topic", "x")):
            return Reply(400, b"invalid topic")
        if headers.get("urgency", "normal") not in _URGENCIES:
            return Reply(400, b"invalid urgency")
        if len(received.raw) > 4096:
            return Reply(413, b"payload too large")
        return self._vapid_refusal(headers.get("authorization", ""), subscription)

    def _vapid_refusal(self, authorization: str, subscription: Subscription) -> Reply | None:
        match = re.fullmatch(r"vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), k=([\w-]+)", authorization)
        if match is None:
            return Reply(401, b"no VAPID")
        head, claims, signature, public_key = match.groups()
        if public_key != subscription.application_server_key:
            return Reply(403, b"the key is not the one of the subscription")
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(public_key))
        raw = unb64(signature)
        both = (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        signed = f"{head}.{claims}".encode()
        point.verify(encode_dss_signature(*both), signed, ec.ECDSA(SHA256()))
        said = json.loads(unb64(claims))
        is_right = (
            json.loads(unb64(head)) == {"typ": "JWT", "alg": "ES256"}
            and said["aud"] == self.origin
            and time.time() < said["exp"] <= time.time() + 24 * 3600
            and said["sub"].startswith(("mailto:", "https:"))
        )
        return None if is_right else Reply(403, b"BadJwtToken")
