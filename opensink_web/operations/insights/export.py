"""The insights as files for spreadsheets: one for each table, with the numbers that it shows.

Durations are in seconds, rates from 0 to 1, moments in UTC.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import assert_never

from opensink_web.json_value import JSONValue
from opensink_web.operations.insights.report import (
    CallFigures,
    Insights,
    Line,
    RequestFigures,
    seconds,
)
from opensink_web.operations.spreadsheet import csv_line


class Table(StrEnum):
    """What can be had as a file."""

    WAITING = "waiting"
    TIME = "time"
    AGENTS = "agents"
    KEYS = "keys"
    REVIEWERS = "reviewers"
    DELIVERIES = "deliveries"


_OF_REQUESTS = (
    *("ended", "decided", "approved", "refused", "answered", "declined"),
    *("expired", "withdrawn", "superseded", "automatic"),
    *("approval_rate", "edit_rate", "decline_rate", "expiry_rate"),
    *("median_seconds", "p90_seconds"),
)
_OF_CALLS = (
    *("ended", "succeeded", "failed", "success_rate", "first_attempt_rate"),
    *("median_seconds", "p90_seconds"),
)


def written(found: Insights, table: Table) -> Iterator[str]:
    """Yield the lines of a table's file, the columns' names first."""
    match table:
        case Table.WAITING:
            yield csv_line(("age", "waiting"))
            for age, count in found.waiting.by_age.items():
                yield csv_line((age.value, count))
        case Table.TIME:
            of_calls = [f"deliveries_{name}" for name in _OF_CALLS]
            yield csv_line(("begin", "end", *_OF_REQUESTS, *of_calls))
            for point in found.points:
                moments = (point.begin.isoformat(), point.end.isoformat())
                figures = (*_requests(point.requests), *_calls(point.calls))
                yield csv_line((*moments, *figures))
        case Table.AGENTS:
            yield from _lines(("id", "name", "waiting"), found.by_asker)
        case Table.KEYS:
            yield from _lines(("key", "name", "waiting"), found.by_key)
        case Table.REVIEWERS:
            yield from _lines(("id", "email", "waiting"), found.by_reviewer)
        case Table.DELIVERIES:
            yield csv_line(("id", "name", *_OF_CALLS))
            for line in found.calls_by_agent:
                yield csv_line((line.value, line.name, *_calls(line.figures)))
        case _:
            assert_never(table)


def _lines(columns: Sequence[str], lines: Iterable[Line]) -> Iterator[str]:
    yield csv_line((*columns, *_OF_REQUESTS))
    for line in lines:
        yield csv_line((line.value, line.name, line.waiting, *_requests(line.figures)))


def _requests(figures: RequestFigures) -> tuple[JSONValue, ...]:
    return (
        figures.ended,
        figures.decided,
        figures.approved,
        figures.refused,
        figures.answered,
        figures.decline.part,
        figures.expired,
        figures.withdrawn,
        figures.superseded,
        figures.automatic,
        figures.approval.share,
        figures.edit.share,
        figures.decline.share,
        figures.expiry.share,
        seconds(figures.median_ms),
        seconds(figures.p90_ms),
    )


def _calls(figures: CallFigures) -> tuple[JSONValue, ...]:
    return (
        figures.ended,
        figures.success.part,
        figures.failed,
        figures.success.share,
        figures.first_try.share,
        seconds(figures.median_ms),
        seconds(figures.p90_ms),
    )
