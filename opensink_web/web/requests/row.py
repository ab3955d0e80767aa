"""Deciding on a request in its row of the list, where one click is all."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.decisions.bulk import RowDecision, decide_many, undo_many
from opensink_web.operations.requests.queries import find_input_request
from opensink_web.web.access import requires, services
from opensink_web.web.requests.bulk import chosen_verdict, show_results
from opensink_web.web.requests.inbox_filter import InboxFilter
from opensink_web.web.requests.inbox_row import rows_of

blueprint = Blueprint("row", __name__)
_PAGE = "/w/<workspace_slug>/requests/<uuid:request_id>/row"


@blueprint.post(_PAGE)
@requires("agent_session_input_requests", Action.WRITE)
def decide(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Decide, and draw the row as it is now; without htmx go back to the list."""
    find_input_request(principal.workspace, request_id)
    decision = RowDecision(
        request_id,
        chosen_verdict(),
        seen=request.args.get("seen", ""),
        reason=request.form.get("reason", ""),
    )
    results = decide_many(
        principal.workspace,
        [decision],
        by=principal.user,
        hold_seconds=services().settings.undo_seconds,
    )
    if request.htmx:
        return _row(principal, request_id, results[0].refusal)
    filters = InboxFilter.from_address(principal.workspace)
    if results[0].is_decided:
        return redirect(filters.inbox_href(last=str(request_id)), 303)
    return show_results(principal, filters, results)


@blueprint.post(f"{_PAGE}/undo")
@requires("agent_session_input_requests", Action.WRITE)
def undo(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Take the decision back, and draw the row as it is now; without htmx go back to the list."""
    find_input_request(principal.workspace, request_id)
    (result,) = undo_many(principal.workspace, [request_id], by=principal.user)
    if request.htmx:
        return _row(principal, request_id, result.refusal)
    if result.refusal:
        flash(result.refusal, "warning")
    return redirect(InboxFilter.from_address(principal.workspace).inbox_href(), 303)


def _row(principal: Principal, request_id: UUID, refusal: str | None) -> str:
    filters = InboxFilter.from_address(principal.workspace)
    input_request = find_input_request(principal.workspace, request_id)
    (row,) = rows_of(principal, filters, [input_request])
    return render_template("inbox/_row_decided.html", row=row, refusal=refusal)
