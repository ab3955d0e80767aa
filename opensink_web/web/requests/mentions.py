"""What mentions the reader in a comment that they have not read yet: a tab beside the lists."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.requests.listing import list_these
from opensink_web.operations.requests.thread import requests_mentioning
from opensink_web.web.access import requires
from opensink_web.web.rendering.live import UNCHANGED, is_unchanged, version_of

blueprint = Blueprint("mentions", __name__)


@blueprint.get("/w/<workspace_slug>/inbox/mentions")
@requires("agent_session_input_requests", Action.READ)
def index(principal: Principal) -> ResponseReturnValue:
    """List the requests, those that wait and those that were decided, or what is new to htmx."""
    ids = requests_mentioning(principal.workspace, principal.user)
    requests = list_these(principal.workspace, ids)
    version = version_of([(each.id, each.status, each.comments_count) for each in requests])
    if is_unchanged(version):
        return UNCHANGED
    template = "mentions/_list.html" if request.htmx else "mentions/index.html"
    return render_template(template, requests=requests, version=version)
