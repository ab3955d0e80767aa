"""Signing in through an OpenID Connect provider, and linking it to an account one has.

The browser goes to the provider by a link and comes back with a code. What it began with (state,
nonce, PKCE's verifier, where it was going) waits in an encrypted cookie, so the answer is taken
only by the browser that asked. A form could not lead there: the policy's `form-action` holds for
redirects too. Linking changes an account, so it is a form on our own page, after the way back.

The provider is responsible for its own second factors: ours is not asked for here. Signing out is
local: the session at the provider is not ours to end.
"""

from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug import Response
from wtforms import PasswordField

from opensink_web.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    OpenSinkError,
    ProviderUnavailable,
    SignInRefused,
)
from opensink_web.models import Role, User
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts import identity as identities
from opensink_web.operations.accounts import queries
from opensink_web.operations.accounts.queries import find_invitation, find_user
from opensink_web.outbound.oidc import Attempt, Claims, OidcProvider
from opensink_web.web.access import (
    begin_session,
    has_just_signed_in,
    public,
    safe_next,
    services,
    signed_in,
    tell_stranger,
)
from opensink_web.web.accounts.pending_cookie import PendingCookie
from opensink_web.web.attempts import user_with_password
from opensink_web.web.forms.settings_form import SettingsForm

blueprint = Blueprint("oidc", __name__)

_ATTEMPTS = PendingCookie("opensink_oidc", path="/oidc", lifetime=timedelta(minutes=10))
"""[state, nonce, code verifier, goal, invitation token] of each that is under way, by its state."""
_TO_LINK = PendingCookie("opensink_oidc_link", path="/oidc", lifetime=timedelta(minutes=10))
"""The Claims that await being linked, and the id of the only user for whom they do."""
_GOAL_LENGTH_MAX = 300


class LinkForm(SettingsForm):
    password = PasswordField("Your password here")


@blueprint.app_context_processor
def _name_of_provider() -> dict[str, Any]:
    """What the button says; None where there is no provider and no button."""
    settings = services().settings
    return {"oidc_name": settings.oidc_name if settings.oidc_issuer else None}


@blueprint.get("/oidc/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    """Lead to the provider; `next` and `invitation` are remembered."""
    provider = _provider()
    try:
        url, attempt = provider.begin()
    except ProviderUnavailable as error:
        return _failed(error)
    goal = safe_next(request.args.get("next")) or ""
    kept = [*asdict(attempt).values(), goal if len(goal) <= _GOAL_LENGTH_MAX else ""]
    kept.append(request.args.get("invitation", "")[:_GOAL_LENGTH_MAX])
    return _ATTEMPTS.keep(redirect(url, 303), kept, attempt.state)


@blueprint.get("/oidc/callback")
@public
def callback() -> ResponseReturnValue:
    """Take what the provider says of the person who comes back."""
    provider = _provider()
    state = request.args.get("state", "")
    mine = _ATTEMPTS.read(state) if state else None
    if mine is None:
        return _failed(
            SignInRefused(
                "This sign-in is over, took longer than ten minutes, or began in another browser."
            )
        )
    *attempt, goal, invitation_token = mine
    try:
        claims = provider.finish(_code(), Attempt(*attempt))
        answer = _let_in(claims, goal, invitation_token or None)
    except (SignInRefused, ProviderUnavailable, NotFound, Conflict, InvalidInput) as error:
        answer = _failed(error, goal)
    # an answer counts once, whatever came of it
    return _ATTEMPTS.drop(answer, state)


@blueprint.route("/oidc/link", methods=["GET", "POST"])
@signed_in
def link(user: User) -> ResponseReturnValue:
    """Link what the provider has said of this browser's person to the account signed in here."""
    kept = _TO_LINK.read() or {}
    if kept.pop("user_id", None) != str(user.id):
        return redirect(url_for("auth.home"), 303)
    form = LinkForm()
    # linking adds a way in, so a browser that was left alone must not be enough
    if user.password_hash is None or has_just_signed_in():
        del form.password
    if form.validate_on_submit() and _may_link(form, user):
        return _link(user, Claims(**kept))
    page = render_template("auth/oidc_link.html", form=form, label=kept["label"])
    return page, 422 if form.errors else 200


@blueprint.post("/account/identities/<uuid:identity_id>/unlink")
@signed_in
def unlink(user: User, identity_id: UUID) -> ResponseReturnValue:
    """Take a way in from the account, if there is another."""
    try:
        with writing():
            label = identities.unlink(user, identity_id).label
        flash(f"{label} no longer opens your account.", "success")
    except Conflict as error:
        flash(error.message, "danger")
    return redirect(url_for("account.show"), 303)


def _provider() -> OidcProvider:
    provider = services().oidc_provider
    if provider is None:
        raise NotFound("Nobody signs in through a provider here.")
    return provider


def _code() -> str:
    """Return the code in the answer. Raises: SignInRefused when it is an error."""
    error, code = request.args.get("error"), request.args.get("code")
    if error == "access_denied":
        raise SignInRefused("The sign-in was cancelled, or the provider does not let you in here.")
    if error or not code:
        raise SignInRefused("The provider could not sign you in.")
    # RFC 9207: the answer may say whose it is
    if request.args.get("iss", services().settings.oidc_issuer) != services().settings.oidc_issuer:
        raise SignInRefused("The answer came from another provider.")
    return code


def _let_in(claims: Claims, goal: str, invitation_token: str | None) -> Response:
    if current_user.is_authenticated:
        return _back_to_account(claims, goal)
    settings = services().settings
    rule = identities.JoinRule(settings.oidc_join_domains, Role(settings.oidc_join_role))
    with writing():
        user = identities.user_of(claims, invitation_token=invitation_token, rule=rule)
        if user is not None:
            begin_session(user)
    if user is not None:
        return redirect(_next_page(goal, invitation_token), 303)
    tell_stranger(
        f"There is an account with this address. Sign in with its password once to link it to "
        f"{settings.oidc_name}.",
        "info",
    )
    owner = find_user(claims.verified_email or "")
    return _keep_to_link(url_for("auth.sign_in", next=url_for("oidc.link")), claims, owner)


def _back_to_account(claims: Claims, goal: str) -> Response:
    """Somebody is signed in already: the identity is theirs, or they want to link it."""
    identity = queries.find_identity(claims)
    if identity is None:
        return _keep_to_link(url_for("oidc.link"), claims, current_user.user)
    if identity.user_id != current_user.user.id:
        raise Conflict(f"{claims.label} is linked to another account. Unlink it there first.")
    return redirect(goal or url_for("auth.home"), 303)


def _keep_to_link(place: str, claims: Claims, user: User | None) -> Response:
    """Whoever else signs in meanwhile shall neither see nor link what is said of this person."""
    kept = asdict(claims) | {"user_id": str(user.id) if user is not None else ""}
    return _TO_LINK.keep(redirect(place, 303), kept)


def _next_page(goal: str, invitation_token: str | None) -> str:
    """Lead whoever had an account to the invitation's page, where it can be joined."""
    if invitation_token is not None:
        try:
            find_invitation(invitation_token)
        except NotFound:  # it has just made this account
            return url_for("auth.home")
        return url_for("auth.sign_up", token=invitation_token)
    return goal or url_for("auth.home")


def _may_link(form: LinkForm, user: User) -> bool:
    if form.password is None or user_with_password(user.email, form.password.data or ""):
        return True
    form.show_at("/password", "That is not your password.")
    return False


def _link(user: User, claims: Claims) -> ResponseReturnValue:
    try:
        with writing():
            identities.link(user, claims)
    except Conflict as error:
        return _TO_LINK.drop(_failed(error))
    flash(f"You can sign in through {services().settings.oidc_name} from now on.", "success")
    return _TO_LINK.drop(redirect(url_for("account.show"), 303))


def _failed(error: OpenSinkError, goal: str = "") -> Response:
    page = render_template("auth/oidc_failed.html", error=error, goal=goal or None)
    return Response(page, error.status, mimetype="text/html")
