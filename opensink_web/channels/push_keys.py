"""The keys of Web Push, by which push services know that this server pushes (VAPID, RFC 8292).

Browsers tie a subscription to the public key that they are given, so there is one pair of keys for
the whole installation, made once.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from opensink_web import json_value
from opensink_web.json_value import JSONObject

CURVE = ec.SECP256R1()
LIFETIME = timedelta(hours=12)
"""RFC 8292, section 2: at most 24 hours; clocks differ."""
_SCALAR_BYTES = 32


def to_base64url(value: bytes) -> str:
    """Write bytes as the Web does: base64url without padding."""
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Raises: ValueError."""
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))


def encoded(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return a public key as browsers and push services take it: 65 bytes, uncompressed."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


_HEAD = to_base64url(b'{"typ":"JWT","alg":"ES256"}')


@dataclass(frozen=True)
class VapidKey:
    """The pair of keys; `private_key` is kept as base64url of its 32 bytes.

    `contact` is where a push service finds whoever runs this server: a mailto: or https: URL.
    """

    private_key: str
    contact: str

    @cached_property
    def public_key(self) -> str:
        """What a browser takes as `applicationServerKey`."""
        return to_base64url(encoded(self._key.public_key()))

    def authorization(self, endpoint: str, now: datetime) -> str:
        """Return the value of the header `Authorization` for one push service."""
        parts = urlsplit(endpoint)
        claims: JSONObject = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int((now + LIFETIME).timestamp()),
            "sub": self.contact,
        }
        signed = f"{_HEAD}.{to_base64url(json_value.dump(claims).encode())}"
        signature = self._key.sign(signed.encode(), ec.ECDSA(SHA256()))
        # RFC 7518, section 3.4: a JWT has both numbers one after the other
        both = (number.to_bytes(_SCALAR_BYTES, "big") for number in decode_dss_signature(signature))
        return f"vapid t={signed}.{to_base64url(b''.join(both))}, k={self.public_key}"

    @cached_property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        scalar = int.from_bytes(from_base64url(self.private_key), "big")
        return ec.derive_private_key(scalar, CURVE)


def new_private_key() -> str:
    """Make the private key of a new pair."""
    scalar = ec.generate_private_key(CURVE).private_numbers().private_value
    return to_base64url(scalar.to_bytes(_SCALAR_BYTES, "big"))


def contact_of(public_url: str) -> str:
    """Return where whoever runs this server is found: RFC 8292, section 2.1, takes no http: URL."""
    if public_url.startswith("https://"):
        return public_url
    return f"mailto:opensink@{urlsplit(public_url).hostname or 'localhost'}"
