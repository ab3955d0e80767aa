"""/insights: how what was asked ended over a range of time, and what waits now."""

from datetime import datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from opensink_web import clock
from opensink_web.contract.example import Example
from opensink_web.contract.route import Routes
from opensink_web.contract.shapes import MomentInQuery, Query, ResponseModel
from opensink_web.errors import FieldError, InvalidInput
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.insights.collecting import Narrowing
from opensink_web.operations.insights.outcome import asker_of
from opensink_web.operations.insights.report import (
    CallFigures,
    CallLine,
    Insights,
    Line,
    Point,
    Rate,
    RequestFigures,
    read_insights,
    seconds,
)
from opensink_web.operations.insights.span import Span, Step, zone_called
from opensink_web.operations.insights.waiting import Age, Waiting

routes = Routes("insights", title="Insights", about="How requests and calls ended, and what waits.")
_DAYS = 30


class RateResponse(ResponseModel):
    """So many of so many; `share` is from 0 to 1, and null of nothing."""

    part: int
    whole: int
    share: float | None


class RequestFiguresResponse(ResponseModel):
    """How requests ended. The durations are of those that people decided on, from when it was
    asked until it was decided: half of them took no longer than the median.
    """

    ended: int
    decided: int
    approved: int = Field(description="A Yes: to a call, or to a question that is a Yes or No.")
    refused: int = Field(description="A No, as the answer to a question that is a Yes or No.")
    answered: int = Field(description="Any other question was answered.")
    declined: int
    expired: int = Field(description="Nobody decided in time.")
    withdrawn: int
    superseded: int
    automatic: int = Field(description="A standing approval answered it.")
    approval: RateResponse = Field(description="Of those that are a Yes or No.")
    edit: RateResponse = Field(description="Of the proposals that were answered.")
    decline: RateResponse = Field(description="Of what people decided on.")
    expiry: RateResponse = Field(description="Of that, and of what expired.")
    median_seconds: float | None
    p90_seconds: float | None

    @classmethod
    def of_figures(cls, figures: RequestFigures) -> Self:
        """Write them."""
        return cls(
            ended=figures.ended,
            decided=figures.decided,
            approved=figures.approved,
            refused=figures.refused,
            answered=figures.answered,
            declined=figures.decline.part,
            expired=figures.expired,
            withdrawn=figures.withdrawn,
            superseded=figures.superseded,
            automatic=figures.automatic,
            approval=_rate(figures.approval),
            edit=_rate(figures.edit),
            decline=_rate(figures.decline),
            expiry=_rate(figures.expiry),
            median_seconds=seconds(figures.median_ms),
            p90_seconds=seconds(figures.p90_ms),
        )


class CallFiguresResponse(ResponseModel):
    """How calls to agents ended. The durations are of those that arrived, from when the call was
    due for the first time until the agent had taken it.
    """

    ended: int
    succeeded: int
    failed: int
    success: RateResponse
    first_attempt: RateResponse = Field(description="Those that arrived at the first attempt.")
    median_seconds: float | None
    p90_seconds: float | None

    @classmethod
    def of_figures(cls, figures: CallFigures) -> Self:
        """Write them."""
        return cls(
            ended=figures.ended,
            succeeded=figures.success.part,
            failed=figures.failed,
            success=_rate(figures.success),
            first_attempt=_rate(figures.first_try),
            median_seconds=seconds(figures.median_ms),
            p90_seconds=seconds(figures.p90_ms),
        )


class AgeResponse(ResponseModel):
    """How many have been waiting for so long."""

    age: Age
    count: int


class WaitingResponse(ResponseModel):
    """What waits for a decision now."""

    count: int
    oldest_at: datetime | None
    by_age: list[AgeResponse]

    @classmethod
    def of_waiting(cls, waiting: Waiting) -> Self:
        """Write it."""
        by_age = [AgeResponse(age=age, count=count) for age, count in waiting.by_age.items()]
        return cls(count=waiting.count, oldest_at=waiting.oldest_at, by_age=by_age)


class PointResponse(ResponseModel):
    """A part of the range."""

    begin: datetime
    end: datetime
    requests: RequestFiguresResponse
    deliveries: CallFiguresResponse

    @classmethod
    def of_point(cls, point: Point) -> Self:
        """Write it."""
        return cls(
            begin=point.begin,
            end=point.end,
            requests=RequestFiguresResponse.of_figures(point.requests),
            deliveries=CallFiguresResponse.of_figures(point.calls),
        )


class AskerInsights(ResponseModel):
    """Of an agent, or of a function whose executions asked."""

    agent_id: UUID | None
    function: str | None
    name: str
    waiting: int
    requests: RequestFiguresResponse

    @classmethod
    def of_line(cls, line: Line) -> Self:
        """Write it."""
        what, _, name = line.value.partition(":")
        is_agent = what == "agent"
        return cls(
            agent_id=UUID(name) if is_agent else None,
            function=None if is_agent else name,
            name=line.name,
            waiting=line.waiting,
            requests=RequestFiguresResponse.of_figures(line.figures),
        )


class KeyInsights(ResponseModel):
    """Of what was asked under a key."""

    key: str
    waiting: int
    requests: RequestFiguresResponse

    @classmethod
    def of_line(cls, line: Line) -> Self:
        """Write it."""
        figures = RequestFiguresResponse.of_figures(line.figures)
        return cls(key=line.value, waiting=line.waiting, requests=figures)


class ReviewerInsights(ResponseModel):
    """Of what somebody decided on."""

    user_id: UUID
    email: str
    requests: RequestFiguresResponse

    @classmethod
    def of_line(cls, line: Line) -> Self:
        """Write it."""
        figures = RequestFiguresResponse.of_figures(line.figures)
        return cls(user_id=UUID(line.value), email=line.name, requests=figures)


class AgentDeliveries(ResponseModel):
    """Of the calls to an agent."""

    agent_id: UUID
    name: str
    deliveries: CallFiguresResponse

    @classmethod
    def of_line(cls, line: CallLine) -> Self:
        """Write it."""
        return cls(
            agent_id=UUID(line.value.partition(":")[2]),
            name=line.name,
            deliveries=CallFiguresResponse.of_figures(line.figures),
        )


class InsightsResponse(ResponseModel):
    """What ended from `since` until before `until`, and what waits now."""

    since: datetime
    until: datetime
    time_zone: str
    step: Step = Field(description="How long each of `points` is, but for the first and last.")
    is_complete: bool = Field(
        description="False while more than a few that have ended are still being counted."
    )
    waiting: WaitingResponse
    requests: RequestFiguresResponse
    deliveries: CallFiguresResponse
    by_agent: list[AskerInsights]
    by_key: list[KeyInsights]
    by_reviewer: list[ReviewerInsights]
    deliveries_by_agent: list[AgentDeliveries]
    points: list[PointResponse]

    @classmethod
    def of_insights(cls, found: Insights) -> Self:
        """Write them."""
        return cls(
            since=found.span.since,
            until=found.span.until,
            time_zone=found.span.zone.key,
            step=found.span.step,
            is_complete=not found.is_behind,
            waiting=WaitingResponse.of_waiting(found.waiting),
            requests=RequestFiguresResponse.of_figures(found.requests),
            deliveries=CallFiguresResponse.of_figures(found.calls),
            by_agent=[AskerInsights.of_line(each) for each in found.by_asker],
            by_key=[KeyInsights.of_line(each) for each in found.by_key],
            by_reviewer=[ReviewerInsights.of_line(each) for each in found.by_reviewer],
            deliveries_by_agent=[AgentDeliveries.of_line(each) for each in found.calls_by_agent],
            points=[PointResponse.of_point(each) for each in found.points],
        )


class InsightsQuery(Query):
    """Of which time, and of what; what is left out is any."""

    since: MomentInQuery | None = Field(default=None, description="30 days before `until`.")
    until: MomentInQuery | None = Field(default=None, description="Now.")
    time_zone: Annotated[str, Field(max_length=64)] = Field(
        default="UTC", description="Whose days the points are, such as Europe/Berlin."
    )
    agent_id: UUID | None = None
    function: Annotated[str, Field(max_length=511)] | None = Field(
        default=None, description="As in `billing/charge`; not with an `agent_id`."
    )
    key: Annotated[str, Field(max_length=255)] | None = None
    reviewer_id: UUID | None = None

    def span(self) -> Span:
        """Return the range. Raises: InvalidInput."""
        until = self.until or clock.now() + timedelta(milliseconds=1)
        try:
            since = self.since or until - timedelta(days=_DAYS)
        except OverflowError:
            message = "The range ends before there were years."
            raise InvalidInput(message, errors=(FieldError("/until", message),)) from None
        return Span(since, until, zone_called(self.time_zone))

    def narrowing(self) -> Narrowing:
        """Return of what it is asked. Raises: InvalidInput."""
        if self.agent_id is not None and self.function is not None:
            message = "Ask for an agent or for a function, not for both."
            raise InvalidInput(message, errors=(FieldError("/function", message),))
        asker = None
        if self.agent_id is not None or self.function is not None:
            asker = asker_of(self.agent_id, self.function)
        reviewer = str(self.reviewer_id) if self.reviewer_id is not None else None
        return Narrowing(asker, self.key, reviewer)


@routes.get(
    "/insights",
    summary="Read how requests and calls ended, and what waits.",
    example=Example(query={"time_zone": "Europe/Berlin", "agent_id": "{agent_id}"}),
)
def get_insights(principal: Principal, query: InsightsQuery) -> InsightsResponse:
    insights = read_insights(principal.workspace, query.span(), query.narrowing())
    return InsightsResponse.of_insights(insights)


def _rate(rate: Rate) -> RateResponse:
    return RateResponse(part=rate.part, whole=rate.whole, share=rate.share)
