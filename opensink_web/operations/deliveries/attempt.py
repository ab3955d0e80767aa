"""Attempts at deliveries that were taken: what it takes to make each call.

The call itself is made outside any transaction; how it went is outcome.py's, which writes the
attempt's row too. A worker that died leaves an expired lease behind, which the next claim takes
over under the same `webhook-id`, and writes down the attempt that was lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, bindparam, insert, select

from opensink_web import clock
from opensink_web.errors import UnreadableSecret
from opensink_web.keyring import Keyring
from opensink_web.models import (
    Agent,
    AttemptOutcome,
    AttemptTrigger,
    Delivery,
    DeliveryAttempt,
    DeliveryKind,
    InputRequest,
    Workspace,
)
from opensink_web.models.base import new_id
from opensink_web.models.delivery import comment_id_of
from opensink_web.models.leased import RECOVERIES_MAX
from opensink_web.models.sealed import keyring
from opensink_web.models.traced import trace_of
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.agents.called import WORKSPACE_COLUMNS, called
from opensink_web.operations.agents.queries import EndpointHealth, endpoint_of, health_of
from opensink_web.operations.agents.signing_secret import call_secrets, resume_secrets
from opensink_web.operations.deliveries.record import (
    begun_attempt,
    sealed_record,
    subject_of,
    trace_headers,
)
from opensink_web.operations.deliveries.resumption import (
    Resumption,
    may_have_arrived,
    resumption_of,
)
from opensink_web.outbound.client import Call
from opensink_web.outbound.endpoint_call import (
    COMMENT,
    EndpointSpec,
    OwnBody,
    Subject,
    build_call,
)
from opensink_web.outbound.signing import CallSecrets
from opensink_web.trace_context import TraceContext

# Building a statement costs more than running it, so these are built once.
_AGENT_COLUMNS = (
    Agent.id,
    Agent.sealed_execution_endpoint,
    Agent.endpoint_failure_count,
    Agent.endpoint_unhealthy_since,
    Agent.endpoint_next_call_at,
    Agent.endpoint_last_error,
    Agent.signing_generation,
    Agent.signing_overlap_ends_at,
)
_ADD_LOST = insert(DeliveryAttempt)
_LAST_OUTCOME = (
    select(DeliveryAttempt.outcome)
    .where(DeliveryAttempt.delivery_id == bindparam("of_delivery"))
    .order_by(DeliveryAttempt.number.desc())
    .limit(1)
)
COLUMNS = (
    Delivery.id,
    Delivery.agent_id,
    Delivery.workspace_id,
    Delivery.session_id,
    Delivery.input_request_id,
    Delivery.kind,
    Delivery.business_key,
    Delivery.next_trigger,
    Delivery.attempt_count,
    Delivery.round_attempt_count,
    Delivery.lease_token,
    Delivery.recovery_count,
    Delivery.call_began_at,
    Delivery.called_endpoint,
    Delivery.trace_id,
    Delivery.trace_parent,
    Delivery.trace_state,
)
"""What is read of a delivery that is due, before what is read of its agent."""
_DECIDED = (
    InputRequest.status.label("decided_as"),
    InputRequest.digest,
    InputRequest.required_responses,
    InputRequest.ends_session,
    InputRequest.thread_id,
)
"""What is read of its request, after that."""


def joined(due: Select[Any]) -> Select[Any]:
    """Add to a query of COLUMNS of deliveries what their agent is called with."""
    return (
        due.add_columns(*_AGENT_COLUMNS, *WORKSPACE_COLUMNS, *_DECIDED)
        .join(Agent, Agent.id == Delivery.agent_id)
        .join(Workspace, Workspace.id == Agent.workspace_id)
        .outerjoin(InputRequest, InputRequest.id == Delivery.input_request_id)
        # it is run past the session, which leaves out what was deleted
        .where(Agent.deleted_at.is_(None))
    )


@dataclass(frozen=True, slots=True)
class DeliveryTarget:
    """What deliveries call, decrypted; or why nothing can be called. An agent's have its endpoint,
    and that endpoint's health; one with a `resumption` has its request's address.
    """

    health: EndpointHealth | None
    endpoint: EndpointSpec | None
    secrets: CallSecrets | None
    refusal: str | None
    sealed_endpoint: str | None = None
    ring: Keyring | None = None
    resumption: Resumption | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call that is to be made, the `number`th of its delivery; the keys that seal what is kept of
    it. With a `resumption` it goes to the request's own address, which an earlier one may have
    reached without our knowing.
    """

    delivery_id: UUID
    session_id: UUID | None
    input_request_id: UUID | None
    number: int
    number_in_round: int
    trigger: AttemptTrigger
    began_at: datetime
    endpoint: EndpointSpec
    secrets: CallSecrets
    subject: Subject | None
    ring: Keyring
    trace: TraceContext | None = None
    resumption: Resumption | None = None
    may_have_arrived: bool = False

    @property
    def call(self) -> Call:
        """Make the call; another one each time, so make it once."""
        return build_call(
            self.endpoint,
            session_id=str(self.session_id or self.delivery_id),
            request_id=str(self.input_request_id or self.delivery_id),
            delivery_id=str(self.delivery_id),
            secrets=self.secrets,
            now=clock.now(),
            subject=self.subject,
            trace=trace_headers(self.trace, self.delivery_id, self.number),
            instead=None if self.resumption is None else OwnBody(self.resumption.body),
        )


@dataclass(frozen=True, slots=True)
class DeliveryClaim:
    """The right to make one call and to say how it went; or why it must end without one.

    `session_id` is the session that changes with how it went, if one does; with `ends_session` it
    was begun for what the call is about, and ends when that has been told.
    """

    id: UUID
    group_id: UUID
    workspace_id: UUID
    session_id: UUID | None
    lease_token: str
    attempt: Attempt | None
    refusal: str = ""
    ends_session: bool = False


def target_of(row: Row[Any]) -> DeliveryTarget:
    """Return what the deliveries of a row's agent call."""
    agent, workspace = called(Agent, _AGENT_COLUMNS, tuple(row[len(COLUMNS) : -len(_DECIDED)]))
    health = health_of(agent)
    try:
        endpoint = endpoint_of(agent)
        if endpoint is None:
            reason = "The agent no longer has an execution endpoint."
            return DeliveryTarget(health, None, None, reason)
        secrets = call_secrets(workspace, agent, clock.now())
        sealed = agent.sealed_execution_endpoint
        return DeliveryTarget(health, endpoint, secrets, None, sealed, keyring())
    except UnreadableSecret as error:
        return DeliveryTarget(health, None, None, f"The call cannot be made. {error.message}")


def own_target_of(row: Row[Any]) -> DeliveryTarget:
    """Return what a delivery calls that goes to its request's own address."""
    _, workspace = called(Agent, _AGENT_COLUMNS, tuple(row[len(COLUMNS) : -len(_DECIDED)]))
    try:
        resumption = resumption_of(row.input_request_id)
        if resumption is None:
            return DeliveryTarget(None, None, None, "The request that was decided is gone.")
        if resumption.refusal is not None:
            return DeliveryTarget(None, None, None, resumption.refusal)
        secrets = resume_secrets(workspace, row.thread_id or row.input_request_id)
        endpoint = resumption.endpoint
        return DeliveryTarget(None, endpoint, secrets, None, None, keyring(), resumption)
    except UnreadableSecret as error:
        return DeliveryTarget(None, None, None, f"The call cannot be made. {error.message}")


def refusal_of(row: Row[Any], target: DeliveryTarget) -> str | None:
    """Return why a delivery that is due is not called any more."""
    lost_count = row.recovery_count + (row.lease_token is not None)
    if target.refusal is None and lost_count > RECOVERIES_MAX:
        return f"Outcome unknown: the worker stopped during {lost_count} attempts."
    return target.refusal


def refused(row: Row[Any], lease_token: str, refusal: str) -> DeliveryClaim:
    """Return the claim of a delivery that was taken and is to fail without a call."""
    _note_lost_attempt(row)
    session_id = _session_called_for(row)
    return DeliveryClaim(
        row.id, row.agent_id, row.workspace_id, session_id, lease_token, None, refusal
    )


def begin_attempts(
    rows: Sequence[Row[Any]], lease_token: str, target: DeliveryTarget, moment: datetime
) -> list[DeliveryClaim]:
    """Return what it takes to make the calls of deliveries that were taken."""
    endpoint, secrets, ring = target.endpoint, target.secrets, target.ring
    if endpoint is None or secrets is None or ring is None:
        return []
    claims = []
    for row in rows:
        _note_lost_attempt(row)
        attempt = Attempt(
            delivery_id=row.id,
            session_id=row.session_id,
            input_request_id=row.input_request_id,
            number=row.attempt_count + 1,
            number_in_round=row.round_attempt_count + 1,
            trigger=row.next_trigger if row.lease_token is None else AttemptTrigger.RECOVERY,
            began_at=moment,
            endpoint=endpoint,
            secrets=secrets,
            subject=_subject(row),
            ring=ring,
            trace=trace_of(row),
            resumption=target.resumption,
            may_have_arrived=target.resumption is not None and _may_have_arrived(row),
        )
        session_id = _session_called_for(row)
        claims.append(
            DeliveryClaim(
                row.id,
                row.agent_id,
                row.workspace_id,
                session_id,
                lease_token,
                attempt,
                ends_session=target.resumption is not None and bool(row.ends_session),
            )
        )
    return claims


def _may_have_arrived(row: Row[Any]) -> bool:
    return row.attempt_count > 0 and may_have_arrived(row.id)


def _subject(row: Row[Any]) -> Subject | None:
    if row.decided_as is None or row.digest is None or row.required_responses > 1:
        return subject_of(row)  # a request from before digests were kept, or that has votes
    comment_id = comment_id_of(row.kind, row.business_key)
    if comment_id is not None:
        return Subject(COMMENT, row.digest, str(comment_id))
    outcome = row.decided_as.outcome
    return None if outcome is None else Subject(outcome, row.digest)


def _session_called_for(row: Row[Any]) -> UUID | None:
    """Return the session that waits for a call, and changes with how it went.

    None waits for a comment's. The request stays open, so an agent that cannot be reached leaves
    nothing undone: a session that failed with it would take the question from those who decide.
    """
    return None if row.kind is DeliveryKind.COMMENT else row.session_id


def _note_lost_attempt(row: Row[Any]) -> None:
    """Write down of what a worker was doing that it stopped."""
    if row.lease_token is None or row.call_began_at is None:
        return
    last_outcome = run_prepared(_LAST_OUTCOME, {"of_delivery": row.id}).scalar()
    lost = begun_attempt(row, new_id(), last_outcome) | {
        "outcome": AttemptOutcome.UNKNOWN,
        "error_code": "outcome_unknown",
        "error_message": "The worker stopped before it could record how the call went.",
        "finished_at": clock.now(),
    }
    run_prepared(_ADD_LOST, sealed_record(lost, keyring()))
