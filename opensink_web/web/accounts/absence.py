"""Out of office: for oneself on the page of one's account, and by admins for a member."""

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from opensink_web.errors import InvalidInput, NotFound
from opensink_web.models import User, Workspace
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.absence import add_absence, end_absence
from opensink_web.operations.accounts.deputy import absences_to_come
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.accounts.queries import find_member
from opensink_web.web.access import requires, signed_in
from opensink_web.web.accounts.absence_form import AbsenceForm, plan_of
from opensink_web.web.accounts.account import account_page

blueprint = Blueprint("absence", __name__)
_OF_MEMBER = "/w/<workspace_slug>/admin/members/<uuid:user_id>/absences"


@blueprint.post("/account/absences")
@signed_in
def add_own(user: User) -> ResponseReturnValue:
    """Say when one is away oneself."""
    workspaces = [each.workspace for each in user.active_memberships]
    form = AbsenceForm.of(workspaces)
    if form.validate_on_submit() and _is_added(form, user.id, workspaces):
        flash("Your absence is noted.", "success")
        return redirect(url_for("account.show"), 303)
    return account_page(user, absence_form=form), 422


@blueprint.post("/account/absences/<uuid:absence_id>/end")
@signed_in
def end_own(user: User, absence_id: UUID) -> ResponseReturnValue:
    """Be back, or not go away."""
    workspaces = {each.workspace_id: each.workspace for each in user.active_memberships}
    for absence in absences_to_come(user.id):
        workspace = workspaces.get(absence.workspace_id)
        if absence.id == absence_id and workspace is not None:
            with writing():
                end_absence(workspace, user.id, absence_id)
            flash("The absence is removed.", "success")
    return redirect(url_for("account.show"), 303)


@blueprint.route(_OF_MEMBER, methods=["GET", "POST"])
@requires("members", Action.WRITE)
def of_member(principal: Principal, user_id: UUID) -> ResponseReturnValue:
    """Show when a member is away, or say so for them."""
    member = find_member(principal.workspace, user_id)
    form = AbsenceForm.of([principal.workspace])
    if form.validate_on_submit() and _is_added(form, user_id, [principal.workspace]):
        flash(f"The absence of {member.user.email} is noted.", "success")
        return redirect(_page_of(principal, user_id), 303)
    plan = plan_of(member.user, [principal.workspace], form)
    page = render_template("absence/of_member.html", member=member, plan=plan)
    return page, 422 if form.errors else 200


@blueprint.post(_OF_MEMBER + "/<uuid:absence_id>/end")
@requires("members", Action.WRITE)
def end_of_member(principal: Principal, user_id: UUID, absence_id: UUID) -> ResponseReturnValue:
    """Have a member be back."""
    with writing():
        end_absence(principal.workspace, user_id, absence_id)
    flash("The absence is removed.", "success")
    return redirect(_page_of(principal, user_id), 303)


def _is_added(form: AbsenceForm, user_id: UUID, workspaces: Sequence[Workspace]) -> bool:
    """Store what was entered; what is refused stands at its field."""
    workspace = next(each for each in workspaces if str(each.id) == form.workspace.data)
    try:
        with writing():
            add_absence(workspace, user_id, form.new_absence(workspace))
    except InvalidInput as error:
        form.show(error)
        return False
    except NotFound as error:
        form.show_at("", error.message)
        return False
    return True


def _page_of(principal: Principal, user_id: UUID) -> str:
    slug = principal.workspace.slug
    href: str = url_for("absence.of_member", workspace_slug=slug, user_id=user_id)
    return href
