"""Saying whose a request is: on its page, and of many that were chosen in a list."""

from collections.abc import Sequence
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.errors import InvalidInput, OpenSinkError
from opensink_web.models import InputRequest
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.decisions import assignment
from opensink_web.operations.decisions.bulk import assign_many
from opensink_web.operations.decisions.queries import RowResult
from opensink_web.operations.requests.assignment import Assignee, those_there
from opensink_web.operations.requests.queries import find_input_request, find_request_to_show
from opensink_web.web.access import requires
from opensink_web.web.rendering.toasts import refused
from opensink_web.web.requests.bulk import CHOSEN, choose_again
from opensink_web.web.requests.inbox_filter import InboxFilter
from opensink_web.web.requests.input_request import DeclineForm
from opensink_web.web.requests.place import here
from opensink_web.web.requests.request_state import state_of
from opensink_web.web.requests.row_choice import Mark

blueprint = Blueprint("assignment", __name__)


class How(StrEnum):
    """What is done: INSTEAD of whoever has it, to them ALSO, to ME also, or taken OFF somebody."""

    INSTEAD = "instead"
    ALSO = "also"
    ME = "me"
    HAND_ON = "hand_on"
    OFF = "off"


@blueprint.post("/w/<workspace_slug>/requests/<uuid:request_id>/assign")
@requires("agent_session_input_requests", Action.WRITE)
def assign(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Give a request to somebody, or take it off them, and show the page as it is now."""
    find_input_request(principal.workspace, request_id)
    try:
        how, whom = _how(), _whom(principal)
        with writing():
            _change(principal, request_id, how, whom)
    except OpenSinkError as error:
        return refused(error)
    if not request.htmx:
        return redirect(here(principal.workspace, request_id), 303)
    input_request = find_request_to_show(principal.workspace, request_id)
    return render_template(
        "input_request/_who.html",
        input_request=input_request,
        state=state_of(principal, input_request),
        may_assign=True,
    )


@blueprint.post("/w/<workspace_slug>/inbox/bulk/assign")
@requires("agent_session_input_requests", Action.WRITE)
def assign_chosen(principal: Principal) -> ResponseReturnValue:
    """Give all that were chosen to somebody, and go back to the list, which says how that went."""
    filters = InboxFilter.from_address(principal.workspace)
    marks = list(map(Mark.from_text, request.form.getlist(CHOSEN)))
    try:
        whom = _whom(principal)
        ids = [each.request_id for each in marks]
        results = assign_many(principal.workspace, ids, [whom], by=principal.user)
    except InvalidInput as error:
        return choose_again(principal, filters, marks, DeclineForm(), error=error.message)
    flash(*_words(results, request.form.get("to", "").strip()))
    return redirect(filters.inbox_href(), 303)


def _change(principal: Principal, request_id: UUID, how: How, whom: Assignee) -> InputRequest:
    workspace, by = principal.workspace, principal.user
    match how:
        case How.INSTEAD:
            return assignment.assign(workspace, request_id, [whom], by=by)
        case How.ALSO | How.ME:
            return assignment.assign(workspace, request_id, [whom], by=by, keeps_others=True)
        case How.HAND_ON:
            return assignment.delegate(workspace, request_id, whom, by=by)
        case How.OFF:
            return assignment.unassign(workspace, request_id, [whom], by=by)
        case _:
            assert_never(how)


def _how() -> How:
    try:
        return How(request.form.get("how", How.INSTEAD))
    except ValueError:
        raise InvalidInput("This is no way to assign a request.") from None


def _whom(principal: Principal) -> Assignee:
    """Return who was chosen, by a button or in words. Raises: InvalidInput."""
    for name in ("user", "team"):
        if name in request.form:
            return Assignee(**{f"{name}_id": _id(request.form[name])})
    if request.form.get("how") == How.ME:
        return Assignee(user_id=principal.user.id)
    words = request.form.get("to", "").strip()
    if not words:
        raise InvalidInput("Say to whom: a member's e-mail address, or the name of a team.")
    for name in ("team", "user"):
        assignees, _ = those_there(principal.workspace.id, [{name: words}])
        if assignees:
            return assignees[0]
    raise InvalidInput(f"There is no active member and no team “{words}”.")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput("This is nobody that a request can be assigned to.") from None


def _words(results: Sequence[RowResult], whom: str) -> tuple[str, str]:
    """Say how it went, and how that is drawn."""
    done = sum(each.is_decided for each in results)
    words = f"{done} requests are" if done != 1 else "1 request is"
    said = f"{words} assigned to {whom}."
    late = [each.refusal for each in results if each.refusal]
    if not late:
        return said, "success"
    others = "1 is not" if len(late) == 1 else f"{len(late)} are not"
    return f"{said} {others}: {late[0]}", "warning"
