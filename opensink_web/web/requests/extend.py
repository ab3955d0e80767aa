"""More time for a request, given on its page."""

from datetime import timedelta
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from opensink_web import clock
from opensink_web.errors import InvalidInput
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.decisions import expiry
from opensink_web.operations.requests.queries import find_input_request
from opensink_web.web.access import requires

blueprint = Blueprint("extend", __name__)
_STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


@blueprint.post("/w/<workspace_slug>/requests/<uuid:request_id>/extend")
@requires("agent_session_input_requests", Action.WRITE)
def extend(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Put the deadline off by an hour or a day, and show the request as before."""
    step = _STEPS.get(request.form.get("by", ""))
    if step is None:
        raise InvalidInput("A deadline is put off by an hour or by a day.")
    deadline = find_input_request(principal.workspace, request_id).expires_at or clock.now()
    try:
        # counted from now where it has passed, and nobody has come to see to it yet
        moment = max(deadline, clock.now()) + step
    except OverflowError:  # it is at the end of the year 9999
        raise InvalidInput("This deadline cannot be put off any further.") from None
    with writing():
        expiry.extend(principal.workspace, request_id, moment, by=principal.user)
    page = url_for(
        "input_request.show", workspace_slug=principal.workspace.slug, request_id=request_id
    )
    # where the reader came from, which is in the query
    query = request.query_string.decode()
    return redirect(f"{page}?{query}" if query else page, 303)
