"""Signatures by which a receiver knows that a call is ours and recent.

Follows Standard Webhooks 1.0, symmetric signatures
(https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass

SECRET_PREFIX = "whsec_"  # noqa: S105 - the public prefix, not a secret
_SECRET_SIZE_BYTES = 32


@dataclass(frozen=True, slots=True)
class CallSecrets:
    """What lets a receiver tell that a call is ours.

    `execution_secret` is the workspace's and goes with every call, so every receiver can repeat it
    to the others; it is empty where whoever asks names the receiver, who is not told.
    `signing_secrets` are the receiver's own, at least one, the current one first; they sign, and
    are in no call.
    """

    execution_secret: str
    signing_secrets: tuple[str, ...]


def new_secret() -> str:
    """Make a secret in the form that Standard Webhooks libraries take."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_SIZE_BYTES)).decode()


def derive_secret(root: str, owner: str, generation: int) -> str:
    """Make the secret of one owner, such as `agents <id>`, out of a workspace's root secret.

    HKDF-Expand of RFC 5869 for one block, with HMAC-SHA256: whoever knows one such secret learns
    nothing of the root or of the others.
    """
    info = f"opensink webhook signing v1 {owner} {generation}".encode()
    block = hmac.digest(_key(root), info + b"\x01", hashlib.sha256)
    return SECRET_PREFIX + base64.b64encode(block).decode()


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
