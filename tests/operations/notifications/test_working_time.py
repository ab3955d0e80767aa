"""Working time: by examples, and equal to walking through the time in steps of five minutes."""

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from opensink_web.operations.notifications.working_time import (
    DAY_MINUTES,
    Calendar,
    Window,
    after_working,
    is_working,
)
from tests.support.cases import for_each

NINE_TO_FIVE = {day: (Window(9 * 60, 17 * 60),) for day in range(5)}
NIGHTS = {day: (Window(22 * 60, 30 * 60),) for day in range(7)}
STEP = timedelta(minutes=5)
# (zone, a day beside which its clocks are changed, or none)
ZONES = (
    ("UTC", date(2026, 3, 1)),
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Asia/Kolkata", date(2026, 6, 1)),  # half an hour off
    ("Asia/Kathmandu", date(2026, 6, 1)),  # three quarters
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # changed by half an hour
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Pacific/Chatham", date(2026, 9, 27)),
    ("Africa/Casablanca", date(2026, 3, 22)),  # twice within weeks
    ("America/Havana", date(2026, 3, 8)),  # at midnight: the day begins at one
    ("Pacific/Apia", date(2011, 12, 30)),  # a day that never was
)


def at(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def due(calendar: Calendar, asked: str, minutes: int) -> str | None:
    moment = after_working(calendar, at(asked, calendar.zone.key), minutes)
    return None if moment is None else f"{moment.astimezone(calendar.zone):%a %Y-%m-%d %H:%M %Z}"


@pytest.mark.parametrize(
    ("asked", "minutes", "expected"),
    [
        ("2026-11-27T16:30", 60, "Mon 2026-11-30 09:30 CET"),  # a Friday
        ("2026-11-27T16:30", 180, "Mon 2026-11-30 11:30 CET"),
        ("2026-11-27T16:30", 30, "Fri 2026-11-27 17:00 CET"),
        ("2026-11-28T12:00", 0, "Mon 2026-11-30 09:00 CET"),
        ("2026-11-27T10:00", 0, "Fri 2026-11-27 10:00 CET"),
        ("2026-12-23T16:00", 120, "Mon 2026-12-28 10:00 CET"),  # over the holidays
        ("2026-03-27T16:00", 120, "Mon 2026-03-30 10:00 CEST"),  # the clocks go forward meanwhile
    ],
)
def test_an_office(asked: str, minutes: int, expected: str) -> None:
    holidays = frozenset({date(2026, 12, 24), date(2026, 12, 25)})
    calendar = Calendar(ZoneInfo("Europe/Berlin"), NINE_TO_FIVE, holidays)
    assert due(calendar, asked, minutes) == expected


@pytest.mark.parametrize(
    ("asked", "minutes", "expected"),
    [
        ("2026-06-01T12:00", 8 * 60, "Tue 2026-06-02 06:00 EDT"),
        (
            "2026-03-07T12:00",
            8 * 60,
            "Sun 2026-03-08 23:00 EDT",
        ),  # of that night an hour is missing
        ("2026-10-31T12:00", 8 * 60, "Sun 2026-11-01 05:00 EST"),  # one hour was there twice
    ],
)
def test_a_night_shift(asked: str, minutes: int, expected: str) -> None:
    assert due(Calendar(ZoneInfo("America/New_York"), NIGHTS), asked, minutes) == expected


def test_on_a_holiday_no_night_begins_and_the_one_before_ends() -> None:
    calendar = Calendar(ZoneInfo("UTC"), NIGHTS, frozenset({date(2026, 5, 1)}))
    assert is_working(calendar, at("2026-05-01T05:59", "UTC"))
    assert not is_working(calendar, at("2026-05-01T23:00", "UTC"))
    assert not is_working(calendar, at("2026-05-02T03:00", "UTC"))


def test_who_never_works_is_not_waited_for() -> None:
    assert due(Calendar(ZoneInfo("UTC"), {}), "2026-01-01T00:00", 1) is None
    always = {day: (Window(0, DAY_MINUTES),) for day in range(7)}
    year = frozenset(date(2026, 1, 1) + timedelta(days=each) for each in range(365))
    calendar = Calendar(ZoneInfo("UTC"), always, year)
    assert due(calendar, "2026-01-01T00:00", 1) == "Fri 2027-01-01 00:01 UTC"


def some_calendar(chance: random.Random, zone: str, around: date) -> Calendar:
    def window() -> Window:
        begins = chance.randrange(0, DAY_MINUTES, 5)
        return Window(begins, begins + chance.randrange(5, DAY_MINUTES + 1, 5))

    hours = {
        day: tuple(window() for _ in range(chance.choice((1, 1, 2))))
        for day in range(7)
        if chance.random() < 0.7
    }
    days = [around + timedelta(days=chance.randrange(-3, 4)) for _ in range(chance.randrange(3))]
    return Calendar(ZoneInfo(zone), hours, frozenset(days))


def is_worked(calendar: Calendar, moment: datetime) -> bool:
    """Return what the clock on the wall says."""
    local = moment.astimezone(calendar.zone)
    minute = local.hour * 60 + local.minute

    def within(day: date, minute: int) -> bool:
        windows = () if day in calendar.holidays else calendar.hours.get(day.weekday(), ())
        return any(each.begins <= minute < each.ends for each in windows)

    return within(local.date(), minute) or within(
        local.date() - timedelta(days=1), minute + DAY_MINUTES
    )


def walked(calendar: Calendar, moment: datetime, minutes: int) -> datetime | None:
    passed = timedelta(0)
    for _ in range(8 * DAY_MINUTES // 5):
        if is_worked(calendar, moment):
            if passed >= timedelta(minutes=minutes):
                return moment
            passed += STEP
        moment += STEP
        if minutes and passed >= timedelta(minutes=minutes):
            return moment
    return None


def test_it_is_what_walking_through_the_time_finds() -> None:
    def check(case: tuple[str, date]) -> None:
        zone, around = case
        chance = random.Random(f"{zone} {around}")
        for _ in range(10):
            calendar = some_calendar(chance, zone, around)
            midnight = datetime(around.year, around.month, around.day, tzinfo=UTC)
            asked = midnight + STEP * chance.randrange(-2 * 288, 2 * 288)
            minutes = chance.choice((0, 5, 60, 8 * 60, 24 * 60))
            found = walked(calendar, asked, minutes)
            if found is not None:
                assert after_working(calendar, asked, minutes) == found, (calendar, asked, minutes)

    for_each(ZONES, check)
