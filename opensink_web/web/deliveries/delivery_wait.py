"""Why a call has not been made yet, in words for people."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from opensink_web import clock
from opensink_web.models import Agent, AttemptTrigger, Delivery, DeliveryStatus
from opensink_web.operations.agents.endpoint_health import is_held_back
from opensink_web.operations.deliveries.queries import is_agent_busy

LATE_AFTER = timedelta(seconds=10)
"""A worker that is free takes a call up at once; after so long it is worth a word."""


@dataclass(frozen=True, slots=True)
class Wait:
    """What a call waits for; `until` is None where nobody can know.

    `is_usual` for the moment that every call takes until a worker has it.
    """

    reason: str
    until: datetime | None = None
    is_usual: bool = False


def wait_of(delivery: Delivery) -> Wait | None:
    """Return why nobody is making the call just now; None if somebody is, or it has ended."""
    moment = clock.now()
    is_leased = delivery.lease_until is not None and delivery.lease_until > moment
    if delivery.status is not DeliveryStatus.PENDING or is_leased:
        return None
    if delivery.next_at > moment:
        return Wait(_reason_for_later(delivery), delivery.next_at)
    if is_held_back(delivery, delivery.agent):
        return _wait_for_health(delivery.agent, moment)
    if is_agent_busy(delivery):
        return Wait(
            "It will be made as soon as one of the calls to "
            "this agent that are under way has ended."
        )
    if moment - delivery.next_at > LATE_AFTER:
        return Wait("No worker has picked it up yet: all are busy, or none is running.")
    return Wait("It is about to be made.", is_usual=True)


def _wait_for_health(agent: Agent, moment: datetime) -> Wait:
    reason = (
        f"The last {agent.endpoint_failure_count} calls to the agent's endpoint failed, so calls "
        "to it wait and one at a time is tried. This one leaves as soon as one has succeeded."
    )
    next_at = agent.endpoint_next_call_at
    return Wait(reason, next_at if next_at is not None and next_at > moment else None)


def _reason_for_later(delivery: Delivery) -> str:
    if delivery.next_trigger is AttemptTrigger.RETRY:
        return "The last attempt failed, so it is tried again a while later."
    return "It is scheduled for later."
