"""What there is for the reader alone, counted: in the tabs Mine and Unassigned, and what asks them.

A part of the inbox that asks for itself. The list of what waits is drawn for all who look at it,
and these are each reader's own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from opensink_web.models import Workspace
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.requests.asked import ASKING_COUNTED_MAX, count_asking
from opensink_web.operations.requests.listing import ListView, size_of
from opensink_web.web.access import requires
from opensink_web.web.rendering.live import UNCHANGED, is_unchanged, version_of
from opensink_web.web.requests.inbox_filter import Asks, InboxFilter

blueprint = Blueprint("inbox_counts", __name__)


@dataclass(frozen=True, slots=True)
class AskingLink:
    """The way to requests in which a comment asks the reader, and how many there are, in words."""

    text: str
    count: str
    href: str


@dataclass(frozen=True, slots=True)
class TabCounts:
    """What stands beside the names of the tabs, "" for none; `refresh_href` is asked for news.

    `asking` leads to what asks the reader in the list that is shown, and where else there is any.
    """

    mine: str
    unassigned: str
    asking: Sequence[AskingLink]
    version: str
    refresh_href: str


@blueprint.get("/w/<workspace_slug>/inbox/counts")
@requires("agent_session_input_requests", Action.READ)
def show(principal: Principal) -> ResponseReturnValue:
    """Say how much there is by now, if it is more or less than the page that asks says."""
    counts = counts_of(principal, InboxFilter.from_address(principal.workspace))
    if is_unchanged(counts.version):
        return UNCHANGED
    return render_template("inbox/_counts.html", counts=counts)


def counts_of(principal: Principal, filters: InboxFilter) -> TabCounts:
    """Count what is in the reader's own tabs, and what asks them beside the list that is shown."""
    workspace = principal.workspace
    mine = words_of_size(workspace, InboxFilter(view=ListView.MINE))
    unassigned = words_of_size(workspace, InboxFilter(view=ListView.UNASSIGNED))
    asking = [*_asking(principal, filters)]
    version = version_of(mine, unassigned, asking)
    return TabCounts(
        mine="" if mine == "0" else mine,
        unassigned="" if unassigned == "0" else unassigned,
        asking=asking,
        version=version,
        refresh_href=filters.address("inbox_counts.show", version=version),
    )


def _asking(principal: Principal, filters: InboxFilter) -> Iterator[AskingLink]:
    """Give the way within this list, unless it is taken, and those to what asks elsewhere."""
    view = filters.view
    waiting, decided = count_asking(principal.workspace, principal.user)
    here = _counted(waiting if view.is_waiting else decided)
    if here and (filters.narrows or view not in {ListView.WAITING, ListView.DECIDED}):
        # few ask anybody, so that a part of these is soon counted
        here = words_of_size(principal.workspace, filters.changed(asks=Asks.ME))
    if here not in {"", "0"} and filters.asks is None:
        yield AskingLink("Asks me", here, filters.changed(asks=Asks.ME).inbox_href())
    has_more = view is ListView.DECIDED or _counted(waiting) != here
    if waiting and view is not ListView.WAITING and has_more:
        yield _way_to(ListView.WAITING, waiting)
    if decided and view is not ListView.DECIDED:
        yield _way_to(ListView.DECIDED, decided)


def _way_to(view: ListView, count: int) -> AskingLink:
    href = InboxFilter(view=view, asks=Asks.ME).inbox_href()
    return AskingLink(f"Asks me in {view.capitalize()}", _counted(count), href)


def _counted(count: int) -> str:
    return f"{count}+" if count >= ASKING_COUNTED_MAX else str(count or "")


def words_of_size(workspace: Workspace, filters: InboxFilter) -> str:
    """Say how much is in a list, as far as it is counted."""
    count, has_more = size_of(workspace, filters.listed)
    return f"{count}+" if has_more else str(count)
