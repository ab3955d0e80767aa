"""The workspace's own page: its name, what it asks of members, how its execution secret stands."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.validators import InputRequired

from opensink_web import clock
from opensink_web.errors import Conflict, InvalidInput
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.accounts.workspace import rename_workspace, require_second_factor
from opensink_web.web.access import requires
from opensink_web.web.forms.settings_form import LineField, SettingsForm

blueprint = Blueprint("workspace", __name__)


class NameForm(SettingsForm):
    name = LineField("Name", [InputRequired("Enter a name.")])


@blueprint.get("/w/<workspace_slug>/")
@requires("agent_session_input_requests", Action.READ)
def home(principal: Principal) -> ResponseReturnValue:
    """Lead to the inbox."""
    return redirect(url_for("inbox.show", workspace_slug=principal.workspace.slug), 303)


@blueprint.route("/w/<workspace_slug>/admin/workspace", methods=["GET", "POST"])
@requires("workspace", Action.WRITE)
def show(principal: Principal) -> ResponseReturnValue:
    """Show the workspace; a POST renames it."""
    form = NameForm(name=principal.workspace.name)
    if form.validate_on_submit():
        try:
            with writing():
                rename_workspace(principal.workspace, form.name.data, by=principal.user)
            flash("The workspace has been renamed.", "success")
            return _back(principal)
        except (InvalidInput, Conflict) as error:
            form.show(error)
    overlaps = principal.workspace.overlaps_at(clock.now())
    page = render_template("workspace/show.html", form=form, overlaps=overlaps)
    return page, 422 if form.errors else 200


@blueprint.post("/w/<workspace_slug>/admin/workspace/second-factor")
@requires("workspace", Action.WRITE)
def set_second_factor(principal: Principal) -> ResponseReturnValue:
    """Say whether members need a second factor."""
    required = request.form.get("required") == "yes"
    with writing():
        require_second_factor(principal.workspace, required)
    flash(
        "Every member with a password needs a second factor now."
        if required
        else "Members no longer need a second factor.",
        "success",
    )
    return _back(principal)


def _back(principal: Principal) -> ResponseReturnValue:
    return redirect(url_for("workspace.show", workspace_slug=principal.workspace.slug), 303)
