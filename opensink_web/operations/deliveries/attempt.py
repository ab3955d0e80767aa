"""Attempts at deliveries that were taken: what it takes to make each call.

The call itself is made outside any transaction; how it went is outcome.py's. A worker that died
leaves an expired lease behind, which the next claim takes over under the same `webhook-id`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, insert, select, update

from opensink_web import clock
from opensink_web.errors import UnreadableSecret
from opensink_web.keyring import Keyring
from opensink_web.models import (
    Agent,
    AttemptOutcome,
    AttemptTrigger,
    Delivery,
    DeliveryAttempt,
    Workspace,
    db,
)
from opensink_web.models.base import new_id
from opensink_web.models.leased import RECOVERIES_MAX
from opensink_web.models.sealed import keyring
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.agents.queries import EndpointHealth, endpoint_of, health_of
from opensink_web.operations.agents.signing_secret import call_secrets
from opensink_web.outbound.client import Call
from opensink_web.outbound.endpoint_call import EndpointSpec, build_call
from opensink_web.outbound.redaction import kept_call, secrets_of
from opensink_web.outbound.signing import CallSecrets

# Building a statement costs more than running it, so these are built once. What an UPDATE sets is
# given when it is run.
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
_WORKSPACE_COLUMNS = (
    Workspace.id,
    Workspace.sealed_execution_secret,
    Workspace.sealed_previous_execution_secret,
    Workspace.previous_secret_expires_at,
    Workspace.sealed_signing_root,
)
_FIND_AGENT = (
    select(*_AGENT_COLUMNS, *_WORKSPACE_COLUMNS)
    .join(Workspace, Workspace.id == Agent.workspace_id)
    # it is run past the session, which leaves out what was deleted
    .where(Agent.id == bindparam("of_agent"), Agent.deleted_at.is_(None))
)
_REMEMBERED_AGENTS = 256
_BEGIN_ATTEMPTS = insert(DeliveryAttempt)
_LOSE_ATTEMPTS = update(DeliveryAttempt).where(
    DeliveryAttempt.delivery_id == bindparam("of_delivery"), DeliveryAttempt.outcome.is_(None)
)
COLUMNS = (
    Delivery.id,
    Delivery.agent_id,
    Delivery.workspace_id,
    Delivery.session_id,
    Delivery.input_request_id,
    Delivery.next_trigger,
    Delivery.attempt_count,
    Delivery.lease_token,
    Delivery.recovery_count,
)
"""What is read of a delivery that is due."""


@dataclass(frozen=True, slots=True)
class DeliveryTarget:
    """What the deliveries of an agent call, decrypted; or why nothing can be called."""

    health: EndpointHealth | None
    endpoint: EndpointSpec | None
    secrets: CallSecrets | None
    refusal: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call that is to be made. `secrets` are texts that must not be kept should the endpoint send
    them back.
    """

    id: UUID
    endpoint: EndpointSpec
    call: Call
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeliveryClaim:
    """The right to make one call and to say how it went; or why it must end without one."""

    id: UUID
    group_id: UUID
    workspace_id: UUID
    session_id: UUID | None
    lease_token: str
    attempt: Attempt | None
    refusal: str = ""


def target_of_agent(agent_id: UUID) -> DeliveryTarget | None:
    """Find what an agent's deliveries call; None if it was deleted."""
    db.session.flush()  # a call that ended in this transaction may have changed the agent's health
    row = run_prepared(_FIND_AGENT, {"of_agent": agent_id}).one_or_none()
    if row is None:
        return None
    agent, workspace = _called(keyring(), tuple(row))
    health = health_of(agent)
    try:
        endpoint = endpoint_of(agent)
        if endpoint is None:
            reason = "The agent no longer has an execution endpoint."
            return DeliveryTarget(health, None, None, reason)
        return DeliveryTarget(health, endpoint, call_secrets(workspace, agent, clock.now()), None)
    except UnreadableSecret as error:
        return DeliveryTarget(health, None, None, f"The call cannot be made. {error.message}")


@lru_cache(_REMEMBERED_AGENTS)
def _called(_ring: Keyring, values: tuple[Any, ...]) -> tuple[Agent, Workspace]:
    """Make an agent and its workspace, of no session, from what is stored now.

    They know what was decrypted of them, so that is done once for all calls until it is changed.
    """
    count = len(_AGENT_COLUMNS)
    agent = {column.key: value for column, value in zip(_AGENT_COLUMNS, values, strict=False)}
    workspace = zip(_WORKSPACE_COLUMNS, values[count:], strict=True)
    return Agent(**agent), Workspace(**{column.key: value for column, value in workspace})


def refusal_of(row: Row[Any], target: DeliveryTarget) -> str | None:
    """Return why a delivery that is due is not called any more."""
    lost_count = row.recovery_count + (row.lease_token is not None)
    if target.refusal is None and lost_count > RECOVERIES_MAX:
        return f"Outcome unknown: the worker stopped during {lost_count} attempts."
    return target.refusal


def refused(row: Row[Any], lease_token: str, refusal: str) -> DeliveryClaim:
    """Return the claim of a delivery that was taken and is to fail without a call."""
    _note_lost_attempts(row)
    return DeliveryClaim(
        row.id, row.agent_id, row.workspace_id, row.session_id, lease_token, None, refusal
    )


def begin_attempts(
    rows: Sequence[Row[Any]], lease_token: str, target: DeliveryTarget
) -> list[DeliveryClaim]:
    """Write down that calls of deliveries that were taken begin, and return what it takes."""
    endpoint, secrets = target.endpoint, target.secrets
    if not rows or endpoint is None or secrets is None:
        return []
    claims, attempts = [], []
    for row in rows:
        _note_lost_attempts(row)
        call = build_call(
            endpoint,
            session_id=str(row.session_id or row.id),
            request_id=str(row.input_request_id or row.id),
            delivery_id=str(row.id),
            secrets=secrets,
            now=clock.now(),
        )
        attempt = Attempt(new_id(), endpoint, call, (*secrets_of(call), *secrets.signing_secrets))
        attempts.append(_written(row, attempt))
        claims.append(
            DeliveryClaim(
                row.id, row.agent_id, row.workspace_id, row.session_id, lease_token, attempt
            )
        )
    db.session.connection().execute(_BEGIN_ATTEMPTS, attempts)
    return claims


def _written(row: Row[Any], attempt: Attempt) -> dict[str, object]:
    """Return the row of an attempt that begins."""
    kept = kept_call(attempt.call)
    return {
        "id": attempt.id,
        "delivery_id": row.id,
        "number": row.attempt_count + 1,
        "trigger": row.next_trigger if row.lease_token is None else AttemptTrigger.RECOVERY,
        "method": attempt.call.method,
        "url": DeliveryAttempt.url.seal(attempt.id, kept.url),
        "request_headers": DeliveryAttempt.request_headers.seal(
            attempt.id, [list(pair) for pair in kept.headers]
        ),
        "request_body": DeliveryAttempt.request_body.seal(attempt.id, kept.body),
    }


def _note_lost_attempts(row: Row[Any]) -> None:
    """Say of what a worker was doing that it stopped."""
    if row.lease_token is None:
        return
    run_prepared(
        _LOSE_ATTEMPTS,
        {
            "of_delivery": row.id,
            "outcome": AttemptOutcome.UNKNOWN,
            "error_code": "outcome_unknown",
            "error_message": "The worker stopped before it could record how the call went.",
            "finished_at": clock.now(),
        },
    )
