"""What came of a call: its response, why it has failed, and what of both is kept.

What the endpoint sent is kept without our secrets. It costs time and needs no transaction.
"""

from dataclasses import dataclass
from typing import Any

from opensink_web import clock
from opensink_web.models import AttemptOutcome
from opensink_web.models.base import new_id
from opensink_web.operations.deliveries.attempt import Attempt
from opensink_web.operations.deliveries.record import kept_of, sealed_record
from opensink_web.operations.deliveries.resumption import CONFLICT
from opensink_web.outbound.client import Call, Response
from opensink_web.outbound.explained import status_sentence
from opensink_web.outbound.headers import redact
from opensink_web.outbound.redaction import secrets_of, without_secrets

GONE = 410


@dataclass(frozen=True, slots=True)
class CallResult:
    """What came of a call: its response; its error, None for a success; the attempt's row."""

    response: Response
    error: str | None
    row: dict[str, Any]


def result_of(attempt: Attempt, call: Call, response: Response) -> CallResult:
    """Return what is kept of a call; costs time and needs no transaction."""
    also = attempt.secrets.signing_secrets
    if attempt.resumption is not None:
        also = (*attempt.resumption.secrets, *also)
    secrets = (*secrets_of(call), *also)
    error = _reason_of_failure(attempt, call, response, also)
    headers = [[name, _kept_text(value, secrets)] for name, value in redact(response.headers)]
    body = response.body.decode("utf-8", "replace")
    body = _kept_text(body, secrets, is_cut=response.body_truncated)
    row = begun(attempt) | kept_of(call, attempt.resumption)
    row |= {
        "outcome": AttemptOutcome.FAILED if error else AttemptOutcome.SUCCEEDED,
        "response_status": response.status_code,
        "response_headers": headers,
        "response_body": body if response.status_code is not None else None,
        "response_body_truncated": response.body_truncated,
        "error_code": response.error.code if response.error else None,
        "error_message": error,
        "remote_address": response.remote_address,
        "latency_ms": round(response.latency_ms, 2),
        "finished_at": clock.now(),
    }
    return CallResult(response, error, sealed_record(row, attempt.ring))


def begun(attempt: Attempt) -> dict[str, Any]:
    """Return what the row of an attempt says before anything came back."""
    return {
        "id": new_id(),
        "delivery_id": attempt.delivery_id,
        "created_at": attempt.began_at,
        "number": attempt.number,
        "trigger": attempt.trigger,
    }


def _reason_of_failure(
    attempt: Attempt, call: Call, answer: Response, also: tuple[str, ...]
) -> str | None:
    if answer.error is not None:
        return answer.error.message
    if answer.status_code is not None and 200 <= answer.status_code < 300:
        return None
    is_resumed = attempt.resumption is not None
    if attempt.may_have_arrived and answer.status_code == CONFLICT:
        return None  # the call before has reached it: there is nothing left to do
    who = "The resume URL" if is_resumed else "The execution endpoint"
    if answer.status_code == GONE:
        # as Standard Webhooks have it, the receiver wants no more of this
        return f"{who} answered 410 Gone, so this call is not tried again."
    return status_sentence(who, call, answer, also).replace("\0", "\ufffd")


def _kept_text(text: str, secrets_sent: tuple[str, ...], *, is_cut: bool = False) -> str:
    # PostgreSQL keeps no NUL in a text
    return without_secrets(text, secrets_sent, is_cut=is_cut).replace("\0", "\ufffd")
