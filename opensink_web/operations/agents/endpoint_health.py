"""The health of an agent's endpoint: a circuit breaker that recovers by itself.

After some failures in a row the endpoint is unhealthy. It is then called once in a while, one call
at a time, and what else is due waits; it does not fail for waiting. The first call that succeeds
makes it healthy. What a person asks for, a test call or a delivery made again, never waits.
"""

import random
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, select

from opensink_web import clock
from opensink_web.models import (
    Agent,
    AttemptTrigger,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    db,
)
from opensink_web.models.transaction import run_prepared

FAILURES_TO_UNHEALTHY = 5
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
_random = random.SystemRandom()

# Built once, because it is run after every call, also of those that are healthy.
_FAILURES = select(Agent.endpoint_failure_count).where(Agent.id == bindparam("of_agent"))


def is_exempt(delivery: Delivery) -> bool:
    """Return True if the next attempt does not wait for the endpoint's health: a person asked for
    it, or it goes to an address of its own.
    """
    is_elsewhere = delivery.kind in {DeliveryKind.TEST, DeliveryKind.RESUME}
    return is_elsewhere or delivery.next_trigger is AttemptTrigger.MANUAL


def is_held_back(delivery: Delivery, agent: Agent) -> bool:
    """Return True if a pending delivery waits for its endpoint to become healthy."""
    is_pending = delivery.status is DeliveryStatus.PENDING and delivery.lease_until is None
    return is_pending and agent.endpoint_unhealthy_since is not None and not is_exempt(delivery)


def lock_failing_agent(agent_id: UUID) -> Agent | None:
    """Lock the agent if calls to it have failed of late; None if there is nothing to mend."""
    failures = run_prepared(_FAILURES, {"of_agent": agent_id}).scalar()
    return lock_called_agent(agent_id) if failures else None


def lock_called_agent(agent_id: UUID) -> Agent | None:
    """Lock the agent whose call has ended; None if it was deleted meanwhile."""
    query = (
        select(Agent)
        .where(Agent.id == agent_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return db.session.scalars(query).one_or_none()


def note_failure(agent: Agent, error: str, *, at_least_seconds: float) -> None:
    """Count a failed call of a locked agent, and put the next one off if there were too many.

    `at_least_seconds` is the wait that the endpoint asked for.
    """
    moment = clock.now()
    agent.endpoint_failure_count += 1
    agent.endpoint_last_error = error
    if agent.endpoint_failure_count < FAILURES_TO_UNHEALTHY:
        return
    earliest = moment + timedelta(seconds=at_least_seconds)
    until = agent.endpoint_next_call_at
    # what was under way when the pause began says nothing new
    if until is None or until <= moment:
        until = _begin_pause(agent, moment)
    agent.endpoint_next_call_at = max(until, earliest)


def heal(agent: Agent) -> None:
    """Make a locked agent's endpoint healthy: a call succeeded, or it is another endpoint now."""
    agent.endpoint_failure_count = 0
    agent.endpoint_unhealthy_since = None
    agent.endpoint_next_call_at = None
    agent.endpoint_pause_seconds = None
    agent.endpoint_last_error = None


def _begin_pause(agent: Agent, moment: datetime) -> datetime:
    """Begin the next pause, at most twice as long as the last; return its end."""
    last = agent.endpoint_pause_seconds
    longest = FIRST_PAUSE_SECONDS if last is None else min(last * 2, LONGEST_PAUSE_SECONDS)
    agent.endpoint_pause_seconds = longest
    agent.endpoint_unhealthy_since = agent.endpoint_unhealthy_since or moment
    # at least half of it: a pause of almost nothing would be none
    return moment + timedelta(seconds=_random.uniform(longest / 2, longest))
