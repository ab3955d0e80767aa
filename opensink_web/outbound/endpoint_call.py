"""An agent's execution endpoint and an answered input request, made into the call to send.

Pure: the same values make the same call, byte for byte. Header names and the body's shape are the
wire contract that existing receivers rely on.
"""

from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from opensink_web import json_value
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.outbound.client import Call, Headers
from opensink_web.outbound.retry import NO_RETRIES, RetrySchedule
from opensink_web.outbound.signing import CallSecrets, sign
from opensink_web.trace_context import NAMES

COMMENT = "comment"
USER_AGENT = f"OpenSink/{version('opensink-web')}"


@dataclass(frozen=True, slots=True)
class EndpointSpec:
    """An execution endpoint as configured, its parts already checked."""

    url: str
    method: str
    headers: Headers
    body: JSONObject | None
    timeout_seconds: float
    retry: RetrySchedule = NO_RETRIES


@dataclass(frozen=True, slots=True)
class Subject:
    """What a call tells of a request: its outcome, and the digest of what was asked.

    Of one that still waits it is a comment that is told of, and COMMENT the outcome. `responses`
    are what each of several people said, where more than one had to.
    """

    outcome: str
    digest: str
    comment_id: str | None = None
    responses: tuple[JSONObject, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnBody:
    """A body as whoever waits for the call wants it, which may be any JSON."""

    body: JSONValue


def build_call(
    endpoint: EndpointSpec,
    *,
    session_id: str,
    request_id: str,
    delivery_id: str,
    secrets: CallSecrets,
    now: datetime,
    subject: Subject | None = None,
    trace: Headers = (),
    instead: OwnBody | None = None,
) -> Call:
    """Make the call for one attempt at a delivery; a test call has nothing to tell.

    `trace` are the headers of the trace that it belongs to. With `instead` that is the body, and
    only headers tell the rest.
    """
    fields: JSONObject = {"session_id": session_id, "request_id": request_id}
    outcome: Headers = ()
    if subject is not None:
        fields["outcome"] = subject.outcome
        outcome = (
            ("X-OpenSink-Outcome", subject.outcome),
            ("X-OpenSink-Request-Digest", subject.digest),
        )
    if subject is not None and subject.responses:
        fields["responses"] = list(subject.responses)
    if subject is not None and subject.comment_id is not None:
        fields["comment_id"] = subject.comment_id
        outcome = (*outcome, ("X-OpenSink-Comment-Id", subject.comment_id))
    # what we tell is set last, so that no configured field can stand in its place
    whole: JSONValue = {**(endpoint.body or {}), **fields}
    if instead is not None:
        whole = instead.body
    body = None if endpoint.method == "GET" else json_value.dump(whole).encode()
    secret: Headers = ()
    if secrets.execution_secret:
        secret = (("X-OpenSink-Secret", secrets.execution_secret),)
    headers = (
        *default_headers(endpoint.headers),
        ("X-OpenSink-Session-Id", session_id),
        ("X-OpenSink-Request-Id", request_id),
        *outcome,
        *secret,
        *signature_headers(delivery_id, secrets.signing_secrets, now, body or b""),
        *traced(endpoint.headers, trace),
    )
    return Call(endpoint.method, endpoint.url, headers, body, endpoint.timeout_seconds)


def default_headers(configured: Headers) -> Headers:
    """Return what every call has; `User-Agent` is ours unless the endpoint has its own."""
    content_type = ("Content-Type", "application/json")
    if any(name.lower() == "user-agent" for name, _ in configured):
        return (content_type,)
    return (content_type, ("User-Agent", USER_AGENT))


def traced(configured: Headers, trace: Headers) -> Headers:
    """Return the headers of a trace and the endpoint's own, of which none can name another trace.

    None can be configured by these names, but some were before.
    """
    if not trace:
        return configured
    return (*trace, *(each for each in configured if each[0].lower() not in NAMES))


def signature_headers(
    delivery_id: str, signing_secrets: tuple[str, ...], now: datetime, body: bytes
) -> Headers:
    """Return Standard Webhooks' headers; the call is signed with each of the secrets, of which
    there are two while one is replaced.
    """
    timestamp = int(now.timestamp())
    signatures = " ".join(sign(secret, delivery_id, timestamp, body) for secret in signing_secrets)
    return (
        ("webhook-id", delivery_id),
        ("webhook-timestamp", str(timestamp)),
        ("webhook-signature", signatures),
    )
