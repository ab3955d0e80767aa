"""A form that somebody looks at before anybody is asked: filled in and checked, never sent."""

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request
from wtforms.validators import InputRequired, ValidationError

from opensink_web.errors import FieldError, InvalidInput, NotFound
from opensink_web.json_value import JSONValue, dump
from opensink_web.models import Preview
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.requests.preview import create_preview
from opensink_web.operations.requests.queries import find_preview
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.lint import warnings_about
from opensink_web.schema.overview import overview
from opensink_web.schema.secrets import without_secret_proposals
from opensink_web.schema.validation import validate
from opensink_web.web.access import requires
from opensink_web.web.forms.answer_redraw import redrawn
from opensink_web.web.forms.form_preview import FormPreview, checked
from opensink_web.web.forms.kept_secret import PageVault
from opensink_web.web.forms.schema_check import (
    Finding,
    check_input_schema,
    input_schema_of,
    parse_object,
)
from opensink_web.web.forms.settings_form import ParagraphsField, SettingsForm
from opensink_web.web.forms.typed import keeps_typed

blueprint = Blueprint("preview", __name__)
_PAGE = "/w/<workspace_slug>/previews/<uuid:preview_id>"
_FIRST_SCHEMA = """{
  "type": "object",
  "required": ["approved"],
  "properties": {
    "approved": {"type": "boolean", "title": "Send them"}
  }
}"""


@dataclass(frozen=True, slots=True)
class Remarks:
    """What an author is told beside the form.

    `unfit` says what of the values that the form was to be filled with was left out of it, and why.
    """

    warnings: tuple[Finding, ...]
    unfit: tuple[Finding, ...]
    typed_as_json: tuple[Finding, ...]
    schema: JSONValue
    may_change: bool


class SchemaForm(SettingsForm):
    """A schema to look at, and values for its form, both as JSON."""

    schema = ParagraphsField(
        "JSON Schema",
        [InputRequired("Enter a JSON Schema.")],
        description="As you would ask with it. It has to allow an object.",
    )
    values = ParagraphsField(
        "Values", description="A JSON object that the form is to be filled with."
    )

    def validate_schema(self, field: ParagraphsField) -> None:
        errors = check_input_schema(field.data).errors
        if errors:
            raise ValidationError(" ".join(each.sentence for each in errors))

    def validate_values(self, field: ParagraphsField) -> None:
        try:
            parse_object(field.data, 'The values are an object, such as {"approved": true}.')
        except InvalidInput as error:
            raise ValidationError(error.message) from None


@blueprint.route("/w/<workspace_slug>/previews/new", methods=["GET", "POST"])
@requires("agent_session_input_requests", Action.WRITE)
def new(principal: Principal) -> ResponseReturnValue:
    """Take a schema and lead to its form; `of` names a preview whose schema is to be changed."""
    form = SchemaForm(schema=_FIRST_SCHEMA if "of" not in request.args else _schema_of(principal))
    if form.validate_on_submit():
        with writing():
            kept = create_preview(
                principal.workspace,
                input_schema_of(form.schema.data),
                parse_object(form.values.data),
            )
        slug = principal.workspace.slug
        return redirect(url_for("preview.show", workspace_slug=slug, preview_id=kept.id), 303)
    return render_template("preview/new.html", form=form), 422 if form.errors else 200


def _schema_of(principal: Principal) -> str:
    """Write the schema of another preview, without the secrets in it."""
    try:
        preview = find_preview(principal.workspace, UUID(request.args["of"]))
    except ValueError:
        raise NotFound("There is no such preview.") from None
    return dump(without_secret_proposals(preview.schema), indent=2)


@blueprint.get(_PAGE)
@requires("agent_session_input_requests", Action.READ)
def show(principal: Principal, preview_id: UUID) -> ResponseReturnValue:
    """Show the form as a reviewer would see it."""
    preview = find_preview(principal.workspace, preview_id)
    return _page(
        principal, preview, FormPreview(AnswerForm.blank(preview.schema, preview.proposed_response))
    )


@requires("agent_session_input_requests", Action.READ)
def _draw_again(principal: Principal, preview_id: UUID) -> ResponseReturnValue:
    """Draw the form with what was sent in it, and a token of this sign-in."""
    preview = find_preview(principal.workspace, preview_id)
    form = _submitted(principal, preview)
    return _page(principal, preview, FormPreview(form.changed_by(request.form) or form))


@blueprint.post(_PAGE)
@keeps_typed(_draw_again)
@requires("agent_session_input_requests", Action.READ)
def check(principal: Principal, preview_id: UUID) -> ResponseReturnValue:
    """Say what would be answered, or what is wrong; or only draw the form with another row."""
    preview = find_preview(principal.workspace, preview_id)
    form = _submitted(principal, preview)
    changed = form.changed_by(request.form)
    if changed is not None:
        return _redrawn(principal, preview, FormPreview(changed))
    outcome = checked(form, preview.proposed_response)
    return _page(principal, preview, outcome, status=200 if outcome.is_answered else 422)


def _submitted(principal: Principal, preview: Preview) -> AnswerForm:
    vault = PageVault(principal.user.id, f"preview {preview.id}")
    return AnswerForm.submitted(preview.schema, request.form, preview.proposed_response, vault)


def _redrawn(principal: Principal, preview: Preview, outcome: FormPreview) -> ResponseReturnValue:
    return redrawn(
        outcome.form,
        lambda: _page(principal, preview, outcome),
        lambda: render_template("preview/_form.html", outcome=outcome, here=request.path),
    )


def _page(
    principal: Principal, preview: Preview, outcome: FormPreview, *, status: int = 200
) -> ResponseReturnValue:
    page = render_template(
        "preview/show.html", preview=preview, outcome=outcome, remarks=_remarks(principal, preview)
    )
    return page, status


def _remarks(principal: Principal, preview: Preview) -> Remarks:
    schema, values = preview.schema, preview.proposed_response
    fields = overview(AnswerForm.blank(schema, preview.proposed_response))
    return Remarks(
        warnings=_findings(warnings_about(schema)),
        unfit=() if values is None else _findings(validate(schema, values)),
        typed_as_json=tuple(
            Finding(each.title, pointer=each.pointer) for each in fields if not each.is_native
        ),
        schema=without_secret_proposals(schema),
        may_change=principal.may("agent_session_input_requests", Action.WRITE),
    )


def _findings(errors: tuple[FieldError, ...]) -> tuple[Finding, ...]:
    return tuple(Finding(each.message, pointer=each.path) for each in errors)
