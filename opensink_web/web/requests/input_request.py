"""One request: what is asked, the form to decide with, and what became of the decision."""

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request
from wtforms.validators import DataRequired, Length

from opensink_web.errors import InvalidAnswer, OpenSinkError
from opensink_web.json_value import JSONObject
from opensink_web.models import InputRequest, InputRequestKind, InputRequestStatus
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.decisions.decision import REASON_LENGTH_MAX, decline, resolve
from opensink_web.operations.page import PageRequest
from opensink_web.operations.requests.answer import check_answer
from opensink_web.operations.requests.queries import find_input_request
from opensink_web.schema.form import AnswerForm
from opensink_web.visible_text import has_hidden
from opensink_web.web.access import requires
from opensink_web.web.executions.execution_timeline import execution_events
from opensink_web.web.forms.kept_secret import PageVault
from opensink_web.web.forms.settings_form import ParagraphsField, SettingsForm
from opensink_web.web.forms.typed import keeps_typed
from opensink_web.web.rendering.live import UNCHANGED, is_unchanged
from opensink_web.web.rendering.timeline import Event, timeline_of
from opensink_web.web.requests.progress import Progress, progress_of
from opensink_web.web.requests.stored_answer import StoredAnswer, stored_answer

blueprint = Blueprint("input_request", __name__)
_PAGE = "/w/<workspace_slug>/requests/<uuid:request_id>"
_EVENTS_SHOWN = 8
DECLINE_BUTTON = "_decline"
_SIGNED_IN_ANEW = (
    "You have signed in again since this page was opened. Check your answer and send it."
)


class DeclineForm(SettingsForm):
    """Why somebody does not answer; it is sent with whatever stands in the answer's form."""

    reason = ParagraphsField(
        "Reason",
        [
            DataRequired("Give a reason; the caller will see it."),
            Length(max=REASON_LENGTH_MAX, message="Use at most %(max)d characters."),
        ],
        description="The caller will see this.",
    )


@dataclass(frozen=True, slots=True)
class RequestPage:
    """A request as it is drawn.

    `form` is there to fill in while the request waits, with `decline` where it can be declined;
    `unsent` is what somebody entered too late, `refusal` says why nothing was stored. `proposal`
    is the input that was asked for, once it is decided and not what was approved. `message` leaves
    out what the title says already. `has_hidden`: there are characters in it that nobody sees.
    """

    asked: InputRequest
    message: str
    progress: Progress
    events: list[Event]
    form: AnswerForm | None
    decline: DeclineForm | None
    unsent: AnswerForm | None
    answer: StoredAnswer | None
    proposal: StoredAnswer | None
    refusal: str | None
    has_hidden: bool
    may_answer: bool


@blueprint.get(_PAGE)
@requires("agent_session_input_requests", Action.READ)
def show(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Show a request, its form filled with what the schema proposes."""
    asked = find_input_request(principal.workspace, request_id)
    form = AnswerForm.blank(asked.schema, asked.proposed_response) if _is_pending(asked) else None
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
    form = _submitted(principal, asked)
    with_other_rows = form.changed_by(request.form)
    if with_other_rows is not None:
        return _with_rows(principal, asked, with_other_rows)
    return _page(principal, asked, form, refusal=_SIGNED_IN_ANEW, status=400)


@blueprint.post(_PAGE)
@keeps_typed(_draw_again)
@requires("agent_session_input_requests", Action.WRITE)
def answer(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Store a decision; or only give the form a row more or less, whichever button was pressed."""
    asked = find_input_request(principal.workspace, request_id)
    form = _submitted(principal, asked)
    with_other_rows = form.changed_by(request.form)
    if with_other_rows is not None:
        return _with_rows(principal, asked, with_other_rows)
    if DECLINE_BUTTON in request.form:
        return _turn_down(principal, asked, form)
    value = form.read().value if _is_pending(asked) else {}
    if value is None:
        return _page(principal, asked, form, status=422)
    return _store(principal, asked, form, value)


def _turn_down(principal: Principal, asked: InputRequest, form: AnswerForm) -> ResponseReturnValue:
    """Decline what an execution asks, or reject its call."""
    why = DeclineForm()
    if not why.validate_on_submit():
        return _page(principal, asked, form, why=why, status=422)
    try:
        with writing():
            decline(principal.workspace, asked.id, why.reason.data, by=principal.user)
    except OpenSinkError as error:
        return _page(principal, asked, form, refusal=error.message, status=error.status)
    return redirect(_href(principal, asked), 303)


def _submitted(principal: Principal, asked: InputRequest) -> AnswerForm:
    vault = PageVault(principal.user.id, f"request {asked.id}")
    return AnswerForm.submitted(asked.schema, request.form, asked.proposed_response, vault)


def _store(
    principal: Principal, asked: InputRequest, form: AnswerForm, value: JSONObject
) -> ResponseReturnValue:
    """Resolve; whatever refuses the answer, what was typed stays on the page."""
    try:
        checked = check_answer(principal.workspace, asked.id, value)
        with writing():
            resolve(principal.workspace, checked, by=principal.user)
    except InvalidAnswer as error:
        return _page(principal, asked, form.with_errors(error.errors), status=422)
    except OpenSinkError as error:
        return _page(principal, asked, form, refusal=error.message, status=error.status)
    return redirect(_href(principal, asked), 303)


def _with_rows(principal: Principal, asked: InputRequest, form: AnswerForm) -> ResponseReturnValue:
    if not request.htmx:
        return _page(principal, asked, form)
    return render_template(
        "input_request/_form.html",
        asked=asked,
        form=form,
        decline=_decline_form(asked),
        is_approval=asked.kind is InputRequestKind.APPROVAL,
    )


def _decline_form(asked: InputRequest) -> DeclineForm | None:
    """Return the form to decline with, where that can be done; what was typed stays in it."""
    is_declinable = _is_pending(asked) and asked.execution_id is not None
    return DeclineForm() if is_declinable else None


def _page(
    principal: Principal,
    asked: InputRequest,
    form: AnswerForm | None,
    *,
    why: DeclineForm | None = None,
    refusal: str | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    is_pending = _is_pending(asked)
    page = RequestPage(
        asked=asked,
        message=_message(asked),
        progress=progress_of(principal, asked),
        events=_events(principal, asked)[:_EVENTS_SHOWN],
        form=form if is_pending else None,
        decline=why if why and is_pending else _decline_form(asked),
        unsent=None if is_pending else form,
        answer=_drawn_up(asked, asked.response),
        proposal=_drawn_up(asked, None if is_pending else _not_approved(asked)),
        refusal=refusal,
        has_hidden=_has_hidden(asked),
        may_answer=principal.may("agent_session_input_requests", Action.WRITE),
    )
    return render_template(
        "input_request/show.html",
        page=page,
        asked=asked,
        is_approval=asked.kind is InputRequestKind.APPROVAL,
    ), status


def _events(principal: Principal, asked: InputRequest) -> list[Event]:
    if asked.session is not None:
        return timeline_of(principal.workspace, asked.session, PageRequest(limit=_EVENTS_SHOWN))
    if asked.execution is not None:
        return execution_events(principal.workspace, asked.execution)
    return []


def _message(asked: InputRequest) -> str:
    """Return the message; an execution's prompt without the line that became the title."""
    first, _, rest = asked.message.strip().partition("\n")
    stands_alone = first.startswith("#") or not rest or rest.startswith("\n")
    is_title = asked.execution_id is not None and first.lstrip("# ") == asked.title
    return rest.strip() if is_title and stands_alone else asked.message


def _not_approved(asked: InputRequest) -> JSONObject | None:
    return None if asked.proposed_response == asked.response else asked.proposed_response


def _drawn_up(asked: InputRequest, response: JSONObject | None) -> StoredAnswer | None:
    return None if response is None else stored_answer(asked.schema, response)


def _has_hidden(asked: InputRequest) -> bool:
    """Return True if anything that is read here has characters that nobody sees."""
    texts = (asked.title, asked.message, asked.key)
    return any(map(has_hidden, (*texts, asked.schema, asked.proposed_response, asked.response)))


def _is_pending(asked: InputRequest) -> bool:
    return asked.status is InputRequestStatus.PENDING


def _href(principal: Principal, asked: InputRequest) -> str:
    return url_for(
        "input_request.show", workspace_slug=principal.workspace.slug, request_id=asked.id
    )
