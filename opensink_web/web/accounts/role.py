"""Roles that a workspace makes itself: their list, making and changing one, who has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.validators import InputRequired, ValidationError

from opensink_web.errors import Conflict, InvalidInput, OpenSinkError, PermissionMissing
from opensink_web.models import CustomRole, Membership, Role
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import (
    KEY_RESOURCES,
    ROLE_PATTERNS,
    Action,
    Principal,
)
from opensink_web.operations.accounts.queries import all_roles, find_role, members_with, who_has
from opensink_web.operations.accounts.role import (
    RoleChanges,
    create_role,
    delete_role,
    set_roles,
    update_role,
)
from opensink_web.operations.decisions.ending import revoking_of
from opensink_web.web.access import requires
from opensink_web.web.accounts.ending import revoked_besides
from opensink_web.web.accounts.role_matrix import (
    ROWS,
    chosen_reaches,
    matrix_of,
    permissions_of,
)
from opensink_web.web.forms.settings_form import LineField, ParagraphsField, SettingsForm
from opensink_web.web.rendering.kind_words import role_in_short

blueprint = Blueprint("role", __name__)
_ROLES = "/w/<workspace_slug>/admin/roles"
_ROLE = _ROLES + "/<uuid:role_id>"
_EXAMPLES = (
    ("sinas.functions/billing/*.execute:own", "Execute every function of the namespace billing"),
    ("sinas.functions/*/*.read:all", "See every function"),
    ("sinas.agents.*:all", "Do everything with agents"),
    ("acme.invoices.approve:all", "Whatever this means to the application acme"),
)


class RoleForm(SettingsForm):
    name = LineField(
        "Name",
        [InputRequired("Enter a name.")],
        description="What members with this role are called.",
    )
    description = ParagraphsField("Description", description="What the role is for.")
    permissions = ParagraphsField(
        "Other permissions",
        description="What the table has no place for, one per line: "
        "service.resource/path.action:own or :all.",
    )
    reaches: dict[str, str]

    def validate_permissions(self, field: ParagraphsField) -> None:
        if not self.lines() and not permissions_of(self.reaches):
            raise ValidationError("Choose at least one permission, or enter one.")

    def given(self, before: Sequence[str] = ()) -> list[str]:
        """Return all permissions: those of the table, then those that were written."""
        return [*permissions_of(self.reaches, before), *(text for _, text in self.lines())]

    def lines(self) -> list[tuple[int, str]]:
        """Return what stands in each line that is not empty, and the line's number."""
        texts = enumerate((self.permissions.data or "").splitlines(), start=1)
        return [(number, text.strip()) for number, text in texts if text.strip()]

    def show(self, error: OpenSinkError) -> None:
        """Say of each permission that was refused in which line it stands."""
        # none of the table is ever refused by itself
        numbers = [0] * len(permissions_of(self.reaches)) + [number for number, _ in self.lines()]
        rest = []
        for refused in error.errors:
            pointer, _, index = refused.path.rpartition("/")
            if pointer == "/permissions":
                self.show_at(pointer, f"Line {numbers[int(index)]}: {refused.message}")
            else:
                rest.append(refused)
        if rest or not error.errors:
            super().show(type(error)(error.message, errors=tuple(rest)))


@dataclass(frozen=True, slots=True)
class ListedRole:
    """A role and who has it."""

    role: CustomRole
    members: list[Membership]


@blueprint.get(_ROLES)
@requires("roles", Action.WRITE)
def index(principal: Principal) -> ResponseReturnValue:
    """Show the roles, those of the workspace's own first."""
    members = members_with(principal.workspace)
    listed = [ListedRole(role, members.get(role.id, [])) for role in all_roles(principal.workspace)]
    built_in = [(role, role_in_short(role), sorted(map(str, ROLE_PATTERNS[role]))) for role in Role]
    return render_template("role/index.html", listed=listed, built_in=built_in)


@blueprint.route(_ROLES + "/new", methods=["GET", "POST"])
@requires("roles", Action.WRITE)
def create(principal: Principal) -> ResponseReturnValue:
    """Make a role."""
    form = _sent_form()
    if form.validate_on_submit():
        try:
            with writing():
                role = create_role(
                    principal,
                    name=form.name.data,
                    description=form.description.data or "",
                    permissions=form.given(),
                )
                name = role.name
        except (InvalidInput, Conflict, PermissionMissing) as error:
            form.show(error)
        else:
            flash(f"The role {name} is made. Members get it on the page Members.", "success")
            return _back(principal)
    return _form_page(form, None)


@blueprint.route(_ROLE + "/edit", methods=["GET", "POST"])
@requires("roles", Action.WRITE)
def edit(principal: Principal, role_id: UUID) -> ResponseReturnValue:
    """Change a role."""
    role = find_role(principal.workspace, role_id)
    before, matrix = role.permissions, matrix_of(role.permissions)
    form = _sent_form(
        name=role.name, description=role.description, permissions="\n".join(matrix.others)
    )
    if request.method != "POST":
        form.reaches = {**matrix.reaches}
    if form.validate_on_submit():
        try:
            changes: RoleChanges = {
                "name": form.name.data,
                "description": form.description.data or "",
                "permissions": form.given(before),
            }
            with writing():
                with revoking_of(principal, who_has(principal.workspace, role_id)) as revoked:
                    name = update_role(principal, role_id, changes).name
                besides = revoked_besides(revoked)
        except (InvalidInput, Conflict, PermissionMissing) as error:
            form.show(error)
        else:
            flash(f"The role {name} is changed, for everybody who has it{besides}.", "success")
            return _back(principal)
    return _form_page(form, find_role(principal.workspace, role_id))


@blueprint.post(_ROLE + "/delete")
@requires("roles", Action.WRITE)
def delete(principal: Principal, role_id: UUID) -> ResponseReturnValue:
    """Delete a role."""
    try:
        with writing():
            with revoking_of(principal, who_has(principal.workspace, role_id)) as revoked:
                name = delete_role(principal, role_id)
            besides = revoked_besides(revoked)
    except PermissionMissing as error:
        flash(error.message, "danger")
        return _back(principal)
    flash(f"The role {name} is deleted. Nobody has it any more{besides}.", "success")
    return _back(principal)


@blueprint.post("/w/<workspace_slug>/admin/members/<uuid:user_id>/roles")
@requires("roles", Action.WRITE)
def assign(principal: Principal, user_id: UUID) -> ResponseReturnValue:
    """Let a member have the roles that were ticked, and no others."""
    known = {str(role.id): role.id for role in all_roles(principal.workspace)}
    ticked = {known[text] for text in request.form.getlist("roles") if text in known}
    there = redirect(url_for("member.index", workspace_slug=principal.workspace.slug), 303)
    try:
        with writing():
            with revoking_of(principal, [user_id]) as revoked:
                member = set_roles(principal, user_id, ticked)
            names = ", ".join(role.name for role in member.custom_roles) or "no role"
            sentence = f"{member.user.email} has {names} besides the built-in one now"
            sentence += f"{revoked_besides(revoked)}."
    except PermissionMissing as error:
        flash(error.message, "danger")
        return there
    flash(sentence, "success")
    return there


def _sent_form(**stored: str) -> RoleForm:
    """Return the form as it was sent, or as it is stored; the table is no field of WTForms'."""
    form = RoleForm(**stored)
    form.reaches = chosen_reaches(request.form)
    return form


def _form_page(form: RoleForm, role: CustomRole | None) -> ResponseReturnValue:
    page = render_template(
        "role/edit.html",
        form=form,
        role=role,
        rows=ROWS,
        examples=_EXAMPLES,
        resources=KEY_RESOURCES,
    )
    return page, 422 if form.errors else 200


def _back(principal: Principal) -> ResponseReturnValue:
    return redirect(url_for("role.index", workspace_slug=principal.workspace.slug), 303)
