"""Sign-ins: where the members of the workspace are signed in, and ending it."""

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from opensink_web import clock
from opensink_web.errors import Conflict, PermissionMissing
from opensink_web.models import UserSession
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.member_sign_in import (
    end_member_session,
    end_member_sessions,
    member_places,
    sign_ins_in,
)
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.web.access import requires
from opensink_web.web.accounts.user_agent import place_name

blueprint = Blueprint("member_sign_in", __name__)
_SIGN_INS = "/w/<workspace_slug>/admin/sign-ins"
_OF_MEMBER = _SIGN_INS + "/<uuid:user_id>"
KEYS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Place:
    """A browser or a program in which a member is signed in, as it is listed."""

    session: UserSession
    name: str


@blueprint.get(_SIGN_INS)
@requires("members", Action.WRITE)
def index(principal: Principal) -> ResponseReturnValue:
    """Show in how many places each member is signed in."""
    return render_template("sign_in/index.html", rows=sign_ins_in(principal))


@blueprint.get(_OF_MEMBER)
@requires("members", Action.WRITE)
def show(principal: Principal, user_id: UUID) -> ResponseReturnValue:
    """Show where one member is signed in, and what their keys were used for last."""
    return _page(principal, user_id)


@blueprint.post(_OF_MEMBER + "/<uuid:session_id>/end")
@requires("members", Action.WRITE)
def end(principal: Principal, user_id: UUID, session_id: UUID) -> ResponseReturnValue:
    """Sign a member out of one browser or program."""
    try:
        with writing():
            email = end_member_session(principal, user_id, session_id).email
    except (Conflict, PermissionMissing) as error:
        return _page(principal, user_id, refusal=error.message), error.status
    flash(f"{email} is signed out there.", "success")
    return _back(principal, user_id)


@blueprint.post(_OF_MEMBER + "/end")
@requires("members", Action.WRITE)
def end_all(principal: Principal, user_id: UUID) -> ResponseReturnValue:
    """Sign a member out everywhere."""
    try:
        with writing():
            email = end_member_sessions(principal, user_id).email
    except (Conflict, PermissionMissing) as error:
        return _page(principal, user_id, refusal=error.message), error.status
    flash(f"{email} is signed out.", "success")
    return _back(principal, user_id)


def _page(principal: Principal, user_id: UUID, *, refusal: str | None = None) -> str:
    places = member_places(principal, user_id)
    return render_template(
        "sign_in/show.html",
        member=places.member,
        places=[Place(each, place_name(each)) for each in places.sessions],
        with_browsers=places.with_browsers,
        keys=places.keys[:KEYS_SHOWN],
        key_count=len(places.keys),
        is_self=user_id == principal.user.id,
        may_revoke=principal.may("api_keys", Action.WRITE),
        now=clock.now(),
        refusal=refusal,
    )


def _back(principal: Principal, user_id: UUID) -> ResponseReturnValue:
    slug = principal.workspace.slug
    return redirect(url_for("member_sign_in.show", workspace_slug=slug, user_id=user_id), 303)
