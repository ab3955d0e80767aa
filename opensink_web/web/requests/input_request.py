"""One request: what is asked, the form to decide with, and what became of the decision."""

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request
from wtforms.validators import DataRequired, Length

from opensink_web.errors import InvalidAnswer, InvalidInput, OpenSinkError, Superseded
from opensink_web.json_value import JSONObject
from opensink_web.models import InputRequest, InputRequestKind, InputRequestStatus
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.decisions.decision import REASON_LENGTH_MAX, decline, resolve
from opensink_web.operations.executions.queries.function import description_of
from opensink_web.operations.requests.answer import check_answer
from opensink_web.operations.requests.digest import digest_of_request
from opensink_web.operations.requests.queries import find_input_request, find_request_to_show
from opensink_web.operations.requests.reasons import last_reasons
from opensink_web.operations.requests.view import note_view
from opensink_web.schema.form import AnswerForm
from opensink_web.visible_text import has_hidden
from opensink_web.web.access import requires, services
from opensink_web.web.forms.answer_redraw import redrawn
from opensink_web.web.forms.settings_form import ParagraphsField, SettingsForm
from opensink_web.web.forms.typed import keeps_typed
from opensink_web.web.navigation import is_swapped
from opensink_web.web.rendering.live import UNCHANGED, is_unchanged
from opensink_web.web.rendering.stored_answer import StoredAnswer, answer_of
from opensink_web.web.requests.allow_again import GO_ON
from opensink_web.web.requests.assignable import assignable_in
from opensink_web.web.requests.draft import (
    SAVE_BUTTON,
    ShownDraft,
    draft_shown,
    form_of_draft,
    reason_of_draft,
    save_held,
    save_sent,
    saved_page,
    submitted_form,
)
from opensink_web.web.requests.inbox_filter import InboxFilter
from opensink_web.web.requests.last_decision import around, last_decision_of
from opensink_web.web.requests.place import after_decision, here
from opensink_web.web.requests.question import Question, question_in
from opensink_web.web.requests.request_state import RequestState, state_of
from opensink_web.web.requests.revision import Revision, revision_of
from opensink_web.web.requests.standing_part import AGAIN, StandingPart, allow_href, standing_part
from opensink_web.web.requests.thread import CommentForm

blueprint = Blueprint("input_request", __name__)
_PAGE = "/w/<workspace_slug>/requests/<uuid:request_id>"
_REASONS_OFFERED = 3
DECLINE_BUTTON = "_decline"
SEEN = "_seen"
"""The field with the digest of what the form was drawn for."""
_SIGNED_IN_ANEW = (
    "You have signed in again since this page was opened. Check your answer and send it."
)


class DeclineForm(SettingsForm):
    """Why somebody does not answer; it is sent with whatever stands in the answer's form."""

    reason = ParagraphsField(
        "Declined because",
        [
            DataRequired("Give a reason; whoever asked will see it."),
            Length(max=REASON_LENGTH_MAX, message="Use at most %(max)d characters."),
        ],
        description="Whoever asked will see this.",
    )


@dataclass(frozen=True, slots=True)
class RequestPage:
    """A request as it is drawn.

    `form` is there to fill in while the request waits, with `decline` where it can be declined.
    Where all that has to be said is yes or no, the `question` of the form is answered by buttons.
    `unsent` is what somebody entered too late, `refusal` says why nothing was stored. `answer` is
    what was decided beside what was proposed, or else the proposal that came to nothing. `message`
    leaves out what the title says already. `has_hidden`: there are characters in it that nobody
    sees. `description` is what the agent or the function says of itself. `seen` is the digest of
    what is shown. `revision` says what was changed since it was first asked, and what is asked
    instead. `draft` says what there is of drafts, where there is something to fill in.
    """

    input_request: InputRequest
    message: str
    state: RequestState
    form: AnswerForm | None
    question: Question | None
    decline: DeclineForm | None
    reasons: list[str]
    unsent: AnswerForm | None
    answer: StoredAnswer | None
    refusal: str | None
    has_hidden: bool
    description: str | None
    may_answer: bool
    seen: str
    revision: Revision | None
    draft: ShownDraft | None
    standing: StandingPart


@blueprint.get(_PAGE)
@requires("agent_session_input_requests", Action.READ)
def show(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Show a request, its form filled with what the schema proposes; who sees it first is noted."""
    input_request = find_request_to_show(principal.workspace, request_id)
    note_view(input_request, principal.user)
    return page_with(principal, input_request)


def page_with(
    principal: Principal,
    input_request: InputRequest,
    comment_form: CommentForm | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    """Draw a request, with a comment that was not taken, if there is one."""
    form = form_of_draft(principal, input_request)
    if _is_pending(input_request):
        form = form or AnswerForm.blank(input_request.schema, input_request.proposal)
    elif input_request.resolved_by_id == principal.user.id:
        form = None  # what is decided is what they had entered
    return _page(principal, input_request, form, comment_form=comment_form, status=status)


@blueprint.get(_PAGE + "/live")
@requires("agent_session_input_requests", Action.READ)
def live(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Show what is new of a request, for the page that watches it; `form` says that it has one."""
    input_request = find_request_to_show(principal.workspace, request_id)
    state = state_of(principal, input_request)
    if is_unchanged(state.version):
        return UNCHANGED
    if not request.htmx:
        return redirect(state.place.href(request_id), 303)
    return render_template(
        "input_request/_live.html",
        input_request=input_request,
        state=state,
        changed=state.changed_since(request.args.get("version", "")),
        has_form="form" in request.args,
        here=state.place.href(request_id),
        may_assign=principal.may("agent_session_input_requests", Action.WRITE),
        is_approval=input_request.kind is InputRequestKind.APPROVAL,
    )


@blueprint.get(_PAGE + "/became")
@requires("agent_session_input_requests", Action.READ)
def became(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Show in a line what became of a decision, for a list that was reached by deciding."""
    last = last_decision_of(principal, find_input_request(principal.workspace, request_id).id)
    if last is None or is_unchanged(last.version):
        return UNCHANGED
    list_filter = InboxFilter.from_address(principal.workspace)
    if not request.htmx:
        return redirect(list_filter.request_href(request_id), 303)
    return render_template("input_request/_last_decision.html", **around(last, list_filter))


@requires("agent_session_input_requests", Action.WRITE)
def _draw_again(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Draw the form with what was sent in it, and a token of this sign-in."""
    input_request = find_request_to_show(principal.workspace, request_id)
    form = submitted_form(principal, input_request, request.form)
    changed = form.changed_by(request.form)
    if changed is not None:
        return _redrawn(principal, input_request, changed)
    return _page(principal, input_request, form, refusal=_SIGNED_IN_ANEW, status=400)


@blueprint.post(_PAGE)
@keeps_typed(_draw_again)
@requires("agent_session_input_requests", Action.WRITE)
def answer(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Store a decision; or only draw the form anew, whichever button was pressed."""
    input_request = find_request_to_show(principal.workspace, request_id)
    form = submitted_form(principal, input_request, request.form)
    changed = form.changed_by(request.form)
    if changed is not None:
        return _redrawn(principal, input_request, changed)
    if SAVE_BUTTON in request.form:
        return saved_page(principal, request_id)
    if DECLINE_BUTTON in request.form:
        return _turn_down(principal, input_request, form)
    value = form.read().value if _is_pending(input_request) else {}
    if value is None:
        return _page(principal, input_request, form, status=422)
    return _store(principal, input_request, form, value)


def _turn_down(
    principal: Principal, input_request: InputRequest, form: AnswerForm
) -> ResponseReturnValue:
    """Decline to answer, or reject a call."""
    why = DeclineForm()
    if not why.validate_on_submit():
        return _page(principal, input_request, form, why=why, status=422)
    try:
        with writing():
            save_held(principal, input_request, form)
            decline(
                principal.workspace,
                input_request.id,
                why.reason.data,
                by=principal.user,
                hold_seconds=services().settings.undo_seconds,
                seen=request.form.get(SEEN, ""),
            )
    except Superseded as error:
        with suppress(InvalidInput):  # it is too much to be kept, and still on the page
            save_sent(principal, input_request.id)  # it is filled in again in what is asked now
        return _page(principal, input_request, form, refusal=error.message, status=error.status)
    except OpenSinkError as error:
        return _page(principal, input_request, form, refusal=error.message, status=error.status)
    return _go_on(principal, input_request)


def _go_on(principal: Principal, decided: InputRequest) -> ResponseReturnValue:
    """Open what comes next, or allowing the same again; what became of this decision is told."""
    goal = after_decision(principal.workspace, decided)
    if AGAIN in request.args and decided.status is not InputRequestStatus.PENDING:
        goal = allow_href(principal, decided, **{GO_ON: "1"})
        return ("", 204, {"HX-Redirect": goal}) if is_swapped() else redirect(goal, 303)
    if is_swapped() and "/requests/" not in goal:
        return "", 204, {"HX-Redirect": goal}  # the list is a page of another kind
    return redirect(goal, 303)


def _store(
    principal: Principal, input_request: InputRequest, form: AnswerForm, value: JSONObject
) -> ResponseReturnValue:
    """Resolve; whatever refuses the answer, what was typed stays on the page."""
    try:
        checked = check_answer(principal.workspace, input_request.id, value)
        with writing():
            save_held(principal, input_request, form, value)
            resolve(
                principal.workspace,
                checked,
                by=principal.user,
                hold_seconds=services().settings.undo_seconds,
                seen=request.form.get(SEEN, ""),
            )
    except InvalidAnswer as error:
        return _page(principal, input_request, form.with_errors(error.errors), status=422)
    except Superseded as error:
        with suppress(InvalidInput):  # it is too much to be kept, and still on the page
            save_sent(principal, input_request.id)  # it is filled in again in what is asked now
        return _page(principal, input_request, form, refusal=error.message, status=error.status)
    except OpenSinkError as error:
        return _page(principal, input_request, form, refusal=error.message, status=error.status)
    return _go_on(principal, input_request)


def _redrawn(
    principal: Principal, input_request: InputRequest, form: AnswerForm
) -> ResponseReturnValue:
    def form_alone() -> str:
        return render_template(
            "input_request/_form.html",
            input_request=input_request,
            form=form,
            seen=_seen(input_request),
            question=question_in(form, input_request),
            here=here(principal.workspace, input_request.id),
            is_approval=input_request.kind is InputRequestKind.APPROVAL,
        )

    return redrawn(form, lambda: _page(principal, input_request, form), form_alone)


def _seen(input_request: InputRequest, *, is_drawn_anew: bool = False) -> str:
    """Return the digest of what the form was drawn for. It stays what it was when only the form is
    drawn again: who has not been told of a change has not seen it.
    """
    sent = None if is_drawn_anew else request.form.get(SEEN)
    return sent or digest_of_request(input_request)


def _decline_form(principal: Principal, input_request: InputRequest) -> DeclineForm | None:
    """Return the form to decline with, where that can be done; what was typed stays in it."""
    if not (_is_pending(input_request) and input_request.allow_decline):
        return None
    return DeclineForm(data={"reason": reason_of_draft(principal, input_request)})


def _page(
    principal: Principal,
    input_request: InputRequest,
    form: AnswerForm | None,
    *,
    why: DeclineForm | None = None,
    refusal: str | None = None,
    comment_form: CommentForm | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    page = _looked_up(principal, input_request, form, why, refusal)
    is_assignable = page.may_answer and _is_pending(input_request) and not input_request.steps
    drawn = render_template(
        "input_request/show.html",
        page=page,
        comment_form=comment_form or CommentForm(formdata=None),
        state=page.state,
        here=page.state.place.href(input_request.id),
        may_assign=page.may_answer,
        assignable=assignable_in(principal.workspace) if is_assignable else None,
        input_request=input_request,
        is_approval=input_request.kind is InputRequestKind.APPROVAL,
        audit_href=_audit_href(principal, input_request),
    )
    # of what htmx swaps the address is the page's own, unless it is an answer to what was sent
    is_opened = request.method == "GET"
    pushed = page.state.place.href(input_request.id) if is_opened else "false"
    return drawn, status, {"HX-Push-Url": pushed} if is_swapped() else {}


def _looked_up(
    principal: Principal,
    input_request: InputRequest,
    form: AnswerForm | None,
    why: DeclineForm | None,
    refusal: str | None,
) -> RequestPage:
    is_pending, workspace = _is_pending(input_request), principal.workspace
    entered = form if is_pending else None
    question = None if entered is None else question_in(entered, input_request)
    has_buttons = question is not None and question.is_alone
    return RequestPage(
        input_request=input_request,
        message=message_of(input_request),
        state=state_of(principal, input_request),
        form=entered,
        question=question,
        decline=why if why and is_pending else _decline_form(principal, input_request),
        reasons=last_reasons(workspace, principal.user, _REASONS_OFFERED) if is_pending else [],
        unsent=None if is_pending else form,
        answer=None if is_pending else answer_of(input_request),
        refusal=refusal,
        has_hidden=has_hidden_text(input_request),
        description=_description_of_asker(input_request),
        may_answer=principal.may("agent_session_input_requests", Action.WRITE),
        seen=_seen(input_request, is_drawn_anew=refusal is not None),
        revision=revision_of(input_request),
        draft=entered and draft_shown(principal, input_request, entered, has_buttons=has_buttons),
        standing=standing_part(principal, input_request),
    )


def _audit_href(principal: Principal, input_request: InputRequest) -> str | None:
    """Return where it is told who did what with a request, for those who may see that."""
    if not principal.may("audit", Action.READ):
        return None
    slug, subject = principal.workspace.slug, input_request.id
    href: str = url_for("audit.index", workspace_slug=slug, subject=subject)
    return href


def message_of(input_request: InputRequest) -> str:
    """Return the message; an execution's prompt without the line that became the title."""
    first, _, rest = input_request.message.strip().partition("\n")
    stands_alone = first.startswith("#") or not rest or rest.startswith("\n")
    is_title = input_request.execution_id is not None and first.lstrip("# ") == input_request.title
    return rest.strip() if is_title and stands_alone else input_request.message


def _description_of_asker(input_request: InputRequest) -> str | None:
    if input_request.agent is not None:
        return input_request.agent.description
    execution = input_request.execution
    is_in_message = input_request.kind is InputRequestKind.APPROVAL
    if execution is None or execution.function_id is None or is_in_message:
        return None
    return description_of(execution.function_id)


def has_hidden_text(input_request: InputRequest) -> bool:
    """Return True if anything that is read here has characters that nobody sees."""
    texts = (input_request.title, input_request.message, input_request.key)
    return any(
        map(
            has_hidden,
            (*texts, input_request.schema, input_request.proposed_response, input_request.response),
        )
    )


def _is_pending(input_request: InputRequest) -> bool:
    return input_request.status is InputRequestStatus.PENDING
