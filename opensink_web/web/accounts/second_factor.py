"""The second step of a sign-in, and the page on which somebody sets their second factor up.

Between the two steps nobody is signed in: an encrypted cookie says for five minutes whose password
was right in this browser. Guesses are counted for the account, however many sign-ins they are made
in.
"""

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import segno
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import Markup
from wtforms import PasswordField
from wtforms.validators import InputRequired

from opensink_web.errors import Conflict, InvalidInput, RateLimited
from opensink_web.models import SecondFactor, User, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts import queries
from opensink_web.operations.accounts import second_factor as factors
from opensink_web.web.access import (
    begin_session,
    has_just_signed_in,
    public,
    safe_next,
    signed_in,
    tell_stranger,
)
from opensink_web.web.accounts.pending_cookie import PendingCookie
from opensink_web.web.attempts import (
    count_code,
    forgive_code,
    remember_device,
    retry_after,
    user_with_password,
)
from opensink_web.web.forms.form_token import anybodys_form
from opensink_web.web.forms.settings_form import LineField, SettingsForm

blueprint = Blueprint("second_factor", __name__)

_PENDING = PendingCookie("opensink_sign_in", path="/sign-in", lifetime=timedelta(minutes=5))
"""[user's id, mark of the password, goal] of whoever gave the right password here."""
_PAGE = "/account/second-factor"


class CodeForm(SettingsForm):
    code = LineField("Code", [InputRequired("Enter the code.")])


class SetupForm(SettingsForm):
    code = LineField("Code that the app shows now", [InputRequired("Enter the code.")])
    password = PasswordField("Your password here")


class ProofForm(SettingsForm):
    proof = PasswordField(
        "Your password, or a code of the app", [InputRequired("Enter one of the two.")]
    )


def second_step(user: User, goal: str) -> ResponseReturnValue | None:
    """Lead somebody whose password was right to the code; None if nothing more is asked of them."""
    if queries.second_factor_of(user) is None:
        return None
    # another tab may be at this step too, with another account
    attempt = secrets.token_urlsafe(9) if _PENDING.read() is not None else None
    answer = redirect(url_for("second_factor.enter", attempt=attempt), 303)
    return _PENDING.keep(answer, [str(user.id), _mark_of_password(user), goal], attempt or "")


@blueprint.route("/sign-in/code", methods=["GET", "POST"])
@anybodys_form
@public
def enter() -> ResponseReturnValue:
    """Take the code and let the person in."""
    user, goal = _who_waits()
    factor = queries.second_factor_of(user) if user is not None else None
    if user is None or factor is None:
        tell_stranger("That took longer than five minutes. Please sign in again.", "info")
        return _drop_pending(url_for("auth.sign_in"))
    if current_user.is_authenticated and current_user.user.id == user.id:
        return _drop_pending(goal)  # another tab was faster
    form = CodeForm()
    if form.validate_on_submit():
        try:
            if _let_in(user, factor, form.code.data):
                return _drop_pending(goal)
            form.show_at("/code", f"This code is not valid. {_limits_of_a_code()}")
        except RateLimited as error:
            form.show(error)
            return _code_page(form), error.status, retry_after(error)
    return _code_page(form), 422 if form.errors else 200


@blueprint.get(_PAGE)
@signed_in
def show(user: User) -> ResponseReturnValue:
    """Show how the second factor stands, and what can be done with it."""
    return _page(user)


@blueprint.post(_PAGE + "/begin")
@signed_in
def begin(user: User) -> ResponseReturnValue:
    """Make a secret for an app."""
    try:
        with writing():
            factors.begin_setup(user)
    except Conflict as error:
        flash(error.message, "danger")
    return redirect(url_for("second_factor.show", next=_goal()), 303)


@blueprint.post(_PAGE + "/confirm")
@signed_in
def confirm(user: User) -> ResponseReturnValue:
    """Put the second factor to use when the app has shown that it knows the secret."""
    form = _setup_form(user)
    if form.validate_on_submit() and _is_still_there(form, user):
        try:
            with writing():
                codes = factors.confirm_setup(user, form.code.data)
            return _codes_page(codes)
        except InvalidInput as error:
            form.show(error)
        except Conflict as error:
            flash(error.message, "danger")
            return redirect(url_for("second_factor.show", next=_goal()), 303)
    return _page(user, setup=form), 422


@blueprint.post(_PAGE + "/recovery-codes")
@signed_in
def renew_codes(user: User) -> ResponseReturnValue:
    """Make new recovery codes."""
    form = ProofForm(prefix="codes-")
    factor = queries.second_factor_of(user)
    if factor is None:
        return _gone()
    if form.validate_on_submit() and _proves(form, user, factor):
        with writing():
            codes = factors.renew_recovery_codes(user, factor)
        return _codes_page(codes)
    return _page(user, renewal=form), 422


@blueprint.post(_PAGE + "/turn-off")
@signed_in
def turn_off(user: User) -> ResponseReturnValue:
    """Ask for the password alone from now on."""
    form = ProofForm(prefix="off-")
    factor = queries.second_factor_of(user)
    if factor is None:
        return _gone()
    if form.validate_on_submit() and _proves(form, user, factor):
        with writing():
            factors.turn_off(user)
        flash("Your account no longer has a second factor.", "success")
        return redirect(url_for("account.show"), 303)
    return _page(user, turning_off=form), 422


def _who_waits() -> tuple[User | None, str]:
    """Return whose password was right here within five minutes, and where they were going."""
    user_id, mark, goal = _PENDING.read(_attempt()) or ("", "", "")
    user = db.session.get(User, UUID(user_id)) if user_id else None
    if user is None or not user.is_active or mark != _mark_of_password(user):
        return None, goal
    return user, goal


def _attempt() -> str:
    return request.args.get("attempt", "")


def _drop_pending(place: str) -> ResponseReturnValue:
    return _PENDING.drop(redirect(place, 303), _attempt())


def _mark_of_password(user: User) -> str:
    """Something that changes with the password, so that a sign-in half done ends with it."""
    return sha256((user.password_hash or "").encode()).hexdigest()[:16]


def _let_in(user: User, factor: SecondFactor, code: str) -> bool:
    """Begin a session if the code is right. Raises: RateLimited."""
    count_code(user)
    with writing():
        accepted = factors.accept_code(factor, code)
        if accepted:
            begin_session(user)
            remember_device(user.email)
    if accepted:
        forgive_code(user)
    return accepted


def _proves(form: ProofForm, user: User, factor: SecondFactor) -> bool:
    """Return True if it is the person who sits there, by the password or a code.

    Raises: RateLimited.
    """
    proof = form.proof.data
    count_code(user)
    with writing():
        proven = factors.accept_code(factor, proof)
    if proven or user_with_password(user.email, proof) is not None:
        forgive_code(user)
        return True
    form.show_at("/proof", "This is neither your password nor a valid code.")
    return False


def _setup_form(user: User) -> SetupForm:
    form = SetupForm()
    if user.password_hash is None or has_just_signed_in():
        del form.password
    return form


def _is_still_there(form: SetupForm, user: User) -> bool:
    """A browser that was left alone must not be enough to shut its owner out."""
    if form.password is None or user_with_password(user.email, form.password.data or ""):
        return True
    form.show_at("/password", "That is not your password.")
    return False


def _code_page(form: CodeForm) -> str:
    return render_template("auth/second_factor.html", form=form, is_recovery=_is_recovery())


def _limits_of_a_code() -> str:
    return (
        "Each works once."
        if _is_recovery()
        else "Each code works only once and only for a short time."
    )


def _is_recovery() -> bool:
    return request.args.get("use") == "recovery"


def _page(user: User, **forms: SettingsForm) -> str:
    factor = queries.second_factor_of(user)
    waiting = queries.find_setup(user) if factor is None else None
    values: dict[str, Any] = {
        "setup": _setup_form(user),
        "renewal": ProofForm(prefix="codes-", formdata=None),
        "turning_off": ProofForm(prefix="off-", formdata=None),
    }
    return render_template(
        "account/second_factor.html",
        **(values | forms),
        factor=factor,
        codes_left=queries.recovery_codes_left(factor) if factor is not None else 0,
        waiting=waiting,
        qr_code=_qr_code(factors.app_address(user, waiting)) if waiting is not None else None,
        goal=_goal(),
    )


def _qr_code(text: str) -> Markup:
    # dark on light in dark mode too: some cameras read nothing else
    image = segno.make(text, error="m").svg_inline(
        scale=5, dark="#000", light="#fff", title="QR code for the app"
    )
    return Markup(image)  # noqa: S704 - segno's own; the text in it is drawn, not written


def _codes_page(codes: list[str]) -> ResponseReturnValue:
    place = _goal() or url_for("account.show")
    return render_template("account/recovery_codes.html", codes=codes, goal=place), 201


def _goal() -> str | None:
    return safe_next(request.args.get("next"))


def _gone() -> ResponseReturnValue:
    flash("Your account has no second factor.", "info")
    return redirect(url_for("second_factor.show"), 303)
