"""When a job runs: every so many minutes from a minute on, on a grid that never moves.

The grid is counted in whole minutes since the beginning of 1970, in UTC. So an interval that
divides a day has the same times every day, and any other goes on across midnight.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, islice

from opensink_web.errors import FieldError, InvalidInput
from opensink_web.models import BackgroundJob

INTERVAL_MINUTES_MAX = 7 * 24 * 60
_MINUTES_PER_HOUR = 60
_START = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Grid:
    """The slots of a job: moments that are `interval_minutes` apart."""

    interval_minutes: int
    start_minute: int

    @property
    def interval(self) -> timedelta:
        return timedelta(minutes=self.interval_minutes)

    def last_until(self, moment: datetime) -> datetime:
        """Return the slot that is at a moment, or the last before."""
        minutes = (moment - _START) // timedelta(minutes=1)
        return _START + timedelta(
            minutes=minutes - (minutes - self.start_minute) % self.interval_minutes
        )

    def first_after(self, moment: datetime) -> datetime:
        """Return the first slot that is later than a moment."""
        return self.last_until(moment) + self.interval

    def following(self, moment: datetime, most: int) -> Iterator[datetime]:
        """Yield the slots after a moment, the soonest first."""
        first = self.first_after(moment)
        return (first + self.interval * number for number in islice(count(), most))


def grid_of(job: BackgroundJob) -> Grid:
    """Return when a job runs."""
    return Grid(job.interval_minutes, job.start_minute)


def checked_grid(interval_minutes: int, start_minute: int) -> Grid:
    """Raises: InvalidInput, with a pointer for each number that is out of range."""
    errors = []
    if not 1 <= interval_minutes <= INTERVAL_MINUTES_MAX:
        message = f"The interval is 1 to {INTERVAL_MINUTES_MAX:,} minutes."
        errors.append(FieldError("/interval_minutes", message))
    last = max(interval_minutes, _MINUTES_PER_HOUR) - 1
    if not errors and not 0 <= start_minute <= last:
        message = f"With this interval the start minute is 0 to {last:,}."
        errors.append(FieldError("/start_minute", message))
    if errors:
        raise InvalidInput("A job cannot run like this.", errors=tuple(errors))
    return Grid(interval_minutes, start_minute)
