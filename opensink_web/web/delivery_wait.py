"""Why a call has not been made yet, in words for people."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from opensink_web import clock
from opensink_web.models import AttemptTrigger, Delivery, DeliveryStatus

LATE_AFTER = timedelta(seconds=10)
"""A worker that is free takes a call up at once; after so long it is worth a word."""


@dataclass(frozen=True, slots=True)
class Wait:
    """What a call waits for; `until` is None where nobody can know."""

    reason: str
    until: datetime | None = None


def wait_of(delivery: Delivery) -> Wait | None:
    """Return why nobody is making the call just now; None if somebody is, or it has ended."""
    moment = clock.now()
    is_leased = delivery.lease_until is not None and delivery.lease_until > moment
    if delivery.status is not DeliveryStatus.PENDING or is_leased:
        return None
    if delivery.next_at > moment:
        return Wait(_reason_for_later(delivery), delivery.next_at)
    if delivery.dispatched_at is None:
        return Wait("It leaves as soon as one of the calls to this agent under way has ended.")
    if moment - delivery.next_at > LATE_AFTER:
        return Wait("No worker has taken it up yet: they are busy, or none is running.")
    return Wait("It is about to leave.")


def _reason_for_later(delivery: Delivery) -> str:
    if delivery.next_trigger is AttemptTrigger.RETRY:
        return "The last attempt failed, so it is tried again a while later."
    return "It is dated for later."
