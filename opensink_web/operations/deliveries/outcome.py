"""The outcome of a call: what comes next for its delivery, its session, its agent and who waits.

All of it is one transaction, written by whoever holds the lease's token. What the endpoint sent is
kept without our secrets.
"""

import random
from datetime import timedelta

from sqlalchemy import bindparam, update

from opensink_web import clock
from opensink_web.errors import UnreadableSecret
from opensink_web.models import (
    Agent,
    AttemptOutcome,
    AttemptTrigger,
    Delivery,
    DeliveryAttempt,
    DeliveryStatus,
    db,
)
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.agents.agent_session import note_succeeded_call
from opensink_web.operations.agents.endpoint_health import (
    heal,
    lock_called_agent,
    lock_failing_agent,
    note_failure,
)
from opensink_web.operations.agents.queries import endpoint_of
from opensink_web.operations.deliveries.attempt import Claim
from opensink_web.operations.deliveries.lease import (
    fail_delivery,
    lock_called_session,
    lock_session_of,
    release_lease,
)
from opensink_web.operations.deliveries.slot import hand_over, lock_slots
from opensink_web.operations.requests.queries import has_open_requests
from opensink_web.outbound.client import Answer
from opensink_web.outbound.explained import status_sentence
from opensink_web.outbound.headers import redact
from opensink_web.outbound.redaction import without_secrets
from opensink_web.outbound.retry import retry_after_seconds

_GONE = 410
_REFUSALS = frozenset({"refused_by_policy", "invalid_url"})
_random = random.SystemRandom()

_FINISH_ATTEMPT = update(DeliveryAttempt).where(DeliveryAttempt.id == bindparam("of_attempt"))


def finish(claim: Claim, answer: Answer) -> bool:
    """Write down how the call went; False, and nothing written, if the lease was lost."""
    lock_slots(claim.agent_id)
    error = _reason_of_failure(answer, claim.secrets)
    held = _settle_success(claim) if error is None else _settle_failure(claim, answer, error)
    if held:
        _finish_attempt(claim, answer, error)
    hand_over(claim.agent_id, claim.calls_per_agent)
    return held


def _settle_success(claim: Claim) -> bool:
    session = None
    if claim.session_id is not None and has_open_requests(claim.session_id):
        session = lock_called_session(claim.workspace_id, claim.session_id)
    agent = lock_failing_agent(claim.agent_id)
    status = DeliveryStatus.SUCCEEDED
    held = release_lease(claim.delivery_id, claim.lease_token, status=status)
    if held and agent is not None and _was_called(agent, claim):
        heal(agent)
        db.session.flush()  # what waits is handed over by what the row says
    if held and session is not None:
        note_succeeded_call(session)
    return held


def _settle_failure(claim: Claim, answer: Answer, error: str) -> bool:
    delivery = db.session.get(Delivery, claim.delivery_id, populate_existing=True)
    if delivery is None:
        return False
    asked = retry_after_seconds(answer.headers, clock.now())
    delay = _seconds_to_next(claim, delivery, answer, asked)
    session = lock_session_of(delivery) if delay is None else None
    agent = lock_called_agent(claim.agent_id)
    if delay is None:
        held = fail_delivery(delivery, claim.lease_token, error, session)
    else:
        held = _date_retry(claim, delay, error)
    if held and agent is not None and not _is_refused(answer) and _was_called(agent, claim):
        note_failure(agent, error, at_least_seconds=asked)
        db.session.flush()
    return held


def _date_retry(claim: Claim, delay_seconds: float, error: str) -> bool:
    return release_lease(
        claim.delivery_id,
        claim.lease_token,
        next_at=clock.now() + timedelta(seconds=delay_seconds),
        next_trigger=AttemptTrigger.RETRY,
        error_message=error,
        dispatched_at=None,
    )


def _seconds_to_next(
    claim: Claim, delivery: Delivery, answer: Answer, asked_seconds: float
) -> float | None:
    """Return how long the next attempt waits, or None if there is none."""
    if _is_refused(answer) or answer.status_code == _GONE:
        return None
    delay = claim.endpoint.retry.next_delay_seconds(delivery.round_attempt_count, _random)
    return None if delay is None else max(delay, asked_seconds)


def _is_refused(answer: Answer) -> bool:
    """Tell whether it was we who did not call."""
    return answer.error is not None and answer.error.code in _REFUSALS


def _was_called(agent: Agent, claim: Claim) -> bool:
    """Tell whether the agent still has the endpoint that was called."""
    try:
        return endpoint_of(agent) == claim.endpoint
    except UnreadableSecret:
        return False


def _finish_attempt(claim: Claim, answer: Answer, error: str | None) -> None:
    headers = [[name, _kept_text(value, claim.secrets)] for name, value in redact(answer.headers)]
    body = answer.body.decode("utf-8", "replace")
    body = _kept_text(body, claim.secrets, is_cut=answer.body_truncated)
    attempt_id = claim.attempt_id
    run_prepared(
        _FINISH_ATTEMPT,
        {
            "of_attempt": attempt_id,
            "outcome": AttemptOutcome.FAILED if error else AttemptOutcome.SUCCEEDED,
            "response_status": answer.status_code,
            "response_headers": DeliveryAttempt.response_headers.seal(attempt_id, headers),
            "response_body": DeliveryAttempt.response_body.seal(
                attempt_id, body if answer.status_code is not None else None
            ),
            "response_body_truncated": answer.body_truncated,
            "error_code": answer.error.code if answer.error else None,
            "error_message": error,
            "remote_address": answer.remote_address,
            "latency_ms": round(answer.latency_ms, 2),
            "finished_at": clock.now(),
        },
    )


def _reason_of_failure(answer: Answer, secrets_sent: tuple[str, ...]) -> str | None:
    if answer.error is not None:
        return answer.error.message
    if answer.status_code is not None and 200 <= answer.status_code < 300:
        return None
    if answer.status_code == _GONE:
        # as Standard Webhooks have it, the receiver wants no more of this
        return "The execution endpoint answered 410 Gone, so this call is not tried again."
    return status_sentence("The execution endpoint", answer, secrets_sent).replace("\0", "\ufffd")


def _kept_text(text: str, secrets_sent: tuple[str, ...], *, is_cut: bool = False) -> str:
    # PostgreSQL keeps no NUL in a text
    return without_secrets(text, secrets_sent, is_cut=is_cut).replace("\0", "\ufffd")
