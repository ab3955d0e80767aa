"""Charts as SVG: where each bar and line lies. templates/macros/_charts.html draws them.

A plot is WIDTH wide and as high as HEIGHT, and is stretched to the page's width only: what is
written beside it keeps its size. Series differ by their pattern as well as by their colour.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil, log10
from zoneinfo import ZoneInfo

from opensink_web.operations.insights.report import Insights, Point
from opensink_web.operations.insights.span import Step
from opensink_web.web.rendering.filters import duration, number

WIDTH, HEIGHT = 1000, 160
_GAP = 0.2
"""Of the span of a bar."""
_MARKS = ((100, "0.1 s"), (1000, "1 s"), (10_000, "10 s"), (60_000, "1 min"))
_MARKS += ((600_000, "10 min"), (3_600_000, "1 h"), (36_000_000, "10 h"), (86_400_000, "1 d"))  # type: ignore[assignment]
_MARKS += ((864_000_000, "10 d"), (8_640_000_000, "100 d"))  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Mark:
    """A line across the plot, and what is written beside it."""

    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a bar: of which series, where, and what a pointer over it is told."""

    series: str
    text: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Slot:
    """A part of the range, as high as the plot: where, and the list of what it shows."""

    text: str
    href: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A line in pieces: it is interrupted where there is nothing."""

    series: str
    pieces: Sequence[str]


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn: bars or curves, marks at the side, names below, and one sentence of it."""

    summary: str
    series: Sequence[tuple[str, str]]
    marks: Sequence[Mark]
    names: Sequence[str]
    bars: Sequence[Bar] = ()
    curves: Sequence[Curve] = ()
    slots: Sequence[Slot] = ()


ENDINGS = (
    ("good", "Approved or answered"),
    ("bad", "Refused or declined"),
    ("late", "Expired"),
    ("other", "Withdrawn, superseded or automatic"),
)
ARRIVALS = (("good", "Arrived"), ("bad", "Failed"))
DURATIONS = (("median", "Median"), ("p90", "90th percentile"))


def with_lists(chart: Chart, found: Insights, hrefs: Sequence[str | None]) -> Chart:
    """Lay over each part of a chart in which something ended the way to the list of that.

    It is for pointers: the keyboard has the same links in the rows of the table behind the chart,
    where ninety of them are in nobody's way.
    """
    width = WIDTH / max(len(hrefs), 1)
    slots = []
    for place, (point, href) in enumerate(zip(found.points, hrefs, strict=True)):
        if href and point.requests.ended:
            name = name_of(point, found.span.step, found.span.zone)
            text = f"{name}: {'; '.join(_endings_in_words(point))}"
            slots.append(Slot(text, href, round(place * width, 2), round(width, 2)))
    return replace(chart, slots=slots)


def chart_of_endings(found: Insights) -> Chart:
    """Draw how many requests ended in which way."""
    counts = [_endings(point) for point in found.points]
    summary = f"{number(found.requests.ended)} requests ended, most in one {found.span.step}: "
    summary += number(max(map(sum, counts), default=0))
    return _bars(found, f"{summary}.", ENDINGS, counts)


def chart_of_calls(found: Insights) -> Chart:
    """Draw how many calls arrived, and how many failed."""
    counts = [(point.calls.success.part, point.calls.failed) for point in found.points]
    summary = f"{number(found.calls.success.part)} of {number(found.calls.ended)} calls arrived."
    return _bars(found, summary, ARRIVALS, counts)


def chart_of_durations(found: Insights) -> Chart:
    """Draw how long people took to decide, on a scale on which ten times is always as far."""
    points = found.points
    values = [
        [each.requests.median_ms for each in points],
        [each.requests.p90_ms for each in points],
    ]
    known = [max(each, 100) for series in values for each in series if each is not None]
    low, high = min(known, default=100), max(known, default=1000)
    lowest = max((each for each, _ in _MARKS if each <= low), default=low)
    highest = min((each for each, _ in _MARKS if each >= high), default=high)
    highest = max(highest, lowest * 10)
    span = log10(highest / lowest)

    def y_of(value: int) -> float:
        return round(HEIGHT - HEIGHT * log10(max(value, 100) / lowest) / span, 1)

    marks = [Mark(y_of(each), text) for each, text in _MARKS if lowest <= each <= highest]
    curves = [
        Curve(series, _pieces([None if each is None else y_of(each) for each in of_series]))
        for (series, _), of_series in zip(DURATIONS, values, strict=True)
    ]
    median, p90 = found.requests.median_ms, found.requests.p90_ms
    summary = "Nobody decided on anything."
    if median is not None and p90 is not None:
        summary = f"Half was decided within {duration(median)}, nine of ten within {duration(p90)}."
    return Chart(summary, DURATIONS, marks, names_of(found), curves=curves)


def name_of(point: Point, step: Step, zone: ZoneInfo) -> str:
    """Return what a part of the range is called: its hour, its day, or the week's first."""
    begin = point.begin.astimezone(zone)
    day = f"{begin.day} {begin:%b}"
    return f"{day}, {begin:%H:%M}" if step is Step.HOUR else day


def names_of(found: Insights) -> list[str]:
    """Return what is written below a plot: the first part's name, one in the middle, the last's."""
    points = found.points
    chosen = sorted({0, len(points) // 2, len(points) - 1})
    return [name_of(points[each], found.span.step, found.span.zone) for each in chosen]


def _endings_in_words(point: Point) -> Iterator[str]:
    """Say of what there was any how many there were."""
    for (_, words), count in zip(ENDINGS, _endings(point), strict=True):
        if count:
            yield f"{words} {number(count)}"


def _endings(point: Point) -> tuple[int, ...]:
    figures = point.requests
    return (
        figures.approved + figures.answered,
        figures.refused + figures.declined_approvals + figures.declined_questions,
        figures.expired,
        figures.withdrawn + figures.superseded + figures.automatic,
    )


def _bars(
    found: Insights,
    summary: str,
    series: Sequence[tuple[str, str]],
    counts: Sequence[Sequence[int]],
) -> Chart:
    step, zone = found.span.step, found.span.zone
    top = _round_above(max(map(sum, counts), default=0))
    slot = WIDTH / max(len(counts), 1)
    bars = []
    for place, (point, of_point) in enumerate(zip(found.points, counts, strict=True)):
        below = 0
        for (name, words), count in zip(series, of_point, strict=True):
            below += count
            if count:
                text = f"{name_of(point, step, zone)}: {words} {number(count)}"
                x, y = place * slot + slot * _GAP / 2, HEIGHT - HEIGHT * below / top
                width, height = slot * (1 - _GAP), HEIGHT * count / top
                placed = (round(each, 2) for each in (x, y, width, height))
                bars.append(Bar(name, text, *placed))
    marks = [Mark(HEIGHT - HEIGHT * part / 2, number(top * part // 2)) for part in (1, 2)]
    return Chart(summary, series, [*marks, Mark(HEIGHT, "0")], names_of(found), bars=bars)


def _round_above(count: int) -> int:
    """Return the next even number of one or two digits and zeros: the scale's end."""
    size: int = 10 ** max(len(str(count)) - 2, 0)
    rounded = max(ceil(count / size), 1) * size
    return rounded + rounded % 2


def _pieces(heights: Sequence[float | None]) -> list[str]:
    """Return the points of each uninterrupted piece; one that stands alone is a short line."""
    slot = WIDTH / max(len(heights), 1)
    pieces: list[list[tuple[float, float]]] = [[]]
    for place, height in enumerate(heights):
        if height is None:
            pieces.append([])
        else:
            pieces[-1].append((round((place + 0.5) * slot, 2), height))
    drawn = []
    for piece in filter(None, pieces):
        if len(piece) == 1:
            ((x, y),) = piece
            piece = [(round(x - slot / 3, 2), y), (round(x + slot / 3, 2), y)]  # noqa: PLW2901
        drawn.append(" ".join(f"{x},{y}" for x, y in piece))
    return drawn


def zone_text(zone: ZoneInfo, moment: datetime) -> str:
    """Return what a zone is called, with how far it is from UTC at a moment."""
    offset = moment.astimezone(zone).strftime("%z")
    return zone.key if zone.key == "UTC" else f"{zone.key} (UTC{offset[:3]}:{offset[3:]})"
