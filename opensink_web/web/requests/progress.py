"""What became of a decision, step by step: taken, passed on, and what it led to."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import url_for

from opensink_web import clock
from opensink_web.models import (
    AgentSession,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    Execution,
    ExecutionStatus,
    InputRequest,
    InputRequestStatus,
    SessionStatus,
)
from opensink_web.operations.accounts.disclosure import shown_error
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.deliveries.queries import find_delivery_of
from opensink_web.operations.requests.answer import with_edits
from opensink_web.web.deliveries.delivery_wait import wait_of
from opensink_web.web.rendering import happenings
from opensink_web.web.rendering.live import version_of
from opensink_web.web.rendering.words import (
    Mark,
    decided,
    decider,
    execution_after_answer,
    mark_icon,
    session_after_answer,
)

WATCHED = timedelta(minutes=30)
"""How long after the answer the page keeps asking what became of it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line; `detail` is a sentence below it, `href` leads to what it is about.

    `is_countdown`: its moment is to come, and shown by the second.
    """

    mark: Mark
    title: str
    detail: str | None = None
    moment: datetime | None = None
    href: str | None = None
    link_text: str | None = None
    is_countdown: bool = False

    @property
    def icon(self) -> str:
        return mark_icon(self.mark)


@dataclass(frozen=True, slots=True)
class Progress:
    """The steps of one request; `is_watched` while more is to come."""

    is_pending: bool
    steps: tuple[Step, ...]
    is_watched: bool
    version: str


def progress_of(principal: Principal, input_request: InputRequest) -> Progress:
    """Look up what became of a request."""
    steps, is_settled = _outcome(principal, input_request)
    is_watched = _is_watched(input_request, is_settled=is_settled)
    return Progress(
        is_pending=input_request.status is InputRequestStatus.PENDING,
        steps=steps,
        is_watched=is_watched,
        version=version_of(input_request.status, steps, is_watched),
    )


def _outcome(principal: Principal, input_request: InputRequest) -> tuple[tuple[Step, ...], bool]:
    """Return the steps, and whether nothing more is to come."""
    if input_request.status is InputRequestStatus.PENDING:
        return (), False
    if input_request.status is InputRequestStatus.SUPERSEDED:
        detail = "Something else is asked instead, so there is nothing to decide here."
        title = f"Superseded by {decider(input_request)}"
        return (Step(Mark.CLOSED, title, detail, input_request.resolved_at),), True
    if input_request.status is InputRequestStatus.CANCELLED and not input_request.resolved_at:
        asker = "session" if input_request.execution_id is None else "execution"
        detail = f"The {asker} ended before anybody answered, so there is nothing to decide."
        return (Step(Mark.CLOSED, "Cancelled", detail),), True
    slug = principal.workspace.slug
    decision = _decision_step(principal, input_request)
    if input_request.status is InputRequestStatus.HELD:
        return (decision, _held_step(principal, input_request)), False
    if input_request.session is not None:
        delivery = find_delivery_of(input_request)
        steps = (
            _delivery_step(slug, delivery),
            _session_step(slug, input_request.session, delivery),
        )
        return (decision, *steps), _is_settled(input_request.session, delivery)
    if input_request.execution is not None:
        status = input_request.execution.status
        is_settled = status.has_ended or status is ExecutionStatus.AWAITING_INPUT
        return (decision, _execution_step(slug, input_request, input_request.execution)), is_settled
    return (decision,), True


def _decision_step(principal: Principal, input_request: InputRequest) -> Step:
    is_theirs = input_request.resolved_by_id == principal.user.id
    who = "you" if is_theirs else decider(input_request)
    title = f"{decided(input_request)} by {who}" if who else decided(input_request)
    is_answered = input_request.decided_as is InputRequestStatus.RESOLVED
    return Step(
        Mark.DONE if is_answered else Mark.CLOSED,
        title + with_edits(input_request.edited),
        input_request.decline_reason,  # why it was declined, or withdrawn
        input_request.resolved_at,
    )


def _held_step(principal: Principal, input_request: InputRequest) -> Step:
    is_own = input_request.resolved_by_id == principal.user.id
    title = "Takes effect; you can undo it until then" if is_own else "Takes effect"
    moment = input_request.held_until
    return Step(Mark.AHEAD, title, "Nobody has been told yet.", moment, is_countdown=True)


def _delivery_step(slug: str, delivery: Delivery | None) -> Step:
    if delivery is None:
        detail = "It has no execution endpoint to call, so it reads the decision when it next asks."
        return Step(Mark.DONE, "Ready for the agent to fetch", detail)
    href = url_for("delivery.show", workspace_slug=slug, delivery_id=delivery.id)
    called = "workflow" if delivery.kind is DeliveryKind.RESUME else "agent"
    last = delivery.attempts[-1] if delivery.attempts else None
    if delivery.status is DeliveryStatus.SUCCEEDED and last is not None:
        moment = last.finished_at
        return Step(Mark.DONE, happenings.attempt(last).title, None, moment, href, "Delivery")
    if delivery.status is DeliveryStatus.FAILED:
        title = f"The call to the {called} failed"
        return Step(
            Mark.FAILED, title, delivery.error_message, delivery.finished_at, href, "Delivery"
        )
    if delivery.next_at > clock.now() and delivery.error_message:
        title = f"The call to the {called} failed; it is tried again"
        return Step(Mark.WARNING, title, delivery.error_message, delivery.next_at, href, "Delivery")
    wait = wait_of(delivery)
    if wait is not None and not wait.is_usual:
        title = "The answer waits to be delivered"
        return Step(Mark.WARNING, title, wait.reason, wait.until, href, "Delivery")
    return Step(Mark.LIVE, f"Calling the {called}…", None, None, href, "Delivery")


def _session_step(slug: str, session: AgentSession, delivery: Delivery | None) -> Step:
    href = url_for("agent_session.show", workspace_slug=slug, session_id=session.id)
    is_delivered = delivery is None or delivery.status is DeliveryStatus.SUCCEEDED
    if not is_delivered and not session.status.has_ended:
        return Step(Mark.AHEAD, "Then the agent goes on", href=href, link_text="Session")
    mark, title = session_after_answer(session.status)
    if delivery is None and session.status is SessionStatus.PROCESSING_INPUT:
        title = "Waiting for the agent to fetch it…"
    is_of_the_call = delivery is not None and delivery.error_message == session.error_message
    reported = session.error_message  # which, unless a call failed, is in the agent's own words
    detail = None if is_of_the_call or reported is None else f"The agent reported: {reported}"
    return Step(mark, title, detail, session.updated_at, href, "Session")


def _execution_step(slug: str, input_request: InputRequest, execution: Execution) -> Step:
    href = url_for("execution.show", workspace_slug=slug, execution_id=execution.id)
    mark, title = execution_after_answer(execution.status)
    detail, moment = shown_error(execution), execution.finished_at
    if input_request.status is InputRequestStatus.DECLINED:
        mark, title, detail = Mark.DONE, "The execution ended with this reason", None
    elif execution.is_expired:
        mark, title, detail = Mark.DONE, "The execution ended with it", None
    elif execution.status is ExecutionStatus.QUEUED and execution.next_at > clock.now():
        mark, title, moment = Mark.WARNING, "The call waits for its time", execution.next_at
    return Step(mark, title, detail, moment, href, "Execution")


def _is_watched(input_request: InputRequest, *, is_settled: bool) -> bool:
    """Return True while something is to come, also by time alone; one day nobody waits for it."""
    if input_request.status is InputRequestStatus.PENDING:
        return True
    if input_request.resolved_at is None or is_settled:
        return False
    return clock.now() - input_request.resolved_at < WATCHED


def _is_settled(session: AgentSession, delivery: Delivery | None) -> bool:
    """Return True if the call has been made and the agent has said what became of it."""
    if delivery is not None and delivery.status is DeliveryStatus.PENDING:
        return False
    return session.status.has_ended or session.status is SessionStatus.WAITING_FOR_INPUT
