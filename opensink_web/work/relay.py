"""Wakes other workers for what one cannot do; once in a while for each group, or two would do that
to each other without end.
"""

import time
from collections.abc import Callable

from opensink_web.models.transaction import Wakeup

_AGAIN_SECONDS = 1.0
_AGAIN_AFTER_A_PAUSE_SECONDS = 0.05
"""The same where nothing was left of the group meanwhile: what is there now has just come."""


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
        self._worked_off: set[Wakeup] = set()

    def pass_on(self, wakeup: Wakeup) -> None:
        """Wake others for a group, unless that was done just now."""
        moment = self._monotonic()
        while self._notified_at:
            oldest = next(iter(self._notified_at))
            if moment - self._notified_at[oldest] < _AGAIN_SECONDS:
                break
            self._forget(oldest)
        if (
            wakeup in self._worked_off
            and moment - self._notified_at[wakeup] >= _AGAIN_AFTER_A_PAUSE_SECONDS
        ):
            self._forget(wakeup)
        if wakeup not in self._notified_at:
            self._notified_at[wakeup] = moment
            self._notify(wakeup)

    def note_worked_off(self, wakeup: Wakeup) -> None:
        """Note that nothing of a group was found that could begin."""
        if wakeup in self._notified_at:
            self._worked_off.add(wakeup)

    def _forget(self, wakeup: Wakeup) -> None:
        del self._notified_at[wakeup]
        self._worked_off.discard(wakeup)
