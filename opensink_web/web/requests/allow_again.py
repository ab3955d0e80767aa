"""Allowing the same again with a decision: its bounds, tried on what was asked last."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, IntegerField, SelectChoice, SelectField
from wtforms.validators import InputRequired, Length, NumberRange, ValidationError

from opensink_web import clock
from opensink_web.errors import Conflict, FieldError, InvalidInput
from opensink_web.json_value import JSONObject, dump
from opensink_web.models import InputRequest
from opensink_web.models.transaction import end_reading, writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.decisions import standing_approval as standing_approvals
from opensink_web.operations.decisions.authority import check_is_not_forbidden
from opensink_web.operations.decisions.standing_dry_run import dry_run
from opensink_web.operations.requests.queries import find_request_to_show
from opensink_web.operations.requests.standing_approval import Asked
from opensink_web.schema.standing import condition_for
from opensink_web.web.access import requires
from opensink_web.web.forms.schema_check import parse_object
from opensink_web.web.forms.settings_form import LineField, ParagraphsField, SettingsForm
from opensink_web.web.rendering.stored_answer import answer_of
from opensink_web.web.requests.inbox_filter import InboxFilter
from opensink_web.web.requests.place import after_decision, here, undo_href
from opensink_web.web.requests.standing_words import counts_of, fit_in_words

blueprint = Blueprint("allow_again", __name__)
_USES, _DAYS = 10, "7"
_LASTS = {"1": "1 day", "7": "7 days", "30": "30 days", "90": "90 days", "365": "1 year"}
GO_ON = "go_on"
"""The argument that says that the request was decided just now, and the next one waits."""
TRY_BUTTON = "_try"
"""Only shows what would have been approved."""


class GrantForm(SettingsForm):
    uses_max = IntegerField(
        "At most so often",
        [
            InputRequired("Enter a whole number."),
            NumberRange(1, standing_approvals.USES_MAX, "Enter a number from %(min)d to %(max)d."),
        ],
        default=_USES,
        description=f"From 1 to {standing_approvals.USES_MAX:,} times.",
    )
    days = SelectField(
        "For no longer than",
        choices=[SelectChoice(days, words) for days, words in _LASTS.items()],
        default=_DAYS,
    )
    same_words = BooleanField(
        "Only with the same title, message and links",
        default=True,
        description="Without this, nobody reads what is written there the next time.",
    )
    condition = ParagraphsField(
        "Condition",
        [InputRequired("Enter a JSON Schema.")],
        description="A JSON Schema that the proposal must be valid against. It rules out what it"
        ' does not name, by "additionalProperties": false.',
    )
    note = LineField(
        "Note",
        [Length(max=standing_approvals.NOTE_LENGTH_MAX, message="Use at most %(max)d characters.")],
        description="Why this may be approved again, for whoever looks at it later.",
    )

    def validate_condition(self, field: ParagraphsField) -> None:
        try:
            parse_object(field.data, "A condition is an object.")
        except InvalidInput as error:
            raise ValidationError(error.message) from None

    def grant(self, request_id: UUID) -> standing_approvals.Grant:
        """Return what is wanted."""
        return standing_approvals.Grant(
            request_id=request_id,
            condition=self.condition_object(),
            same_words=bool(self.same_words.data),
            uses_max=self.uses_max.data,
            expires_at=clock.now() + timedelta(days=int(self.days.data)),
            note=self.note.data or "",
        )

    def condition_object(self) -> JSONObject:
        """Return the condition as it was typed. Raises: InvalidInput."""
        return parse_object(self.condition.data, "A condition is an object.") or {}

    def show_refused(self, errors: Sequence[FieldError]) -> None:
        """Put what was refused at its field, with its place in a condition."""
        for each in errors:
            _, name, *inside = (each.path or "/").split("/")
            place = f" (At /{'/'.join(inside)})" if inside else ""
            name = {"expires_at": "days"}.get(name, name)
            self.show_at(f"/{name}", each.message + place)


@blueprint.route(
    "/w/<workspace_slug>/requests/<uuid:request_id>/allow-again", methods=["GET", "POST"]
)
@requires("standing_approvals", Action.WRITE)
def create(principal: Principal, request_id: UUID) -> ResponseReturnValue:
    """Allow the same again as was decided, after a look at what that would have approved."""
    principal.require("agent_session_input_requests", Action.WRITE)
    input_request = find_request_to_show(principal.workspace, request_id)
    check_is_not_forbidden(input_request, principal.user)
    question = Asked.of(input_request)
    refusal = standing_approvals.why_not(input_request, question)
    if refusal is not None:
        return _refused(input_request, refusal)
    form = GrantForm(condition=_condition_made(question))
    if not form.validate_on_submit() or TRY_BUTTON in request.form:
        return _page(principal, input_request, question, form)
    try:
        checked = standing_approvals.check_grant(principal.workspace, form.grant(request_id))
        end_reading()
        with writing():
            approval = standing_approvals.grant(principal.workspace, checked, by=principal.user)
            approval_id = approval.id
    except InvalidInput as error:
        form.show_refused(error.errors)
    except Conflict as error:
        form.form_errors.append(error.message)
    else:
        flash("The same is approved without a person from now on.", "success")
        if GO_ON in request.args:
            return redirect(after_decision(principal.workspace, input_request), 303)
        slug = principal.workspace.slug
        address = url_for("standing_approval.show", workspace_slug=slug, approval_id=approval_id)
        return redirect(address, 303)
    return _page(principal, find_request_to_show(principal.workspace, request_id), question, form)


def _condition_made(question: Asked) -> str:
    """Write the condition that takes what was proposed, and nothing else."""
    value = question.affirmation.value if question.affirmation else {}
    return dump(condition_for(question.schema, value) or {}, indent=2)


def _page(
    principal: Principal, input_request: InputRequest, question: Asked, form: GrantForm
) -> ResponseReturnValue:
    is_bare = question.affirmation is not None and not question.affirmation.has_facts
    try:
        terms = standing_approvals.terms_of(
            question, form.condition_object(), same_words=bool(form.same_words.data)
        )
        errors = standing_approvals.errors_in_condition(question, terms)
    except InvalidInput:  # said at the field
        terms, errors = None, []
    if request.method == "POST" and not form.condition.errors:
        form.show_refused(errors)
    run = None if terms is None or errors else dry_run(input_request, terms)
    page = render_template(
        "standing_approval/new.html",
        form=form,
        input_request=input_request,
        here=here(principal.workspace, input_request.id),
        undo_href=undo_href(InboxFilter.from_address(principal.workspace), input_request.id),
        answer=answer_of(input_request),
        has_words=not question.is_call,
        is_bare=is_bare,
        run=run,
        counts=run and counts_of(run),
        fit_in_words=fit_in_words,
    )
    return page, 422 if form.errors else 200


def _refused(input_request: InputRequest, refusal: str) -> ResponseReturnValue:
    page = render_template(
        "standing_approval/refused.html", input_request=input_request, refusal=refusal
    )
    return page, 409
