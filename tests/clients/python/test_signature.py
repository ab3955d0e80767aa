"""Telling our calls from others', in the hands of whoever is called."""

import base64
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from opensink_client import NotVerified, is_signed, verify_call
from opensink_web import clock
from opensink_web.outbound.endpoint_call import EndpointSpec, build_call, signature_headers
from opensink_web.outbound.signing import CallSecrets, new_secret

SECRET, OTHER = new_secret(), new_secret()
EXECUTION = "e" * 40


def call_at(now: datetime, method: str = "POST", *secrets: str) -> tuple[Mapping[str, str], bytes]:
    endpoint = EndpointSpec("https://agent.example.com/", method, (), {"é": 1}, 30)
    call = build_call(
        endpoint,
        session_id="s",
        request_id="r",
        delivery_id="d",
        secrets=CallSecrets(EXECUTION, secrets or (SECRET,)),
        now=now,
    )
    return dict(call.headers), call.body or b""


def test_tells_our_calls_from_others() -> None:
    secret, body, now = new_secret(), b'{"session_id": "1"}', clock.now()
    headers = dict(signature_headers("once", (new_secret(), secret), now, body))
    assert is_signed(headers, body, secret)
    assert is_signed({name.title(): value for name, value in headers.items()}, body, secret)
    late = dict(signature_headers("once", (secret,), now - timedelta(seconds=301), body))
    for wrong, sent, secret_of in (
        ({}, body, secret),
        (headers, body + b" ", secret),
        (headers, body, new_secret()),
        (late, body, secret),
        (headers | {"webhook-id": "twice"}, body, secret),
        (headers | {"webhook-timestamp": "²"}, body, secret),
        (headers | {"webhook-timestamp": "9" * 5000}, body, secret),
    ):
        assert not is_signed(wrong, sent, secret_of)


def test_a_call_is_verified_by_both_secrets_or_by_one_and_read() -> None:
    now = clock.now()
    headers, body = call_at(now)
    for each in (headers, {name.swapcase(): value for name, value in headers.items()}):
        call = verify_call(each, body, signing_secret=SECRET, execution_secret=EXECUTION)
        assert (call.id, call.sent_at) == ("d", now.replace(microsecond=0))
        assert call.body == {"é": 1, "session_id": "s", "request_id": "r"}
    assert verify_call(headers, body, signing_secret=SECRET).id == "d"
    assert verify_call(headers, body, execution_secret=EXECUTION).sent_at is None
    got, nothing = call_at(now, "GET")
    assert verify_call(got, nothing, signing_secret=SECRET).body is None


def test_a_secret_is_replaced_without_a_call_that_is_refused() -> None:
    headers, body = call_at(clock.now(), "POST", OTHER, SECRET)
    for receivers in (SECRET, OTHER, [OTHER, new_secret()], (new_secret(), SECRET)):
        assert verify_call(headers, body, signing_secret=receivers).id == "d"
    old_and_new = ["old", EXECUTION]
    assert verify_call(headers, body, execution_secret=old_and_new).id == "d"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"X-OpenSink-Secret": None}, "X-OpenSink-Secret is missing"),
        ({"X-OpenSink-Secret": "é"}, "X-OpenSink-Secret is another"),
        ({"webhook-timestamp": None}, "webhook-timestamp is missing"),
        ({"webhook-timestamp": "²"}, "no number"),
        ({"webhook-timestamp": "1700000000"}, "too old"),
        ({"webhook-timestamp": "9" * 11}, "future"),
        ({"webhook-id": None}, "webhook-id is missing"),
        ({"webhook-id": "another"}, "signature is another"),
        ({"webhook-signature": None}, "webhook-signature is missing"),
        ({"webhook-signature": "v1, \udce9"}, "signature is another"),
    ],
)
def test_it_says_why_a_call_is_refused(changes: dict[str, str | None], reason: str) -> None:
    headers, body = call_at(clock.now())
    sent = {name: value for name, value in {**headers, **changes}.items() if value is not None}
    with pytest.raises(NotVerified, match=reason):
        verify_call(sent, body, signing_secret=SECRET, execution_secret=EXECUTION)


def test_a_body_that_was_changed_is_refused_and_a_tolerance_kept() -> None:
    headers, body = call_at(clock.now() - timedelta(seconds=1000))
    with pytest.raises(NotVerified, match="too old"):
        verify_call(headers, body, signing_secret=SECRET)
    assert verify_call(headers, body, signing_secret=SECRET, tolerance_seconds=10_000).id == "d"
    with pytest.raises(NotVerified, match="body was changed"):
        verify_call(headers, body + b" ", signing_secret=SECRET, tolerance_seconds=10_000)
    with pytest.raises(NotVerified, match="no JSON"):
        verify_call(headers, b"{", execution_secret=EXECUTION)


def test_a_call_is_not_verified_by_nothing() -> None:
    headers, body = call_at(clock.now())
    wrong: list[tuple[str | list[str] | None, str | None]]
    wrong = [(None, None), ([], None), (None, ""), ("é", None), (["", SECRET], None)]
    for signing, execution in wrong:
        with pytest.raises(ValueError, match="secret"):
            verify_call(headers, body, signing_secret=signing, execution_secret=execution)


@pytest.mark.parametrize("empty", ["", "whsec_", "===="])
def test_an_empty_secret_verifies_nothing_for_anybody_could_sign_by_it(empty: str) -> None:
    body, moment = b'{"request_id": "forged"}', f"{clock.now().timestamp():.0f}"
    digest = hmac.digest(b"", f"d.{moment}.".encode() + body, "sha256")
    headers = {
        "webhook-id": "d",
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
    for secret in (empty, [SECRET, empty]):
        with pytest.raises(ValueError, match=r"secret .*(is empty|begins with whsec_)"):
            verify_call(headers, body, signing_secret=secret)
    for sent in (headers, {}):  # also where no call would show it
        with pytest.raises(ValueError, match="secret"):
            is_signed(sent, body, empty)
