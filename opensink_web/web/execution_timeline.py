"""What happened to an execution, newest first, drawn as a session's events are."""

from uuid import UUID

from flask import url_for

from opensink_web.models import Execution, ExecutionStep, StepKind, Workspace
from opensink_web.operations.disclosure import without_echoes
from opensink_web.web.timeline import Event, Link, who_answered

_WORDS = {
    StepKind.QUEUED: ("queued", "Taken on"),
    StepKind.STARTED: ("session_started", "Called"),
    StepKind.PENDING: ("pending", "Goes on by itself, and will report"),
    StepKind.PAUSED: ("input_request_created", "Asked a person"),
    StepKind.RESUMED: ("input_request_resolved", "Goes on"),
    StepKind.RECOVERED: ("recovered", "Called again, because a worker was lost"),
    StepKind.COMPLETED: ("session_ended", "Completed"),
    StepKind.FAILED: ("session_failed", "Failed"),
    StepKind.CANCELLED: ("cancelled", "Cancelled"),
    StepKind.CALLBACK_SENT: ("delivery_succeeded", "Callback sent"),
    StepKind.CALLBACK_FAILED: ("delivery_failed", "Callback failed"),
}
"""Of each kind the history macro's mark, and a title."""


def execution_events(workspace: Workspace, execution: Execution) -> list[Event]:
    """Return an execution's timeline."""
    return [_of_step(workspace, execution, step) for step in reversed(execution.steps)]


def _of_step(workspace: Workspace, execution: Execution, step: ExecutionStep) -> Event:
    mark, title = _WORDS[step.kind]
    by, text = None, without_echoes(execution, step.message)
    if step.kind is StepKind.RESUMED and text is not None and " answered “" in text:
        by, text = who_answered(text)
    return Event(
        id=step.id,
        mark=mark,
        title=title,
        moment=step.created_at,
        by=by,
        text=text,
        payload=None,
        links=_links(workspace, step),
    )


def _links(workspace: Workspace, step: ExecutionStep) -> tuple[Link, ...]:
    request_id = (step.details or {}).get("input_request_id")
    if request_id is None:
        return ()
    href = url_for("input_request.show", workspace_slug=workspace.slug, request_id=UUID(request_id))
    return (Link(href, "Request"),)
