"""Wakes other workers for what one cannot do; once in a while for each group, or two would do that
to each other without end.
"""

import time
from collections.abc import Callable

from opensink_web.models.transaction import Wakeup

_AGAIN_SECONDS = 1.0


class Relay:
    """Remembers for which groups others were woken just now. For the dispatcher's thread alone."""

    def __init__(
        self,
        notify: Callable[[Wakeup], object],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._notify = notify
        self._monotonic = monotonic
        self._notified_at: dict[Wakeup, float] = {}  # the latest come last

    def pass_on(self, wakeup: Wakeup) -> None:
        """Wake others for a group, unless that was done just now."""
        moment = self._monotonic()
        while self._notified_at:
            oldest = next(iter(self._notified_at))
            if moment - self._notified_at[oldest] < _AGAIN_SECONDS:
                break
            del self._notified_at[oldest]
        if wakeup not in self._notified_at:
            self._notified_at[wakeup] = moment
            self._notify(wakeup)
