"""What became of an answer, step by step: given, delivered, and what the agent made of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from flask import url_for

from opensink_web import clock
from opensink_web.models import (
    Delivery,
    DeliveryStatus,
    InputRequest,
    InputRequestStatus,
    SessionStatus,
)
from opensink_web.operations.delivery import find_delivery_of
from opensink_web.operations.input_request import next_waiting
from opensink_web.operations.permission import Principal
from opensink_web.web.delivery_wait import wait_of
from opensink_web.web.delivery_words import attempt_title
from opensink_web.web.live import version_of

FRESH = timedelta(minutes=1)
WATCHED = timedelta(minutes=30)
"""How long after the answer the page keeps asking what became of it."""


class Mark(StrEnum):
    """How a step is drawn."""

    DONE = "done"
    LIVE = "live"
    AHEAD = "ahead"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Step:
    """One line; `detail` is a sentence below it, `href` leads to what it is about."""

    mark: Mark
    title: str
    detail: str | None = None
    moment: datetime | None = None
    href: str | None = None
    link_text: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """The steps of one request; `period_seconds` is None once nothing more is to come."""

    is_pending: bool
    steps: tuple[Step, ...]
    next_request: InputRequest | None
    period_seconds: int | None
    version: str


def progress_of(principal: Principal, asked: InputRequest) -> Progress:
    """Look up what became of a request."""
    delivery = find_delivery_of(asked)
    steps = _steps(principal, asked, delivery)
    upcoming = next_waiting(principal.workspace, asked)
    period = _period_seconds(asked, delivery)
    return Progress(
        is_pending=asked.status is InputRequestStatus.PENDING,
        steps=steps,
        next_request=upcoming,
        period_seconds=period,
        version=version_of(asked.status, steps, upcoming and upcoming.id, period),
    )


def _steps(
    principal: Principal, asked: InputRequest, delivery: Delivery | None
) -> tuple[Step, ...]:
    if asked.status is InputRequestStatus.PENDING:
        return ()
    if asked.status is InputRequestStatus.CANCELLED:
        detail = "The session ended before anybody answered, so there is nothing to decide."
        return (Step(Mark.WARNING, "Cancelled", detail),)
    who = asked.resolved_by.email if asked.resolved_by else "somebody who has left"
    if asked.resolved_by_id == principal.user.id:
        who = "you"
    answered = Step(Mark.DONE, f"Answered by {who}", moment=asked.resolved_at)
    slug = principal.workspace.slug
    return (answered, _delivery_step(slug, delivery), _session_step(slug, asked, delivery))


def _delivery_step(slug: str, delivery: Delivery | None) -> Step:
    if delivery is None:
        detail = "It has no execution endpoint to call, so it reads the answer when it next asks."
        return Step(Mark.DONE, "Ready for the agent to fetch", detail)
    href = url_for("delivery.show", workspace_slug=slug, delivery_id=delivery.id)
    last = delivery.attempts[-1] if delivery.attempts else None
    if delivery.status is DeliveryStatus.SUCCEEDED and last is not None:
        moment = last.finished_at
        return Step(Mark.DONE, attempt_title(last), None, moment, href, "Delivery")
    if delivery.status is DeliveryStatus.FAILED:
        title = "The call to the agent failed"
        return Step(
            Mark.FAILED, title, delivery.error_message, delivery.finished_at, href, "Delivery"
        )
    if delivery.next_at > clock.now() and delivery.error_message:
        title = "The call to the agent failed; it is tried again"
        return Step(Mark.WARNING, title, delivery.error_message, delivery.next_at, href, "Delivery")
    wait = wait_of(delivery)
    if wait is not None and not wait.is_usual:
        title = "The answer waits to be delivered"
        return Step(Mark.WARNING, title, wait.reason, wait.until, href, "Delivery")
    return Step(Mark.LIVE, "Calling the agent…", None, None, href, "Delivery")


def _session_step(slug: str, asked: InputRequest, delivery: Delivery | None) -> Step:
    session = asked.session
    href = url_for("agent_session.show", workspace_slug=slug, session_id=session.id)
    is_delivered = delivery is None or delivery.status is DeliveryStatus.SUCCEEDED
    if not is_delivered and not session.status.has_ended:
        return Step(Mark.AHEAD, "Then the agent goes on", href=href, link_text="Session")
    mark, title = _SESSION_WORDS[session.status]
    if delivery is None and session.status is SessionStatus.PROCESSING_INPUT:
        title = "Waiting for the agent to fetch it…"
    is_told = delivery is not None and delivery.error_message == session.error_message
    detail = None if is_told else session.error_message
    return Step(mark, title, detail, session.updated_at, href, "Session")


_SESSION_WORDS = {
    SessionStatus.RUNNING: (Mark.LIVE, "The agent is working"),
    SessionStatus.PROCESSING_INPUT: (Mark.LIVE, "The agent goes on with the answer…"),
    SessionStatus.WAITING_FOR_INPUT: (Mark.DONE, "The agent waits for more input"),
    SessionStatus.COMPLETED: (Mark.DONE, "Session completed"),
    SessionStatus.FAILED: (Mark.FAILED, "Session failed"),
}


def _period_seconds(asked: InputRequest, delivery: Delivery | None) -> int | None:
    """Say how soon to look again: a decision of others within seconds, an outcome at once."""
    if asked.status is InputRequestStatus.PENDING:
        return 3
    if asked.resolved_at is None or _is_settled(asked, delivery):
        return None
    age = clock.now() - asked.resolved_at
    if age > WATCHED:
        return None
    return 1 if age < FRESH else 10


def _is_settled(asked: InputRequest, delivery: Delivery | None) -> bool:
    """Tell whether the call has been made and the agent has said what became of it."""
    if delivery is not None and delivery.status is DeliveryStatus.PENDING:
        return False
    status = asked.session.status
    return status.has_ended or status is SessionStatus.WAITING_FOR_INPUT
