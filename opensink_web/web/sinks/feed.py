"""The feed of a sink, or of all of them: a page of cards, and what comes after it."""

from datetime import UTC, date, datetime, time, timedelta

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.errors import InvalidInput
from opensink_web.models import Sink
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.page import PageRequest
from opensink_web.operations.sinks.listing import ItemFilter, list_items
from opensink_web.web.rendering.listing import chosen_text
from opensink_web.web.sinks.card import card_of

ITEMS_PER_PAGE = 20
_FILTERS = ("search", "type", "from", "to")


def feed_page(principal: Principal, sink: Sink | None) -> ResponseReturnValue:
    """Show a page of a feed, or to htmx the cards that come after those it has."""
    filters = ItemFilter(
        sink_id=None if sink is None else sink.id,
        type=chosen_text("type") or None,
        search=chosen_text("search") or None,
        since=_midnight("from"),
        until=_midnight("to", days_more=1),
    )
    trail = request.args.get("trail") or None
    page = list_items(principal.workspace, filters, PageRequest(ITEMS_PER_PAGE, trail))
    asks_for_more = bool(request.htmx) and request.htmx.target == "feed-more"
    return render_template(
        "sink_item/_cards.html" if asks_for_more else "sink_item/index.html",
        sink=sink,
        cards=[card_of(each, each.sink) for each in page.items],
        filters=filters,
        days=(chosen_text("from"), chosen_text("to")),
        is_filtered=any(chosen_text(name) for name in _FILTERS),
        may_write=principal.may("sinks", Action.WRITE),
        next_href=_same_feed(page.trail) if page.trail else None,
        first_href=_same_feed(None) if trail else None,
    )


def _same_feed(trail: str | None) -> str:
    given = {name: chosen_text(name) for name in _FILTERS} | {"trail": trail or ""}
    place = dict(request.view_args or {}) | {name: each for name, each in given.items() if each}
    return url_for(str(request.endpoint), **place)


def _midnight(name: str, days_more: int = 0) -> datetime | None:
    """Return when a day begins, in UTC. Raises: InvalidInput."""
    text = chosen_text(name)
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=days_more)
        return datetime.combine(day, time(), UTC)
    except (ValueError, OverflowError):
        raise InvalidInput("A day to filter by is written as 2030-01-31.") from None
