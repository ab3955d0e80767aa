"""The button that has this browser told: the key for its subscription, and taking that in.

What the browser does itself stands in static/js/device.js, and in static/service-worker.js when it
makes a subscription anew.
"""

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from opensink_web.channels.push_keys import VapidKey, contact_of
from opensink_web.errors import Conflict, InvalidInput, NotFound
from opensink_web.json_value import JSONObject
from opensink_web.models import User
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.notifications.device import add_device, renew_device, rests
from opensink_web.operations.server_key import ensure_push_key, push_key
from opensink_web.web.access import requires, services, signed_in
from opensink_web.web.accounts.user_agent import browser_name
from opensink_web.web.forms.form_token import masked_token

blueprint = Blueprint("device", __name__)
_DEVICES = "/w/<workspace_slug>/notifications/devices"
_RENEWAL = "/account/device"
"""Of no workspace: a browser has one subscription for all of them."""


@blueprint.post(_DEVICES + "/key")
@requires("notifications", Action.WRITE)
def key(principal: Principal) -> ResponseReturnValue:
    """Answer with the public key that a browser subscribes with; made the first time."""
    with writing():
        private_key = ensure_push_key()
    contact = contact_of(services().settings.public_url)
    return {"key": VapidKey(private_key, contact).public_key}


@blueprint.post(_DEVICES)
@requires("notifications", Action.WRITE)
def add(principal: Principal) -> ResponseReturnValue:
    """Have the browser told whose subscription this is."""
    config = _subscription()
    name = browser_name(request.user_agent.string)
    try:
        with writing():
            session_id = current_user.session_id
            add_device(principal, name, config, services().channel_tools, session_id)
    except (InvalidInput, Conflict) as error:
        flash(f"This device could not be added. {error.message}", "error")
    else:
        flash("This device is notified from now on.", "success")
    return redirect(url_for("notification.index", workspace_slug=principal.workspace.slug), 303)


@blueprint.get(_RENEWAL)
@signed_in
def token(user: User) -> ResponseReturnValue:
    """Answer with what the service worker's form needs, which has no page to take it from, and with
    what a page needs to go on with this device after its owner has signed in again.
    """
    answer: dict[str, object] = {
        "token": masked_token(),
        "worker": url_for("installed_app.service_worker"),
        "scope": f"{request.script_root}/",
        "rests": rests(user, browser_name(request.user_agent.string)),
    }
    if private_key := push_key():
        contact = contact_of(services().settings.public_url)
        answer["key"] = VapidKey(private_key, contact).public_key
    return answer


@blueprint.post(_RENEWAL)
@signed_in
def renew(user: User) -> ResponseReturnValue:
    """Take in the subscription that the browser has now in place of one that it had `before`."""
    before, tools = request.form.get("before", ""), services().channel_tools
    name, session_id = browser_name(request.user_agent.string), current_user.session_id
    with writing():
        count = renew_device(user, before, _subscription(), tools, name=name, session_id=session_id)
    if not count:
        raise NotFound("Nobody is notified by that subscription.")
    return {"renewed": count}


def _subscription() -> JSONObject:
    return {name: request.form.get(name, "") for name in ("endpoint", "p256dh", "auth")}
