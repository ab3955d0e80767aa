"""Telling OpenSink's calls from others', for agents and functions behind an endpoint."""

import base64
import hmac
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .errors import OpenSinkError
from .tracing import trace_in

SIGNATURE_SECONDS_MAX = 300


class NotVerified(OpenSinkError):
    """A call is not OpenSink's, or not of now; the sentence says why, for a log."""


@dataclass(frozen=True, slots=True)
class VerifiedCall:
    """A call that is OpenSink's; `body` is its JSON, None of a GET.

    `id` is one for a delivery, and equal on each of its attempts: whoever keeps it does once what
    they do. Where only the execution secret was looked at, id and moment may be missing. `trace` is
    for `tracing`: the trace of whoever asked, which is not signed; empty without one.
    """

    id: str | None
    sent_at: datetime | None
    body: Any
    trace: dict[str, str] = field(default_factory=dict)


def verify_call(
    headers: Mapping[str, str],
    body: bytes,
    *,
    signing_secret: str | Iterable[str] | None = None,
    execution_secret: str | Iterable[str] | None = None,
    tolerance_seconds: float = SIGNATURE_SECONDS_MAX,
) -> VerifiedCall:
    """Return a call that an agent or a function got if it is OpenSink's, and of now.

    `headers` as they came, in any letter case; `body` byte for byte, `b""` of a GET. The signing
    secret is the agent's or function's own, the execution secret that of the workspace; each secret
    that is given is looked at, and of several, while one is replaced, one has to fit. The address
    and the other headers are not signed.

    Raises: NotVerified; ValueError if no secret is given, or a signing secret is none.
    """
    signing_keys = [_key_of(each) for each in _several(signing_secret)]
    execution_secrets = [each.encode() for each in _several(execution_secret)]
    if not (signing_keys or execution_secrets):
        raise ValueError("Give a signing secret, an execution secret, or both.")
    given = {name.lower(): value for name, value in headers.items()}
    if execution_secrets:
        _check_execution_secret(given, execution_secrets)
    sent_at = None
    if signing_keys:
        sent_at = _check_moment(given, tolerance_seconds)
        _check_signature(given, body, signing_keys)
    try:
        content = json.loads(body) if body else None
    except ValueError:
        raise NotVerified("The body is no JSON.") from None
    return VerifiedCall(given.get("webhook-id"), sent_at, content, trace_in(given))


def is_signed(headers: Mapping[str, str], body: bytes, signing_secret: str) -> bool:
    """Return True if a call that an agent or a function got is OpenSink's, for it, and of now.

    `headers` as they came, in any letter case; `body` byte for byte, `b""` of a GET. The secret is
    the agent's or function's own. The address is not signed. `verify_call` says why not.

    Raises: ValueError if the secret is none.
    """
    keys = [_key_of(signing_secret)]
    given = {name.lower(): value for name, value in headers.items()}
    try:
        _check_moment(given, SIGNATURE_SECONDS_MAX)
        _check_signature(given, body, keys)
    except NotVerified:
        return False
    return True


def _several(secret: str | Iterable[str] | None) -> list[str]:
    secrets = [secret] if isinstance(secret, str) else [*(secret or ())]
    if "" in secrets:
        raise ValueError("A secret is empty.")  # which anybody could send
    return secrets


def _key_of(signing_secret: str) -> bytes:
    try:
        key = base64.b64decode(signing_secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        raise ValueError("A signing secret of OpenSink's begins with whsec_.") from None
    if not key:
        raise ValueError("A signing secret is empty.")  # by which anybody could sign
    return key


def _check_execution_secret(given: Mapping[str, str], secrets: list[bytes]) -> None:
    sent = given.get("x-opensink-secret")
    if sent is None:
        raise NotVerified("The header X-OpenSink-Secret is missing.")
    if not _is_one_of([sent], secrets):
        raise NotVerified("The header X-OpenSink-Secret is another.")


def _check_moment(given: Mapping[str, str], tolerance_seconds: float) -> datetime:
    text = given.get("webhook-timestamp")
    if text is None:
        raise NotVerified("The header webhook-timestamp is missing.")
    if not (text.isascii() and text.isdecimal() and len(text) < 12):
        raise NotVerified("The header webhook-timestamp is no number of seconds.")
    age_seconds = time.time() - int(text)
    if age_seconds > tolerance_seconds:
        raise NotVerified(f"The call was sent {age_seconds:.0f} seconds ago: it is too old.")
    if -age_seconds > tolerance_seconds:
        raise NotVerified("The call comes from the future: one of the clocks is wrong.")
    return datetime.fromtimestamp(int(text), UTC)


def _check_signature(given: Mapping[str, str], body: bytes, keys: list[bytes]) -> None:
    missing = [name for name in ("webhook-id", "webhook-signature") if name not in given]
    if missing:
        raise NotVerified(f"The header {missing[0]} is missing.")
    text = f"{given['webhook-id']}.{given['webhook-timestamp']}."
    signed = text.encode(errors="backslashreplace") + body
    ours = [b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256")) for key in keys]
    if not _is_one_of(given["webhook-signature"].split(" "), ours):
        raise NotVerified("The signature is another: the body was changed, or the secret differs.")


def _is_one_of(theirs: list[str], ours: list[bytes]) -> bool:
    """Return True if one of theirs is one of ours; how long that takes says nothing of which."""
    sent = [each.encode(errors="backslashreplace") for each in theirs]
    return sum(hmac.compare_digest(each, own) for each in sent for own in ours) > 0
