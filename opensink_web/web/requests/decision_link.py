"""Where the buttons of messages lead: one decision, with all that it is about, asked for once more.

Following the link decides nothing, whoever or whatever follows it; the form on the page does.
"""

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from opensink_web.errors import Conflict, NotFound, OpenSinkError
from opensink_web.json_value import JSONObject
from opensink_web.models import InputRequest, InputRequestKind
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.decisions.authority import refusal_of, why_not_decided_by
from opensink_web.operations.decisions.bulk import Verdict
from opensink_web.operations.decisions.decision import NEEDS_ANSWER, decline, resolve
from opensink_web.operations.requests.answer import check_answer, check_pending
from opensink_web.operations.requests.claim import claims_of
from opensink_web.operations.requests.digest import digest_of_request
from opensink_web.operations.requests.queries import find_request_to_show
from opensink_web.operations.requests.row_text import click_of
from opensink_web.operations.requests.step import step_now
from opensink_web.operations.requests.view import note_view
from opensink_web.schema.form import AnswerForm
from opensink_web.web.access import requires, services
from opensink_web.web.requests.input_request import (
    SEEN,
    DeclineForm,
    has_hidden_text,
    message_of,
)

blueprint = Blueprint("decision_link", __name__)
_PAGE = "/w/<workspace_slug>/requests/<uuid:request_id>/decide/<verdict>"
_DECLINE = "Decline"


@blueprint.get(_PAGE)
@requires("agent_session_input_requests", Action.WRITE)
def show(principal: Principal, request_id: UUID, verdict: str) -> ResponseReturnValue:
    """Show what would be decided, and on what."""
    decision = _verdict(verdict)
    input_request = find_request_to_show(principal.workspace, request_id)
    note_view(input_request, principal.user)
    return _page(principal, input_request, decision)


@blueprint.post(_PAGE)
@requires("agent_session_input_requests", Action.WRITE)
def decide(principal: Principal, request_id: UUID, verdict: str) -> ResponseReturnValue:
    """Decide, unless something else was seen than is asked now; then show what became of it."""
    decision = _verdict(verdict)
    input_request = find_request_to_show(principal.workspace, request_id)
    form = DeclineForm()
    if decision is Verdict.DECLINE and not form.validate_on_submit():
        return _page(principal, input_request, decision, form, status=422)
    try:
        _decide(principal, input_request, decision, form)
    except OpenSinkError as error:
        now = find_request_to_show(principal.workspace, request_id)
        return _page(principal, now, decision, form, refusal=error.message, status=error.status)
    return redirect(_request_href(principal, request_id), 303)


def _decide(
    principal: Principal, input_request: InputRequest, verdict: Verdict, form: DeclineForm
) -> None:
    workspace, request_id = principal.workspace, input_request.id
    by, seen = principal.user, request.form.get(SEEN, "")
    hold_seconds = services().settings.undo_seconds
    if verdict is Verdict.DECLINE:
        reason = form.reason.data
        with writing():
            decline(workspace, request_id, reason, by=by, hold_seconds=hold_seconds, seen=seen)
        return
    _, value = _offered(input_request, verdict)
    answer = check_answer(workspace, request_id, value or {})
    with writing():
        resolve(workspace, answer, by=by, hold_seconds=hold_seconds, seen=seen)


def _offered(input_request: InputRequest, verdict: Verdict) -> tuple[str, JSONObject | None]:
    """Return the word for a decision that one click makes, and what is stored with it.

    Raises: Conflict, where a click does not do; AlreadyResolved and others where it does not wait.
    """
    check_pending(input_request)
    if verdict is Verdict.DECLINE:
        if not input_request.allow_decline:
            raise Conflict(NEEDS_ANSWER)
        return _DECLINE, None
    click = click_of(input_request)
    if click is not None and verdict is Verdict.YES:
        return click.yes_label, click.yes
    if click is not None and click.no is not None:
        return click.no_label, click.no
    raise Conflict("This asks for more than a Yes or No. Open it to answer.")


def _page(
    principal: Principal,
    input_request: InputRequest,
    verdict: Verdict,
    form: DeclineForm | None = None,
    *,
    refusal: str | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    word, value, why_not = "", None, None
    try:
        word, value = _offered(input_request, verdict)
        why_not = _forbidden(principal, input_request)
    except OpenSinkError as error:
        why_not = error.message
    proposed = value if value is not None else input_request.proposal
    page = render_template(
        "input_request/decision_link.html",
        input_request=input_request,
        message=message_of(input_request),
        has_hidden=has_hidden_text(input_request),
        is_approval=input_request.kind is InputRequestKind.APPROVAL,
        word=word,
        is_yes=verdict is Verdict.YES,
        value=value,
        shown=AnswerForm.blank(input_request.schema, proposed),
        decline=(form or DeclineForm(formdata=None)) if verdict is Verdict.DECLINE else None,
        seen=digest_of_request(input_request),
        refusal=refusal if refusal != why_not else None,
        why_not=why_not,
        request_href=_request_href(principal, input_request.id),
    )
    return page, status


def _forbidden(principal: Principal, input_request: InputRequest) -> str | None:
    """Say why the reader may not decide on a request that waits; None if they may."""
    user_id = principal.user.id
    if why_not := why_not_decided_by(input_request, step_now(input_request), user_id):
        return why_not
    claim = claims_of([input_request]).get(input_request.id)
    is_anothers = claim is not None and claim.user_id != user_id
    return refusal_of(input_request.id).message if is_anothers else None


def _verdict(text: str) -> Verdict:
    """Raises: NotFound for what no button decides."""
    if text not in {Verdict.YES, Verdict.NO, Verdict.DECLINE}:
        raise NotFound("There is nothing at this address.")
    return Verdict(text)


def _request_href(principal: Principal, request_id: UUID) -> str:
    slug = principal.workspace.slug
    href: str = url_for("input_request.show", workspace_slug=slug, request_id=request_id)
    return href
