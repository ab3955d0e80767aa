"""What happened, in words for people and as a history draws it: one function for each kind.

As in words.py, each ends in `assert_never`, so that a new member is an error that mypy finds.
"""

from dataclasses import dataclass
from typing import assert_never

from opensink_web.models import ActivityType, AttemptOutcome, DeliveryAttempt, StepKind
from opensink_web.web.rendering.filters import duration


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened, as a history draws it."""

    title: str
    icon: str
    tone: str = "neutral"


SESSION_FAILED = Happening("Session failed", "alert-triangle", "danger")
AGENTS_REPORT = Happening("Report of the agent", "robot")
DECLINED = Happening("Declined", "circle-x")
"""A person's No: neither a request nor an execution has failed with it."""
COMMENT = Happening("Comment", "message")
EXPIRED = Happening("Expired", "clock")
"""Nobody decided in time."""


def activity(kind: ActivityType) -> Happening:
    """Say what an activity of a session tells."""
    match kind:
        case ActivityType.SESSION_STARTED:
            return Happening("Session started", "player-play")
        case ActivityType.SESSION_ENDED:
            return Happening("Session ended", "flag", "success")
        case ActivityType.MESSAGE:
            return Happening("Message", "message")
        case ActivityType.INPUT_REQUEST_CREATED:
            return Happening("Asked for input", "message-question", "warning")
        case ActivityType.INPUT_REQUEST_RESOLVED:
            return Happening("Answered", "user-check", "success")
        case ActivityType.SINK_ITEM_CREATED:
            return Happening("Sink item created", "plus", "info")
        case ActivityType.STATE_UPDATED:
            return Happening("State updated", "database")
        case _:
            assert_never(kind)


def asked_again(revision: int) -> Happening:
    """Say that something else is asked instead of what was asked before."""
    return Happening(f"Asked again: revision {revision}", "message-question", "warning")


def attempt(row: DeliveryAttempt) -> Happening:
    """Say how an attempt at a delivery went: `Delivered in 12 ms`."""
    took = duration(row.latency_ms) if row.latency_ms is not None else ""
    match row.outcome:
        case None:
            return Happening("Calling the agent…", "point")
        case AttemptOutcome.SUCCEEDED:
            return Happening(f"Delivered in {took}" if took else "Delivered", "send", "success")
        case AttemptOutcome.FAILED:
            title = f"Delivery failed after {took}" if took else "Delivery failed"
            return Happening(title, "alert-triangle", "danger")
        case AttemptOutcome.UNKNOWN:
            return Happening("Delivery with an unknown outcome", "alert-triangle", "danger")
        case _:
            assert_never(row.outcome)


def execution_step(kind: StepKind) -> Happening:  # noqa: C901 - a table
    """Say what happened to an execution."""
    match kind:
        case StepKind.QUEUED:
            return Happening("Taken on", "clock")
        case StepKind.STARTED:
            return Happening("Called", "player-play")
        case StepKind.PENDING:
            return Happening("Runs elsewhere and will report its result", "hourglass")
        case StepKind.PAUSED:
            return Happening("Asked a person", "message-question", "warning")
        case StepKind.RESUMED:
            return Happening("Goes on", "user-check", "success")
        case StepKind.RECOVERED:
            return Happening("Called again, because a worker was lost", "refresh", "warning")
        case StepKind.COMPLETED:
            return Happening("Completed", "flag", "success")
        case StepKind.FAILED:
            return Happening("Failed", "alert-triangle", "danger")
        case StepKind.CANCELLED:
            return Happening("Cancelled", "ban")
        case StepKind.CALLBACK_SENT:
            return Happening("Callback sent", "send", "success")
        case StepKind.CALLBACK_FAILED:
            return Happening("Callback failed", "alert-triangle", "danger")
        case _:
            assert_never(kind)
