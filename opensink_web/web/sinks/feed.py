"""The feed of a sink, or of all of them: cards, newest first, what comes after them, and news.

A feed goes on while one scrolls, and its address goes along: `top` is where it begins, `through`
where it ends, so that who comes back finds the same cards. What is added meanwhile moves none of
them: a pill above says how many are new, and puts them there for who asks.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from flask import make_response, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.errors import InvalidInput
from opensink_web.models import Sink, SinkItem
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.page import TRAIL, Page, PageRequest, row_id_in, trail_of
from opensink_web.operations.sinks.listing import ItemFilter, list_items
from opensink_web.operations.sinks.words import FieldFilter
from opensink_web.web.rendering.listing import chosen_text
from opensink_web.web.rendering.live import UNCHANGED
from opensink_web.web.sinks.card import card_of

ITEMS_PER_PAGE = 20
ITEMS_SHOWN_MAX = 100
"""A feed that goes on by itself ends here, and goes on at an address of its own."""
KNOWN_MAX = 1000
"""An address that names more was not written by a page of ours."""
SETTLING = timedelta(minutes=1)
"""An item may be committed after one that was made later: so long it is looked for."""
_FILTERS = ("search", "type", "from", "to", "field", "value")


@dataclass(frozen=True, slots=True)
class Known:
    """What a page shows: all that came up to `after`, and of what came later these."""

    after: UUID
    ids: tuple[UUID, ...]

    @classmethod
    def of(cls, shown: Sequence[UUID]) -> "Known":
        """Say it of cards that are the newest there were, newest first."""
        settled = UUID(int=max(0, shown[0].int - (_milliseconds(SETTLING) << 80)))
        after = max(settled, shown[-1])
        return cls(after, tuple(each for each in shown if each > after))

    @classmethod
    def of_request(cls) -> "Known":
        """Read what a page says that it shows. Raises: InvalidInput."""
        after = _row_in("after")
        ids = [each for each in request.args.get("known", "").split(".") if each]
        known = [row_id_in(PageRequest(trail=each, trail_name="known")) for each in ids[:KNOWN_MAX]]
        return cls(after or UUID(int=0), tuple(each for each in known if each is not None))

    def address(self, *, count: int = 0) -> str:
        """Return where to ask for what is newer, for a page that says of so many."""
        ids = ".".join(map(trail_of, self.ids))
        return _same_feed(
            after=trail_of(self.after), known=ids, counted=str(count) if count else ""
        )


def feed_page(principal: Principal, sink: Sink | None) -> ResponseReturnValue:
    """Show a page of a feed; or to htmx the cards that come next, or how many are new."""
    field, value = chosen_text("field") or None, chosen_text("value") or None
    filters = ItemFilter(
        sink_id=None if sink is None else sink.id,
        type=chosen_text("type") or None,
        search=chosen_text("search") or None,
        since=_midnight("from"),
        until=_midnight("to", days_more=1),
        field=FieldFilter(field, value) if field or value else None,
    )
    target = request.htmx.target if request.htmx else None
    if target == "feed-news":
        return _news(principal, sink, filters)
    if target == "feed-more":
        return _more(principal, sink, filters)
    page, trail, top = _page(principal, filters)
    is_newest = trail is None
    return render_template(
        "sink_item/index.html",
        filters=filters,
        days=(chosen_text("from"), chosen_text("to")),
        is_filtered=any(chosen_text(name) for name in _FILTERS),
        may_write=principal.may("sinks", Action.WRITE),
        newest_href=None if is_newest else _same_feed(),
        without_field_href=_same_feed(field="", value=""),
        **(_news_of_page(principal, filters, page.items, top) if is_newest else {}),
        **_drawn(sink, page, top),
    )


def _page(
    principal: Principal, filters: ItemFilter
) -> tuple[Page[SinkItem], str | None, UUID | None]:
    """Return what is to be shown, the cursor by which it was asked for, and with what it begins."""
    trail, top, through = request.args.get("trail") or None, _row_in("top"), _row_in("through")
    if top is None or through is None or trail is not None:
        page = list_items(principal.workspace, filters, PageRequest(ITEMS_PER_PAGE, trail))
        return page, trail, page.items[0].id if page.items else None
    same = PageRequest(ITEMS_SHOWN_MAX, trail_of(_after(top)))
    page = list_items(principal.workspace, replace(filters, from_id=through), same)
    if page.items:
        more = list_items(principal.workspace, filters, PageRequest(1, trail_of(page.items[-1].id)))
        page = Page(page.items, trail_of(page.items[-1].id) if more.items else None)
    return page, None, top


def _more(principal: Principal, sink: Sink | None, filters: ItemFilter) -> ResponseReturnValue:
    page_request = PageRequest(ITEMS_PER_PAGE, request.args.get("trail") or None)
    page = list_items(principal.workspace, filters, page_request)
    top = _top_of_page() or _row_in("top")
    response = make_response(render_template("sink_item/_cards.html", **_drawn(sink, page, top)))
    if top is not None and page.items:
        through = trail_of(page.items[-1].id)
        response.headers["HX-Replace-Url"] = _same_feed(top=trail_of(top), through=through)
    return response


def _drawn(sink: Sink | None, page: Page[SinkItem], top: UUID | None) -> dict[str, object]:
    """Return what the cards of a page are drawn from, and the ways on from the last of them."""
    before = request.args.get("shown", "")
    shown = len(page.items) + (int(before) if before.isdecimal() and len(before) < 6 else 0)
    next_href = more_href = None
    if page.trail:
        next_href = _same_feed(trail=page.trail)
        if top is not None and shown < ITEMS_SHOWN_MAX:
            more_href = _same_feed(trail=page.trail, top=trail_of(top), shown=str(shown))
    return {
        "sink": sink,
        "cards": [card_of(each, each.sink) for each in page.items],
        "next_href": next_href,
        "more_href": more_href,
    }


def _news(principal: Principal, sink: Sink | None, filters: ItemFilter) -> ResponseReturnValue:
    """Say how many items are new, or show them to who wants to see them."""
    known = Known.of_request()
    page = _newer(principal, filters, known)
    is_taken = "take" in request.args
    if is_taken and page.trail:  # more than are put above the others
        return "", 204, {"HX-Redirect": _same_feed()}
    said = _said(known, page)
    if is_taken and page.items:
        ids = sorted([*known.ids, *(each.id for each in page.items)], reverse=True)
        said = _said(Known.of([*ids, known.after]), Page([], None))
    elif request.args.get("counted", "0") == str(len(page.items)):
        return UNCHANGED
    drawn = render_template(
        "sink_item/_news.html",
        sink=sink,
        cards=[card_of(each, each.sink) for each in page.items] if is_taken else [],
        more_href=None,
        next_href=None,
        **said,
    )
    response = make_response(drawn)
    if is_taken and page.items:
        through = _in_page_address("through") or ""
        top = trail_of(page.items[0].id)
        response.headers["HX-Replace-Url"] = _same_feed(top=top, through=through)
    return response


def _top_of_page() -> UUID | None:
    """Return with what the page begins that asks, where its address says so."""
    top = _in_page_address("top")
    return row_id_in(PageRequest(trail=top, trail_name="top")) if top else None


def _in_page_address(name: str) -> str | None:
    address = parse_qs(urlsplit(request.htmx.current_url or "").query)
    trail = address.get(name, [""])[0]
    return trail if re.fullmatch(TRAIL, trail) else None


def _news_of_page(
    principal: Principal, filters: ItemFilter, items: Sequence[SinkItem], top: UUID | None
) -> dict[str, object]:
    """Return what is said of news above the cards; there are some where one has come back."""
    if top is None:
        return _said(Known(UUID(int=0), ()), Page([], None))
    if "through" in request.args:
        known = Known(top, ())
        return _said(known, _newer(principal, filters, known))
    return _said(Known.of([each.id for each in items]), Page([], None))


def _newer(principal: Principal, filters: ItemFilter, known: Known) -> Page[SinkItem]:
    newer = replace(filters, from_id=_after(known.after), but=known.ids)
    return list_items(principal.workspace, newer, PageRequest(ITEMS_PER_PAGE))


def _said(known: Known, newer: Page[SinkItem]) -> dict[str, object]:
    count = len(newer.items)
    return {
        "news_href": known.address(count=count),
        "take_href": None if newer.trail else f"{known.address()}&take=1",
        "first_href": _same_feed(),
        "count": f"{count}+" if newer.trail else count,
    }


def _same_feed(**more: str) -> str:
    given = {name: chosen_text(name) for name in _FILTERS} | more
    place = dict(request.view_args or {}) | {name: each for name, each in given.items() if each}
    return url_for(str(request.endpoint), **place)


def _after(row_id: UUID) -> UUID:
    """Return the id that follows; the last of all follows itself."""
    return UUID(int=min(row_id.int + 1, (1 << 128) - 1))


def _row_in(name: str) -> UUID | None:
    return row_id_in(PageRequest(trail=request.args.get(name) or None, trail_name=name))


def _milliseconds(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)


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
