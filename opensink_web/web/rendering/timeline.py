"""What happened in a session, newest first: its activities and every attempt at a delivery."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import url_for

from opensink_web.json_value import JSONValue
from opensink_web.models import (
    Activity,
    ActivityRecorder,
    ActivitySource,
    ActivityType,
    AgentSession,
    Delivery,
    DeliveryAttempt,
    Workspace,
    is_web_address,
)
from opensink_web.operations.agents.queries import ActivityFilter, list_activities
from opensink_web.operations.deliveries.queries import DeliveryFilter, list_deliveries
from opensink_web.operations.deliveries.record import attempts_of
from opensink_web.operations.page import LIMIT_MAX, PageRequest
from opensink_web.web.rendering import happenings
from opensink_web.web.rendering.edits import with_edits_of
from opensink_web.web.rendering.happenings import AGENTS_REPORT, SESSION_FAILED, Happening
from opensink_web.web.rendering.kind_words import attempt_trigger

NEWEST = PageRequest(limit=LIMIT_MAX)
_ABOUT_REQUESTS = {ActivityType.INPUT_REQUEST_CREATED, ActivityType.INPUT_REQUEST_RESOLVED}
_WHO_DECIDED = re.compile(r"(?P<who>\S+) (answered|declined) “(?P<title>.*)”\.\Z", re.DOTALL)
_OURS = _ABOUT_REQUESTS | {ActivityType.SESSION_STARTED, ActivityType.SESSION_ENDED}
"""What OpenSink itself writes down."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where an event leads to; `is_outside` for an address that an agent gave."""

    href: str
    text: str
    is_outside: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Of what an agent does or says `is_agents`, and what it passes for, if that is not simply a
    message of the agent's, is in `claim`.
    """

    id: UUID
    what: Happening
    moment: datetime
    by: str | None
    text: str | None
    payload: JSONValue
    links: tuple[Link, ...]
    is_agents: bool = False
    claim: str | None = None


def timeline_of(
    workspace: Workspace, session: AgentSession, newest: PageRequest = NEWEST
) -> list[Event]:
    """Return the newest activities and the attempts of as many deliveries, merged."""
    activities = list_activities(workspace, ActivityFilter(session_id=session.id), newest)
    filters = DeliveryFilter(session_id=session.id)
    deliveries = list_deliveries(workspace, filters, newest, with_attempts=True)
    events = [_of_activity(workspace, session, one) for one in activities.items]
    for delivery in deliveries.items:
        events += [_of_attempt(workspace, delivery, one) for one in attempts_of(delivery)]
    return sorted(events, key=lambda event: (event.moment, event.id), reverse=True)


def _of_activity(workspace: Workspace, session: AgentSession, activity: Activity) -> Event:
    if activity.recorded_by is ActivityRecorder.AGENT:
        return _of_report(session, activity)
    has_failed = bool(_failed_delivery_id(activity))
    is_agents = activity.source is ActivitySource.AGENT
    what = SESSION_FAILED if has_failed else happenings.activity(activity.type)
    by, text = session.agent.name if is_agents else None, activity.message
    if activity.type is ActivityType.INPUT_REQUEST_RESOLVED and text is not None:
        by, text = who_decided(text)
        what = with_edits_of(_decision_in(activity.payload), activity.payload)
    if activity.type is ActivityType.INPUT_REQUEST_CREATED and activity.payload is not None:
        what = _asking_in(activity.payload)
    if _is_comment(activity):
        what = happenings.COMMENT
    if activity.type is ActivityType.SESSION_STARTED:
        text = None  # its title says the same
    return Event(
        id=activity.id,
        what=what,
        moment=activity.created_at,
        by=by,
        text=text,
        payload=None,  # it only repeats what the text says
        links=tuple(_own_links(workspace, activity)),
        is_agents=is_agents,
    )


def _of_report(session: AgentSession, activity: Activity) -> Event:
    """Draw what was posted as the agent's word, whatever type and source it was posted with."""
    is_plain = activity.source is ActivitySource.AGENT and activity.type not in _OURS
    return Event(
        id=activity.id,
        what=happenings.activity(activity.type) if is_plain else AGENTS_REPORT,
        moment=activity.created_at,
        by=session.agent.name,
        text=activity.message,
        payload=activity.payload,
        links=tuple(_given_links(activity)),
        is_agents=True,
        claim=None if is_plain else f"{activity.type}, {activity.source}",
    )


def _is_comment(activity: Activity) -> bool:
    """Return True if this says that somebody has commented on a request."""
    payload = activity.payload
    is_message = activity.type is ActivityType.MESSAGE
    return is_message and isinstance(payload, dict) and "comment_id" in payload


def _asking_in(payload: JSONValue) -> Happening:
    revision = payload.get("revision") if isinstance(payload, dict) else None
    if isinstance(revision, int):
        return happenings.asked_again(revision)
    return happenings.activity(ActivityType.INPUT_REQUEST_CREATED)


def _decision_in(payload: JSONValue) -> Happening:
    outcome = payload.get("outcome") if isinstance(payload, dict) else None
    match outcome:
        case "declined":
            return happenings.DECLINED
        case "expired":
            return happenings.EXPIRED
        case "cancelled":
            return Happening("Cancelled", "ban")
        case _:
            return happenings.activity(ActivityType.INPUT_REQUEST_RESOLVED)


def who_decided(message: str) -> tuple[str | None, str]:
    """Return who decided and the title, out of `email answered “title”.`

    The title is the agent's, and could go on like a second sentence of ours. What says something
    else is returned as it is, and nobody.
    """
    match = _WHO_DECIDED.match(message)
    return (None, message) if match is None else (match["who"], match["title"])


def _own_links(workspace: Workspace, activity: Activity) -> list[Link]:
    slug = workspace.slug
    failed_id = _failed_delivery_id(activity)
    if failed_id:
        href = url_for("delivery.show", workspace_slug=slug, delivery_id=failed_id)
        return [Link(href, "Delivery")]
    request_id = _as_id(activity.related_entity_id)
    if request_id and (activity.type in _ABOUT_REQUESTS or _is_comment(activity)):
        href = url_for("input_request.show", workspace_slug=slug, request_id=request_id)
        return [Link(href, "Request")]
    return []


def _failed_delivery_id(activity: Activity) -> UUID | None:
    """Return the call that ended the session by failing, if this says so."""
    if activity.type is not ActivityType.SESSION_ENDED:
        return None
    return _as_id(activity.related_entity_id)


def _given_links(activity: Activity) -> list[Link]:
    """Return the links an agent gave that lead to the web: others could run a script."""
    links = [(str(link.get("href", "")), str(link.get("text", ""))) for link in activity.links]
    return [Link(href, text or href, True) for href, text in links if is_web_address(href)]


def _as_id(text: str | None) -> UUID | None:
    """Return the id in what an agent may have written as it liked."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _of_attempt(workspace: Workspace, delivery: Delivery, attempt: DeliveryAttempt) -> Event:
    href = url_for("delivery.show", workspace_slug=workspace.slug, delivery_id=delivery.id)
    return Event(
        id=attempt.id,
        what=happenings.attempt(attempt),
        # where the call began: what the agent did because of it came after
        moment=attempt.created_at,
        by=attempt_trigger(attempt.trigger),
        text=attempt.error_message,
        payload=None,
        links=(Link(href, "Delivery"),),
    )
