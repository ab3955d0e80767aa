"""Encryption of what a push service passes on to a browser without being able to read it.

Follows RFC 8291 (Web Push), which takes RFC 8188 (`aes128gcm`) with one record. Of the package
pywebpush, which does the same, we would use this file: it brings aiohttp and eight packages more
into every process, and a client beside the guarded one.
"""

import os
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from opensink_web.channels.push_keys import CURVE, encoded

AUTH_BYTES = 16
PUBLIC_KEY_BYTES = 65
BODY_BYTES_MAX = 4096
"""RFC 8291, section 4: more than that a push service need not take."""
_SALT_BYTES = 16
_LAST_RECORD = b"\x02"
_TAG_BYTES = 16
_HEADER_BYTES = _SALT_BYTES + 4 + 1 + PUBLIC_KEY_BYTES
PLAINTEXT_BYTES_MAX = BODY_BYTES_MAX - _HEADER_BYTES - len(_LAST_RECORD) - _TAG_BYTES


@dataclass(frozen=True, slots=True)
class Receiver:
    """The keys of one subscription: a point of P-256, and the secret that goes with it."""

    public_key: bytes
    auth: bytes

    def point(self) -> ec.EllipticCurvePublicKey:
        """Raises: ValueError for what is no point of the curve."""
        return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, self.public_key)


def encrypt(
    plaintext: bytes,
    receiver: Receiver,
    *,
    key: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """Return the body of a push message; `key` and `salt` are new for each unless given.

    Raises: ValueError for a receiver whose key is none, or more than PLAINTEXT_BYTES_MAX.
    """
    if len(plaintext) > PLAINTEXT_BYTES_MAX:
        raise ValueError("a push message is longer than a push service takes")
    key, salt = key or ec.generate_private_key(CURVE), salt or os.urandom(_SALT_BYTES)
    public_key = encoded(key.public_key())
    shared = key.exchange(ec.ECDH(), receiver.point())
    # RFC 8291, section 3.4: the secret of the subscription goes in, and both public keys
    info = b"WebPush: info\0" + receiver.public_key + public_key
    secret = _derived(shared, receiver.auth, info, 32)
    content_key = _derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\0", 12)
    # RFC 8188, section 2.1: salt, size of a record, and whose key it is
    header = salt + BODY_BYTES_MAX.to_bytes(4, "big") + bytes((len(public_key),)) + public_key
    return header + AESGCM(content_key).encrypt(nonce, plaintext + _LAST_RECORD, None)


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)
