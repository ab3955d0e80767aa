"""Every status in words for people: one function for each, and how it is drawn.

One state has one word on every page: a request is waiting, answered, approved, declined, cancelled,
expired or superseded, and a call failed. What a person declined has not failed, and is not red.
Nowhere else is a word for a member of an enum. Each function ends in `assert_never`, so that a new
member is an error that mypy finds, and not a page that fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias, assert_never

from opensink_web.models import (
    BatchStatus,
    CallbackStatus,
    DeliveryStatus,
    Execution,
    ExecutionStatus,
    InputRequest,
    InputRequestStatus,
    MessageStatus,
    RunStatus,
    SessionStatus,
)
from opensink_web.operations.requests.answer import by_itself, decision

Status: TypeAlias = (
    SessionStatus
    | ExecutionStatus
    | BatchStatus
    | InputRequestStatus
    | DeliveryStatus
    | CallbackStatus
    | MessageStatus
    | RunStatus
)


@dataclass(frozen=True, slots=True)
class Badge:
    """A status as it is drawn beside a thing: the tone is a class, the icon one of the sprite."""

    text: str
    tone: str
    icon: str
    is_live: bool = False


_QUEUED = Badge("Queued", "info", "clock")
_RUNNING = Badge("Running", "info", "loader-2", is_live=True)
_COMPLETED = Badge("Completed", "success", "circle-check")
_FAILED = Badge("Failed", "danger", "alert-triangle")
_WAITING = Badge("Waiting", "warning", "clock")
_WAITING_FOR_INPUT = Badge("Waiting for input", "warning", "hourglass")
_DECLINED = Badge("Declined", "neutral", "circle-x")
_CANCELLED = Badge("Cancelled", "neutral", "ban")
_EXPIRED = Badge("Expired", "neutral", "clock")
_NOT_STARTED = Badge("Not started", "neutral", "circle-dashed")


def badge(status: Status | InputRequest | Execution | None) -> Badge:
    """Return how a status is drawn; None is an agent's before its first session.

    Rows say more than their status: what was decided of a request, and that an execution ended
    because a person declined, or nobody decided in time.
    """
    match status:
        case None:
            return _NOT_STARTED
        case InputRequest():
            return _decision_badge(status)
        case Execution():
            return _execution_row_badge(status)
        case SessionStatus():
            return _session_badge(status)
        case ExecutionStatus():
            return _execution_badge(status)
        case BatchStatus():
            return _batch_badge(status)
        case InputRequestStatus():
            return _input_request_badge(status)
        case DeliveryStatus() | RunStatus():
            return _call_badge(status)
        case CallbackStatus() | MessageStatus():
            return _sending_badge(status)
        case _:
            assert_never(status)


def _session_badge(status: SessionStatus) -> Badge:
    match status:
        case SessionStatus.RUNNING:
            return _RUNNING
        case SessionStatus.WAITING_FOR_INPUT:
            return _WAITING_FOR_INPUT
        case SessionStatus.PROCESSING_INPUT:
            return Badge("Processing input", "info", "loader-2", is_live=True)
        case SessionStatus.COMPLETED:
            return _COMPLETED
        case SessionStatus.FAILED:
            return _FAILED
        case _:
            assert_never(status)


def _execution_row_badge(execution: Execution) -> Badge:
    if execution.is_declined:
        return _DECLINED
    return _EXPIRED if execution.is_expired else _execution_badge(execution.status)


def _execution_badge(status: ExecutionStatus) -> Badge:
    match status:
        case ExecutionStatus.QUEUED:
            return _QUEUED
        case ExecutionStatus.RUNNING:
            return _RUNNING
        case ExecutionStatus.AWAITING_INPUT:
            return _WAITING_FOR_INPUT
        case ExecutionStatus.COMPLETED:
            return _COMPLETED
        case ExecutionStatus.FAILED:
            return _FAILED
        case ExecutionStatus.CANCELLED:
            return _CANCELLED
        case _:
            assert_never(status)


def _batch_badge(status: BatchStatus) -> Badge:
    match status:
        case BatchStatus.QUEUED:
            return _QUEUED
        case BatchStatus.RUNNING:
            return _RUNNING
        case BatchStatus.COMPLETED:
            return _COMPLETED
        case BatchStatus.PARTIAL:
            return Badge("Partial", "warning", "alert-triangle")
        case BatchStatus.FAILED:
            return _FAILED
        case BatchStatus.CANCELLED:
            return _CANCELLED
        case _:
            assert_never(status)


def _decision_badge(request: InputRequest) -> Badge:
    """Return how a request is drawn; a decision that can be undone still, as what was decided."""
    drawn = _input_request_badge(request.decided_as)
    return replace(drawn, text=decided(request)) if drawn.tone == "success" else drawn


def _input_request_badge(status: InputRequestStatus) -> Badge:
    match status:
        case InputRequestStatus.PENDING:
            return _WAITING
        case InputRequestStatus.HELD | InputRequestStatus.RESOLVED:
            return Badge("Answered", "success", "circle-check")
        case InputRequestStatus.DECLINED:
            return _DECLINED
        case InputRequestStatus.CANCELLED:
            return _CANCELLED
        case InputRequestStatus.EXPIRED:
            return _EXPIRED
        case InputRequestStatus.SUPERSEDED:
            return Badge("Superseded", "neutral", "refresh")
        case _:
            assert_never(status)


def _call_badge(status: DeliveryStatus | RunStatus) -> Badge:
    # not in one match: words that are spelled alike are equal
    return _run_badge(status) if isinstance(status, RunStatus) else _delivery_badge(status)


def _delivery_badge(status: DeliveryStatus) -> Badge:
    match status:
        case DeliveryStatus.PENDING:
            return _WAITING
        case DeliveryStatus.SUCCEEDED:
            return Badge("Delivered", "success", "circle-check")
        case DeliveryStatus.FAILED:
            return _FAILED
        case _:
            assert_never(status)


def _run_badge(status: RunStatus) -> Badge:
    match status:
        case RunStatus.DUE:
            return _QUEUED
        case RunStatus.RUNNING:
            return _RUNNING
        case RunStatus.SUCCEEDED:
            return Badge("Succeeded", "success", "circle-check")
        case RunStatus.FAILED:
            return _FAILED
        case RunStatus.SKIPPED:
            return Badge("Skipped", "neutral", "ban")
        case _:
            assert_never(status)


def _sending_badge(status: CallbackStatus | MessageStatus) -> Badge:
    match status:
        case CallbackStatus.PENDING:
            return _WAITING
        case MessageStatus.DUE:
            return Badge("On its way", "info", "clock")
        case CallbackStatus.SENT | MessageStatus.SENT:
            return Badge("Sent", "success", "circle-check")
        case CallbackStatus.FAILED | MessageStatus.FAILED:
            return _FAILED
        case MessageStatus.DROPPED:
            return Badge("Not needed", "neutral", "ban")
        case _:
            assert_never(status)


PARTLY_DECLINED = Badge("Partly declined", "neutral", "circle-x")


def batch_badge(
    status: BatchStatus, counts: Mapping[ExecutionStatus, int], *, declined_count: int
) -> Badge:
    """Return how a batch is drawn, of whose executions so many are in each status.

    What people declined has not failed, and what waits for people alone is no worker's turn.
    """
    is_open = status in {BatchStatus.QUEUED, BatchStatus.RUNNING}
    is_moving = counts.get(ExecutionStatus.QUEUED) or counts.get(ExecutionStatus.RUNNING)
    if is_open and counts.get(ExecutionStatus.AWAITING_INPUT) and not is_moving:
        return _WAITING_FOR_INPUT
    if declined_count and counts.get(ExecutionStatus.FAILED) == declined_count:
        if status is BatchStatus.FAILED:
            return _DECLINED
        if status is BatchStatus.PARTIAL:
            return PARTLY_DECLINED
    return _batch_badge(status)


def endpoint_badge(is_healthy: bool | None) -> Badge:
    """Return how an agent's endpoint is drawn; None where it has none, so that the agent polls."""
    if is_healthy is None:
        return Badge("Polls for answers", "neutral", "refresh")
    if is_healthy:
        return Badge("Healthy", "success", "circle-check")
    return Badge("Unhealthy", "danger", "alert-triangle")


def part_of_batch(status: ExecutionStatus) -> str:
    """Say what executions of a batch are, after their number."""
    match status:
        case ExecutionStatus.QUEUED:
            return "queued"
        case ExecutionStatus.RUNNING:
            return "running"
        case ExecutionStatus.AWAITING_INPUT:
            return "waiting for input"
        case ExecutionStatus.COMPLETED:
            return "completed"
        case ExecutionStatus.FAILED:
            return "failed"
        case ExecutionStatus.CANCELLED:
            return "cancelled"
        case _:
            assert_never(status)


class Mark(StrEnum):
    """How a step of what became of an answer is drawn."""

    DONE = "done"
    CLOSED = "closed"
    """Done too, but nobody answered: declined, expired, superseded, cancelled."""
    LIVE = "live"
    AHEAD = "ahead"
    WARNING = "warning"
    FAILED = "failed"


def mark_icon(mark: Mark) -> str:
    """Return the icon of a step."""
    match mark:
        case Mark.DONE:
            return "circle-check"
        case Mark.CLOSED:
            return "circle-x"
        case Mark.LIVE:
            return "loader-2"
        case Mark.AHEAD:
            return "circle-dashed"
        case Mark.WARNING:
            return "clock"
        case Mark.FAILED:
            return "alert-triangle"
        case _:
            assert_never(mark)


def session_after_answer(status: SessionStatus) -> tuple[Mark, str]:
    """Say how a session goes on once it was answered."""
    match status:
        case SessionStatus.RUNNING:
            return Mark.LIVE, "The agent is working"
        case SessionStatus.PROCESSING_INPUT:
            return Mark.LIVE, "The agent goes on…"
        case SessionStatus.WAITING_FOR_INPUT:
            return Mark.DONE, "The agent waits for more input"
        case SessionStatus.COMPLETED:
            return Mark.DONE, "Session completed"
        case SessionStatus.FAILED:
            return Mark.FAILED, "Session failed"
        case _:
            assert_never(status)


def execution_after_answer(status: ExecutionStatus) -> tuple[Mark, str]:
    """Say how an execution goes on once it was answered."""
    match status:
        case ExecutionStatus.QUEUED:
            return Mark.LIVE, "Queued for the next free worker…"
        case ExecutionStatus.RUNNING:
            return Mark.LIVE, "The function is running…"
        case ExecutionStatus.AWAITING_INPUT:
            return Mark.DONE, "The function waits for more input"
        case ExecutionStatus.COMPLETED:
            return Mark.DONE, "Execution completed"
        case ExecutionStatus.FAILED:
            return Mark.FAILED, "Execution failed"
        case ExecutionStatus.CANCELLED:
            return Mark.WARNING, "Execution cancelled"
        case _:
            assert_never(status)


def decided(request: InputRequest) -> str:
    """Say what became of a request: `Approved`, by whom follows."""
    return decision(request.kind, request.decided_as).capitalize()


def decider(request: InputRequest) -> str | None:
    """Say who decided or withdrew a request; None where nobody did."""
    is_withdrawn = request.status in {InputRequestStatus.CANCELLED, InputRequestStatus.SUPERSEDED}
    if is_withdrawn and request.resolved_at is not None:
        return "the agent" if request.execution_id is None else "the function"
    if request.resolved_by_system:
        return by_itself(request)
    if request.resolved_by is not None:
        for_whom = f" for {request.resolved_for.email}" if request.resolved_for else ""
        return request.resolved_by.email + for_whom
    return None if request.resolved_at is None else "somebody who has left"
