"""A person's own account: the password, and where they are signed in."""

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from wtforms import PasswordField
from wtforms.validators import InputRequired

from opensink_web.errors import InvalidInput
from opensink_web.models import User, UserSession
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.credential import new_password_hash
from opensink_web.operations.accounts.password import change_password
from opensink_web.operations.accounts.queries import (
    list_identities,
    list_sessions,
    second_factor_of,
)
from opensink_web.operations.accounts.user_session import end_other_sessions, end_session
from opensink_web.web.access import signed_in
from opensink_web.web.accounts.absence_form import AbsenceForm, plan_of
from opensink_web.web.accounts.user_agent import place_name
from opensink_web.web.attempts import user_with_password
from opensink_web.web.forms.settings_form import NewPasswordForm

blueprint = Blueprint("account", __name__)


@dataclass(frozen=True, slots=True)
class Place:
    """A browser or a program in which the person is signed in, as it is listed."""

    session: UserSession
    name: str
    is_this: bool


class PasswordForm(NewPasswordForm):
    current = PasswordField("Current password", [InputRequired("Enter your current password.")])


@blueprint.get("/account")
@signed_in
def show(user: User) -> ResponseReturnValue:
    """Show the account."""
    return account_page(user)


@blueprint.post("/account/password")
@signed_in
def set_password(user: User) -> ResponseReturnValue:
    """Change the password, and sign out everywhere else."""
    form = PasswordForm()
    if form.validate_on_submit() and _is_own(form, user):
        try:
            password_hash = new_password_hash(form.password.data, email=user.email)
            with writing():
                count = change_password(user, password_hash, keep=current_user.session_id)
        except InvalidInput as error:
            form.show(error)
        else:
            flash(f"Your password is changed. {_ended(count)}", "success")
            return _back()
    return account_page(user, form), 422


def _is_own(form: PasswordForm, user: User) -> bool:
    """Check the current password: a browser that was left alone must not be enough."""
    if user_with_password(user.email, form.current.data) is not None:
        return True
    form.show_at("/current", "That is not your password.")
    return False


@blueprint.post("/account/sessions/<uuid:session_id>/end")
@signed_in
def end(user: User, session_id: UUID) -> ResponseReturnValue:
    """Sign one browser out, which may be this one."""
    with writing():
        end_session(user, session_id)
    if session_id != current_user.session_id:
        flash("That browser has been signed out.", "success")
    return _back()


@blueprint.post("/account/sessions/end-others")
@signed_in
def end_others(user: User) -> ResponseReturnValue:
    """Sign every browser out but this one."""
    with writing():
        count = end_other_sessions(user, current_user.session_id)
    flash(_ended(count), "success")
    return _back()


def account_page(
    user: User, form: PasswordForm | None = None, absence_form: AbsenceForm | None = None
) -> str:
    """Draw the account, with the form that was not taken, if there is one."""
    workspaces = [each.workspace for each in user.active_memberships]
    form = form or PasswordForm(formdata=None)
    return render_template(
        "account/show.html",
        plan=plan_of(user, workspaces, absence_form) if workspaces else None,
        places=_places(user),
        identities=list_identities(user),
        form=form if user.password_hash is not None else None,
        second_factor=second_factor_of(user),
    )


def _places(user: User) -> list[Place]:
    here = current_user.session_id
    return [
        Place(session, place_name(session), session.id == here) for session in list_sessions(user)
    ]


def _ended(count: int) -> str:
    if count == 0:
        return "You were not signed in anywhere else."
    return f"You are signed out in {count} other place{'s' if count > 1 else ''}."


def _back() -> ResponseReturnValue:
    return redirect(url_for("account.show"), 303)
