"""Where a person says how they want to be told: their channels, and this device."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from opensink_web.channels import CHANNELS
from opensink_web.models import NotificationChannel
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.notifications.device import device_endpoints
from opensink_web.operations.notifications.queries import channels_of
from opensink_web.web.access import requires, services
from opensink_web.web.notifications.place import Place, place_of
from opensink_web.web.notifications.rule_words import rule_words

blueprint = Blueprint("notification", __name__)


@blueprint.get("/w/<workspace_slug>/notifications")
@requires("notifications", Action.WRITE)
def index(principal: Principal) -> ResponseReturnValue:
    """Show the channels of whoever looks."""
    tools = services().channel_tools
    kinds = [
        each
        for each in CHANNELS.values()
        if each.is_available(tools) and not each.is_added_by_device
    ]
    return render_template(
        "notification/index.html",
        places=_places(principal),
        kinds=kinds,
        rule_words=rule_words,
        device=device_endpoints(principal),
        may_decide=principal.may("agent_session_input_requests", Action.WRITE),
    )


def _places(principal: Principal) -> list[tuple[NotificationChannel, Place]]:
    return [(each, place_of(each)) for each in channels_of(principal.workspace, principal.user)]
