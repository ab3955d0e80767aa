"""Sessions: the list of runs, and everything that happened in one."""

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.models import (
    AgentSession,
    Delivery,
    DeliveryStatus,
    InputRequest,
    SessionStatus,
)
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.agents.queries import SessionFilter, find_session, list_sessions
from opensink_web.operations.deliveries.queries import DeliveryFilter, list_deliveries
from opensink_web.operations.page import PageRequest
from opensink_web.operations.requests.named import newest_of_sessions
from opensink_web.operations.requests.queries import (
    InputRequestFilter,
    count_waiting_by_session,
    list_input_requests,
)
from opensink_web.web.access import requires
from opensink_web.web.deliveries.delivery_wait import Wait, wait_of
from opensink_web.web.forms.choice import agent_choice, chosen_agent
from opensink_web.web.rendering.listing import chosen_text, chosen_word, page_request, same_list
from opensink_web.web.rendering.live import UNCHANGED, is_unchanged, version_of
from opensink_web.web.rendering.timeline import NEWEST, Event, timeline_of
from opensink_web.web.rendering.words import badge

blueprint = Blueprint("agent_session", __name__)


@dataclass(frozen=True, slots=True)
class SessionPage:
    """A session as it is drawn; `is_live` while something may still happen in it.

    `failed_delivery` is the call whose failure ended the session, `held_up` one that waits longer
    than usual.
    """

    session: AgentSession
    requests: list[InputRequest]
    events: list[Event]
    failed_delivery: Delivery | None
    held_up: tuple[Delivery, Wait] | None
    may_redeliver: bool
    may_see_configuration: bool
    is_live: bool
    version: str


@blueprint.get("/w/<workspace_slug>/sessions")
@requires("agent_sessions", Action.READ)
def index(principal: Principal) -> ResponseReturnValue:
    """List the sessions, newest first, or to htmx the part that updates itself."""
    filters = SessionFilter(
        agent_id=chosen_agent(principal.workspace),
        status=chosen_word(SessionStatus, "status"),
        search=chosen_text("search") or None,
    )
    page = list_sessions(principal.workspace, filters, page_request())
    ids = [session.id for session in page.items]
    waiting = count_waiting_by_session(principal.workspace, ids)
    requests = newest_of_sessions(principal.workspace, ids)
    version = version_of(
        [(session.id, session.status, session.updated_at) for session in page.items],
        [(each.id, each.status) for each in requests.values()],
        waiting,
    )
    if is_unchanged(version):
        return UNCHANGED
    is_first_page = page_request().trail is None
    return render_template(
        "agent_session/_list.html" if request.htmx else "agent_session/index.html",
        sessions=page.items,
        requests=requests,
        waiting=waiting,
        refresh_href=same_list(version=version) if is_first_page else None,
        filters=filters,
        statuses=[(status, badge(status).text) for status in SessionStatus],
        agents=agent_choice(principal.workspace, filters.agent_id),
        next_href=same_list(trail=page.trail) if page.trail else None,
        first_href=None if is_first_page else same_list(),
    )


@blueprint.get("/w/<workspace_slug>/sessions/<uuid:session_id>")
@requires("agent_sessions", Action.READ)
def show(principal: Principal, session_id: UUID) -> ResponseReturnValue:
    """Show a session, or to htmx the part that updates itself."""
    session = find_session(principal.workspace, session_id)
    page = _page(principal, session)
    if is_unchanged(page.version):
        return UNCHANGED
    template = "agent_session/_session.html" if request.htmx else "agent_session/show.html"
    return render_template(template, page=page, session=session)


def _page(principal: Principal, session: AgentSession) -> SessionPage:
    workspace = principal.workspace
    input_requests = list_input_requests(
        workspace, InputRequestFilter(session_id=session.id), NEWEST
    )
    calls = list_deliveries(workspace, DeliveryFilter(session_id=session.id), PageRequest())
    events = timeline_of(workspace, session)
    is_calling = any(call.status is DeliveryStatus.PENDING for call in calls.items)
    failed = _failed(session, calls.items)
    held_up = _held_up(calls.items)
    return SessionPage(
        session=session,
        requests=input_requests.items,
        events=events,
        failed_delivery=failed,
        held_up=held_up,
        may_redeliver=principal.may("deliveries", Action.WRITE),
        may_see_configuration=principal.may("agent_configurations", Action.READ),
        is_live=is_calling or not session.status.has_ended,
        version=version_of(
            (session.status, session.updated_at, failed and failed.id, is_calling),
            held_up and (held_up[0].id, held_up[1]),
            [(input_request.id, input_request.status) for input_request in input_requests.items],
            [(event.id, event.what.title) for event in events],
        ),
    )


def _failed(session: AgentSession, deliveries: list[Delivery]) -> Delivery | None:
    """Return the newest failed call of a session that failed or says why, to be made again."""
    if session.status is not SessionStatus.FAILED and session.error_message is None:
        return None
    failed = (call for call in deliveries if call.status is DeliveryStatus.FAILED)
    return next(failed, None)


def _held_up(deliveries: list[Delivery]) -> tuple[Delivery, Wait] | None:
    """Return the newest call that waits longer than usual, with what it waits for."""
    waits = ((call, wait_of(call)) for call in deliveries)
    return next(((call, wait) for call, wait in waits if wait and not wait.is_usual), None)
