"""The sweeper's look at the lanes: which have something due that nobody seems to be doing.

A lane is told of again after a pause that grows, as long as it stays like that: a worker may be on
its way to it, or all of them may be busy.
"""

import time

from opensink_web.models import LaneWork
from opensink_web.models.transaction import LaneAnnouncement, reading
from opensink_web.operations.lane import lanes_with_work
from opensink_web.settings import Settings

FIRST_PAUSE_SECONDS = 1.5
LONGEST_PAUSE_SECONDS = 30.0


class LaneWatch:
    """Remembers what was told when; a sweeper that starts anew tells everything again."""

    def __init__(self, settings: Settings) -> None:
        self._limits = {
            LaneWork.EXECUTIONS: settings.calls_per_function,
            LaneWork.CALLBACKS: settings.calls_per_function,
        }
        # when a lane is told of again, and the pause after that
        self._told: dict[LaneAnnouncement, tuple[float, float]] = {}

    def look(self, *, all_again: bool = False) -> list[LaneAnnouncement]:
        """Return the lanes that the workers are to be told of now."""
        moment = time.monotonic()
        with reading():
            waiting = [
                LaneAnnouncement(work, lane_id)
                for work, limit in self._limits.items()
                for lane_id in lanes_with_work(work, limit)
            ]
        self._told = {each: self._told[each] for each in waiting if each in self._told}
        due = [
            each
            for each in waiting
            if all_again or each not in self._told or self._told[each][0] <= moment
        ]
        for each in due:
            _, pause = self._told.get(each, (0.0, FIRST_PAUSE_SECONDS))
            self._told[each] = (moment + pause, min(pause * 2, LONGEST_PAUSE_SECONDS))
        return due
