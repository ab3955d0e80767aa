"""The button that has this browser told: the key for its subscription, and taking that in.

What the browser does itself stands in static/js/device.js.
"""

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from opensink_web.channels.push_keys import VapidKey, contact_of
from opensink_web.errors import Conflict, InvalidInput
from opensink_web.json_value import JSONObject
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.notifications.device import add_device
from opensink_web.operations.server_key import ensure_push_key
from opensink_web.web.access import requires, services
from opensink_web.web.accounts.user_agent import browser_name

blueprint = Blueprint("device", __name__)
_DEVICES = "/w/<workspace_slug>/notifications/devices"


@blueprint.post(_DEVICES + "/key")
@requires("agent_session_input_requests", Action.WRITE)
def key(principal: Principal) -> ResponseReturnValue:
    """Answer with the public key that a browser subscribes with; made the first time."""
    with writing():
        private_key = ensure_push_key()
    contact = contact_of(services().settings.public_url)
    return {"key": VapidKey(private_key, contact).public_key}


@blueprint.post(_DEVICES)
@requires("agent_session_input_requests", Action.WRITE)
def add(principal: Principal) -> ResponseReturnValue:
    """Have the browser told whose subscription this is."""
    config: JSONObject = {
        name: request.form.get(name, "") for name in ("endpoint", "p256dh", "auth")
    }
    name = browser_name(request.user_agent.string)
    try:
        with writing():
            add_device(principal, name, config, services().channel_tools)
    except (InvalidInput, Conflict) as error:
        flash(f"This device could not be added. {error.message}", "error")
    else:
        flash("This device is notified from now on.", "success")
    return redirect(url_for("notification.index", workspace_slug=principal.workspace.slug), 303)
