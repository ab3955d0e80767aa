"""The insights of a workspace over a range of time, as pages, programs and files show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from opensink_web import clock
from opensink_web.models import Agent, InsightKind, User, Workspace, db
from opensink_web.operations.insights.collected import Collected
from opensink_web.operations.insights.collecting import Narrowing, collect
from opensink_web.operations.insights.counting import ASKER, KEY, REVIEWER
from opensink_web.operations.insights.outcome import (
    CallOutcome,
    Edit,
    Verdict,
    by_verdict_and_edit,
)
from opensink_web.operations.insights.span import Span
from opensink_web.operations.insights.tally import Tally
from opensink_web.operations.insights.waiting import Waiting, count_waiting_now

MEDIAN, P90 = 50, 90


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of so many."""

    part: int
    whole: int

    @property
    def share(self) -> float | None:
        """Return it as a number from 0 to 1; None of nothing."""
        return self.part / self.whole if self.whole else None


@dataclass(frozen=True, slots=True)
class RequestFigures:
    """How requests ended; how long people took to decide, in milliseconds."""

    approved: int
    refused: int
    declined_approvals: int
    answered: int
    declined_questions: int
    expired: int
    withdrawn: int
    superseded: int
    automatic: int
    proposals_kept: int
    proposals_edited: int
    median_ms: int | None
    p90_ms: int | None

    @classmethod
    def of(cls, tally: Tally) -> "RequestFigures":
        """Add up what was collected."""
        verdicts, edits = by_verdict_and_edit(tally.counts)
        median, p90 = tally.quantiles(MEDIAN, P90)
        return cls(
            approved=verdicts[Verdict.APPROVED],
            refused=verdicts[Verdict.REFUSED],
            declined_approvals=verdicts[Verdict.DECLINED_APPROVAL],
            answered=verdicts[Verdict.ANSWERED],
            declined_questions=verdicts[Verdict.DECLINED],
            expired=verdicts[Verdict.EXPIRED],
            withdrawn=verdicts[Verdict.WITHDRAWN],
            superseded=verdicts[Verdict.SUPERSEDED],
            automatic=verdicts[Verdict.AUTOMATIC],
            proposals_kept=edits[Edit.KEPT],
            proposals_edited=edits[Edit.EDITED],
            median_ms=median,
            p90_ms=p90,
        )

    @property
    def decided(self) -> int:
        """Return how many people decided on."""
        yes_or_no = self.approved + self.refused + self.declined_approvals
        return yes_or_no + self.answered + self.declined_questions

    @property
    def ended(self) -> int:
        """Return how many have ended, however they did."""
        without = self.expired + self.withdrawn + self.superseded + self.automatic
        return self.decided + without

    @property
    def approval(self) -> Rate:
        """Return how many got a Yes, of those that got a Yes or a No."""
        yes_or_no = self.approved + self.refused + self.declined_approvals
        return Rate(self.approved, yes_or_no)

    @property
    def edit(self) -> Rate:
        """Return how many proposals were changed, of those that were answered."""
        return Rate(self.proposals_edited, self.proposals_kept + self.proposals_edited)

    @property
    def decline(self) -> Rate:
        """Return how many were declined, of those that people decided on."""
        return Rate(self.declined_approvals + self.declined_questions, self.decided)

    @property
    def expiry(self) -> Rate:
        """Return on how many nobody decided in time, of those and of what people decided on."""
        return Rate(self.expired, self.decided + self.expired)


@dataclass(frozen=True, slots=True)
class CallFigures:
    """How calls to agents ended; how long it took until they had arrived, in milliseconds."""

    at_once: int
    later: int
    failed: int
    median_ms: int | None
    p90_ms: int | None

    @classmethod
    def of(cls, tally: Tally) -> "CallFigures":
        """Add up what was collected."""
        counts = (tally.counts[each] for each in CallOutcome)
        return cls(*counts, *tally.quantiles(MEDIAN, P90))

    @property
    def ended(self) -> int:
        """Return how many have ended."""
        return self.at_once + self.later + self.failed

    @property
    def success(self) -> Rate:
        """Return how many reached the agent."""
        return Rate(self.at_once + self.later, self.ended)

    @property
    def first_try(self) -> Rate:
        """Return how many did so with the first attempt."""
        return Rate(self.at_once, self.ended)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table: of whom or what, how many wait of it now, and how what ended did."""

    value: str
    name: str
    waiting: int
    figures: RequestFigures


@dataclass(frozen=True, slots=True)
class CallLine:
    """A row of the table of calls."""

    value: str
    name: str
    figures: CallFigures


@dataclass(frozen=True, slots=True)
class Point:
    """A part of the range."""

    begin: datetime
    end: datetime
    requests: RequestFigures
    calls: CallFigures


@dataclass(frozen=True, slots=True)
class RowCounts:
    """How many rows the tables have, of which the first were read."""

    by_asker: int
    by_key: int
    by_reviewer: int
    calls_by_agent: int


@dataclass(frozen=True, slots=True)
class Insights:
    """All of it. `is_behind` if more than a few have ended that are still being counted."""

    span: Span
    narrowing: Narrowing
    waiting: Waiting
    requests: RequestFigures
    calls: CallFigures
    points: Sequence[Point]
    by_asker: Sequence[Line]
    by_key: Sequence[Line]
    by_reviewer: Sequence[Line]
    calls_by_agent: Sequence[CallLine]
    row_counts: RowCounts
    is_behind: bool


def read_insights(
    workspace: Workspace, span: Span, narrowing: Narrowing, rows_max: int | None = None
) -> Insights:
    """Read the insights of a range, with the first rows of each table. Raises: InvalidInput.

    Calls to agents are narrowed by the agent alone.
    """
    span.check()
    moments = span.milliseconds
    of_calls = Narrowing(asker=narrowing.asker)
    requests = collect(workspace.id, InsightKind.REQUESTS, moments, narrowing, rows_max)
    calls = collect(workspace.id, InsightKind.DELIVERIES, moments, of_calls, rows_max)
    waiting = count_waiting_now(workspace, narrowing, clock.now())
    names = names_of(workspace, requests, calls, waiting)
    bounds = span.bounds
    by_asker = _ranked(requests.parts[ASKER], waiting.by_asker, names)
    by_key = _ranked(requests.parts[KEY], waiting.by_key, {})
    by_reviewer = _ranked(requests.parts[REVIEWER], {}, names)
    calls_by_agent = _ranked(calls.parts[ASKER], {}, names)
    return Insights(
        span,
        narrowing,
        waiting,
        RequestFigures.of(requests.total),
        CallFigures.of(calls.total),
        [
            Point(begin, end, RequestFigures.of(of_requests), CallFigures.of(of_call))
            for begin, end, of_requests, of_call in zip(
                bounds, bounds[1:], requests.points, calls.points, strict=False
            )
        ],
        [each.line for each in by_asker[:rows_max]],
        [each.line for each in by_key[:rows_max]],
        [each.line for each in by_reviewer[:rows_max]],
        [each.call_line for each in calls_by_agent[:rows_max]],
        RowCounts(*map(len, (by_asker, by_key, by_reviewer, calls_by_agent))),
        requests.is_behind or calls.is_behind,
    )


def names_of(
    workspace: Workspace, requests: Collected, calls: Collected, waiting: Waiting
) -> dict[str, str]:
    """Return what agents, functions and people are called; those that are gone are left out."""
    askers = {*requests.parts[ASKER], *calls.parts[ASKER], *waiting.by_asker}
    agents = db.session.execute(
        select(Agent.id, Agent.name).where(Agent.workspace_id == workspace.id)
    )
    names = {f"agent:{agent_id}": name for agent_id, name in agents}
    names |= {each: each.partition(":")[2] for each in askers if each.startswith("function:")}
    people = [UUID(each) for each in requests.parts[REVIEWER]]
    if people:
        users = db.session.execute(select(User.id, User.email).where(User.id.in_(people)))
        names |= {str(user_id): email for user_id, email in users}
    return names


@dataclass(frozen=True, slots=True)
class _Ranked:
    """What will be a row: its figures are worked out only if it is shown."""

    value: str
    name: str
    waiting: int
    tally: Tally

    @property
    def line(self) -> Line:
        return Line(self.value, self.name, self.waiting, RequestFigures.of(self.tally))

    @property
    def call_line(self) -> CallLine:
        return CallLine(self.value, self.name, CallFigures.of(self.tally))


def _ranked(
    parts: Mapping[str, Tally], waiting: Mapping[str, int], names: Mapping[str, str]
) -> list[_Ranked]:
    """Return a row for each of which something ended or waits, those with most of it first."""
    rows = []
    for value in {*parts, *waiting}:
        tally = parts.get(value) or Tally(InsightKind.REQUESTS)
        if tally.ended or waiting.get(value):
            rows.append(_Ranked(value, _name(value, names), waiting.get(value, 0), tally))
    return sorted(rows, key=lambda row: (-row.tally.ended, -row.waiting, row.name))


def _name(value: str, names: Mapping[str, str]) -> str:
    if value in names:
        return names[value]
    return "An agent that was deleted" if value.startswith("agent:") else value


def seconds(milliseconds: int | None) -> float | None:
    """Return a duration in seconds."""
    return None if milliseconds is None else timedelta(milliseconds=milliseconds).total_seconds()
