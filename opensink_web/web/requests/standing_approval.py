"""Standing approvals: their list, and what each was used for. (Granting is allow_again.py's.)"""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from opensink_web.json_value import dump
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.decisions import standing_approval as standing_approvals
from opensink_web.operations.decisions.queries import (
    find_standing_approval,
    list_standing_approvals,
    list_uses,
)
from opensink_web.web.access import requires
from opensink_web.web.rendering.listing import page_request
from opensink_web.web.requests.standing_words import state_badge, whose

blueprint = Blueprint("standing_approval", __name__)
_ALL = "/w/<workspace_slug>/admin/standing-approvals"
_ONE = _ALL + "/<uuid:approval_id>"


@blueprint.get(_ALL)
@requires("standing_approvals", Action.READ)
def index(principal: Principal) -> ResponseReturnValue:
    """List what is approved without a person, and what was."""
    page = list_standing_approvals(principal.workspace, page_request())
    return render_template(
        "standing_approval/index.html",
        page=page,
        whose=whose,
        state_badge=state_badge,
        may_revoke=principal.may("standing_approvals", Action.WRITE),
    )


@blueprint.get(_ONE)
@requires("standing_approvals", Action.READ)
def show(principal: Principal, approval_id: UUID) -> ResponseReturnValue:
    """Show on which terms something is approved, and each time that it was."""
    approval = find_standing_approval(principal.workspace, approval_id)
    return render_template(
        "standing_approval/show.html",
        approval=approval,
        whose=whose(approval),
        state=state_badge(approval),
        condition=dump(approval.condition, indent=2),
        uses=list_uses(approval, page_request()),
        may_revoke=principal.may("standing_approvals", Action.WRITE),
    )


@blueprint.post(_ONE + "/revoke")
@requires("standing_approvals", Action.WRITE)
def revoke(principal: Principal, approval_id: UUID) -> ResponseReturnValue:
    """Let it hold for nothing more."""
    with writing():
        standing_approvals.revoke(principal.workspace, approval_id, by=principal.user)
    flash("It is revoked: people decide again.", "success")
    address = url_for(
        "standing_approval.show", workspace_slug=principal.workspace.slug, approval_id=approval_id
    )
    return redirect(address, 303)
