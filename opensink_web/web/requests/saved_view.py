"""Saving the inbox's list under a name, renaming it, and giving it up."""

from uuid import UUID

from flask import Blueprint, redirect
from flask.typing import ResponseReturnValue

from opensink_web.errors import Conflict, InvalidInput
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.requests.saved_view import delete_view, rename_view, save_view
from opensink_web.web.access import requires
from opensink_web.web.requests.inbox import draw
from opensink_web.web.requests.inbox_filter import InboxFilter
from opensink_web.web.requests.view_form import ViewForm

blueprint = Blueprint("saved_view", __name__)
_VIEWS = "/w/<workspace_slug>/inbox/views"


@blueprint.post(_VIEWS)
@requires("agent_session_input_requests", Action.WRITE)
def save(principal: Principal) -> ResponseReturnValue:
    """Save the list whose filters stand in the address."""
    filters = InboxFilter.from_address(principal.workspace)
    form = ViewForm()
    try:
        with writing():
            view = save_view(
                principal.workspace, principal.user, form.name.data or "", filters.query
            )
            view_id = view.id
    except (Conflict, InvalidInput) as error:
        form.show(error)
        return draw(principal, form, 422 if isinstance(error, InvalidInput) else error.status)
    return redirect(filters.changed(saved=view_id).inbox_href(), 303)


@blueprint.post(_VIEWS + "/<uuid:view_id>")
@requires("agent_session_input_requests", Action.WRITE)
def rename(principal: Principal, view_id: UUID) -> ResponseReturnValue:
    """Give a view another name."""
    filters = InboxFilter.from_address(principal.workspace)
    form = ViewForm()
    try:
        with writing():
            rename_view(principal.workspace, principal.user, view_id, form.name.data or "")
    except InvalidInput as error:
        form.show(error)
        return draw(principal, form, 422)
    return redirect(filters.inbox_href(), 303)


@blueprint.post(_VIEWS + "/<uuid:view_id>/delete")
@requires("agent_session_input_requests", Action.WRITE)
def delete(principal: Principal, view_id: UUID) -> ResponseReturnValue:
    """Give a view up; its list stays open."""
    with writing():
        delete_view(principal.workspace, principal.user, view_id)
    filters = InboxFilter.from_address(principal.workspace)
    return redirect(filters.changed(saved=None).inbox_href(), 303)
