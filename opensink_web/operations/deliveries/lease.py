"""The lease of a delivery: who may call, and who may say how it went.

A worker claims a row by a conditional UPDATE and believes the row count alone. The outcome is
written by whoever still holds the lease's token; a stale token writes nothing.
"""

import secrets
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from sqlalchemy import bindparam, update

from opensink_web import clock
from opensink_web.errors import NotFound
from opensink_web.models import (
    AgentSession,
    Delivery,
    DeliveryStatus,
    SessionStatus,
    Workspace,
    db,
)
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.agents.agent_session import lock_session, note_failed_call

LEASE_MARGIN = timedelta(seconds=10)
"""How much longer than the endpoint's timeout a worker may take before it counts as dead."""

_AWAITS_THE_AGENT = frozenset({SessionStatus.RUNNING, SessionStatus.PROCESSING_INPUT})

# Building a statement costs more than running it, so these are built once. What an UPDATE sets is
# given when it is run.
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


def take_lease(
    delivery: Delivery, *, timeout_seconds: float, attempts: int, recovery_count: int
) -> str | None:
    """Claim by compare-and-set on the lease that was read; return the token, None if too late."""
    token = secrets.token_hex(16)
    taken = run_prepared(
        _TAKE_LEASE,
        {
            "of_delivery": delivery.id,
            "lease_read": delivery.lease_token,
            "lease_token": token,
            "lease_until": clock.now() + timedelta(seconds=timeout_seconds) + LEASE_MARGIN,
            "attempts": attempts,
            "recovery_count": recovery_count,
        },
    )
    return token if taken.rowcount == 1 else None


def release_lease(delivery_id: UUID, token: str, **values: object) -> bool:
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


def lock_session_of(delivery: Delivery) -> AgentSession | None:
    """Lock the session that a delivery is about, before the delivery itself."""
    if delivery.session_id is None:
        return None
    return lock_called_session(delivery.workspace_id, delivery.session_id)


def lock_called_session(workspace_id: UUID, session_id: UUID) -> AgentSession | None:
    """Lock a session that was called; None if it was deleted just now, and the call with it."""
    with suppress(NotFound):
        return lock_session(db.session.get_one(Workspace, workspace_id), session_id)
    return None


def fail_delivery(delivery: Delivery, token: str, error: str, session: AgentSession | None) -> bool:
    """End a delivery as failed, and its locked session unless the agent has moved that on.

    False, and nothing written, if the lease was lost.
    """
    status = DeliveryStatus.FAILED
    if not release_lease(delivery.id, token, status=status, error_message=error):
        return False
    if session is not None and session.status in _AWAITS_THE_AGENT:
        note_failed_call(session, error, delivery_id=delivery.id)
    return True
