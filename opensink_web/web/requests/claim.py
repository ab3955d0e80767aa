"""Taking a request on, and letting it go: on its page, and in its row of the list."""

from uuid import UUID

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.errors import InvalidInput, OpenSinkError
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.decisions import claim as claims
from opensink_web.operations.requests.queries import find_input_request, find_request_to_show
from opensink_web.web.access import requires, services
from opensink_web.web.rendering.toasts import refused
from opensink_web.web.requests.inbox_filter import InboxFilter
from opensink_web.web.requests.inbox_row import rows_of
from opensink_web.web.requests.place import here
from opensink_web.web.requests.request_state import state_of

blueprint = Blueprint("claim", __name__)
_PAGE = "/w/<workspace_slug>/requests/<uuid:request_id>"


@blueprint.post(f"{_PAGE}/claim")
@requires("agent_session_input_requests", Action.WRITE)
def claim(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Take a request on, over from whoever has it where the reader was asked that."""
    find_input_request(principal.workspace, request_id)
    try:
        with writing():
            claims.claim(
                principal.workspace,
                request_id,
                by=principal.user,
                minutes=services().settings.claim_minutes,
                instead_of=_instead_of(),
            )
    except OpenSinkError as error:
        return refused(error)
    return _who(principal, request_id)


@blueprint.post(f"{_PAGE}/release")
@requires("agent_session_input_requests", Action.WRITE)
def release(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Let a request go that the reader has."""
    try:
        with writing():
            claims.release(principal.workspace, request_id, by=principal.user)
    except OpenSinkError as error:
        return refused(error)
    return _who(principal, request_id)


@blueprint.post(f"{_PAGE}/row/claim")
@requires("agent_session_input_requests", Action.WRITE)
def claim_row(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Take a request on or let it go, and draw its row as it is now, with why where it was not."""
    find_input_request(principal.workspace, request_id)
    refusal = None
    try:
        with writing():
            claims.claim_or_release(
                principal.workspace,
                request_id,
                by=principal.user,
                minutes=services().settings.claim_minutes,
            )
    except OpenSinkError as error:
        refusal = error.message
    filters = InboxFilter.from_address(principal.workspace)
    if not request.htmx:
        return redirect(filters.inbox_href(), 303)
    input_request = find_input_request(principal.workspace, request_id)
    (row,) = rows_of(principal, filters, [input_request])
    return render_template("inbox/_row_decided.html", row=row, refusal=refusal)


def _who(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Show the page as it is now; to htmx the parts that say who has it."""
    if not request.htmx:
        return redirect(here(principal.workspace, request_id), 303)
    input_request = find_request_to_show(principal.workspace, request_id)
    return render_template(
        "input_request/_claimed.html",
        input_request=input_request,
        state=state_of(principal, input_request),
        may_assign=True,
    )


def _instead_of() -> UUID | None:
    text = request.form.get("instead_of")
    try:
        return UUID(text) if text else None
    except ValueError:
        raise InvalidInput("This is nobody from whom a request can be taken over.") from None
