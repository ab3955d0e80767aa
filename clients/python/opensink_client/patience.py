"""How long one waits for an answer: until a deadline, and for a server that is away."""

from math import inf
from time import monotonic

from .errors import OpenSinkError

HOLD_SECONDS = 25
PAUSE_SECONDS = 0.5
OUTAGE_SECONDS = 600


class Patience:
    """Of one wait that begins now."""

    def __init__(self, timeout_seconds: float) -> None:
        self.deadline = monotonic() + timeout_seconds
        self._heard_at = monotonic()
        self._problem: OpenSinkError | None = None

    def hold_seconds(self) -> int:
        """Return for how long the server may hold its next response."""
        return int(max(0.0, min(HOLD_SECONDS, self.deadline - monotonic())))

    def hear(self, problem: OpenSinkError | None = None) -> float:
        """Take in that there is no answer, or why none can be got; return how long to pause.

        Raises: TimeoutError; the problem, where there is no deadline and it has lasted for long.
        """
        if problem is None:
            self._heard_at = monotonic()
        elif self.deadline == inf and monotonic() - self._heard_at > OUTAGE_SECONDS:
            raise problem
        left_seconds = self.deadline - monotonic()
        if left_seconds <= 0:
            raise TimeoutError("Nobody answered in time.") from problem
        return min(PAUSE_SECONDS, left_seconds)  # a busy server answers at once
