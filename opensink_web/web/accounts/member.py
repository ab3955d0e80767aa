"""Who belongs to the workspace: members and their roles, and links that invite others."""

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import RadioField, SelectChoice
from wtforms.validators import InputRequired

from opensink_web.contract.public_address import public_address
from opensink_web.errors import Conflict, InvalidInput, PermissionMissing
from opensink_web.models import Membership, Role
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.deputy import absences_of
from opensink_web.operations.accounts.invitation import (
    INVITATION_LIFETIME,
    invite_for,
    revoke_invitation,
)
from opensink_web.operations.accounts.password import RESET_LIFETIME, make_reset_link_for_member
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.accounts.queries import (
    all_roles,
    list_members,
    list_open_invitations,
    members_with_second_factor,
)
from opensink_web.operations.accounts.second_factor import reset_for_member
from opensink_web.operations.accounts.user import change_role
from opensink_web.operations.decisions.ending import remove_member, revoking_of
from opensink_web.web.access import requires
from opensink_web.web.accounts.ending import ended_with, lines_of_stored, revoked_besides
from opensink_web.web.forms.settings_form import LineField, SettingsForm

blueprint = Blueprint("member", __name__)
_MEMBERS = "/w/<workspace_slug>/admin/members"
_ROLES = [
    SelectChoice(Role.REVIEWER.value, "Reviewer: answers requests; sees sessions and deliveries"),
    SelectChoice(Role.VIEWER.value, "Viewer: sees the same, without answering"),
    SelectChoice(
        Role.ADMIN.value, "Admin: also looks after agents, keys, members and the workspace"
    ),
]


class InviteForm(SettingsForm):
    role = RadioField(
        "Role", [InputRequired("Choose a role.")], choices=_ROLES, default=Role.REVIEWER.value
    )
    email = LineField(
        "E-mail address",
        description="If you give one, the link makes an account for this address alone.",
    )


@dataclass(frozen=True, slots=True)
class ResetLink:
    """A link to a new password that was just made, and for whom."""

    email: str
    href: str


@dataclass(frozen=True, slots=True)
class Deactivated:
    """A member who is deactivated: by whom, and what ended with it."""

    member: Membership
    by: str
    lines: list[str]


@blueprint.get(_MEMBERS)
@requires("members", Action.WRITE)
def index(principal: Principal) -> ResponseReturnValue:
    """Show members and open invitations."""
    return _page(principal, InviteForm())


@blueprint.post(_MEMBERS)
@requires("members", Action.WRITE)
def create_invitation(principal: Principal) -> ResponseReturnValue:
    """Make a link and show it this one time: only its hash is kept."""
    form = InviteForm()
    if form.validate_on_submit():
        try:
            with writing():
                token = invite_for(
                    principal, role=Role(form.role.data), email=form.email.data or None
                )
            return _page(
                principal,
                InviteForm(formdata=None),
                link=public_address("auth.sign_up", token=token),
            ), 201
        except InvalidInput as error:
            form.show(error)
        except PermissionMissing as error:
            form.show_at("/role", error.message)
    return _page(principal, form), 422


@blueprint.post(_MEMBERS + "/<uuid:user_id>/role")
@requires("members", Action.WRITE)
def set_role(principal: Principal, user_id: UUID) -> ResponseReturnValue:
    """Give a member another role."""
    role = _sent_role()
    if role is None:
        return _page(principal, InviteForm(formdata=None), refusal="Choose one of the roles."), 422
    try:
        with writing():
            with revoking_of(principal, [user_id]) as revoked:
                membership = change_role(principal, user_id, role)
            sentence = f"{membership.user.email} is {_named(role)} now{revoked_besides(revoked)}."
    except (Conflict, PermissionMissing) as error:
        return _page(principal, InviteForm(formdata=None), refusal=error.message), error.status
    flash(sentence, "success")
    stays_admin = user_id != principal.user.id or role is Role.ADMIN
    return _back(principal) if stays_admin else redirect(url_for("auth.home"), 303)


@blueprint.post(_MEMBERS + "/<uuid:user_id>/remove")
@requires("members", Action.WRITE)
def remove(principal: Principal, user_id: UUID) -> ResponseReturnValue:
    """Take somebody out of the workspace."""
    try:
        with writing():
            ended = remove_member(principal, user_id)
            gone = f"{ended.email} is no longer a member of {principal.workspace.name}"
            sentence = ended_with(gone, ended.ending)
    except (Conflict, PermissionMissing) as error:
        return _page(principal, InviteForm(formdata=None), refusal=error.message), error.status
    flash(sentence, "success")
    return _back(principal) if user_id != principal.user.id else redirect(url_for("auth.home"), 303)


@blueprint.post(_MEMBERS + "/<uuid:user_id>/reset-link")
@requires("members", Action.WRITE)
def create_reset_link(principal: Principal, user_id: UUID) -> ResponseReturnValue:
    """Make a link with which a member chooses a new password, and show it this one time."""
    form = InviteForm(formdata=None)
    try:
        with writing():
            email, token = make_reset_link_for_member(
                principal.workspace, user_id, by=principal.user
            )
    except (Conflict, PermissionMissing) as error:
        return _page(principal, form, refusal=error.message), error.status
    reset = ResetLink(email, public_address("password.reset", token=token))
    return _page(principal, form, reset=reset), 201


@blueprint.post(_MEMBERS + "/<uuid:user_id>/reset-second-factor")
@requires("members", Action.WRITE)
def reset_second_factor(principal: Principal, user_id: UUID) -> ResponseReturnValue:
    """Let a member who has lost their app sign in with the password alone."""
    try:
        with writing():
            email = reset_for_member(principal.workspace, user_id, by=principal.user).email
    except (Conflict, PermissionMissing) as error:
        return _page(principal, InviteForm(formdata=None), refusal=error.message), error.status
    flash(f"{email} signs in with the password alone until they set it up anew.", "success")
    return _back(principal)


@blueprint.post(_MEMBERS + "/invitations/<uuid:invitation_id>/revoke")
@requires("members", Action.WRITE)
def revoke(principal: Principal, invitation_id: UUID) -> ResponseReturnValue:
    """Make a link useless."""
    with writing():
        revoke_invitation(principal.workspace, invitation_id)
    flash("The invitation is revoked: its link opens nothing any more.", "success")
    return _back(principal)


def _page(
    principal: Principal,
    form: InviteForm,
    *,
    link: str | None = None,
    reset: ResetLink | None = None,
    refusal: str | None = None,
) -> str:
    members = list_members(principal.workspace)
    return render_template(
        "member/index.html",
        form=form,
        members=[each for each in members if each.is_active],
        deactivated=[_deactivated(each) for each in members if not each.is_active],
        absences=absences_of(principal.workspace, [each.user_id for each in members]),
        invitations=list_open_invitations(principal.workspace),
        roles=list(Role),
        own_roles=all_roles(principal.workspace) if principal.may("roles", Action.WRITE) else [],
        link=link,
        reset=reset,
        reset_lifetime_hours=int(RESET_LIFETIME.total_seconds() // 3600),
        lifetime_days=INVITATION_LIFETIME.days,
        refusal=refusal,
        with_second_factor=members_with_second_factor(principal.workspace),
    )


def _deactivated(member: Membership) -> Deactivated:
    if member.deactivated_at is None:
        return Deactivated(member, "The operator", [])
    by = member.deactivated_by.email if member.deactivated_by else "Not on record"
    return Deactivated(member, by, lines_of_stored(member.ended_with_it))


def _sent_role() -> Role | None:
    try:
        return Role(request.form.get("role", ""))
    except ValueError:
        return None


def _named(role: Role) -> str:
    return "an admin" if role is Role.ADMIN else f"a {role.value}"


def _back(principal: Principal) -> ResponseReturnValue:
    return redirect(url_for("member.index", workspace_slug=principal.workspace.slug), 303)
