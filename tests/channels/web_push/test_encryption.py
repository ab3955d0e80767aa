"""Encryption for a browser: the example of RFC 8291, and what a receiver makes of ours."""

import http_ece
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec

from opensink_web.channels.push_keys import CURVE, encoded, from_base64url
from opensink_web.channels.web_push.encryption import (
    BODY_BYTES_MAX,
    PLAINTEXT_BYTES_MAX,
    Receiver,
    encrypt,
)

AUTH = b"0123456789abcdef"


def key_of(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(from_base64url(text), "big"), CURVE)


def test_the_example_of_the_rfc() -> None:
    """RFC 8291, section 5 and appendix A, byte for byte."""
    receiver = Receiver(
        from_base64url(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
        ),
        from_base64url("BTBZMqHH6r4Tts7J_aSIgg"),
    )
    body = encrypt(
        b"When I grow up, I want to be a watermelon",
        receiver,
        key=key_of("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
        salt=from_base64url("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert body == from_base64url(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6"
        "TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulc"
        "y4a-fN"
    )


@pytest.mark.parametrize("length", [0, 1, 15, 16, 1000, PLAINTEXT_BYTES_MAX])
def test_a_browser_reads_it(length: int) -> None:
    key, plaintext = ec.generate_private_key(CURVE), bytes(range(256)) * 16
    receiver = Receiver(encoded(key.public_key()), AUTH)
    body = encrypt(plaintext[:length], receiver)
    assert len(body) <= BODY_BYTES_MAX
    assert http_ece.decrypt(body, private_key=key, auth_secret=AUTH) == plaintext[:length]
    assert body != encrypt(plaintext[:length], receiver), "salt and key are new for each"


def test_nobody_else_reads_it() -> None:
    key = ec.generate_private_key(CURVE)
    body = encrypt(b"secret", Receiver(encoded(key.public_key()), AUTH))
    other = ec.generate_private_key(CURVE)
    for private_key, auth in ((other, AUTH), (key, b"another secret!!")):
        with pytest.raises((InvalidTag, http_ece.ECEException)):
            http_ece.decrypt(body, private_key=private_key, auth_secret=auth)


def test_more_than_a_push_service_takes_is_refused() -> None:
    receiver = Receiver(encoded(ec.generate_private_key(CURVE).public_key()), AUTH)
    with pytest.raises(ValueError, match="longer than a push service takes"):
        encrypt(b"x" * (PLAINTEXT_BYTES_MAX + 1), receiver)
