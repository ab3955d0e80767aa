"""How much there is in the tabs Mine and Unassigned: a part of the inbox that asks for itself.

The list of what waits is drawn for all who look at it, and these two are each reader's own.
"""

from dataclasses import dataclass

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from opensink_web.models import Workspace
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.requests.listing import ListView, size_of
from opensink_web.web.access import requires
from opensink_web.web.rendering.live import UNCHANGED, is_unchanged, version_of
from opensink_web.web.requests.inbox_filter import InboxFilter

blueprint = Blueprint("inbox_counts", __name__)


@dataclass(frozen=True, slots=True)
class TabCounts:
    """What stands beside the names of the tabs, "" for none; `refresh_href` is asked for news."""

    mine: str
    unassigned: str
    version: str
    refresh_href: str


@blueprint.get("/w/<workspace_slug>/inbox/counts")
@requires("agent_session_input_requests", Action.READ)
def show(principal: Principal) -> ResponseReturnValue:
    """Say how much there is by now, if it is more or less than the page that asks says."""
    counts = counts_of(principal)
    if is_unchanged(counts.version):
        return UNCHANGED
    return render_template("inbox/_counts.html", counts=counts)


def counts_of(principal: Principal) -> TabCounts:
    """Count what is in the reader's own tabs."""
    workspace = principal.workspace
    mine = words_of_size(workspace, InboxFilter(view=ListView.MINE))
    unassigned = words_of_size(workspace, InboxFilter(view=ListView.UNASSIGNED))
    version = version_of(mine, unassigned)
    return TabCounts(
        mine="" if mine == "0" else mine,
        unassigned="" if unassigned == "0" else unassigned,
        version=version,
        refresh_href=url_for("inbox_counts.show", workspace_slug=workspace.slug, version=version),
    )


def words_of_size(workspace: Workspace, filters: InboxFilter) -> str:
    """Say how much is in a list, as far as it is counted."""
    count, has_more = size_of(workspace, filters.listed)
    return f"{count}+" if has_more else str(count)
