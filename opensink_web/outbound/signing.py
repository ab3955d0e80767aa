"""Signatures by which a receiver knows that a call is ours and recent.

Follows Standard Webhooks 1.0, symmetric signatures
(https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
"""

import base64
import binascii
import hashlib
import hmac
import secrets

SECRET_PREFIX = "whsec_"  # noqa: S105 - the public prefix, not a secret
_SECRET_SIZE_BYTES = 32


def new_secret() -> str:
    """Make a secret in the form that Standard Webhooks libraries take."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_SIZE_BYTES)).decode()


def sign(secret: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    """Sign one call: `v1,<base64>`. `timestamp` is in Unix seconds; no body is b""."""
    content = b"%b.%d.%b" % (webhook_id.encode(), timestamp, body)
    digest = hmac.digest(_key(secret), content, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()


def _key(secret: str) -> bytes:
    """The bytes in a `whsec_` secret; any other text, as people choose it, stands for itself."""
    if secret.startswith(SECRET_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()
