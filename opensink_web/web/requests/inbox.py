"""The inbox: what waits for a person, in the order they chose, and what has been decided."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from flask import Blueprint, Request, Response, g, redirect, render_template
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.contract.live import live
from opensink_web.contract.public_address import public_root
from opensink_web.models import InputRequest, Workspace
from opensink_web.models.transaction import Area
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.accounts.permission_pattern import Pattern
from opensink_web.operations.accounts.recognition import Recognized
from opensink_web.operations.page import COUNTED_MAX, Page
from opensink_web.operations.requests.asked import asked_in
from opensink_web.operations.requests.facets import GroupBy
from opensink_web.operations.requests.facets import groups as groups_of
from opensink_web.operations.requests.listing import ListView, count_listed, list_page
from opensink_web.operations.requests.queries import has_requests
from opensink_web.operations.requests.saved_view import views_of
from opensink_web.web.access import requires
from opensink_web.web.navigation import waiting_once
from opensink_web.web.rendering.listing import chosen_id, chosen_text, page_request
from opensink_web.web.rendering.live import UNCHANGED, is_unchanged, version_of
from opensink_web.web.requests.assignable import Assignable, assignable_in
from opensink_web.web.requests.inbox_counts import counts_of, words_of_size
from opensink_web.web.requests.inbox_filter import Asks, InboxFilter
from opensink_web.web.requests.inbox_group import GroupRow, group_row
from opensink_web.web.requests.inbox_menu import InboxMenus, menus_of
from opensink_web.web.requests.inbox_row import Row, rows_of
from opensink_web.web.requests.input_request import DeclineForm
from opensink_web.web.requests.last_decision import around, last_decision_of
from opensink_web.web.requests.place import last_decided_id
from opensink_web.web.requests.view_form import ViewForm

blueprint = Blueprint("inbox", __name__)
_IS_READERS_OWN = "is_readers_own"
_ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Inbox:
    """One page of the list as it is drawn.

    `next_href` leads to the rows that follow, `first_href` back to the first; `refresh_href` is
    asked for news and is None below the first page, where nothing arrives. `arrivals` came since
    the page that asks was drawn. A list that is put together has `groups` in place of `rows`. The
    `menus` are not drawn anew with the list. `in_no_group` are left over.
    `decline` is there where rows can be decided, and `assignable` says to whom they can be given.
    `size` says how much the list has; "" of all that waits, which every page tells.
    """

    filters: InboxFilter
    menus: InboxMenus | None
    rows: list[Row]
    groups: list[GroupRow]
    arrivals: list[InputRequest]
    next_href: str | None
    first_href: str | None
    refresh_href: str | None
    decline: DeclineForm | None = None
    assignable: Assignable | None = None
    in_no_group: int = 0
    size: str = ""


@blueprint.get("/w/<workspace_slug>/inbox")
@requires("agent_session_input_requests", Action.READ)
def show(principal: Principal) -> ResponseReturnValue:
    """Show the list, or to htmx the part of it that updates itself."""
    filters = InboxFilter.from_address(principal.workspace)
    is_news = request.htmx and "version" in request.args
    if not is_news or filters.view is not ListView.WAITING or filters.asks or _is_asked(principal):
        return draw(principal)
    # what is new is the same for all who may do the same, and fifty of them ask at once
    what = _of_all(request, principal.patterns)
    workspace_id = principal.workspace.id
    drawn = live().shared(workspace_id, Area.REQUESTS, what, lambda: _draw_for_all(principal))
    return drawn or draw(principal)


@blueprint.get("/w/<workspace_slug>/inbox/mentions")
@requires("agent_session_input_requests", Action.READ)
def mentions(principal: Principal) -> ResponseReturnValue:
    """Lead on whoever kept the address of a page that was here."""
    _ = principal
    return redirect(InboxFilter(asks=Asks.ME).inbox_href(), 301)


def _is_asked(principal: Principal) -> bool:
    """Return True if rows ask the reader, and say so to nobody else."""
    workspace = principal.workspace
    user_ids = live().shared(workspace.id, Area.REQUESTS, _ASKED, lambda: asked_in(workspace))
    return principal.user.id in user_ids


def known(request: Request, member: Recognized) -> Response | None:
    """Return the list as it was drawn for whoever may do the same; None if it was not."""
    user_ids = live().look_up(member.workspace_id, Area.REQUESTS, _ASKED)
    if user_ids is None or member.user_id in user_ids:
        return None
    what = _of_all(request, member.patterns)
    drawn = live().look_up(member.workspace_id, Area.REQUESTS, what)
    return None if drawn is None else Response(*drawn)


def _of_all(request: Request, patterns: frozenset[Pattern]) -> Hashable:
    return patterns, request.script_root, request.query_string


def _draw_for_all(principal: Principal) -> ResponseReturnValue | None:
    drawn = draw(principal)
    # a form that somebody is to send is theirs, and so is what they alone may not decide
    return None if "masked_token" in g or _IS_READERS_OWN in g else drawn


def draw(
    principal: Principal, form: ViewForm | None = None, status: int = 200
) -> ResponseReturnValue:
    """Draw the list; with the form in which it is to be saved, as somebody sent it."""
    workspace = principal.workspace
    filters = InboxFilter.from_address(workspace)
    if filters.group is not None:
        return _show_groups(principal, filters, filters.group, form, status)
    page = list_page(workspace, filters.listed, page_request())
    rows = rows_of(principal, filters, page.items)
    version = version_of(
        waiting_once(workspace),
        [
            (
                *(each.id, each.status, each.decided, each.whose, each.claimed_by),
                *(each.tally, each.is_forbidden, each.step, each.asks_reader),
                each.input_request.comments_count,
            )
            for each in rows
        ],
    )
    if any(each.differs_by_reader for each in rows):
        setattr(g, _IS_READERS_OWN, True)
    if is_unchanged(version):
        return UNCHANGED
    inbox = _inbox(principal, filters, page, rows, version)
    return _drawn(principal, inbox, form, status)


def _show_groups(
    principal: Principal, filters: InboxFilter, by: GroupBy, form: ViewForm | None, status: int
) -> ResponseReturnValue:
    """Show of what groups a list is made up; each leads to its requests."""
    after = chosen_text("after") if by is GroupBy.KEY else chosen_id("after")
    groups, has_more = groups_of(principal.workspace, filters.listed, by, after or None)
    may_decide = principal.may("agent_session_input_requests", Action.WRITE)
    rows = [group_row(filters, by, each, may_decide=may_decide) for each in groups]
    version = version_of(waiting_once(principal.workspace), rows)
    if is_unchanged(version):
        return UNCHANGED
    has_all = not (has_more or after or any(each.has_more for each in groups))
    listed = count_listed(principal.workspace, filters.listed) if has_all else 0
    in_no_group = listed - sum(each.count for each in groups) if listed < COUNTED_MAX else 0
    following = filters.inbox_href(after=str(groups[-1].value)) if has_more else None
    inbox = Inbox(
        filters=filters,
        menus=None if request.htmx else menus_of(principal.workspace, filters),
        rows=[],
        groups=rows,
        arrivals=[],
        next_href=following,
        first_href=filters.inbox_href() if after else None,
        refresh_href=None if after else filters.inbox_href(version=version),
        in_no_group=max(in_no_group, 0),
        size=_size(principal.workspace, filters, None),
    )
    return _drawn(principal, inbox, form, status)


def _drawn(
    principal: Principal, inbox: Inbox, form: ViewForm | None, status: int
) -> ResponseReturnValue:
    template = "inbox/_list.html" if request.htmx else "inbox/show.html"
    return render_template(
        template,
        inbox=inbox,
        may_connect=principal.may("agents", Action.WRITE) and not has_requests(principal.workspace),
        base_url=public_root(),
        **around(last_decision_of(principal, last_decided_id()), inbox.filters),
        views=views_of(principal.workspace, principal.user),
        view_form=form or ViewForm(),
        counts=None if request.htmx else counts_of(principal, inbox.filters),
        may_save=principal.may("agent_session_input_requests", Action.WRITE),
    ), status


def _inbox(
    principal: Principal,
    filters: InboxFilter,
    page: Page[InputRequest],
    rows: list[Row],
    version: str,
) -> Inbox:
    workspace, is_first_page = principal.workspace, page_request().trail is None
    newest = max((str(each.id) for each in page.items), default="none")
    refresh_href = filters.inbox_href(version=version, since=newest)
    whole = page.items if is_first_page and page.trail is None else None
    may_decide = any(each.choice for each in rows)
    return Inbox(
        filters=filters,
        menus=None if request.htmx else menus_of(workspace, filters, whole),
        rows=rows,
        groups=[],
        arrivals=_arrivals(filters.view, page.items),
        next_href=filters.inbox_href(trail=page.trail) if page.trail else None,
        first_href=None if is_first_page else filters.inbox_href(),
        refresh_href=refresh_href if is_first_page else None,
        decline=DeclineForm() if may_decide else None,
        assignable=assignable_in(workspace) if may_decide and not request.htmx else None,
        size=_size(workspace, filters, whole),
    )


def _size(workspace: Workspace, filters: InboxFilter, whole: Sequence[InputRequest] | None) -> str:
    """Say how much is in a list, of which `whole` is all if that is known."""
    if filters.view is ListView.WAITING and not filters.narrows:
        return ""
    if whole is not None:
        return str(len(whole))
    return words_of_size(workspace, filters)


def _arrivals(view: ListView, requests: list[InputRequest]) -> list[InputRequest]:
    """Return what is newer than the newest request that the asking page shows."""
    since = request.args.get("since")
    if since is None or not view.is_waiting:
        return []
    newest = chosen_id("since") if since != "none" else None
    return [each for each in requests if newest is None or each.id > newest]
