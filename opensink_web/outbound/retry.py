"""When a failed call is tried again. Whether it may be is not decided here.

Exponential backoff with full jitter, so that calls that failed together do not return together
(https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/), and the wait
that a receiver asks for with `Retry-After` (RFC 9110, section 10.2.3).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random

BACKOFF_INITIAL_SECONDS_DEFAULT = 10
BACKOFF_MAX_SECONDS_DEFAULT = 3600
RETRY_AFTER_MAX_SECONDS = 3600.0
"""No receiver puts a call off for longer than this."""

_MAX_DOUBLINGS = 32


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """How often to try, and the ceiling of the first wait; each next ceiling is twice as high."""

    max_attempts: int = 1
    initial_seconds: float = BACKOFF_INITIAL_SECONDS_DEFAULT
    max_seconds: float = BACKOFF_MAX_SECONDS_DEFAULT

    def ceiling_seconds(self, attempt: int) -> float:
        """Return the longest wait after attempt number `attempt` (from 1)."""
        doublings = min(attempt - 1, _MAX_DOUBLINGS)
        return min(self.initial_seconds * (1 << doublings), self.max_seconds)

    def next_delay_seconds(self, attempt: int, random: Random) -> float | None:
        """Return the wait after attempt number `attempt` (from 1), or None if that was the last."""
        if attempt >= self.max_attempts:
            return None
        return random.uniform(0, self.ceiling_seconds(attempt))


NO_RETRIES = RetrySchedule()


def retry_after_seconds(headers: tuple[tuple[str, str], ...], now: datetime) -> float:
    """Return the wait that an answer asks for, 0 if it asks for none or is not understood."""
    values = [value.strip() for name, value in headers if name.lower() == "retry-after"]
    if not values:
        return 0.0
    is_number = values[0].isascii() and values[0].isdigit()
    seconds = _digits(values[0]) if is_number else _until(values[0], now)
    return min(max(seconds, 0.0), RETRY_AFTER_MAX_SECONDS)


def _digits(text: str) -> float:
    # more digits than a number of seconds has: as long as may be
    return float(text) if len(text) < 16 else RETRY_AFTER_MAX_SECONDS


def _until(text: str, now: datetime) -> float:
    try:
        moment = parsedate_to_datetime(text)
        # an HTTP date is in GMT, whatever it says or leaves out
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (aware - now).total_seconds()
    except (ValueError, OverflowError):
        return 0.0
