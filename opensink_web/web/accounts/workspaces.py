"""The workspaces of a person: going from one to another, making one, leaving one."""

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.validators import InputRequired

from opensink_web.errors import Conflict, InvalidInput, PermissionMissing
from opensink_web.models import Membership, User
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.accounts.queries import lacks_second_factor
from opensink_web.operations.accounts.workspace import principal_in
from opensink_web.operations.accounts.workspace_creation import (
    SLUG_LENGTH_MAX,
    Makers,
    make_workspace,
    may_make_workspace,
)
from opensink_web.operations.decisions.ending import leave_workspace
from opensink_web.operations.requests.queries import count_waiting
from opensink_web.web.access import path_of_htmx, services, signed_in
from opensink_web.web.accounts.ending import ended_with
from opensink_web.web.forms.settings_form import LineField, SettingsForm
from opensink_web.web.navigation import same_page_in
from opensink_web.web.rendering.listing import counted

blueprint = Blueprint("workspaces", __name__)


class WorkspaceForm(SettingsForm):
    name = LineField(
        "Name",
        [InputRequired("Enter a name.")],
        description="What people read, such as EMEA desk. It can be changed later.",
    )
    slug = LineField(
        "Address",
        description="Its place in links: small letters, digits and hyphens. Without one it is made "
        "of the name. It stays as it is, so that links keep working.",
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """A workspace to go to; `waiting` is how many requests wait there, as text."""

    membership: Membership
    href: str
    waiting: str
    is_here: bool


@blueprint.get("/workspaces")
@signed_in
def index(user: User) -> ResponseReturnValue:
    """Show the workspaces that the person belongs to."""
    closed = [each.workspace.name for each in user.memberships if not each.is_active]
    return render_template(
        "workspaces/index.html",
        choices=_choices(user),
        closed=closed,
        may_create=may_make_workspace(user, _makers()),
    )


@blueprint.get("/workspaces/menu")
@signed_in
def menu(user: User) -> ResponseReturnValue:
    """Show them where the menu of workspaces is unfolded."""
    return render_template(
        "workspaces/_menu.html",
        choices=_choices(user, request.args.get("here")),
        may_create=may_make_workspace(user, _makers()),
    )


@blueprint.route("/workspaces/new", methods=["GET", "POST"])
@signed_in
def create(user: User) -> ResponseReturnValue:
    """Make a workspace, and lead to it."""
    if not may_make_workspace(user, _makers()):
        raise PermissionMissing("You may not make a workspace. Ask whoever runs this server.")
    form = WorkspaceForm()
    if form.validate_on_submit():
        try:
            with writing():
                made = make_workspace(
                    user, name=form.name.data, slug=form.slug.data, makers=_makers()
                )
                name, slug = made.name, made.slug
        except (InvalidInput, Conflict) as error:
            form.show(error)
        else:
            flash(f"{name} is made, and you are its admin. Now invite others.", "success")
            return redirect(url_for("member.index", workspace_slug=slug), 303)
    page = render_template("workspaces/new.html", form=form, slug_length_max=SLUG_LENGTH_MAX)
    return page, 422 if form.errors else 200


@blueprint.post("/workspaces/<slug>/leave")
@signed_in
def leave(user: User, slug: str) -> ResponseReturnValue:
    """Leave a workspace, whatever one may do in it."""
    principal = principal_in(slug, user)
    name = principal.workspace.name
    try:
        with writing():
            ended = leave_workspace(principal)
    except Conflict as error:
        flash(error.message, "danger")
    else:
        flash(ended_with(f"You have left {name}", ended.ending), "success")
    return redirect(url_for("workspaces.index"), 303)


def _makers() -> Makers:
    return Makers(services().settings.workspace_creation)


def _choices(user: User, here: str | None = None) -> list[Choice]:
    """Return where each leads: to the same kind of page as the one whose menu was unfolded."""
    path = path_of_htmx()
    return [
        Choice(
            each,
            same_page_in(Principal.of(each), path),
            _waiting(each),
            each.workspace.slug == here,
        )
        for each in user.active_memberships
    ]


def _waiting(membership: Membership) -> str:
    """Count what waits in a workspace, for who may see it there."""
    workspace = membership.workspace
    if lacks_second_factor(membership.user, workspace):
        return ""
    may_see = Principal.of(membership).may("agent_session_input_requests", Action.READ)
    return counted(count_waiting(workspace)) if may_see else ""
