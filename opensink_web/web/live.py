"""What a page that is open asks all the time: what has changed since, and how many wait.

The answer names areas; the page then asks for those of its parts that show them. It is held while
nothing has changed (contract/live.py).
"""

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, Request, Response, g, jsonify, request
from flask.typing import ResponseReturnValue

from opensink_web.contract.live import live, page_moment
from opensink_web.models.transaction import Area
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.accounts.recognition import Recognized
from opensink_web.operations.requests.queries import count_waiting
from opensink_web.web.access import of_members
from opensink_web.web.rendering.listing import counted

blueprint = Blueprint("live", __name__)

_COUNT = "count"


@blueprint.before_app_request
def _note_when_reading_began() -> None:
    g.live_since = page_moment()


@blueprint.get("/w/<workspace_slug>/live")
@of_members
def show(principal: Principal) -> ResponseReturnValue:
    """Say what of `areas` changed after the moment `since`, when something has."""
    workspace = principal.workspace

    def count() -> int:
        return live().shared(workspace.id, Area.REQUESTS, _COUNT, lambda: count_waiting(workspace))

    return _news(request, workspace.id, count) or ("", 204)


def known(request: Request, member: Recognized) -> Response | None:
    """Say it without a query; None where one is needed."""
    workspace_id = member.workspace_id
    return _news(request, workspace_id, lambda: live().look_up(workspace_id, Area.REQUESTS, _COUNT))


def _news(request: Request, workspace_id: UUID, count: Callable[[], int | None]) -> Response | None:
    since = request.args.get("since", 0, int)
    # how many wait stands on every page, and whoever may look no longer is to learn so
    areas = {Area.REQUESTS, Area.MEMBERS}
    areas |= {area for area in Area if area in request.args.getlist("area")}
    news = live().news(workspace_id, areas, since)
    if not news.areas and live().hold(request.environ, workspace_id, areas, since):
        return Response(status=204)  # the server sends the one that comes later
    waiting = count()
    if waiting is None:
        return None
    return jsonify(since=news.since, areas=sorted(news.areas), waiting=counted(waiting))
