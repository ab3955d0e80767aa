"""When a failed call is tried again. Whether it may be is not decided here.

Exponential backoff with full jitter, so that calls that failed together do not return together
(https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/).
"""

from dataclasses import dataclass
from random import Random

MAX_DELAY_SECONDS = 3600.0
_MAX_DOUBLINGS = 32


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """How often to try, and the ceiling of the first wait; each next ceiling is twice as high."""

    max_attempts: int = 1
    backoff_seconds: float = 10.0

    def next_delay_seconds(self, attempt: int, random: Random) -> float | None:
        """Return the wait after attempt number `attempt` (from 1), or None if that was the last."""
        if attempt >= self.max_attempts:
            return None
        doublings = min(attempt - 1, _MAX_DOUBLINGS)
        ceiling = min(self.backoff_seconds * 2**doublings, MAX_DELAY_SECONDS)
        return random.uniform(0, ceiling)
