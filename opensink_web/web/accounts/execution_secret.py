"""The workspace's execution secret: shown on demand, replaced, and the old one given up."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from opensink_web import clock
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.accounts.workspace import (
    end_secret_overlap,
    note_secret_shown,
    rotate_execution_secret,
)
from opensink_web.web.access import requires

blueprint = Blueprint("execution_secret", __name__)
_SECRET = "/w/<workspace_slug>/admin/workspace/secret"  # noqa: S105 - an address


@blueprint.post(_SECRET)
@requires("workspace", Action.WRITE)
def show(principal: Principal) -> ResponseReturnValue:
    """Show the secret; by POST alone, so that no link leads to it and going back shows nothing."""
    with writing():
        note_secret_shown(principal.workspace)
    overlaps = principal.workspace.overlaps_at(clock.now())
    return render_template("workspace/secret.html", overlaps=overlaps)


@blueprint.post(_SECRET + "/rotate")
@requires("workspace", Action.WRITE)
def rotate(principal: Principal) -> ResponseReturnValue:
    """Replace the secret."""
    with writing():
        rotate_execution_secret(principal.workspace)
    flash(
        "There is a new execution secret. Make your agents accept it too, then end the overlap.",
        "success",
    )
    return redirect(url_for("workspace.show", workspace_slug=principal.workspace.slug), 303)


@blueprint.post(_SECRET + "/end-overlap")
@requires("workspace", Action.WRITE)
def end_overlap(principal: Principal) -> ResponseReturnValue:
    """Give the previous secret up before its time."""
    with writing():
        end_secret_overlap(principal.workspace)
    flash("Calls carry the new secret now.", "success")
    return redirect(url_for("workspace.show", workspace_slug=principal.workspace.slug), 303)
