"""A forgotten password: whom to ask, and choosing a new one by a link.

GET never uses a link up: mail scanners and prefetchers open every one. Nobody is signed in by one
either: the sign-in comes after, with everything else that it may ask for.
"""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from opensink_web.errors import InvalidInput, NotFound
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.credential import new_password_hash
from opensink_web.operations.accounts.password import find_reset, reset_password
from opensink_web.web.access import public, tell_stranger
from opensink_web.web.attempts import count_bad_link
from opensink_web.web.forms.form_token import anybodys_form
from opensink_web.web.forms.settings_form import NewPasswordForm

blueprint = Blueprint("password", __name__)


@blueprint.get("/forgot-password")
@public
def forgot() -> ResponseReturnValue:
    """Say who can make a link."""
    return render_template("auth/forgot_password.html")


@blueprint.route("/reset-password/<token>", methods=["GET", "POST"])
@anybodys_form
@public
def reset(token: str) -> ResponseReturnValue:
    """Choose a new password; it ends every session of the account."""
    try:
        return _reset(token)
    except NotFound as error:
        count_bad_link()
        page = render_template("auth/link_gone.html", message=error.message, is_reset=True)
        return page, 404


def _reset(token: str) -> ResponseReturnValue:
    email = find_reset(token).user.email
    form = NewPasswordForm()
    if form.validate_on_submit():
        try:
            password_hash = new_password_hash(form.password.data, email=email)
            with writing():
                reset_password(token, password_hash)
        except InvalidInput as error:
            form.show(error)
        else:
            tell_stranger("Your new password is set. Sign in with it.", "success")
            return redirect(url_for("auth.sign_in"), 303)
    page = render_template("auth/reset_password.html", form=form, email=email)
    return page, 422 if form.errors else 200
