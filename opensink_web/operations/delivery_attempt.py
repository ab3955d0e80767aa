"""Attempts at a delivery: claim it, and write down how the call went.

A worker claims a row by a conditional UPDATE and believes the row count alone. The call is made
outside any transaction. The outcome is written by whoever still holds the lease's token, in one
transaction with the session and the agent; a stale token writes nothing. A worker that died
leaves an expired lease behind, which the next claim takes over under the same `webhook-id`.

A claim takes one of the agent's slots and whatever frees one hands it over: see delivery_slot.
"""

import random
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import aliased

from opensink_web import clock
from opensink_web.errors import NotFound, UnreadableSecret
from opensink_web.models import (
    Agent,
    AgentSession,
    AttemptOutcome,
    AttemptTrigger,
    Delivery,
    DeliveryAttempt,
    DeliveryStatus,
    SessionStatus,
    Workspace,
    db,
)
from opensink_web.models.base import new_id
from opensink_web.models.transaction import announce_after_commit, run_prepared
from opensink_web.operations.agent import endpoint_of
from opensink_web.operations.agent_session import fail_session, lock_session
from opensink_web.operations.delivery_slot import (
    hand_over,
    keep_waiting,
    lock_slots,
    lock_slots_for,
)
from opensink_web.outbound.client import Answer, Call
from opensink_web.outbound.endpoint_call import EndpointSpec, build_call
from opensink_web.outbound.headers import redact
from opensink_web.outbound.redaction import kept_call, secrets_of, without_secrets
from opensink_web.outbound.retry import RetrySchedule
from opensink_web.settings import CALLS_PER_AGENT_DEFAULT

LEASE_MARGIN = timedelta(seconds=10)
"""How much longer than the endpoint's timeout a worker may take before it counts as dead."""

RECOVERIES_MAX = 3
_AWAITS_THE_AGENT = frozenset({SessionStatus.RUNNING, SessionStatus.PROCESSING_INPUT})
_NEVER_RETRIED = frozenset({"refused_by_policy", "invalid_url"})
_random = random.SystemRandom()

# Building a statement costs more than running it, so these are built once. What an UPDATE sets is
# given when it is run.
_leased = aliased(Delivery)
_CALLS_IN_FLIGHT = (
    select(func.count())
    .select_from(_leased)
    .where(_leased.agent_id == Delivery.agent_id, _leased.lease_until > bindparam("moment"))
    .scalar_subquery()
)
_FIND = (
    select(Delivery, Agent, Workspace, _CALLS_IN_FLIGHT)
    .join(Agent, Agent.id == Delivery.agent_id)
    .join(Workspace, Workspace.id == Delivery.workspace_id)
    .where(Delivery.id == bindparam("of_delivery"))
    .execution_options(populate_existing=True)
)
_TAKE_LEASE = (
    update(Delivery)
    .where(
        Delivery.id == bindparam("of_delivery"),
        Delivery.status == DeliveryStatus.PENDING,
        Delivery.lease_token.is_not_distinct_from(bindparam("lease_read")),
    )
    .values(
        attempt_count=Delivery.attempt_count + bindparam("attempts"),
        round_attempt_count=Delivery.round_attempt_count + bindparam("attempts"),
    )
)
_RELEASE = update(Delivery).where(
    Delivery.id == bindparam("of_delivery"), Delivery.lease_token == bindparam("lease_held")
)
_BEGIN_ATTEMPT = insert(DeliveryAttempt)
_LOSE_ATTEMPTS = update(DeliveryAttempt).where(
    DeliveryAttempt.delivery_id == bindparam("of_delivery"), DeliveryAttempt.outcome.is_(None)
)
_FINISH_ATTEMPT = update(DeliveryAttempt).where(DeliveryAttempt.id == bindparam("of_attempt"))


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to make one call and to say how it went.

    `secrets` are texts that must not be kept should the endpoint send them back. `calls_per_agent`
    is the limit that it was claimed under.
    """

    agent_id: UUID
    calls_per_agent: int
    delivery_id: UUID
    attempt_id: UUID
    lease_token: str
    call: Call
    retry: RetrySchedule
    secrets: tuple[str, ...]


def claim(delivery_id: UUID, calls_per_agent: int = CALLS_PER_AGENT_DEFAULT) -> Claim | None:
    """Take the lease of a delivery that is due; None when there is nothing to call (now).

    With `calls_per_agent` calls to its agent in flight it waits until one of them has ended.
    """
    lock_slots_for(delivery_id)
    found = _find(delivery_id)
    if found is None or not _is_claimable(found.delivery):
        return None
    callee, refusal = _callee_of(found)
    refusal = refusal or _reason_not_to_call(callee, found.recovery_count)
    if refusal is not None or callee is None:
        _refuse(found, refusal or "")
        _hand_over(found.agent.id, calls_per_agent)
        return None
    if found.calls_in_flight >= calls_per_agent:
        keep_waiting(found.agent.id)
        return None
    return _begin(found, callee, calls_per_agent)


def finish(claim: Claim, answer: Answer) -> bool:
    """Write down how the call went; False, and nothing written, if the lease was lost."""
    lock_slots(claim.agent_id)
    error = _reason_of_failure(answer, claim.secrets)
    if error is None:
        held = _release(claim.delivery_id, claim.lease_token, status=DeliveryStatus.SUCCEEDED)
    else:
        held = _settle_failure(claim, answer, error)
    if held:
        _finish_attempt(claim, answer, error)
    _hand_over(claim.agent_id, claim.calls_per_agent)
    return held


@dataclass(frozen=True, slots=True)
class _Found:
    """A delivery with what is needed to make its call."""

    delivery: Delivery
    agent: Agent
    workspace: Workspace
    calls_in_flight: int

    @property
    def is_recovery(self) -> bool:
        return self.delivery.lease_token is not None

    @property
    def recovery_count(self) -> int:
        """How often a worker has stopped during this call."""
        return self.delivery.recovery_count + self.is_recovery


@dataclass(frozen=True, slots=True)
class _Callee:
    """What is called, decrypted: the endpoint, and the secrets that sign the call."""

    endpoint: EndpointSpec
    secrets: tuple[str, ...]


def _find(delivery_id: UUID) -> _Found | None:
    values = {"of_delivery": delivery_id, "moment": clock.now()}
    row = db.session.execute(_FIND, values).one_or_none()
    return _Found(*row) if row is not None else None


def _refuse(found: _Found, reason: str) -> None:
    """Fail a delivery without calling."""
    # the session's lock before the delivery's: whoever deletes a session takes them in this order
    _lock_session_of(found.delivery)
    token = _take_lease(found, timeout_seconds=0, attempts=0)
    if token is not None:
        _note_lost_attempts(found)
        _fail(found.delivery, token, reason)


def _begin(found: _Found, callee: _Callee, calls_per_agent: int) -> Claim | None:
    token = _take_lease(found, timeout_seconds=callee.endpoint.timeout_seconds, attempts=1)
    if token is None:
        return None
    _note_lost_attempts(found)
    return _begin_attempt(found, callee, token, calls_per_agent)


def _hand_over(agent_id: UUID, calls_per_agent: int) -> None:
    for each in hand_over(agent_id, calls_per_agent):
        announce_after_commit(each.delivery_id, each.dispatch_no)


def _is_claimable(delivery: Delivery) -> bool:
    moment = clock.now()
    is_leased = delivery.lease_until is not None and delivery.lease_until > moment
    is_due = delivery.status is DeliveryStatus.PENDING and delivery.next_at <= moment
    return is_due and not is_leased


def _callee_of(found: _Found) -> tuple[_Callee | None, str | None]:
    """Return what to call, or why it is not known: None if there is simply no endpoint."""
    try:
        endpoint = endpoint_of(found.agent)
        if endpoint is None:
            return None, None
        return _Callee(endpoint, found.workspace.signing_secrets(clock.now())), None
    except UnreadableSecret as error:
        return None, f"The call cannot be made. {error.message}"


def _reason_not_to_call(callee: _Callee | None, recovery_count: int) -> str | None:
    if callee is None:
        return "The agent has no execution endpoint any more."
    if recovery_count > RECOVERIES_MAX:
        return f"Outcome unknown: the worker stopped during {recovery_count} attempts."
    return None


def _take_lease(found: _Found, *, timeout_seconds: float, attempts: int) -> str | None:
    """Claim by compare-and-set on the lease that was read; return the token, None if too late."""
    token = secrets.token_hex(16)
    taken = run_prepared(
        _TAKE_LEASE,
        {
            "of_delivery": found.delivery.id,
            "lease_read": found.delivery.lease_token,
            "lease_token": token,
            "lease_until": clock.now() + timedelta(seconds=timeout_seconds) + LEASE_MARGIN,
            "attempts": attempts,
            "recovery_count": found.recovery_count,
        },
    )
    return token if taken.rowcount == 1 else None


def _note_lost_attempts(found: _Found) -> None:
    if not found.is_recovery:
        return
    run_prepared(
        _LOSE_ATTEMPTS,
        {
            "of_delivery": found.delivery.id,
            "outcome": AttemptOutcome.UNKNOWN,
            "error_code": "outcome_unknown",
            "error_message": "The worker stopped before it could say how the call went.",
            "finished_at": clock.now(),
        },
    )


def _begin_attempt(found: _Found, callee: _Callee, token: str, calls_per_agent: int) -> Claim:
    delivery, endpoint = found.delivery, callee.endpoint
    trigger = AttemptTrigger.RECOVERY if found.is_recovery else delivery.next_trigger
    call = build_call(
        endpoint,
        session_id=str(delivery.session_id or delivery.id),
        request_id=str(delivery.input_request_id or delivery.id),
        delivery_id=str(delivery.id),
        secrets=callee.secrets,
        now=clock.now(),
    )
    attempt_id = new_id()
    kept = kept_call(call)
    run_prepared(
        _BEGIN_ATTEMPT,
        {
            "id": attempt_id,
            "delivery_id": delivery.id,
            "number": delivery.attempt_count + 1,
            "trigger": trigger,
            "method": call.method,
            "url": DeliveryAttempt.url.seal(attempt_id, kept.url),
            "request_headers": DeliveryAttempt.request_headers.seal(
                attempt_id, [list(pair) for pair in kept.headers]
            ),
            "request_body": DeliveryAttempt.request_body.seal(attempt_id, kept.body),
        },
    )
    return Claim(
        agent_id=delivery.agent_id,
        calls_per_agent=calls_per_agent,
        delivery_id=delivery.id,
        attempt_id=attempt_id,
        lease_token=token,
        call=call,
        retry=RetrySchedule(max_attempts=endpoint.max_attempts),
        secrets=secrets_of(call),
    )


def _settle_failure(claim: Claim, answer: Answer, error: str) -> bool:
    delivery = db.session.get(Delivery, claim.delivery_id, populate_existing=True)
    if delivery is None:
        return False
    delay = claim.retry.next_delay_seconds(delivery.round_attempt_count, _random)
    code = answer.error.code if answer.error else None
    if delay is None or code in _NEVER_RETRIED:
        return _fail(delivery, claim.lease_token, error)
    return _release(
        delivery.id,
        claim.lease_token,
        next_at=clock.now() + timedelta(seconds=delay),
        next_trigger=AttemptTrigger.RETRY,
        error_message=error,
        dispatched_at=None,
    )


def _fail(delivery: Delivery, token: str, error: str) -> bool:
    """End a delivery as failed, and its session with it unless the agent has moved that on."""
    # the session's lock before the delivery's: whoever deletes a session takes them in this order
    session = _lock_session_of(delivery)
    status = DeliveryStatus.FAILED
    if not _release(delivery.id, token, status=status, error_message=error):
        return False
    if session is not None and session.status in _AWAITS_THE_AGENT:
        fail_session(session, error, delivery_id=delivery.id)
    return True


def _lock_session_of(delivery: Delivery) -> AgentSession | None:
    if delivery.session_id is None:
        return None
    workspace = db.session.get_one(Workspace, delivery.workspace_id)
    with suppress(NotFound):  # deleted just now, and the delivery with it
        return lock_session(workspace, delivery.session_id)
    return None


def _release(delivery_id: UUID, token: str, **values: object) -> bool:
    """Give the lease back with the outcome, if it is still ours."""
    moment = clock.now()
    if "status" in values:
        values["finished_at"] = moment
    released = run_prepared(
        _RELEASE,
        {
            "of_delivery": delivery_id,
            "lease_held": token,
            "lease_token": None,
            "lease_until": None,
            "updated_at": moment,
            **values,
        },
    )
    return released.rowcount == 1


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
    reason = f" {_kept_text(answer.reason, secrets_sent)}" if answer.reason else ""
    return f"The execution endpoint answered {answer.status_code}{reason}."


def _kept_text(text: str, secrets_sent: tuple[str, ...], *, is_cut: bool = False) -> str:
    # PostgreSQL keeps no NUL in a text
    return without_secrets(text, secrets_sent, is_cut=is_cut).replace("\0", "\ufffd")
