"""The range of time that is looked at, and the parts of it that a chart has: hours, days or weeks.

Days are those of a time zone. All bounds are on quarters of an hour, as every zone's offset is, but
for the first and the last.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import assert_never
from zoneinfo import ZoneInfo, available_timezones

from opensink_web.errors import FieldError, InvalidInput
from opensink_web.operations.insights.outcome import milliseconds

DAYS_MAX = 1100
"""Of so many days at most, about three years, something is counted at once."""
_HOURLY = timedelta(hours=49)
_DAILY_MAX = 100


class Step(StrEnum):
    """How long a part of the range is."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


class Preset(StrEnum):
    """A range that ends now."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"

    @property
    def days(self) -> int:
        """Return of how many days it is, today among them."""
        match self:
            case Preset.DAY:
                return 1
            case Preset.WEEK:
                return 7
            case Preset.MONTH:
                return 30
            case Preset.QUARTER:
                return 90
            case _:
                assert_never(self)


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment until before another, and the zone whose days it has."""

    since: datetime
    until: datetime
    zone: ZoneInfo

    @classmethod
    def of_preset(cls, preset: Preset, now: datetime, zone: ZoneInfo) -> "Span":
        """Return the range up to now: 24 hours, or today and the days before."""
        until = now + timedelta(milliseconds=1)  # with what has just ended
        if preset is Preset.DAY:
            return cls(now - timedelta(hours=24), until, zone)
        first = now.astimezone(zone).date() - timedelta(days=preset.days - 1)
        return cls(midnight(first, zone), until, zone)

    @classmethod
    def of_days(cls, first: date, last: date, zone: ZoneInfo) -> "Span":
        """Return the range of whole days, the last one with them."""
        return cls(midnight(first, zone), midnight(last + timedelta(days=1), zone), zone)

    def check(self) -> None:
        """Raises: InvalidInput where it ends before it begins, or is too long."""
        if self.until <= self.since:
            message = "The range ends before it begins."
            raise InvalidInput(message, errors=(FieldError("/until", message),))
        if self.until - self.since > timedelta(days=DAYS_MAX):
            message = f"A range has at most {DAYS_MAX} days."
            raise InvalidInput(message, errors=(FieldError("/since", message),))

    @property
    def step(self) -> Step:
        """Return how long the parts are."""
        length = self.until - self.since
        if length <= _HOURLY:
            return Step.HOUR
        return Step.DAY if length <= timedelta(days=_DAILY_MAX) else Step.WEEK

    @property
    def bounds(self) -> list[datetime]:
        """Return where the parts begin, and the end of the last."""
        inner = [each for each in self._steps() if self.since < each < self.until]
        return [self.since, *inner, self.until]

    @property
    def milliseconds(self) -> list[int]:
        """Return the same as facts have it."""
        return [milliseconds(each) for each in self.bounds]

    def _steps(self) -> Iterator[datetime]:
        if self.step is Step.HOUR:
            moment = self.since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
            while moment < self.until:
                yield moment
                moment += timedelta(hours=1)
            return
        day = self.since.astimezone(self.zone).date()
        length = timedelta(days=1 if self.step is Step.DAY else 7)
        while (moment := midnight(day, self.zone)) < self.until:
            yield moment
            day += length


def zone_called(name: str) -> ZoneInfo:
    """Return a time zone by its name, such as Europe/Berlin. Raises: InvalidInput."""
    if name not in zone_names():
        message = "This is no time zone. One is written as Europe/Berlin, or UTC."
        raise InvalidInput(message, errors=(FieldError("/time_zone", message),))
    return ZoneInfo(name)


@cache
def zone_names() -> tuple[str, ...]:
    """Return the names of all time zones that have a place, and UTC."""
    regions = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
    named = (each for each in available_timezones() if each.partition("/")[0] in regions)
    return ("UTC", *sorted(each for each in named if "/" in each))


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return when a day begins; where the clock skips midnight, when it is that again."""
    return datetime.combine(day, time(), zone).astimezone(UTC)
