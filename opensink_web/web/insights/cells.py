"""Numbers of the insights as HTML, each with the way to the list of what it counts.

A page has fifteen hundred of them: macros for each took a quarter of its time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from opensink_web.operations.insights.report import CallFigures, Insights, Rate, RequestFigures
from opensink_web.web.insights.list_links import ListLinks
from opensink_web.web.rendering.filters import duration, number, percent

_NOTHING = Markup('<span class="text-soft">\N{EN DASH}</span>')


@dataclass(frozen=True, slots=True)
class Cell:
    """A number in a row; `label` is what it is called where the row is a card."""

    label: str
    html: Markup


def counted(text: str | Markup, href: str | None, count: int, what: str) -> Markup:
    """Write a number so that it leads to the list of what it counts, for those who may see that."""
    if not (href and count):
        return escape(text)
    aside = f'<span class="visually-hidden">, list of {number(count)} {what}</span>'
    return Markup(f'<a class="cell-link" href="{escape(href)}">{escape(text)}{aside}</a>')  # noqa: S704 - escaped


def request_cells(
    figures: RequestFigures, lists: ListLinks | None, *, can_expire: bool = True
) -> list[Cell]:
    """Return a row's numbers of what was decided."""
    rates = (
        ("Approved", figures.approval, lists and lists.approved),
        ("Edited", figures.edit, lists and lists.edited),
        ("Declined", figures.decline, lists and lists.declined),
        ("Expired", figures.expiry, lists and lists.expired),
    )
    decided = figures.decided
    cells = [
        Cell("Decided", counted(number(decided), lists and lists.decided, decided, "decided")),
        Cell("Median", _took(figures.median_ms)),
        Cell("90 %", _took(figures.p90_ms)),
    ]
    cells += [
        Cell(label, counted(_share(rate), href, rate.part, label.lower()))
        for label, rate, href in (rates if can_expire else rates[:-1])
    ]
    return cells


def call_cells(figures: CallFigures) -> list[Cell]:
    """Return the numbers of calls in a part of the range."""
    return [
        Cell("Arrived", escape(number(figures.success.part))),
        Cell("Failed", escape(number(figures.failed))),
        Cell("Median", _took(figures.median_ms)),
        Cell("90 %", _took(figures.p90_ms)),
    ]


def agent_call_cells(figures: CallFigures) -> list[Cell]:
    """Return the numbers of calls to an agent."""
    return [
        Cell("Ended", escape(number(figures.ended))),
        Cell("Arrived", _share(figures.success)),
        Cell("At once", _share(figures.first_try)),
        Cell("Median", _took(figures.median_ms)),
        Cell("90 %", _took(figures.p90_ms)),
    ]


def request_totals(found: Insights, lists: ListLinks | None) -> Sequence[tuple[str, Markup]]:
    """Return the numbers of the whole range, with their names."""
    ended = found.requests.ended
    cells = request_cells(found.requests, lists)
    return [
        ("Ended", counted(number(ended), lists and lists.ended, ended, "ended")),
        *((_LONG.get(each.label, each.label), each.html) for each in cells),
    ]


def call_totals(found: Insights) -> Sequence[tuple[str, Markup]]:
    """Return the same of calls to agents."""
    cells = agent_call_cells(found.calls)
    return [(_LONG.get(each.label, each.label), each.html) for each in cells]


_LONG = {"90 %": "90 % within", "At once": "At the first attempt"}


def _took(milliseconds: int | None) -> Markup:
    if milliseconds is None:
        return _NOTHING
    return Markup(f'<span class="nowrap">{duration(milliseconds)}</span>')  # noqa: S704 - a number


def _share(rate: Rate) -> Markup:
    if rate.share is None:
        return _NOTHING
    title = f"{number(rate.part)} of {number(rate.whole)}"
    return Markup(f'<span class="nowrap" title="{title}">{percent(rate.share)}</span>')  # noqa: S704 - numbers
