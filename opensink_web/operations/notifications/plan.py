"""What an escalation chain says: when people work, and who is told after how much of that time.

It is checked once, when it is saved, and kept as JSON; a revision is read back as it was written.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from opensink_web.errors import FieldError, InvalidInput
from opensink_web.json_value import JSONObject
from opensink_web.operations.notifications.working_time import DAY_MINUTES, Calendar, Window
from opensink_web.schema.written_moment import zone_of

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
STEPS_MAX = 10
HOLIDAYS_MAX = 400
WINDOWS_MAX = 5
AFTER_MINUTES_MAX = 30 * DAY_MINUTES
_WINDOW = re.compile(r"(\d{1,2}):(\d{2}) ?- ?(\d{1,2}):(\d{2})")
_HOW_HOURS = "Write from when to when, such as 09:00-17:00; several with commas between them."


class Who(StrEnum):
    """Who is told in a step."""

    ASSIGNEES = "assignees"
    """Whose the request is by then; if it is nobody's, everybody who may decide."""
    ADMINS = "admins"
    USER = "user"
    TEAM = "team"


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """After how much working time since it was asked who is told, and whether it becomes theirs.

    `whom_id` is the member's or the team's.
    """

    after_minutes: int
    who: Who
    whom_id: UUID | None = None
    also_assign: bool = False

    def to_json(self) -> JSONObject:
        """Return what is kept, and what programs read."""
        return {
            "after_minutes": self.after_minutes,
            "who": self.who.value,
            "whom_id": None if self.whom_id is None else str(self.whom_id),
            "also_assign": self.also_assign,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole of it; `hours` has a text for each weekday on which is worked."""

    time_zone: str
    hours: Mapping[str, str]
    holidays: tuple[date, ...]
    steps: tuple[PlannedStep, ...]

    @property
    def calendar(self) -> Calendar:
        """Return what working time is reckoned by."""
        hours = {
            day: tuple(windows_in(self.hours[name]))
            for day, name in enumerate(WEEKDAYS)
            if name in self.hours
        }
        return Calendar(ZoneInfo(self.time_zone), hours, frozenset(self.holidays))

    def to_json(self) -> JSONObject:
        """Return what is kept, and what programs read."""
        return {
            "time_zone": self.time_zone,
            "working_hours": {**self.hours},
            "holidays": [each.isoformat() for each in self.holidays],
            "steps": [each.to_json() for each in self.steps],
        }


def plan_of(kept: Mapping[str, Any]) -> Plan:
    """Read a plan that was kept."""
    return Plan(
        time_zone=kept["time_zone"],
        hours=kept["working_hours"],
        holidays=tuple(map(date.fromisoformat, kept["holidays"])),
        steps=tuple(
            PlannedStep(
                each["after_minutes"],
                Who(each["who"]),
                UUID(each["whom_id"]) if each["whom_id"] else None,
                each["also_assign"],
            )
            for each in kept["steps"]
        ),
    )


def checked_plan(
    time_zone: str,
    hours: Mapping[str, str],
    holidays: Sequence[date],
    steps: Sequence[PlannedStep],
) -> Plan:
    """Check what somebody wants to save; steps are put in order of time.

    Raises: InvalidInput, with a pointer to each thing that is wrong.
    """
    errors = []
    if zone_of(time_zone) is None:
        message = "There is no such time zone. Write one as Europe/Berlin or UTC."
        errors.append(FieldError("/time_zone", message))
    kept = {name: text.strip() for name, text in hours.items() if text.strip()}
    for name, text in kept.items():
        try:
            kept[name] = ", ".join(map(_written, windows_in(text)))
        except ValueError as error:
            errors.append(FieldError(f"/working_hours/{name}", str(error)))
    errors += [
        FieldError(f"/working_hours/{name}", "There is no such weekday.")
        for name in kept
        if name not in WEEKDAYS
    ]
    if not kept:
        message = "Say on at least one weekday when people work, or nobody is ever told."
        errors.append(FieldError("/working_hours", message))
    if len(holidays) > HOLIDAYS_MAX:
        errors.append(FieldError("/holidays", f"A chain has {HOLIDAYS_MAX} holidays at most."))
    errors += _wrong_in(steps)
    if errors:
        raise InvalidInput("The chain cannot be saved like this.", errors=tuple(errors))
    ordered = sorted(steps, key=lambda step: step.after_minutes)
    return Plan(time_zone, kept, tuple(sorted(set(holidays))), tuple(ordered))


def _wrong_in(steps: Sequence[PlannedStep]) -> list[FieldError]:
    if not 1 <= len(steps) <= STEPS_MAX:
        return [FieldError("/steps", f"A chain has 1 to {STEPS_MAX} steps.")]
    errors = []
    for index, step in enumerate(steps):
        if not 0 <= step.after_minutes <= AFTER_MINUTES_MAX:
            message = f"Give 0 to {AFTER_MINUTES_MAX} minutes of working time."
            errors.append(FieldError(f"/steps/{index}/after_minutes", message))
        is_somebody = step.who in {Who.USER, Who.TEAM}
        if is_somebody != (step.whom_id is not None):
            errors.append(FieldError(f"/steps/{index}/who", "Choose who is told."))
        if step.also_assign and not is_somebody:
            message = "A request can be assigned to a member or a team."
            errors.append(FieldError(f"/steps/{index}/also_assign", message))
    return errors


def windows_in(text: str) -> list[Window]:
    """Read "09:00-12:00, 13:00-17:00"; one that ends no later than it begins ends the next day.

    Raises: ValueError with a sentence for people.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > WINDOWS_MAX:
        raise ValueError(f"A day has {WINDOWS_MAX} windows at most.")
    return [_window_in(part) for part in parts]


def _window_in(text: str) -> Window:
    match = _WINDOW.fullmatch(text)
    if match is None:
        raise ValueError(_HOW_HOURS)
    hours, minutes, end_hours, end_minutes = map(int, match.groups())
    begins, ends = hours * 60 + minutes, end_hours * 60 + end_minutes
    if minutes > 59 or end_minutes > 59 or begins >= DAY_MINUTES or ends > DAY_MINUTES:
        raise ValueError(f"There is no such time. {_HOW_HOURS}")
    return Window(begins, ends if ends > begins else ends + DAY_MINUTES)


def _written(window: Window) -> str:
    ends = window.ends
    if ends > DAY_MINUTES:
        ends -= DAY_MINUTES
    return f"{window.begins // 60:02}:{window.begins % 60:02}-{ends // 60:02}:{ends % 60:02}"


def said_as_working_time(minutes: int) -> str:
    """Return "2 working hours" for 120."""
    if minutes % 60 or not minutes:
        return "1 working minute" if minutes == 1 else f"{minutes} working minutes"
    hours = minutes // 60
    return "1 working hour" if hours == 1 else f"{hours} working hours"
