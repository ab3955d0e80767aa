"""Working time: when a span of working hours that begins at a moment is over.

Pure arithmetic. It is the clock on the wall that says whether a moment is working time: where it is
put forward there is an hour less of it, and where it is put back an hour is there twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DAY_MINUTES = 24 * 60
DAYS_AT_MOST = 750
"""How far ahead is looked: who does not work for two years is not waited for."""
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when somebody works, in minutes after the midnight with which the day begins.

    One that ends after 1440 goes on past midnight, into the next day.
    """

    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """When people work: in which zone, on which weekdays (0 is Monday), and not on which days.

    A window belongs to the day on which it begins: on a holiday none begins.
    """

    zone: ZoneInfo
    hours: Mapping[int, tuple[Window, ...]]
    holidays: frozenset[date] = frozenset()

    def windows_on(self, day: date) -> list[Window]:
        """Return when is worked on a day, in minutes of that day; the night before reaches in."""
        windows = [
            Window(each.begins, min(each.ends, DAY_MINUTES)) for each in self._beginning_on(day)
        ]
        windows += [
            Window(0, each.ends - DAY_MINUTES)
            for each in self._beginning_on(day - _DAY)
            if each.ends > DAY_MINUTES
        ]
        return windows

    def _beginning_on(self, day: date) -> tuple[Window, ...]:
        return () if day in self.holidays else self.hours.get(day.weekday(), ())


def is_working(calendar: Calendar, moment: datetime) -> bool:
    """Return True if a moment is working time."""
    return _piece_from(calendar, moment)[1]


def after_working(calendar: Calendar, moment: datetime, minutes: int) -> datetime | None:
    """Return when so many minutes of working time have passed since a moment, in UTC.

    That is in working time or at its end; after no minutes it is the first working moment. None
    where that is further off than anybody waits.
    """
    moment = moment.astimezone(UTC)
    left, last = timedelta(minutes=minutes), moment + timedelta(days=DAYS_AT_MOST)
    while moment < last:
        ends, is_worked = _piece_from(calendar, moment)
        if is_worked:
            if ends - moment >= left:
                return moment + left
            left -= ends - moment
        moment = ends
    return None


def _piece_from(calendar: Calendar, moment: datetime) -> tuple[datetime, bool]:
    """Return until when it is as at a moment, at least, and whether that is working time."""
    moment = moment.astimezone(UTC)
    local = moment.astimezone(calendar.zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    passed = local.replace(tzinfo=None) - midnight
    windows = [
        (timedelta(minutes=each.begins), timedelta(minutes=each.ends))
        for each in calendar.windows_on(local.date())
    ]
    bounds = [_DAY, *(bound for window in windows for bound in window)]
    ends = moment + min(bound for bound in bounds if bound > passed) - passed
    is_worked = any(begins <= passed < end for begins, end in windows)
    return _before_change(calendar.zone, moment, ends), is_worked


def _before_change(zone: ZoneInfo, moment: datetime, ends: datetime) -> datetime:
    """Return the end, or when the clock on the wall is changed before that."""
    offset = moment.astimezone(zone).utcoffset()
    if ends.astimezone(zone).utcoffset() == offset:
        return ends
    low, high = moment, ends  # the change comes after the one, and no later than the other
    while high - low > _SECOND:
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    # clocks are changed at a whole second
    return high.replace(microsecond=0)
