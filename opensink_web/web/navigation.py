"""What stands around every page: the menu, the workspace's name, how many requests wait."""

import logging
from dataclasses import dataclass
from typing import Any

from flask import g, url_for
from htmx_flask import request
from sqlalchemy.exc import SQLAlchemyError

from opensink_web.models import Workspace
from opensink_web.operations.accounts.permission import SERVICE, Action, Principal
from opensink_web.operations.accounts.permission_pattern import Reach
from opensink_web.operations.requests.queries import count_waiting
from opensink_web.web.rendering.listing import counted

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NavItem:
    """A line of the menu; `badge` is the inbox's count, None for every other line."""

    label: str
    href: str
    icon: str
    active: bool
    badge: str | None
    group: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of the menu before it is known who looks: (resource, action) guards it.

    With `least` OWN it leads to what is everybody's own.
    """

    label: str
    endpoint: str
    icon: str
    resource: str
    action: Action
    group: str = ""
    least: Reach = Reach.ALL


_ENTRIES = (
    _Entry("Inbox", "inbox.show", "inbox", "agent_session_input_requests", Action.READ),
    _Entry("Sessions", "agent_session.index", "history", "agent_sessions", Action.READ),
    _Entry("Deliveries", "delivery.index", "send", "deliveries", Action.READ),
    _Entry("Functions", "function.index", "bolt", "functions", Action.READ),
    _Entry("Executions", "execution.index", "activity", "executions", Action.READ, least=Reach.OWN),
    _Entry("Batches", "batch.index", "stack-2", "batches", Action.READ, least=Reach.OWN),
    _Entry("Agents", "agent.index", "robot", "agents", Action.WRITE, "Admin"),
    _Entry("API keys", "api_key.index", "key", "api_keys", Action.WRITE, "Admin"),
    _Entry("Members", "member.index", "user", "members", Action.WRITE, "Admin"),
    _Entry("Teams", "team.index", "users", "teams", Action.WRITE, "Admin"),
    _Entry("Roles", "role.index", "shield-lock", "roles", Action.WRITE, "Admin"),
    _Entry("Audit", "audit.index", "history", "audit", Action.READ, "Admin"),
    _Entry("Workspace", "workspace.show", "settings", "workspace", Action.WRITE, "Admin"),
)

_AREA_OF_BLUEPRINT = {
    "input_request": "inbox",
    "preview": "inbox",
    "mentions": "inbox",
    "function_test_call": "function",
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
            "pending_count": "",
            "frame": frame,
        }
    waiting = counted(_waiting(principal))
    return {
        "workspace": principal.workspace,
        "principal": principal,
        "pending_count": waiting,
        "frame": frame,
        # what is swapped stands in a page that has its menu
        "nav": [] if is_swapped() else _items(principal, waiting),
    }


def _items(principal: Principal, waiting: str) -> list[NavItem]:
    return [_item(principal, entry, waiting) for entry in _ENTRIES if _may(principal, entry)]


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
