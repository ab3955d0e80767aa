"""The page of a public sink, which everybody may read: the sink and its items, and nothing else."""

from flask import Blueprint, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from opensink_web.errors import NotFound
from opensink_web.models import Workspace, db
from opensink_web.operations.page import PageRequest
from opensink_web.operations.sinks.listing import ItemFilter, list_items
from opensink_web.operations.sinks.queries import find_public_sink
from opensink_web.web.access import public
from opensink_web.web.sinks.card import card_of
from opensink_web.web.sinks.feed import ITEMS_PER_PAGE

blueprint = Blueprint("public_sink", __name__)


@blueprint.get("/sinks/<public_slug>")
@public
def show(public_slug: str) -> ResponseReturnValue:
    """Show a page of what is in a public sink."""
    if "\0" in public_slug:
        raise NotFound("There is no public page at this address.")
    sink = find_public_sink(public_slug)
    workspace = db.session.get_one(Workspace, sink.workspace_id)
    trail = request.args.get("trail") or None
    page = list_items(workspace, ItemFilter(sink_id=sink.id), PageRequest(ITEMS_PER_PAGE, trail))
    here = url_for("public_sink.show", public_slug=public_slug)
    more = url_for("public_sink.show", public_slug=public_slug, trail=page.trail)
    drawn = render_template(
        "sink/public.html",
        sink=sink,
        cards=[card_of(each, sink) for each in page.items],
        next_href=more if page.trail else None,
        first_href=here if trail else None,
    )
    response = make_response(drawn)
    if not sink.is_indexed or trail:
        response.headers["X-Robots-Tag"] = "noindex"
    return response
