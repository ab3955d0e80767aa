"""Telling OpenSink's calls from others', for agents and functions behind an endpoint."""

import base64
import hmac
import time
from collections.abc import Mapping

SIGNATURE_SECONDS_MAX = 300


def is_signed(headers: Mapping[str, str], body: bytes, signing_secret: str) -> bool:
    """Return True if a call that an agent or a function got is OpenSink's, for it, and of now.

    `headers` as they came, in any letter case; `body` byte for byte, `b""` of a GET. The secret is
    the agent's or function's own. The address is not signed.
    """
    given = {name.lower(): value for name, value in headers.items()}
    sent_at = given.get("webhook-timestamp", "")
    if not (sent_at.isascii() and sent_at.isdecimal() and len(sent_at) < 16):
        return False
    if abs(time.time() - int(sent_at)) > SIGNATURE_SECONDS_MAX:
        return False
    signed = f"{given.get('webhook-id', '')}.{sent_at}.".encode() + body
    key = base64.b64decode(signing_secret.removeprefix("whsec_"))
    ours = b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256"))
    theirs = given.get("webhook-signature", "").encode().split(b" ")
    return any(hmac.compare_digest(each, ours) for each in theirs)
