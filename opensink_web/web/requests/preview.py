"""A form that somebody looks at before anybody is asked: filled in and checked, never sent."""

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.errors import FieldError
from opensink_web.json_value import JSONValue
from opensink_web.models import Preview
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.requests.queries import find_preview
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.lint import warnings_about
from opensink_web.schema.overview import overview
from opensink_web.schema.secrets import without_secret_proposals
from opensink_web.schema.validation import validate
from opensink_web.web.access import requires
from opensink_web.web.forms.form_preview import FormPreview, checked
from opensink_web.web.forms.kept_secret import PageVault
from opensink_web.web.forms.schema_check import Finding
from opensink_web.web.forms.typed import keeps_typed

blueprint = Blueprint("preview", __name__)
_PAGE = "/w/<workspace_slug>/previews/<uuid:preview_id>"


@dataclass(frozen=True, slots=True)
class Remarks:
    """What an author is told beside the form.

    `unfit` says why the values that the form was to be filled with are not in it.
    """

    warnings: tuple[Finding, ...]
    unfit: tuple[Finding, ...]
    typed_as_json: tuple[Finding, ...]
    schema: JSONValue


@blueprint.get(_PAGE)
@requires("agent_session_input_requests", Action.READ)
def show(principal: Principal, preview_id: UUID) -> ResponseReturnValue:
    """Show the form as a reviewer would see it."""
    preview = find_preview(principal.workspace, preview_id)
    return _page(preview, FormPreview(AnswerForm.blank(preview.schema, _fitting(preview))))


@requires("agent_session_input_requests", Action.READ)
def _draw_again(principal: Principal, preview_id: UUID) -> ResponseReturnValue:
    """Draw the form with what was sent in it, and a token of this sign-in."""
    preview = find_preview(principal.workspace, preview_id)
    form = _submitted(principal, preview)
    return _page(preview, FormPreview(form.changed_by(request.form) or form))


@blueprint.post(_PAGE)
@keeps_typed(_draw_again)
@requires("agent_session_input_requests", Action.READ)
def check(principal: Principal, preview_id: UUID) -> ResponseReturnValue:
    """Say what would be answered, or what is wrong; or only draw the form with another row."""
    preview = find_preview(principal.workspace, preview_id)
    form = _submitted(principal, preview)
    redrawn = form.changed_by(request.form)
    if redrawn is not None:
        return _redrawn(preview, FormPreview(redrawn))
    outcome = checked(form, _fitting(preview))
    return _page(preview, outcome, status=200 if outcome.is_answered else 422)


def _submitted(principal: Principal, preview: Preview) -> AnswerForm:
    vault = PageVault(principal.user.id, f"preview {preview.id}")
    return AnswerForm.submitted(preview.schema, request.form, _fitting(preview), vault)


def _fitting(preview: Preview) -> dict[str, JSONValue] | None:
    """Return the values to fill the form with; none of those that do not fit."""
    values = preview.proposed_response
    return None if values is None or validate(preview.schema, values) else values


def _redrawn(preview: Preview, outcome: FormPreview) -> ResponseReturnValue:
    if not request.htmx:
        return _page(preview, outcome)
    return render_template("preview/_form.html", outcome=outcome, here=request.path)


def _page(preview: Preview, outcome: FormPreview, *, status: int = 200) -> ResponseReturnValue:
    page = render_template(
        "preview/show.html", preview=preview, outcome=outcome, remarks=_remarks(preview)
    )
    return page, status


def _remarks(preview: Preview) -> Remarks:
    schema, values = preview.schema, preview.proposed_response
    fields = overview(AnswerForm.blank(schema, _fitting(preview)))
    return Remarks(
        warnings=_findings(warnings_about(schema)),
        unfit=() if values is None else _findings(validate(schema, values)),
        typed_as_json=tuple(
            Finding(each.title, pointer=each.pointer) for each in fields if not each.is_native
        ),
        schema=without_secret_proposals(schema),
    )


def _findings(errors: tuple[FieldError, ...]) -> tuple[Finding, ...]:
    return tuple(Finding(each.message, pointer=each.path) for each in errors)
