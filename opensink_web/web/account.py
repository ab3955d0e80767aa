"""A person's own account: where they are signed in."""

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from opensink_web.models import User, UserSession
from opensink_web.models.transaction import writing
from opensink_web.operations.identity import list_identities
from opensink_web.operations.user_session import end_session, end_sessions, list_sessions
from opensink_web.web.access import signed_in
from opensink_web.web.user_agent import browser_name

blueprint = Blueprint("account", __name__)


@dataclass(frozen=True, slots=True)
class Place:
    """A browser in which the person is signed in, as it is listed."""

    session: UserSession
    browser: str
    is_this: bool


@blueprint.get("/account")
@signed_in
def show(user: User) -> ResponseReturnValue:
    """Show the account."""
    return render_template(
        "account/show.html", places=_places(user), identities=list_identities(user)
    )


@blueprint.post("/account/sessions/<uuid:session_id>/end")
@signed_in
def end(user: User, session_id: UUID) -> ResponseReturnValue:
    """Sign one browser out, which may be this one."""
    with writing():
        end_session(user, session_id)
    if session_id != current_user.session_id:
        flash("That browser is signed out.", "success")
    return _back()


@blueprint.post("/account/sessions/end-others")
@signed_in
def end_others(user: User) -> ResponseReturnValue:
    """Sign every browser out but this one."""
    with writing():
        count = end_sessions(user, but=current_user.session_id)
    flash(_ended(count), "success")
    return _back()


def _places(user: User) -> list[Place]:
    here = current_user.session_id
    return [
        Place(session, browser_name(session.user_agent), session.id == here)
        for session in list_sessions(user)
    ]


def _ended(count: int) -> str:
    if count == 0:
        return "You were signed in nowhere else."
    return f"You are signed out of {count} other browser{'s' if count > 1 else ''}."


def _back() -> ResponseReturnValue:
    return redirect(url_for("account.show"), 303)
