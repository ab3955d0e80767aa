"""Functions: the list, making, changing and deleting one, and how to call it."""

from contextlib import suppress
from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.contract.public_address import public_root
from opensink_web.errors import Conflict, InvalidInput, UnreadableSecret
from opensink_web.models import Function, FunctionKind
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.executions.function import (
    check_fields,
    create_function,
    delete_function,
    update_function,
)
from opensink_web.operations.executions.function_target import (
    EntryPointSpec,
    FunctionTarget,
    target_of,
    target_without_credentials,
)
from opensink_web.operations.executions.permission import may_execute
from opensink_web.operations.executions.queries.function import (
    FunctionFilter,
    find_function,
    list_functions,
)
from opensink_web.operations.requests.preview import create_preview
from opensink_web.schema.example import example_of
from opensink_web.schema.secrets import without_secret_proposals
from opensink_web.web.access import requires, services
from opensink_web.web.agents.signing_secret import signing_card
from opensink_web.web.executions.execution_recent import recent_of
from opensink_web.web.executions.function_form import FunctionForm, function_form
from opensink_web.web.executions.sample_call import example_fits
from opensink_web.web.forms.schema_check import CHECKS, input_schema_of
from opensink_web.web.rendering.kind_words import function_kind
from opensink_web.web.rendering.listing import chosen_text, chosen_word, page_request, same_list

blueprint = Blueprint("function", __name__)
_FUNCTIONS = "/w/<workspace_slug>/functions"
_FUNCTION = _FUNCTIONS + "/<namespace>/<name>"
STATES = {"active": True, "inactive": False}


@blueprint.get(_FUNCTIONS)
@requires("functions", Action.READ)
def index(principal: Principal) -> ResponseReturnValue:
    """Show the functions that the filters let through."""
    state = chosen_text("status")
    filters = FunctionFilter(
        kind=chosen_word(FunctionKind, "kind"),
        is_active=STATES.get(state),
        search=chosen_text("search") or None,
    )
    page = list_functions(principal.workspace, page_request(), filters)
    return render_template(
        "function/index.html",
        rows=[(function, _carrier(function)) for function in page.items],
        filters=filters,
        state=state,
        kinds=[(kind, function_kind(kind)) for kind in FunctionKind],
        may_write=principal.may("functions", Action.WRITE),
        base_url=public_root(),
        next_href=same_list(trail=page.trail) if page.trail else None,
        first_href=same_list() if page_request().trail else None,
    )


@blueprint.route(_FUNCTIONS + "/new", methods=["GET", "POST"])
@requires("functions", Action.WRITE)
def create(principal: Principal) -> ResponseReturnValue:
    """Make a function."""
    form = function_form(None)
    answer = _changed_rows(form, None)
    if answer is None and form.validate_on_submit():
        try:
            policy = services().policy
            checked = check_fields(policy, form.function())
            with writing():
                function = create_function(principal.workspace, principal.user, policy, checked)
            flash("The function has been created. How to call it is explained below.", "success")
            return _to_function(principal, function)
        except (InvalidInput, Conflict) as error:
            form.show(error)
    return answer or _edit_page(form, None)


@blueprint.get(_FUNCTION)
@requires("functions", Action.READ)
def show(principal: Principal, namespace: str, name: str) -> ResponseReturnValue:
    """Show a function and how to call it."""
    function = find_function(principal.workspace, namespace, name)
    target, target_error = _target(function)
    may_write = principal.may("functions", Action.WRITE)
    example = example_of(function.input_schema)
    return render_template(
        "function/show.html",
        function=function,
        target=target,
        target_error=target_error,
        kind_text=function_kind(function.kind),
        example=example,
        example_fits=example_fits(function, example),
        input_schema=without_secret_proposals(function.input_schema),
        output_schema=without_secret_proposals(function.output_schema),
        may_write=may_write,
        signing=signing_card(principal.workspace.slug, function) if may_write else None,
        may_execute=may_execute(principal, function),
        may_make_keys=principal.may("api_keys", Action.WRITE),
        recent=recent_of(principal, function),
        base_url=public_root(),
    )


@blueprint.route(_FUNCTION + "/edit", methods=["GET", "POST"])
@requires("functions", Action.WRITE)
def edit(principal: Principal, namespace: str, name: str) -> ResponseReturnValue:
    """Change a function."""
    function = find_function(principal.workspace, namespace, name)
    form = function_form(function)
    answer = _changed_rows(form, function)
    if answer is None and form.validate_on_submit():
        try:
            policy = services().policy
            checked = check_fields(policy, form.function(), function)
            with writing():
                changed = update_function(principal.workspace, namespace, name, policy, checked)
            flash("The function has been changed.", "success")
            return _to_function(principal, changed)
        except (InvalidInput, Conflict) as error:
            form.show(error)
    return answer or _edit_page(form, function)


@blueprint.post(_FUNCTION + "/delete")
@requires("functions", Action.WRITE)
def delete(principal: Principal, namespace: str, name: str) -> ResponseReturnValue:
    """Delete a function of which nothing is unfinished."""
    try:
        with writing():
            delete_function(principal.workspace, namespace, name)
    except Conflict as error:
        flash(error.message, "danger")
        return _to_function(principal, find_function(principal.workspace, namespace, name))
    flash(f"The function {namespace}/{name} is deleted.", "success")
    return redirect(url_for("function.index", workspace_slug=principal.workspace.slug), 303)


@blueprint.post(_FUNCTIONS + "/check")
@requires("functions", Action.WRITE)
def check(_principal: Principal) -> ResponseReturnValue:
    """Say what is to be said of the schema that was sent, for the page in which it is typed."""
    field = "output_schema" if "output_schema" in request.form else "input_schema"
    findings = CHECKS[field](request.form.get(field, "").replace("\0", ""))
    return render_template("function/_check.html", field=field, check=findings)


@blueprint.post(_FUNCTIONS + "/preview")
@requires("functions", Action.WRITE)
def preview(principal: Principal) -> ResponseReturnValue:
    """Lead to the form that the input schema which was sent makes, to be filled in."""
    schema = input_schema_of(request.form.get("input_schema", "").replace("\0", ""))
    with writing():
        kept = create_preview(principal.workspace, schema, None)
    slug = principal.workspace.slug
    return redirect(url_for("preview.show", workspace_slug=slug, preview_id=kept.id), 303)


def _changed_rows(form: FunctionForm, function: Function | None) -> ResponseReturnValue | None:
    """Draw the form with a header's row more or less, or only checked, if that was asked for."""
    if "add_header" in request.form:
        form.add_header()
        return _edit_page(form, function, focus="added")
    if "remove_header" in request.form:
        form.remove_header(request.form["remove_header"])
        return _edit_page(form, function, focus="add")
    return _edit_page(form, function) if "check" in request.form else None


def _edit_page(
    form: FunctionForm, function: Function | None, *, focus: str | None = None
) -> ResponseReturnValue:
    page = render_template(
        "function/edit.html",
        form=form,
        function=function,
        focus=focus,
        target_error=_target(function)[1] if function else None,
    )
    return page, 422 if form.errors else 200


def _target(function: Function) -> tuple[FunctionTarget | None, str | None]:
    """Return the target without its credentials, or why it cannot be shown."""
    try:
        return target_without_credentials(target_of(function)), None
    except UnreadableSecret as error:
        return None, error.message


def _carrier(function: Function) -> str | None:
    """Return an endpoint's host or an entry point, None for what cannot be decrypted."""
    with suppress(UnreadableSecret):
        target = target_of(function)
        if isinstance(target, EntryPointSpec):
            return target.entry_point
        return urlsplit(target.url).hostname
    return None


def _to_function(principal: Principal, function: Function) -> ResponseReturnValue:
    place = url_for(
        "function.show",
        workspace_slug=principal.workspace.slug,
        namespace=function.namespace,
        name=function.name,
    )
    return redirect(place, 303)
