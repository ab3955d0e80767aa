"""The way in and out: signing in, signing up by a link, choosing a workspace, signing out.

GET never uses a link up: mail scanners and prefetchers open every one.
"""

from flask import (
    Blueprint,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user
from wtforms import PasswordField
from wtforms.validators import InputRequired

from opensink_web.contract.public_address import public_root
from opensink_web.errors import Conflict, InvalidInput, NotFound, RateLimited
from opensink_web.models import Invitation, Membership, User
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts import invitation as invitations
from opensink_web.operations.accounts import queries
from opensink_web.operations.accounts.credential import new_password_hash
from opensink_web.operations.accounts.queries import user_count
from opensink_web.web.access import (
    begin_session,
    end_session,
    last_workspace,
    public,
    safe_next,
)
from opensink_web.web.accounts.second_factor import second_step
from opensink_web.web.attempts import (
    count_bad_link,
    remember_device,
    retry_after,
    user_with_password,
)
from opensink_web.web.forms.form_token import anybodys_form
from opensink_web.web.forms.settings_form import LineField, NewPasswordForm, SettingsForm
from opensink_web.web.forms.typed import keeps_typed

blueprint = Blueprint("auth", __name__)


class SignInForm(SettingsForm):
    email = LineField("E-mail address", [InputRequired("Enter your e-mail address.")])
    password = PasswordField("Password", [InputRequired("Enter your password.")])


class SignUpForm(NewPasswordForm):
    email = LineField("E-mail address", [InputRequired("Enter your e-mail address.")])


@blueprint.get("/")
@public
def home() -> ResponseReturnValue:
    """Lead to the inbox where somebody was last, or to whatever stands before it."""
    if not current_user.is_authenticated:
        if user_count() == 0:
            return render_template("auth/first_steps.html", root=public_root())
        return redirect(url_for("auth.sign_in"), 303)
    memberships = _memberships()
    if not memberships:
        return redirect(url_for("workspaces.index"), 303)
    slugs = [each.workspace.slug for each in memberships]
    slug = slugs[0] if last_workspace() not in slugs else last_workspace()
    return redirect(url_for("inbox.show", workspace_slug=slug), 303)


def _draw_sign_in_again() -> ResponseReturnValue:
    form = SignInForm()
    form.form_errors.append(
        "This form was open for too long, or your browser keeps no cookies from this server, which"
        " signing in needs. Enter your password again."
    )
    return render_template("auth/sign_in.html", form=form), 400


@blueprint.route("/sign-in", methods=["GET", "POST"])
@keeps_typed(_draw_sign_in_again)
@anybodys_form
@public
def sign_in() -> ResponseReturnValue:
    """Let a person in; where they were going stands in `next`."""
    goal = safe_next(request.args.get("next")) or url_for("auth.home")
    form = SignInForm()
    if current_user.is_authenticated:
        return _already_in(form, goal)
    if form.validate_on_submit():
        try:
            user = user_with_password(form.email.data, form.password.data)
        except RateLimited as error:
            form.form_errors.append(error.message)
            page = render_template("auth/sign_in.html", form=form)
            return page, error.status, retry_after(error)
        if user is not None:
            return _let_in(user, goal)
        # one sentence for both: whether an address has an account is nobody's business
        form.form_errors.append("The e-mail address or the password is wrong.")
    return render_template("auth/sign_in.html", form=form), 422 if form.errors else 200


def _already_in(form: SignInForm, goal: str) -> ResponseReturnValue:
    """Another tab has signed somebody in meanwhile: let them go on, if it is who is here."""
    email = form.email.data or current_user.email
    if request.method == "POST" and email.lower() != current_user.email:
        flash(
            f"You are signed in as {current_user.email}. Sign out first to sign in as somebody"
            " else.",
            "info",
        )
        goal = url_for("auth.home")
    return redirect(goal, 303)


def _let_in(user: User, goal: str) -> ResponseReturnValue:
    """Sign in somebody whose password it was, and lead them to where they were going.

    Whoever has a second factor is asked for it first.
    """
    step = second_step(user, goal)
    if step is not None:
        return step
    with writing():
        begin_session(user)
        remember_device(user.email)
    return redirect(goal, 303)


@blueprint.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """End the session in this browser."""
    with writing():
        end_session()
    answer = make_response(redirect(url_for("auth.sign_in"), 303))
    if current_app.config["SESSION_COOKIE_SECURE"]:  # over HTTP browsers complain and do nothing
        # below a path the storage is other applications' too
        answer.headers["Clear-Site-Data"] = (
            '"cache"' if request.script_root else '"cache", "storage"'
        )
    return answer


@blueprint.route("/sign-up/<token>", methods=["GET", "POST"])
@anybodys_form
@public
def sign_up(token: str) -> ResponseReturnValue:
    """Make the account that a link is for, and let its owner in."""
    try:
        return _sign_up(token, queries.find_invitation(token))
    except NotFound as error:
        count_bad_link()
        return render_template("auth/link_gone.html", message=error.message), 404


def _sign_up(token: str, invitation: Invitation) -> ResponseReturnValue:
    form = SignUpForm(email=invitation.email)
    if form.validate_on_submit():
        try:
            email = invitation.email or form.email.data
            password_hash = new_password_hash(form.password.data, email=email)
            with writing():
                begin_session(invitations.sign_up(token, email, password_hash))
            remember_device(current_user.email)
            return redirect(url_for("auth.home"), 303)
        except InvalidInput as error:
            form.show(error)
        except Conflict as error:
            form.show_at("/email", error.message)
    page = render_template("auth/sign_up.html", form=form, token=token, invitation=invitation)
    return page, 422 if form.errors else 200


@blueprint.post("/sign-up/<token>/join")
@public
def join(token: str) -> ResponseReturnValue:
    """Join the workspace that a link is for with the account that is signed in."""
    if not current_user.is_authenticated:
        return redirect(url_for("auth.sign_in", next=url_for("auth.sign_up", token=token)), 303)
    try:
        with writing():
            slug = invitations.join(token, current_user.user).slug
    except NotFound as error:
        count_bad_link()
        return render_template("auth/link_gone.html", message=error.message), 404
    except Conflict as error:
        flash(error.message, "danger")
        return redirect(url_for("auth.sign_up", token=token), 303)
    return redirect(url_for("inbox.show", workspace_slug=slug), 303)


def _memberships() -> list[Membership]:
    memberships: list[Membership] = current_user.user.active_memberships
    return memberships
