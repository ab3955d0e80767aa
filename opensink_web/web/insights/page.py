"""The page of insights: its filters stand in the address, and each table is to be had as a file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from opensink_web import clock
from opensink_web.errors import InvalidInput
from opensink_web.models import Workspace
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.insights.collecting import Narrowing
from opensink_web.operations.insights.export import Table, written
from opensink_web.operations.insights.outcome import asker_of
from opensink_web.operations.insights.report import Insights, Line, read_insights
from opensink_web.operations.insights.span import Preset, Span, zone_called
from opensink_web.operations.insights.waiting import Age
from opensink_web.web.access import requires
from opensink_web.web.executions.execution_target import TargetChoice, target_choice
from opensink_web.web.forms.choice import chosen_member, member_choice
from opensink_web.web.insights.cells import (
    Cell,
    agent_call_cells,
    call_cells,
    call_totals,
    counted,
    request_cells,
    request_totals,
)
from opensink_web.web.insights.chart import (
    chart_of_calls,
    chart_of_durations,
    chart_of_endings,
    name_of,
    with_lists,
    zone_text,
)
from opensink_web.web.insights.list_links import ListLinks
from opensink_web.web.rendering.listing import chosen_text, chosen_word

blueprint = Blueprint("insights", __name__)
_INSIGHTS = "/w/<workspace_slug>/insights"
_FILTERS = ("range", "from", "to", "target", "key", "user", "zone", "rows")
ROWS_FEW, ROWS_MAX = 12, 500
"""So many rows of each table are shown at first, and if all are asked for; the file has all."""
AGES = {
    Age.UNDER_HOUR: "Under an hour",
    Age.UNDER_FOUR_HOURS: "1 to 4 hours",
    Age.UNDER_DAY: "4 to 24 hours",
    Age.UNDER_THREE_DAYS: "1 to 3 days",
    Age.UNDER_WEEK: "3 to 7 days",
    Age.OLDER: "Over 7 days",
}
_NO_DAYS = {"from": "", "to": ""}
RANGES = {
    Preset.DAY: "Last 24 hours",
    Preset.WEEK: "Last 7 days",
    Preset.MONTH: "Last 30 days",
    Preset.QUARTER: "Last 90 days",
}


@dataclass(frozen=True, slots=True)
class AgeBar:
    """How many have been waiting for so long, and how long its bar is, of a hundred."""

    name: str
    count: int
    length: float


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table, with where its insights alone are, and its numbers."""

    line: Line
    href: str
    waiting_href: str | None
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class PartRow:
    """A row of the tables behind the charts: a part of the range, and its numbers."""

    name: str
    link: Markup
    cells: Sequence[Cell]
    call_cells: Sequence[Cell]


@blueprint.get(_INSIGHTS)
@requires("insights", Action.READ)
def show(principal: Principal) -> ResponseReturnValue:
    """Show how what was asked ended, and what waits."""
    workspace, targets = principal.workspace, target_choice(principal.workspace)
    span, narrowing = _span(), _narrowing(workspace, targets)
    kept = _kept()
    rows_max = ROWS_MAX if kept.get("rows") == "all" else ROWS_FEW
    insights = read_insights(workspace, span, narrowing, rows_max)
    lists_of_points = [
        ListLinks.of(principal, narrowing, each.begin, each.end) for each in insights.points
    ]
    ended_hrefs = [each.ended if each else None for each in lists_of_points]
    return render_template(
        "insights/show.html",
        found=insights,
        kept=kept,
        tabs=[
            (text, _href(principal, range=each.value, **_NO_DAYS), each is _preset(), None)
            for each, text in RANGES.items()
        ],
        targets=targets.offered,
        members=member_choice(workspace, _reviewer(narrowing)),
        zone=zone_text(span.zone, span.until),
        ages=_ages(insights),
        endings=with_lists(chart_of_endings(insights), insights, ended_hrefs),
        durations=chart_of_durations(insights),
        calls=chart_of_calls(insights),
        by_asker=[_row_of_asker(principal, insights, each) for each in insights.by_asker],
        by_key=[_row_of_key(principal, insights, each) for each in insights.by_key],
        by_reviewer=[_row_of_reviewer(principal, insights, each) for each in insights.by_reviewer],
        totals=request_totals(insights, _lists(principal, insights)),
        parts=_parts(insights, lists_of_points),
        call_totals=call_totals(insights),
        calls_by_agent=[(each, agent_call_cells(each.figures)) for each in insights.calls_by_agent],
        rows_max=rows_max,
        files={
            each.value: url_for(
                "insights.export", workspace_slug=workspace.slug, table=each.value, **kept
            )
            for each in Table
        },
        inbox_href=_inbox(principal, targets, narrowing, view="waiting"),
        decided_href=_inbox(principal, targets, narrowing, view="decided"),
        failed_href=_failed(principal, targets),
        here=url_for("insights.show", workspace_slug=workspace.slug),
        all_href=None if rows_max == ROWS_MAX else _href(principal, rows="all"),
        own_zone_href=_href(principal, zone="ZONE"),
    )


@blueprint.get(_INSIGHTS + "/export.csv")
@requires("insights", Action.READ)
def export(principal: Principal) -> ResponseReturnValue:
    """Write a table of the page into a file for a spreadsheet."""
    table, workspace = chosen_word(Table, "table") or Table.TIME, principal.workspace
    targets = target_choice(workspace)
    insights = read_insights(workspace, _span(), _narrowing(workspace, targets))
    response = Response("".join(written(insights, table)), content_type="text/csv; charset=utf-8")
    name = f"insights-{table}-{workspace.slug}-{clock.now():%Y%m%d-%H%M%S}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _span() -> Span:
    """Read the range from the address. Raises: InvalidInput."""
    zone = zone_called(chosen_text("zone") or "UTC")
    first, last = _day("from"), _day("to")
    preset = _preset()
    if preset is not None:
        return Span.of_preset(preset, clock.now(), zone)
    today = clock.now().astimezone(zone).date()
    last = last or max(today, first or today)
    return _of_days(first or last - timedelta(days=min(29, last.toordinal() - 1)), last, zone)


def _preset() -> Preset | None:
    """Return the range that ends now; None where days are given. Raises: InvalidInput."""
    chosen = chosen_word(Preset, "range") or Preset.MONTH
    return None if chosen_text("from") or chosen_text("to") else chosen


def _of_days(first: date, last: date, zone: ZoneInfo) -> Span:
    try:
        span = Span.of_days(first, last, zone)
    except OverflowError:
        raise InvalidInput("A day to look at is written as 2026-01-31.") from None
    span.check()
    return span


def _day(name: str) -> date | None:
    """Raises: InvalidInput."""
    text = chosen_text(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("A day to look at is written as 2026-01-31.") from None


def _narrowing(workspace: Workspace, targets: TargetChoice) -> Narrowing:
    chosen = targets.chosen
    asker = asker_of(chosen.agent_id, chosen.text) if chosen.text else None
    reviewer = chosen_member(workspace)
    return Narrowing(asker, chosen_text("key") or None, str(reviewer) if reviewer else None)


def _reviewer(narrowing: Narrowing) -> UUID | None:
    return UUID(narrowing.reviewer) if narrowing.reviewer else None


def _ages(found: Insights) -> list[AgeBar]:
    most = max(found.waiting.by_age.values(), default=0) or 1
    return [
        AgeBar(AGES[age], count, round(100 * count / most, 1))
        for age, count in found.waiting.by_age.items()
    ]


def _row_of_asker(principal: Principal, found: Insights, line: Line) -> Row:
    what, _, name = line.value.partition(":")
    waiting = {"agent": name} if what == "agent" else {"function": name}
    lists = _lists(principal, found, asker=line.value)
    cells = request_cells(line.figures, lists)
    return Row(line, _href(principal, target=name), _list(principal, **waiting), cells)


def _row_of_key(principal: Principal, found: Insights, line: Line) -> Row:
    lists = _lists(principal, found, key=line.value)
    href = _href(principal, key=line.value)
    cells = request_cells(line.figures, lists)
    return Row(line, href, _list(principal, key=line.value), cells)


def _row_of_reviewer(principal: Principal, found: Insights, line: Line) -> Row:
    lists = _lists(principal, found, reviewer=line.value)
    cells = request_cells(line.figures, lists, can_expire=False)
    return Row(line, _href(principal, user=line.value), None, cells)


def _parts(found: Insights, lists_of_points: Sequence[ListLinks | None]) -> list[PartRow]:
    rows = []
    for point, lists in zip(found.points, lists_of_points, strict=True):
        name = name_of(point, found.span.step, found.span.zone)
        link = counted(name, lists and lists.ended, point.requests.ended, "ended")
        cells = request_cells(point.requests, lists)
        rows.append(PartRow(name, link, cells, call_cells(point.calls)))
    return rows


def _lists(principal: Principal, found: Insights, **narrower: str) -> ListLinks | None:
    """Return the lists of what a row counts, of the whole range."""
    narrowing = replace(found.narrowing, **narrower)
    return ListLinks.of(principal, narrowing, found.span.since, found.span.until)


def _list(principal: Principal, **args: Any) -> str | None:
    """Return the list of what waits, to those who may see it."""
    if not principal.may("agent_session_input_requests", Action.READ):
        return None
    return url_for("inbox.show", workspace_slug=principal.workspace.slug, **args)


def _inbox(
    principal: Principal, targets: TargetChoice, narrowing: Narrowing, *, view: str
) -> str | None:
    args = {} if view == "waiting" else {"view": view}
    chosen = targets.chosen
    if chosen.agent_id is not None:
        args["agent"] = str(chosen.agent_id)
    elif chosen.text:
        args["function"] = chosen.text
    if narrowing.key is not None:
        args["key"] = narrowing.key
    return _list(principal, **args)


def _failed(principal: Principal, targets: TargetChoice) -> str | None:
    if not principal.may("deliveries", Action.READ):
        return None
    args: dict[str, Any] = {"status": "failed"}
    if targets.chosen.agent_id is not None:
        args["agent"] = str(targets.chosen.agent_id)
    return url_for("delivery.index", workspace_slug=principal.workspace.slug, **args)


def _kept() -> dict[str, Any]:
    """Return the filters as the address has them."""
    return {name: request.args[name] for name in _FILTERS if request.args.get(name)}


def _href(principal: Principal, **changes: str) -> str:
    args = {name: value for name, value in {**_kept(), **changes}.items() if value}
    return url_for("insights.show", workspace_slug=principal.workspace.slug, **args)
