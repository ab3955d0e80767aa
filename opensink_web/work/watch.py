"""The sweeper's memory: which groups it has woken workers for, so that it does not in every sweep.

A group is woken again after a pause that grows, as long as the same row is its oldest: a worker may
be on its way to it, or all of them may be busy.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from opensink_web.models.transaction import Wakeup
from opensink_web.work.queue import Waiting

FIRST_PAUSE_SECONDS = 1.5
LONGEST_PAUSE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class _Woken:
    """When a group was last woken for, plus a pause."""

    again_at: float
    pause_seconds: float


class Watch:
    """Remembers the groups that wait; a sweeper that starts anew wakes all again."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._woken: dict[Waiting, _Woken] = {}

    def due(self, waiting: Sequence[Waiting], *, all_again: bool = False) -> list[Wakeup]:
        """Return what is to be woken now, of all that waits."""
        moment = self._monotonic()
        self._woken = {each: self._woken[each] for each in waiting if each in self._woken}
        wakeups = []
        for each in waiting:
            woken = self._woken.get(each)
            if woken is not None and woken.again_at > moment and not all_again:
                continue
            pause = FIRST_PAUSE_SECONDS
            if woken is not None:
                pause = min(woken.pause_seconds * 2, LONGEST_PAUSE_SECONDS)
            self._woken[each] = _Woken(moment + pause, pause)
            wakeups.append(Wakeup(each.kind, each.group_id))
        return list(dict.fromkeys(wakeups))
