"""What happened to an execution, newest first, drawn as a session's events are."""

from uuid import UUID

from flask import url_for

from opensink_web.models import Execution, ExecutionStep, StepKind, Workspace
from opensink_web.operations.accounts.disclosure import without_echoes
from opensink_web.web.rendering import happenings
from opensink_web.web.rendering.edits import with_edits_of
from opensink_web.web.rendering.timeline import Event, Link, who_decided


def execution_events(workspace: Workspace, execution: Execution) -> list[Event]:
    """Return an execution's timeline."""
    return [_of_step(workspace, execution, step) for step in reversed(execution.steps)]


def _of_step(workspace: Workspace, execution: Execution, step: ExecutionStep) -> Event:
    what = happenings.execution_step(step.kind)
    by, text = None, without_echoes(execution, step.message)
    if step.kind is StepKind.RESUMED and text is not None and " answered “" in text:
        by, text = who_decided(text)
        what = with_edits_of(what, step.details)
    if step.kind is StepKind.FAILED and execution.is_declined:
        what = happenings.DECLINED
    if step.kind is StepKind.FAILED and execution.is_expired:
        what = happenings.EXPIRED
    return Event(
        id=step.id,
        what=what,
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
