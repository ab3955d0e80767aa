"""Signatures that Standard Webhooks libraries accept."""

import base64

import pytest

from opensink_web.outbound.signing import new_secret, sign


def test_equals_the_published_example_of_standard_webhooks() -> None:
    signature = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("secret", "webhook_id", "timestamp", "body"),
    [
        ("other", "id", 1, b"{}"),
        ("secret", "other", 1, b"{}"),
        ("secret", "id", 2, b"{}"),
        ("secret", "id", 1, b"{ }"),
    ],
)
def test_every_part_counts(secret: str, webhook_id: str, timestamp: int, body: bytes) -> None:
    assert sign(secret, webhook_id, timestamp, body) != sign("secret", "id", 1, b"{}")


def test_a_secret_of_other_form_stands_for_its_own_bytes() -> None:
    text = "pass wörd"
    same = "whsec_" + base64.b64encode(text.encode()).decode()
    assert sign(text, "id", 1, b"") == sign(same, "id", 1, b"")


def test_a_secret_that_only_looks_like_base64_still_signs() -> None:
    assert sign("whsec_not base64!", "id", 1, b"") != sign("whsec_", "id", 1, b"")


def test_new_secrets_have_32_random_bytes() -> None:
    first, second = new_secret(), new_secret()
    assert first != second
    assert first.startswith("whsec_")
    assert len(base64.b64decode(first.removeprefix("whsec_"), validate=True)) == 32
