"""What is in sinks: the feed of all, and an item alone."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.sinks.item import delete_item
from opensink_web.operations.sinks.queries import find_item
from opensink_web.web.access import requires
from opensink_web.web.sinks.card import card_of
from opensink_web.web.sinks.feed import feed_page

blueprint = Blueprint("sink_item", __name__)
_ITEMS = "/w/<workspace_slug>/sink-items"
_ITEM = _ITEMS + "/<uuid:item_id>"


@blueprint.get(_ITEMS)
@requires("sink_items", Action.READ)
def index(principal: Principal) -> ResponseReturnValue:
    """Show what is in all sinks as one feed."""
    return feed_page(principal, None)


@blueprint.get(_ITEM)
@requires("sink_items", Action.READ)
def show(principal: Principal, item_id: UUID) -> ResponseReturnValue:
    """Show an item whole."""
    item = find_item(principal.workspace, item_id)
    return render_template(
        "sink_item/show.html",
        card=card_of(item, item.sink, is_whole=True),
        may_delete=principal.may("sink_items", Action.WRITE),
    )


@blueprint.post(_ITEM + "/delete")
@requires("sink_items", Action.WRITE)
def delete(principal: Principal, item_id: UUID) -> ResponseReturnValue:
    """Delete an item."""
    with writing():
        sink_id = delete_item(principal.workspace, item_id)
    flash("The item is deleted.", "success")
    slug = principal.workspace.slug
    return redirect(url_for("sink.show", workspace_slug=slug, sink_id=sink_id), 303)
