"""A date or a moment as people write it: read exactly, or refused in words that show the right way.

A moment without an offset is read in the time zone of whoever wrote it, if that is known, and if
their clocks show the time once on that day.
"""

import re
from calendar import monthrange
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

DATE_EXAMPLE = "Write the date as year-month-day, such as 2026-01-31."
TIME_EXAMPLE = "Write the time with its offset, such as 14:30:00Z or 14:30:00+01:00."
MOMENT_EXAMPLE = "Write a date and a time, such as 2026-01-31 14:30."
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_NO_OFFSET = "Add the offset of your time zone at that time, such as +01:00."
_LONGEST = 64
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_ISO_LIKE = re.compile(r"([0-9]{4})[-./]([0-9]{1,2})[-./]([0-9]{1,2})")
_DAY_FIRST = re.compile(r"([0-9]{1,2})\.? ?([./-]) ?([0-9]{1,2})\.? ?[./-] ?([0-9]{4})")
_MOMENT = re.compile(
    r"(?P<date>[^ ,Tt]+)(?:[ ,]*[Tt]?[ ]*)"
    r"(?P<minutes>[0-9]{2}:[0-9]{2})(?P<seconds>:[0-9]{2}(?:\.[0-9]+)?)?"
    r"\s*(?P<offset>[Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)


def zone_of(name: str) -> ZoneInfo | None:
    """Return the time zone of an IANA name, as browsers tell it; None for what is none."""
    if not re.fullmatch(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", name) or len(name) > _LONGEST:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # a folder of zones is an OSError
        return None


def refusal_of_date(text: str) -> str:
    """Say what is wrong with a text that is no date."""
    iso = _ISO_DATE.fullmatch(text) or _ISO_LIKE.fullmatch(text)
    day_first = _DAY_FIRST.fullmatch(text)
    if iso is not None:
        year, month, day = map(int, iso.groups())
    elif day_first is not None:
        day, month, year = int(day_first[1]), int(day_first[3]), int(day_first[4])
        if day_first[2] != "." and day <= 12:
            return DATE_EXAMPLE  # 3/4 is in March or in April, by who writes it
    else:
        return DATE_EXAMPLE
    if year < 1:
        return DATE_EXAMPLE
    if not 1 <= month <= 12:
        return f"There is no month {month}. {DATE_EXAMPLE}"
    last = monthrange(year, month)[1]
    if not 1 <= day <= last:
        in_month = f"{_MONTHS[month - 1]} {year}"
        return f"There is no day {day} in {in_month}, which has {last} days. {DATE_EXAMPLE}"
    return f"Write the date as year-month-day: {year:04}-{month:02}-{day:02}."


def moment_of(text: str, zone: ZoneInfo | None) -> str:
    """Return a moment as RFC 3339 has it, with the offset of the zone where none is written.

    Raises: ValueError with a sentence for people.
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        is_date = _ISO_DATE.fullmatch(text) is not None
        raise ValueError(f"Add the time, such as {text} 14:30." if is_date else MOMENT_EXAMPLE)
    day, minutes = match["date"], match["minutes"]
    seconds, offset = match["seconds"] or ":00", match["offset"]
    if not _is_date(day):
        raise ValueError(refusal_of_date(day))
    if offset:
        if len(offset) == len("+0100"):
            offset = f"{offset[:3]}:{offset[3:]}"
        return f"{day}T{minutes}{seconds}{offset.upper()}"
    try:
        local = datetime.fromisoformat(f"{day}T{minutes}{seconds[:3]}")
    except ValueError:
        raise ValueError(f"There is no time {minutes}{seconds}. {MOMENT_EXAMPLE}") from None
    if zone is None:
        start = f"{day}T{minutes}{seconds}"
        raise ValueError(f"Add the offset of your time zone, such as {start}+01:00, or Z for UTC.")
    return f"{day}T{minutes}{seconds}{_offset_at(local, zone, seconds)}"


def _is_date(text: str) -> bool:
    match = _ISO_DATE.fullmatch(text)
    if match is None:
        return False
    year, month, day = map(int, match.groups())
    return year >= 1 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


def _offset_at(local: datetime, zone: ZoneInfo, seconds: str) -> str:
    """Return the offset of a zone at a local time, if there is one. Raises: ValueError."""
    if not MINYEAR < local.year < MAXYEAR:  # a day further there is no date
        raise ValueError(_NO_OFFSET)
    offsets = [_offset(local.replace(fold=fold), zone) for fold in (0, 1)]
    fitting = [each for each in dict.fromkeys(offsets) if _local(local - each, zone) == local]
    at = f"{local:%H:%M} on {local:%Y-%m-%d}"
    if not fitting:
        raise ValueError(
            f"There is no {at} in {zone.key}: the clocks go forward then. Write another time."
        )
    written = [_written(each) for each in fitting]
    if len(written) > 1:
        start = f"{local:%Y-%m-%dT%H:%M}{seconds}"
        raise ValueError(
            f"It is {at} twice in {zone.key}, when the clocks go back. "
            f"Write {start}{written[0]} or {start}{written[1]}."
        )
    return written[0]


def _offset(local: datetime, zone: tzinfo) -> timedelta:
    return zone.utcoffset(local.replace(tzinfo=zone)) or timedelta(0)


def _local(moment: datetime, zone: tzinfo) -> datetime:
    return moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None, fold=0)


def _written(offset: timedelta) -> str:
    """Write an offset. Raises: ValueError for one with seconds, from before there were zones."""
    seconds = int(offset.total_seconds())
    if seconds % 60:
        raise ValueError(_NO_OFFSET)
    minutes = abs(seconds) // 60
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
