"""Teams: their list, making and changing one, who is in it."""

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectChoice, SelectMultipleField
from wtforms.validators import InputRequired, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from opensink_web.errors import Conflict, InvalidInput
from opensink_web.models import Membership, Team
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.accounts.queries import all_teams, find_team, list_members
from opensink_web.operations.accounts.team import create_team, delete_team, update_team
from opensink_web.web.access import requires
from opensink_web.web.forms.settings_form import LineField, ParagraphsField, SettingsForm

blueprint = Blueprint("team", __name__)
_TEAMS = "/w/<workspace_slug>/admin/teams"
_TEAM = _TEAMS + "/<uuid:team_id>"


class TeamForm(SettingsForm):
    name = LineField(
        "Name",
        [InputRequired("Enter a name.")],
        description="What the team is called, such as Finance.",
    )
    description = ParagraphsField("Description", description="What it decides.")
    members = SelectMultipleField(
        "Members",
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
        validate_choice=False,  # said below, in words
    )

    def validate_members(self, field: SelectMultipleField) -> None:
        if not set(field.data) <= {choice.value for choice in field.choices}:
            raise ValidationError("Somebody who was chosen is no member any more.")

    def user_ids(self) -> set[UUID]:
        """Return who was chosen."""
        return {UUID(text) for text in self.members.data}


@blueprint.get(_TEAMS)
@requires("teams", Action.WRITE)
def index(principal: Principal) -> ResponseReturnValue:
    """Show the teams."""
    return render_template("team/index.html", teams=all_teams(principal.workspace))


@blueprint.route(_TEAMS + "/new", methods=["GET", "POST"])
@requires("teams", Action.WRITE)
def create(principal: Principal) -> ResponseReturnValue:
    """Make a team."""
    form = _form(principal)
    if form.validate_on_submit():
        try:
            with writing():
                team = create_team(
                    principal.workspace,
                    name=form.name.data,
                    description=form.description.data or "",
                    user_ids=form.user_ids(),
                )
                name = team.name
        except (InvalidInput, Conflict) as error:
            form.show(error)
        else:
            flash(f"The team {name} is made.", "success")
            return _back(principal)
    return _form_page(form, None)


@blueprint.route(_TEAM + "/edit", methods=["GET", "POST"])
@requires("teams", Action.WRITE)
def edit(principal: Principal, team_id: UUID) -> ResponseReturnValue:
    """Change a team."""
    form = _form(principal, find_team(principal.workspace, team_id))
    if form.validate_on_submit():
        try:
            with writing():
                team = update_team(
                    principal.workspace,
                    team_id,
                    {
                        "name": form.name.data,
                        "description": form.description.data or "",
                        "user_ids": form.user_ids(),
                    },
                )
                name = team.name
        except (InvalidInput, Conflict) as error:
            form.show(error)
        else:
            flash(f"The team {name} is changed.", "success")
            return _back(principal)
    return _form_page(form, find_team(principal.workspace, team_id))


@blueprint.post(_TEAM + "/delete")
@requires("teams", Action.WRITE)
def delete(principal: Principal, team_id: UUID) -> ResponseReturnValue:
    """Delete a team."""
    with writing():
        name = delete_team(principal.workspace, team_id)
    flash(f"The team {name} is deleted.", "success")
    return _back(principal)


def _form(principal: Principal, team: Team | None = None) -> TeamForm:
    """Return the form as it was sent, or as the team is stored."""
    stored = {} if team is None else {"name": team.name, "description": team.description}
    within = [] if team is None else [str(user.id) for user in team.members]
    form = TeamForm(**stored, members=within)
    form.members.choices = _choices(list_members(principal.workspace))
    return form


def _choices(members: Sequence[Membership]) -> list[SelectChoice]:
    return [
        SelectChoice(
            str(member.user_id),
            member.user.email if member.is_active else f"{member.user.email} (deactivated)",
        )
        for member in members
    ]


def _form_page(form: TeamForm, team: Team | None) -> ResponseReturnValue:
    page = render_template("team/edit.html", form=form, team=team)
    return page, 422 if form.errors else 200


def _back(principal: Principal) -> ResponseReturnValue:
    return redirect(url_for("team.index", workspace_slug=principal.workspace.slug), 303)
