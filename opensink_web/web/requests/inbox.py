"""The inbox: what waits for a person, newest first, and what has been decided."""

from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.contract.public_address import public_root
from opensink_web.errors import UnreadableSecret
from opensink_web.models import InputRequest, InputRequestKind, Workspace
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.page import Page
from opensink_web.operations.requests.queries import (
    InputRequestFilter,
    count_waiting,
    has_requests,
    list_input_requests,
)
from opensink_web.web.access import requires
from opensink_web.web.forms.choice import Choice, agent_choice, chosen_agent
from opensink_web.web.rendering.listing import chosen_id, chosen_word, page_request, same_list
from opensink_web.web.rendering.live import UNCHANGED, is_unchanged, version_of
from opensink_web.web.requests.decided import Decided, decided_of
from opensink_web.web.requests.stored_answer import preview_of

blueprint = Blueprint("inbox", __name__)


class View(StrEnum):
    """The tabs."""

    WAITING = "waiting"
    DECIDED = "decided"


@dataclass(frozen=True, slots=True)
class Inbox:
    """One page of the list as it is drawn.

    `previews` say with which input calls are made that wait for approval, or were approved, and
    `decided` what was decided of those that do not wait, and what came of it.
    `next_href` leads to older requests; `refresh_href` is asked for news and is None below the
    first page, where nothing arrives. `arrivals` came since the page that asks was drawn.
    """

    view: View
    agent_id: UUID | None
    agents: Choice
    requests: list[InputRequest]
    previews: dict[UUID, str]
    decided: dict[UUID, Decided]
    arrivals: list[InputRequest]
    next_href: str | None
    refresh_href: str | None


@blueprint.get("/w/<workspace_slug>/inbox")
@requires("agent_session_input_requests", Action.READ)
def show(principal: Principal) -> ResponseReturnValue:
    """Show the list, or to htmx the part of it that updates itself."""
    view = chosen_word(View, "view") or View.WAITING
    workspace = principal.workspace
    filters = InputRequestFilter(agent_id=chosen_agent(workspace), is_pending=view is View.WAITING)
    page = list_input_requests(workspace, filters, page_request())
    rows = [(each.id, each.status, each.resolved_at) for each in page.items]
    decided = decided_of(principal, page.items)
    version = version_of(count_waiting(workspace), rows, decided)
    if is_unchanged(version):
        return UNCHANGED
    inbox = _inbox(workspace, view, page, decided, version)
    template = "inbox/_list.html" if request.htmx else "inbox/show.html"
    return render_template(
        template,
        inbox=inbox,
        # how to begin is for those who have not
        may_connect=principal.may("agents", Action.WRITE) and not has_requests(workspace),
        base_url=public_root(),
    )


def _inbox(
    workspace: Workspace,
    view: View,
    page: Page[InputRequest],
    decided: dict[UUID, Decided],
    version: str,
) -> Inbox:
    is_first_page = page_request().trail is None
    agent_id = chosen_agent(workspace)
    newest = str(page.items[0].id) if page.items else "none"
    return Inbox(
        view=view,
        agent_id=agent_id,
        agents=agent_choice(workspace, agent_id),
        requests=page.items,
        previews=_previews(page.items),
        decided=decided,
        arrivals=_arrivals(view, page.items),
        next_href=same_list(trail=page.trail) if page.trail else None,
        refresh_href=same_list(version=version, since=newest) if is_first_page else None,
    )


def _previews(requests: list[InputRequest]) -> dict[UUID, str]:
    previews = {}
    for input_request in requests:
        if input_request.kind is InputRequestKind.APPROVAL:
            with suppress(UnreadableSecret):
                shown = input_request.response or input_request.proposed_response or {}
                previews[input_request.id] = preview_of(input_request.schema, shown)
    return previews


def _arrivals(view: View, requests: list[InputRequest]) -> list[InputRequest]:
    """Return what is newer than the newest request that the asking page shows."""
    since = request.args.get("since")
    if since is None or view is not View.WAITING:
        return []
    newest = chosen_id("since") if since != "none" else None
    return [each for each in requests if newest is None or each.id > newest]
