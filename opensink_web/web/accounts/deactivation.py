"""Deactivating a member: what ends with it is said first, on a page of its own; and undoing it."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from opensink_web.errors import Conflict, PermissionMissing
from opensink_web.models import Membership
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.accounts.queries import find_member
from opensink_web.operations.accounts.user import activate_member
from opensink_web.operations.decisions.ending import deactivate, what_ends
from opensink_web.web.access import requires
from opensink_web.web.accounts.ending import lines_of

blueprint = Blueprint("deactivation", __name__)
_MEMBER = "/w/<workspace_slug>/admin/members/<uuid:user_id>"


@blueprint.route(_MEMBER + "/deactivate", methods=["GET", "POST"])
@requires("members", Action.WRITE)
def show(principal: Principal, user_id: UUID) -> ResponseReturnValue:
    """Say what ends if somebody is deactivated; a POST shuts them out until they are let in."""
    member = find_member(principal.workspace, user_id)
    if request.method == "GET":
        return _page(member)
    email = member.user.email
    try:
        with writing():
            deactivate(principal, find_member(principal.workspace, user_id))
    except (Conflict, PermissionMissing) as error:
        return _page(member, error.message), error.status
    flash(f"{email} is deactivated.", "success")
    return _to_members(principal)


@blueprint.post(_MEMBER + "/activate")
@requires("members", Action.WRITE)
def undo(principal: Principal, user_id: UUID) -> ResponseReturnValue:
    """Let somebody in again."""
    member = find_member(principal.workspace, user_id)
    try:
        with writing():
            email = activate_member(principal, user_id).user.email
    except (Conflict, PermissionMissing) as error:
        return _page(member, error.message), error.status
    flash(f"{email} is active again.", "success")
    return _to_members(principal)


def _page(member: Membership, refusal: str | None = None) -> str:
    counted = what_ends(member)
    return render_template(
        "member/deactivate.html",
        member=member,
        is_over=not member.is_active,
        ends=lines_of(counted, is_for_good=True),
        rests=lines_of(counted, is_for_good=False),
        refusal=refusal,
    )


def _to_members(principal: Principal) -> ResponseReturnValue:
    return redirect(url_for("member.index", workspace_slug=principal.workspace.slug), 303)
