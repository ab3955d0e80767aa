"""What stands around every page: the menu, the workspace's name, how many requests wait.

A page of its own area has a line in _MENU. What an admin sets has one in _SETTINGS: all of these
stand behind the menu's line Settings, and beside each of their pages.
"""

import logging
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass
from typing import Any

from flask import current_app, g, url_for
from htmx_flask import request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from opensink_web.models import Workspace
from opensink_web.operations.accounts.permission import SERVICE, Action, Principal
from opensink_web.operations.accounts.permission_pattern import Reach
from opensink_web.operations.requests.queries import count_waiting
from opensink_web.web.rendering.listing import counted

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NavItem:
    """A line of a menu; `badge` is the inbox's count, None for every other line."""

    label: str
    href: str
    icon: str
    active: bool
    badge: str | None
    group: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of a menu before it is known who looks: (resource, action) guards it.

    With `least` OWN it leads to what is everybody's own.
    """

    label: str
    endpoint: str
    resource: str
    action: Action
    _: KW_ONLY
    icon: str = ""
    group: str = ""
    least: Reach = Reach.ALL


_MENU = (
    _Entry("Inbox", "inbox.show", "agent_session_input_requests", Action.READ, icon="inbox"),
    _Entry("Sessions", "agent_session.index", "agent_sessions", Action.READ, icon="history"),
    _Entry("Deliveries", "delivery.index", "deliveries", Action.READ, icon="send"),
    _Entry("Functions", "function.index", "functions", Action.READ, icon="bolt"),
    _Entry(
        "Executions",
        "execution.index",
        "executions",
        Action.READ,
        icon="activity",
        least=Reach.OWN,
    ),
    _Entry("Batches", "batch.index", "batches", Action.READ, icon="stack-2", least=Reach.OWN),
    _Entry("Jobs", "job.index", "background_jobs", Action.READ, icon="clock"),
    _Entry("Sinks", "sink.index", "sinks", Action.READ, icon="database"),
    _Entry("Insights", "insights.show", "insights", Action.READ, icon="chart-bar"),
    _Entry("Agents", "agent.index", "agents", Action.WRITE, icon="robot"),
    _Entry(
        "Notifications",
        "notification.index",
        "notifications",
        Action.WRITE,
        icon="bell",
    ),
)

_SETTINGS = (
    _Entry("Overview", "settings.show", "workspace", Action.READ),
    _Entry("Workspace", "workspace.show", "workspace", Action.WRITE),
    _Entry("Members", "member.index", "members", Action.WRITE, group="People"),
    _Entry("Teams", "team.index", "teams", Action.WRITE, group="People"),
    _Entry("Roles", "role.index", "roles", Action.WRITE, group="People"),
    _Entry("Sign-ins", "member_sign_in.index", "members", Action.WRITE, group="People"),
    _Entry("Rules", "policy.index", "policies", Action.WRITE, group="Deciding"),
    _Entry("Escalation", "escalation.index", "escalation_chains", Action.WRITE, group="Deciding"),
    _Entry(
        "Standing approvals",
        "standing_approval.index",
        "standing_approvals",
        Action.WRITE,
        group="Deciding",
    ),
    _Entry("API keys", "api_key.index", "api_keys", Action.WRITE, group="Programs"),
    _Entry("Retention", "retention.show", "workspace", Action.WRITE, group="Records"),
    _Entry("Audit", "audit.index", "audit", Action.READ, group="Records"),
)
"""The lines of Settings; those of one group stand together."""

_AREA_OF_BLUEPRINT = {
    "input_request": "inbox",
    "preview": "inbox",
    "allow_again": "inbox",
    "function_test_call": "function",
    "configuration": "agent",
    "configuration_version": "agent",
    "configuration_variant": "agent",
    "sink_item": "sink",
    "absence": "member",
    "deactivation": "member",
    "device": "notification",
    "notification_channel": "notification",
    "notification_rule": "notification",
    "notification_message": "notification",
}
"""Pages that stand under another area's line of the menu."""


def around_page() -> dict[str, Any]:
    """Return the variables of base.html; empty ones outside a workspace."""
    principal: Principal | None = g.get("principal")
    frame = "swap.html" if is_swapped() else "base.html"
    if principal is None:
        return {
            "workspace": None,
            "principal": None,
            "nav": [],
            "settings_nav": [],
            "pending_count": "",
            "frame": frame,
        }
    waiting = counted(_waiting(principal))
    # what is swapped stands in a page that has its menu
    nav, settings_nav = ([], []) if is_swapped() else _menus(principal, waiting)
    return {
        "workspace": principal.workspace,
        "principal": principal,
        "pending_count": waiting,
        "frame": frame,
        "nav": nav,
        "settings_nav": settings_nav,
    }


def _menus(principal: Principal, waiting: str) -> tuple[list[NavItem], list[NavItem]]:
    """Return the menu, and that of Settings on the pages of Settings."""
    menu = [_item(principal, each, waiting) for each in _MENU if _may(principal, each)]
    settings = [_item(principal, each, waiting) for each in _SETTINGS if _may(principal, each)]
    is_there = any(each.active for each in settings)
    if settings:
        # whoever may see some of it is led to the first of that
        first = settings[0].href
        menu.append(NavItem("Settings", first, "settings", is_there, None, ""))
    return menu, settings if is_there else []


def is_swapped() -> bool:
    """Return True if the page that is asked for goes into #main of the one that is there."""
    return bool(request.htmx) and request.htmx.target == "main"


def _may(principal: Principal, entry: _Entry) -> bool:
    reach = principal.reach(f"{SERVICE}.{entry.resource}.{entry.action}")
    return reach in {entry.least, Reach.ALL}


def _item(principal: Principal, entry: _Entry, waiting: str) -> NavItem:
    area = entry.endpoint.partition(".")[0]
    return NavItem(
        label=entry.label,
        href=url_for(entry.endpoint, workspace_slug=principal.workspace.slug),
        icon=entry.icon,
        active=_AREA_OF_BLUEPRINT.get(request.blueprint or "", request.blueprint) == area,
        badge=waiting if area == "inbox" else None,
        group=entry.group,
    )


def same_page_in(principal: Principal, path: str) -> str:
    """Return where a workspace has the kind of page that is at a path of another; else its inbox.

    That is the page behind the line of the menu: what there is of a kind is in one workspace alone.
    """
    with suppress(HTTPException):
        adapter = current_app.create_url_adapter(request)
        endpoint, _ = adapter.match(path, method="GET") if adapter else ("", {})
        blueprint = endpoint.partition(".")[0]
        area = _AREA_OF_BLUEPRINT.get(blueprint, blueprint)
        for entry in (*_MENU, *_SETTINGS):
            if entry.endpoint.partition(".")[0] == area and _may(principal, entry):
                return url_for(entry.endpoint, workspace_slug=principal.workspace.slug)
    return url_for("inbox.show", workspace_slug=principal.workspace.slug)


def waiting_once(workspace: Workspace) -> int:
    """Count what waits for a page that needs it itself; the menu around it shows the same."""
    g.waiting = count_waiting(workspace)
    count: int = g.waiting
    return count


def _waiting(principal: Principal) -> int:
    known: int | None = g.pop("waiting", None)
    if known is not None:
        return known
    try:
        return count_waiting(principal.workspace)
    except SQLAlchemyError:
        # an error page must come out even when it is the database that failed
        _log.exception("Cannot count what waits")
        return 0
