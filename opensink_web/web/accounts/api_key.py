"""API keys: who may speak for this workspace by a program, and how far.

A key is shown once, in the answer to the POST that made it. It never stands in an address, a
cookie or a log.
"""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import DateField, RadioField, SelectChoice, SelectField, SelectMultipleField
from wtforms.validators import InputRequired, Optional, StopValidation, ValidationError

from opensink_web import clock
from opensink_web.errors import InvalidInput
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.api_key import create_key, revoke_key
from opensink_web.operations.accounts.permission import EVERYTHING, Action, Principal
from opensink_web.operations.accounts.queries import list_keys, list_members
from opensink_web.web.access import requires
from opensink_web.web.forms.settings_form import LineField, SettingsForm
from opensink_web.web.rendering.listing import page_request, same_list

blueprint = Blueprint("api_key", __name__)
_KEYS = "/w/<workspace_slug>/admin/api-keys"
_RESOURCES = (
    ("agents", "Agents"),
    ("agent_sessions", "Sessions"),
    ("agent_session_input_requests", "Input requests"),
    ("agent_session_activities", "Activities"),
    ("deliveries", "Deliveries"),
    ("functions", "Functions"),
    ("executions", "Executions"),
    ("batches", "Batches"),
    ("chats", "Chats"),
    ("roles", "Roles"),
    ("api_keys", "API keys"),
)
_ON_A_DATE = "date"


def _needed_for_a_date(form: "KeyForm", field: DateField) -> None:
    if form.expiry.data == _ON_A_DATE and not any(field.raw_data or ()):
        field.errors.clear()  # nothing typed is not a badly typed date
        raise StopValidation("Enter the last day.")


class KeyForm(SettingsForm):
    name = LineField(
        "Name",
        [InputRequired("Enter a name.")],
        description="What the key is for, such as the program that uses it.",
    )
    reach = RadioField(
        "What the key may do",
        choices=[
            SelectChoice("everything", "Everything I may do"),
            SelectChoice("chosen", "Only what I choose"),
        ],
        default="everything",
    )
    scopes = SelectMultipleField(
        "Permissions",
        choices=[f"{name}:{action.value}" for name, _ in _RESOURCES for action in Action],
    )
    expiry = SelectField(
        "Expires",
        choices=[
            SelectChoice("", "Never"),
            SelectChoice("30", "In 30 days"),
            SelectChoice("90", "In 90 days"),
            SelectChoice("365", "In 365 days"),
            SelectChoice(_ON_A_DATE, "On a date"),
        ],
        default="90",
    )
    expires_at = DateField(
        "Last day",
        [_needed_for_a_date, Optional()],
        description="The key works until the end of this day (UTC).",
    )

    def validate_scopes(self, field: SelectMultipleField) -> None:
        if self.reach.data == "chosen" and not field.data:
            raise ValidationError("Choose at least one permission.")

    def chosen_scopes(self) -> tuple[str, ...]:
        return (EVERYTHING,) if self.reach.data == "everything" else tuple(self.scopes.data)

    def moment_of_expiry(self) -> datetime | None:
        if not self.expiry.data:
            return None
        if self.expiry.data == _ON_A_DATE:
            return datetime.combine(self.expires_at.data, time.max, UTC)
        return clock.now() + timedelta(days=int(self.expiry.data))


@blueprint.get(_KEYS)
@requires("api_keys", Action.WRITE)
def index(principal: Principal) -> ResponseReturnValue:
    """Show the keys."""
    keys = list_keys(principal.workspace, page_request())
    return render_template(
        "api_key/index.html",
        keys=keys.items,
        suspended={
            each.user_id for each in list_members(principal.workspace) if not each.is_active
        },
        now=clock.now(),
        next_href=same_list(trail=keys.trail) if keys.trail else None,
        first_href=same_list() if page_request().trail else None,
    )


@blueprint.route(_KEYS + "/new", methods=["GET", "POST"])
@requires("api_keys", Action.WRITE)
def create(principal: Principal) -> ResponseReturnValue:
    """Make a key and show it, this one time."""
    form = KeyForm()
    if form.validate_on_submit():
        try:
            return _create(principal, form)
        except InvalidInput as error:
            form.show(error)
    page = render_template("api_key/new.html", form=form, resources=_RESOURCES)
    return page, 422 if form.errors else 200


@blueprint.post(_KEYS + "/<uuid:key_id>/revoke")
@requires("api_keys", Action.WRITE)
def revoke(principal: Principal, key_id: UUID) -> ResponseReturnValue:
    """Make a key useless."""
    with writing():
        name = revoke_key(principal.workspace, key_id).name
    flash(f"The key {name} has been revoked and no longer works.", "success")
    return redirect(url_for("api_key.index", workspace_slug=principal.workspace.slug), 303)


def _create(principal: Principal, form: KeyForm) -> ResponseReturnValue:
    with writing():
        key, secret = create_key(
            principal.workspace,
            principal.user,
            name=form.name.data,
            scopes=form.chosen_scopes(),
            expires_at=form.moment_of_expiry(),
        )
    return render_template("api_key/created.html", key=key, secret=secret), 201
