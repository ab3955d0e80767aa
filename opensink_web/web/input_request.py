"""One request: what is asked, the form made from its schema, and what became of the answer."""

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.errors import InvalidResponse, OpenSinkError
from opensink_web.json_value import JSONObject
from opensink_web.models import InputRequest, InputRequestStatus
from opensink_web.models.transaction import writing
from opensink_web.operations.input_request import find_input_request, resolve
from opensink_web.operations.permission import Action, Principal
from opensink_web.schema.form import AnswerForm
from opensink_web.web.access import keeps_typed, requires
from opensink_web.web.live import UNCHANGED, is_unchanged
from opensink_web.web.progress import Progress, progress_of
from opensink_web.web.stored_answer import StoredAnswer, stored_answer
from opensink_web.web.timeline import Event, timeline_of

blueprint = Blueprint("input_request", __name__)
_PAGE = "/w/<workspace_slug>/requests/<uuid:request_id>"
_EVENTS_SHOWN = 8
_SIGNED_IN_ANEW = (
    "You have signed in anew since this page was opened. Look through your answer and send it."
)


@dataclass(frozen=True, slots=True)
class RequestPage:
    """A request as it is drawn.

    `form` is there to fill in while the request waits, `unsent` is what somebody entered too late,
    `refusal` says why an answer was not stored.
    """

    asked: InputRequest
    progress: Progress
    events: list[Event]
    form: AnswerForm | None
    unsent: AnswerForm | None
    answer: StoredAnswer | None
    refusal: str | None
    may_answer: bool


@blueprint.get(_PAGE)
@requires("agent_session_input_requests", Action.READ)
def show(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Show a request, its form filled with what the schema proposes."""
    asked = find_input_request(principal.workspace, request_id)
    form = AnswerForm.blank(asked.schema) if _is_pending(asked) else None
    return _page(principal, asked, form)


@blueprint.get(_PAGE + "/progress")
@requires("agent_session_input_requests", Action.READ)
def progress(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Show what became of a request, for the page that watches it; `form` says that it has one."""
    asked = find_input_request(principal.workspace, request_id)
    seen = progress_of(principal, asked)
    if is_unchanged(seen.version):
        return UNCHANGED
    if not request.htmx:
        return redirect(_href(principal, asked), 303)
    return render_template(
        "input_request/_progress.html",
        asked=asked,
        progress=seen,
        has_form="form" in request.args,
    )


@requires("agent_session_input_requests", Action.WRITE)
def _draw_again(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Draw the form with what was sent in it, and a token of this sign-in."""
    asked = find_input_request(principal.workspace, request_id)
    form = AnswerForm.submitted(asked.schema, request.form)
    with_other_rows = form.changed_by(request.form)
    if with_other_rows is not None:
        return _with_rows(principal, asked, with_other_rows)
    return _page(principal, asked, form, refusal=_SIGNED_IN_ANEW, status=400)


@blueprint.post(_PAGE)
@keeps_typed(_draw_again)
@requires("agent_session_input_requests", Action.WRITE)
def answer(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Store an answer; or only give the form a row more or less, whichever button was pressed."""
    asked = find_input_request(principal.workspace, request_id)
    form = AnswerForm.submitted(asked.schema, request.form)
    with_other_rows = form.changed_by(request.form)
    if with_other_rows is not None:
        return _with_rows(principal, asked, with_other_rows)
    value = form.read().value if _is_pending(asked) else {}
    if value is None:
        return _page(principal, asked, form, status=422)
    return _store(principal, asked, form, value)


def _store(
    principal: Principal, asked: InputRequest, form: AnswerForm, value: JSONObject
) -> ResponseReturnValue:
    """Resolve; whatever refuses the answer, what was typed stays on the page."""
    try:
        with writing():
            resolve(principal.workspace, asked.id, value, by=principal.user)
    except InvalidResponse as error:
        return _page(principal, asked, form.with_errors(error.errors), status=422)
    except OpenSinkError as error:
        return _page(principal, asked, form, refusal=error.message, status=error.status)
    return redirect(_href(principal, asked), 303)


def _with_rows(principal: Principal, asked: InputRequest, form: AnswerForm) -> ResponseReturnValue:
    if not request.htmx:
        return _page(principal, asked, form)
    return render_template("input_request/_form.html", asked=asked, form=form)


def _page(
    principal: Principal,
    asked: InputRequest,
    form: AnswerForm | None,
    *,
    refusal: str | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    is_pending = _is_pending(asked)
    response = asked.response
    page = RequestPage(
        asked=asked,
        progress=progress_of(principal, asked),
        events=timeline_of(principal.workspace, asked.session)[:_EVENTS_SHOWN],
        form=form if is_pending else None,
        unsent=None if is_pending else form,
        answer=None if response is None else stored_answer(asked.schema, response),
        refusal=refusal,
        may_answer=principal.may("agent_session_input_requests", Action.WRITE),
    )
    return render_template("input_request/show.html", page=page, asked=asked), status


def _is_pending(asked: InputRequest) -> bool:
    return asked.status is InputRequestStatus.PENDING


def _href(principal: Principal, asked: InputRequest) -> str:
    return url_for(
        "input_request.show", workspace_slug=principal.workspace.slug, request_id=asked.id
    )
