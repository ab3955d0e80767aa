"""The call to an execution endpoint, byte for byte."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from opensink_web.json_value import JSONObject
from opensink_web.outbound.client import Call, Client
from opensink_web.outbound.endpoint_call import USER_AGENT, EndpointSpec, Subject, build_call
from opensink_web.outbound.signing import CallSecrets, sign

if TYPE_CHECKING:
    from tests.outbound.conftest import Server

ENDPOINT = EndpointSpec(
    url="https://agent.example/execute",
    method="POST",
    headers=(("X-Custom-Header", "value"),),
    body={"source": "opensink", "nested": {"a": [1, None]}},
    timeout_seconds=30,
)
NOW = datetime(2025, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)
TIMESTAMP = 1735787045


def build(
    endpoint: EndpointSpec = ENDPOINT,
    *,
    signing: tuple[str, ...] = ("s1",),
    subject: Subject | None = None,
) -> Call:
    return build_call(
        endpoint,
        session_id="session-1",
        request_id="request-1",
        delivery_id="delivery-1",
        secrets=CallSecrets("carried", signing),
        now=NOW,
        subject=subject,
    )


def test_has_the_method_url_and_time_limit_of_the_endpoint() -> None:
    call = build()
    assert (call.method, call.url, call.timeout_seconds) == (
        "POST",
        "https://agent.example/execute",
        30,
    )


def test_has_exactly_these_headers() -> None:
    call = build()
    assert call.headers == (
        ("Content-Type", "application/json"),
        ("User-Agent", USER_AGENT),
        ("X-OpenSink-Session-Id", "session-1"),
        ("X-OpenSink-Request-Id", "request-1"),
        ("X-OpenSink-Secret", "carried"),
        ("webhook-id", "delivery-1"),
        ("webhook-timestamp", str(TIMESTAMP)),
        ("webhook-signature", sign("s1", "delivery-1", TIMESTAMP, call.body or b"")),
        ("X-Custom-Header", "value"),
    )
    assert USER_AGENT.startswith("OpenSink/")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_the_body_is_the_configured_one_and_the_ids(method: str) -> None:
    call = build(replace(ENDPOINT, method=method))
    assert json.loads(call.body or b"") == {
        "source": "opensink",
        "nested": {"a": [1, None]},
        "session_id": "session-1",
        "request_id": "request-1",
    }


def test_without_a_configured_body_there_are_the_ids_alone() -> None:
    call = build(replace(ENDPOINT, body=None))
    assert call.body == b'{"session_id":"session-1","request_id":"request-1"}'


def test_a_configured_body_cannot_shadow_the_ids() -> None:
    call = build(replace(ENDPOINT, body={"session_id": "x", "request_id": "y", "a": "ü"}))
    assert json.loads(call.body or b"") == {
        "session_id": "session-1",
        "request_id": "request-1",
        "a": "ü",
    }


@pytest.mark.parametrize("outcome", ["answered", "declined", "cancelled", "expired"])
def test_tells_the_outcome_and_what_was_asked(outcome: str) -> None:
    shadowing = replace(ENDPOINT, body={"outcome": "x", "source": "opensink"})
    call = build(shadowing, subject=Subject(outcome, "d1"))
    assert json.loads(call.body or b"") == {
        "source": "opensink",
        "session_id": "session-1",
        "request_id": "request-1",
        "outcome": outcome,
    }
    assert call.headers[3:6] == (
        ("X-OpenSink-Request-Id", "request-1"),
        ("X-OpenSink-Outcome", outcome),
        ("X-OpenSink-Request-Digest", "d1"),
    )
    assert dict(call.headers)["webhook-signature"] == sign(
        "s1", "delivery-1", TIMESTAMP, call.body or b""
    )


def test_the_configured_body_is_left_as_it_was() -> None:
    configured: JSONObject = {"session_id": "x"}
    build(replace(ENDPOINT, body=configured))
    assert configured == {"session_id": "x"}


def test_get_has_no_body_and_signs_none() -> None:
    call = build(replace(ENDPOINT, method="GET"))
    assert call.body is None
    assert dict(call.headers)["webhook-signature"] == sign("s1", "delivery-1", TIMESTAMP, b"")


def test_while_secrets_rotate_each_one_signs() -> None:
    call = build(signing=("new", "old"))
    headers = dict(call.headers)
    signatures = [sign(each, "delivery-1", TIMESTAMP, call.body or b"") for each in ("new", "old")]
    assert headers["webhook-signature"].split(" ") == signatures


def test_what_signs_is_in_no_call() -> None:
    call = build(signing=("whsec_new", "whsec_old"))
    assert "whsec_" not in f"{call.headers} {call.body!r} {call.url}"


def test_an_endpoint_may_have_its_own_user_agent() -> None:
    call = build(replace(ENDPOINT, headers=(("user-agent", "mine"),)))
    assert [value for name, value in call.headers if name.lower() == "user-agent"] == ["mine"]


def test_an_attempt_made_again_differs_in_time_and_signature_only() -> None:
    first = build()
    second = build_call(
        ENDPOINT,
        session_id="session-1",
        request_id="request-1",
        delivery_id="delivery-1",
        secrets=CallSecrets("carried", ("s1",)),
        now=datetime(2025, 1, 2, 4, tzinfo=UTC),
    )
    differing = {name for name, value in set(first.headers) ^ set(second.headers)}
    assert (first.body, differing) == (second.body, {"webhook-timestamp", "webhook-signature"})


@pytest.mark.parametrize("method", ["POST", "GET", "PUT", "DELETE"])
def test_arrives_as_built(client: Client, answer: "Callable[..., Server]", method: str) -> None:
    server = answer()
    call = build(replace(ENDPOINT, method=method, url=server.url()))
    assert client.send(call).succeeded
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = set(head.split(b"\r\n"))
    assert {f"{name}: {value}".encode("latin-1") for name, value in call.headers} < lines
    assert body == (call.body or b"")
    assert (b"content-length" in head.lower()) == (method != "GET")
