"""Comments on a request, written on its page; and that somebody has read where they are asked."""

from uuid import UUID

from flask import Blueprint, flash, jsonify, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.errors import Conflict, InvalidInput
from opensink_web.models import InputRequest
from opensink_web.models.transaction import Area, changed_after_commit, writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.decisions.comment import add_comment
from opensink_web.operations.requests.mention import mentionable_in, mentioned_in, see_mentions
from opensink_web.operations.requests.queries import find_input_request, find_request_to_show
from opensink_web.web.access import requires
from opensink_web.web.forms.typed import keeps_typed
from opensink_web.web.requests.input_request import page_with
from opensink_web.web.requests.request_state import state_of
from opensink_web.web.requests.thread import CommentForm

blueprint = Blueprint("comment", __name__)
_PAGE = "/w/<workspace_slug>/requests/<uuid:request_id>"
WAKE_BUTTON = "wake"


@requires("agent_session_input_requests", Action.WRITE)
def _draw_again(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Show the page with what was written, and a token of this sign-in."""
    input_request = find_request_to_show(principal.workspace, request_id)
    return _drawn(principal, input_request, CommentForm(), 400)


@blueprint.post(_PAGE + "/comments")
@keeps_typed(_draw_again)
@requires("agent_session_input_requests", Action.WRITE)
def add(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Add a comment; whatever refuses it, what was written stays on the page."""
    form = CommentForm()
    is_added = form.validate_on_submit()
    if is_added:
        try:
            with writing():
                add_comment(
                    principal.workspace,
                    request_id,
                    form.comment.data,
                    by=principal.user,
                    wakes=WAKE_BUTTON in request.form,
                )
        except (InvalidInput, Conflict) as error:
            form.show(error)
            is_added = False
    if is_added and not request.htmx:
        _tell_of_unknown(principal, form.comment.data)
        return redirect(_address(principal, request_id) + "#thread", 303)
    input_request = find_request_to_show(principal.workspace, request_id)
    if is_added:
        unknown = mentioned_in(principal.workspace, form.comment.data).unknown
        return _section(principal, input_request, CommentForm(formdata=None), unknown)
    return _drawn(principal, input_request, form, 422)


@blueprint.get(_PAGE + "/mentionable")
@requires("agent_session_input_requests", Action.WRITE)
def mentionable(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Say whom a comment can ask whose address has what was typed in it."""
    find_input_request(principal.workspace, request_id)
    typed = request.args.get("q", "")
    return jsonify(members=mentionable_in(principal.workspace, typed, but=principal.user))


@blueprint.post(_PAGE + "/mention/seen")
@requires("agent_session_input_requests", Action.READ)
def see(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Note that the reader has seen where they are asked: by a button, or once it is in sight."""
    input_request = find_input_request(principal.workspace, request_id)
    may_answer = principal.may("agent_session_input_requests", Action.WRITE)
    settles = not (may_answer and input_request.status.is_open)
    with writing():
        if see_mentions(request_id, principal.user.id, settles=settles):
            changed_after_commit(principal.workspace.id, Area.REQUESTS)
    if request.htmx:
        return "", 204
    return redirect(_address(principal, request_id), 303)


def _drawn(
    principal: Principal, input_request: InputRequest, form: CommentForm, status: int
) -> ResponseReturnValue:
    if request.htmx:
        return _section(principal, input_request, form, status=status)
    return page_with(principal, input_request, form, status)


def _section(
    principal: Principal,
    input_request: InputRequest,
    form: CommentForm,
    unknown: object = (),
    status: int = 200,
) -> ResponseReturnValue:
    """Draw the thread alone, for the page that it stands in."""
    state = state_of(principal, input_request)
    return render_template(
        "input_request/_thread.html",
        input_request=input_request,
        state=state,
        comment_form=form,
        unknown=unknown,
        is_sent=status == 200,
        here=state.place.href(input_request.id),
    ), status


def _tell_of_unknown(principal: Principal, message: str) -> None:
    unknown = mentioned_in(principal.workspace, message).unknown
    if unknown:
        flash(f"Nobody who may read this has the address {', '.join(unknown)}.", "warning")


def _address(principal: Principal, request_id: UUID) -> str:
    page = url_for(
        "input_request.show", workspace_slug=principal.workspace.slug, request_id=request_id
    )
    # where the reader came from, which is in the query
    query = request.query_string.decode()
    return f"{page}?{query}" if query else page
