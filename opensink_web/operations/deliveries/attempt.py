"""Attempts at a delivery: claiming the right to make one, and what it takes to make it.

The call itself is made outside any transaction; how it went is outcome.py's. A worker that
died leaves an expired lease behind, which the next claim takes over under the same `webhook-id`.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import aliased

from opensink_web import clock
from opensink_web.errors import UnreadableSecret
from opensink_web.models import (
    Agent,
    AttemptOutcome,
    AttemptTrigger,
    Delivery,
    DeliveryAttempt,
    DeliveryStatus,
    Workspace,
    db,
)
from opensink_web.models.base import new_id
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.agents.endpoint_health import is_exempt
from opensink_web.operations.agents.queries import endpoint_of
from opensink_web.operations.agents.signing_secret import call_secrets
from opensink_web.operations.deliveries.lease import fail_delivery, lock_session_of, take_lease
from opensink_web.operations.deliveries.slot import (
    Slots,
    hand_over,
    keep_waiting,
    lock_slots_for,
)
from opensink_web.outbound.client import Call
from opensink_web.outbound.endpoint_call import EndpointSpec, build_call
from opensink_web.outbound.redaction import kept_call, secrets_of
from opensink_web.outbound.signing import CallSecrets
from opensink_web.settings import CALLS_PER_AGENT_DEFAULT

RECOVERIES_MAX = 3

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
_BEGIN_ATTEMPT = insert(DeliveryAttempt)
_LOSE_ATTEMPTS = update(DeliveryAttempt).where(
    DeliveryAttempt.delivery_id == bindparam("of_delivery"), DeliveryAttempt.outcome.is_(None)
)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to make one call and to say how it went.

    `secrets` are texts that must not be kept should the endpoint send them back. `calls_per_agent`
    is the limit that it was claimed under.
    """

    agent_id: UUID
    workspace_id: UUID
    session_id: UUID | None
    endpoint: EndpointSpec
    calls_per_agent: int
    delivery_id: UUID
    attempt_id: UUID
    lease_token: str
    call: Call
    secrets: tuple[str, ...]


def claim(delivery_id: UUID, calls_per_agent: int = CALLS_PER_AGENT_DEFAULT) -> Claim | None:
    """Take the lease of a delivery that is due; None when there is nothing to call (now).

    With `calls_per_agent` calls to its agent in flight it waits until one of them has ended, and
    with an unhealthy endpoint until a call may be tried.
    """
    lock_slots_for(delivery_id)
    found = _find(delivery_id)
    if found is None or not _is_claimable(found.delivery):
        return None
    callee, refusal = _callee_of(found)
    refusal = refusal or _reason_not_to_call(callee, found.recovery_count)
    if refusal is not None or callee is None:
        _refuse(found, refusal or "")
        hand_over(found.agent.id, calls_per_agent)
        return None
    if not found.may_begin(calls_per_agent):
        keep_waiting(found.agent.id)
        return None
    return _begin(found, callee, calls_per_agent)


@dataclass(frozen=True, slots=True)
class _Found:
    """A delivery with what is needed to make its call."""

    delivery: Delivery
    agent: Agent
    workspace: Workspace
    calls_in_flight: int

    def may_begin(self, calls_per_agent: int) -> bool:
        """Tell whether the agent has a slot for this call."""
        since, next_at = self.agent.endpoint_unhealthy_since, self.agent.endpoint_next_call_at
        slots = Slots(since, next_at, self.calls_in_flight, on_the_way=0, is_awaited=True)
        if is_exempt(self.delivery):
            return slots.free(calls_per_agent) > 0
        return slots.for_all(calls_per_agent) > 0

    @property
    def is_recovery(self) -> bool:
        return self.delivery.lease_token is not None

    @property
    def recovery_count(self) -> int:
        """How often a worker has stopped during this call."""
        return self.delivery.recovery_count + self.is_recovery


@dataclass(frozen=True, slots=True)
class _Callee:
    """What is called, decrypted: the endpoint, and the secrets of the call."""

    endpoint: EndpointSpec
    secrets: CallSecrets


def _find(delivery_id: UUID) -> _Found | None:
    values = {"of_delivery": delivery_id, "moment": clock.now()}
    row = db.session.execute(_FIND, values).one_or_none()
    return _Found(*row) if row is not None else None


def _refuse(found: _Found, reason: str) -> None:
    """Fail a delivery without calling."""
    # the session's lock before the delivery's: whoever deletes a session takes them in this order
    session = lock_session_of(found.delivery)
    token = _take(found, timeout_seconds=0, attempts=0)
    if token is not None:
        _note_lost_attempts(found)
        fail_delivery(found.delivery, token, reason, session)


def _begin(found: _Found, callee: _Callee, calls_per_agent: int) -> Claim | None:
    token = _take(found, timeout_seconds=callee.endpoint.timeout_seconds, attempts=1)
    if token is None:
        return None
    _note_lost_attempts(found)
    return _begin_attempt(found, callee, token, calls_per_agent)


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
        return _Callee(endpoint, call_secrets(found.workspace, found.agent, clock.now())), None
    except UnreadableSecret as error:
        return None, f"The call cannot be made. {error.message}"


def _reason_not_to_call(callee: _Callee | None, recovery_count: int) -> str | None:
    if callee is None:
        return "The agent no longer has an execution endpoint."
    if recovery_count > RECOVERIES_MAX:
        return f"Outcome unknown: the worker stopped during {recovery_count} attempts."
    return None


def _take(found: _Found, *, timeout_seconds: float, attempts: int) -> str | None:
    return take_lease(
        found.delivery,
        timeout_seconds=timeout_seconds,
        attempts=attempts,
        recovery_count=found.recovery_count,
    )


def _note_lost_attempts(found: _Found) -> None:
    if not found.is_recovery:
        return
    run_prepared(
        _LOSE_ATTEMPTS,
        {
            "of_delivery": found.delivery.id,
            "outcome": AttemptOutcome.UNKNOWN,
            "error_code": "outcome_unknown",
            "error_message": "The worker stopped before it could record how the call went.",
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
        workspace_id=delivery.workspace_id,
        session_id=delivery.session_id,
        endpoint=callee.endpoint,
        calls_per_agent=calls_per_agent,
        delivery_id=delivery.id,
        attempt_id=attempt_id,
        lease_token=token,
        call=call,
        secrets=(*secrets_of(call), *callee.secrets.signing_secrets),
    )
