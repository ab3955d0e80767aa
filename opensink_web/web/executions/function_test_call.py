"""Trying a function: a form made from its input schema, executed as whoever fills it in."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.errors import OpenSinkError
from opensink_web.json_value import JSONObject
from opensink_web.models import Function
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.executions.permission import executable_function
from opensink_web.operations.executions.submission import (
    Options,
    check_input,
    submit,
)
from opensink_web.schema.form import AnswerForm
from opensink_web.web.access import requires
from opensink_web.web.forms.answer_redraw import redrawn
from opensink_web.web.forms.kept_secret import PageVault
from opensink_web.web.forms.typed import keeps_typed

blueprint = Blueprint("function_test_call", __name__)
_PAGE = "/w/<workspace_slug>/functions/<namespace>/<name>/try"
_OPTIONS = Options(trigger_type="page", trigger_id="try-it")
_SIGNED_IN_ANEW = (
    "You have signed in again since this page was opened. Check the input and execute it."
)


@blueprint.get(_PAGE)
@requires("functions", Action.READ)
def show(principal: Principal, namespace: str, name: str) -> ResponseReturnValue:
    """Show the form, filled with what the schema proposes."""
    function = executable_function(principal, namespace, name)
    return _page(function, AnswerForm.blank(function.input_schema))


@requires("functions", Action.READ)
def _draw_again(principal: Principal, namespace: str, name: str) -> ResponseReturnValue:
    """Draw the form with what was sent in it, and a token of this sign-in."""
    function = executable_function(principal, namespace, name)
    form = _submitted(principal, function)
    changed = form.changed_by(request.form)
    if changed is not None:
        return _redrawn(function, changed)
    return _page(function, form, refusal=_SIGNED_IN_ANEW, status=400)


@blueprint.post(_PAGE)
@keeps_typed(_draw_again)
@requires("functions", Action.READ)
def execute(principal: Principal, namespace: str, name: str) -> ResponseReturnValue:
    """Take an execution on; or only draw the form anew."""
    function = executable_function(principal, namespace, name)
    form = _submitted(principal, function)
    changed = form.changed_by(request.form)
    if changed is not None:
        return _redrawn(function, changed)
    value = form.read().value
    if value is None:
        return _page(function, form, status=422)
    return _submit(principal, function, form, value)


def _submitted(principal: Principal, function: Function) -> AnswerForm:
    vault = PageVault(principal.user.id, f"function {function.id}")
    return AnswerForm.submitted(function.input_schema, request.form, vault=vault)


def _submit(
    principal: Principal, function: Function, form: AnswerForm, value: JSONObject
) -> ResponseReturnValue:
    """Take it on; whatever refuses it, what was typed stays on the page."""
    namespace, name = function.namespace, function.name
    try:
        checked = check_input(function, value)
        with writing():
            current = executable_function(principal, namespace, name)
            execution_id = submit(principal, current, checked, _OPTIONS)
    except OpenSinkError as error:
        return _page(function, form, refusal=error.message, status=error.status)
    slug = principal.workspace.slug
    return redirect(url_for("execution.show", workspace_slug=slug, execution_id=execution_id), 303)


def _redrawn(function: Function, form: AnswerForm) -> ResponseReturnValue:
    return redrawn(
        form,
        lambda: _page(function, form),
        lambda: render_template("function/_try_form.html", function=function, form=form),
        noun="input",
    )


def _page(
    function: Function, form: AnswerForm, *, refusal: str | None = None, status: int = 200
) -> ResponseReturnValue:
    page = render_template("function/try.html", function=function, form=form, refusal=refusal)
    return page, status
