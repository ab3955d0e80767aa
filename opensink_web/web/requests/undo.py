"""Undoing a decision of one's own that has not taken effect yet."""

from uuid import UUID

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.errors import Conflict
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.decisions import holding
from opensink_web.web.access import requires
from opensink_web.web.rendering.toasts import refused

blueprint = Blueprint("undo", __name__)


@blueprint.post("/w/<workspace_slug>/requests/<uuid:request_id>/undo")
@requires("agent_session_input_requests", Action.WRITE)
def undo(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Take the decision back, and show the request as it waits again."""
    try:
        with writing():
            holding.undo(principal.workspace, request_id, by=principal.user)
    except Conflict as error:
        return refused(error)
    page = url_for(
        "input_request.show", workspace_slug=principal.workspace.slug, request_id=request_id
    )
    # where the reader came from, which is in the query
    query = request.query_string.decode()
    return redirect(f"{page}?{query}" if query else page, 303)
