"""Deliveries and their attempts in words for people."""

from opensink_web.models import AttemptOutcome, AttemptTrigger, DeliveryAttempt, DeliveryKind
from opensink_web.web.filters import duration

KINDS = {
    DeliveryKind.INPUT_REQUEST_RESOLVED: "Answer to a request",
    DeliveryKind.TEST: "Test call",
}
TRIGGERS = {
    AttemptTrigger.FIRST: "First attempt",
    AttemptTrigger.RETRY: "Retry",
    AttemptTrigger.RECOVERY: "Again after a worker stopped",
    AttemptTrigger.MANUAL: "Delivered again by hand",
}


def attempt_title(attempt: DeliveryAttempt) -> str:
    """Say how an attempt went: `Delivered in 12 ms`."""
    took = f" after {duration(attempt.latency_ms)}" if attempt.latency_ms is not None else ""
    if attempt.outcome is AttemptOutcome.SUCCEEDED:
        return f"Delivered{took.replace('after', 'in')}"
    if attempt.outcome is AttemptOutcome.FAILED:
        return f"Delivery failed{took}"
    if attempt.outcome is AttemptOutcome.UNKNOWN:
        return "Delivery with an unknown outcome"
    return "Calling the agent…"
