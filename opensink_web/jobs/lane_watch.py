"""The sweeper's look at the lanes: which have something due that nobody seems to be doing.

A lane is told of again after a pause that grows, as long as the same row is its oldest: a worker
may be on its way to it, or all of them may be busy.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from opensink_web.models import LaneWork
from opensink_web.models.transaction import LaneAnnouncement, reading
from opensink_web.operations.lane import lanes_with_work
from opensink_web.settings import Settings

FIRST_PAUSE_SECONDS = 1.5
LONGEST_PAUSE_SECONDS = 30.0


class LaneWatch:
    """Remembers what was told when; a sweeper that starts anew tells everything again."""

    def __init__(self, settings: Settings, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._limit = settings.calls_per_function
        self._told: dict[LaneAnnouncement, _Told] = {}

    def look(self, *, all_again: bool = False) -> list[LaneAnnouncement]:
        """Return the lanes that the workers are to be told of now."""
        moment = self._monotonic()
        with reading():
            waiting = {
                LaneAnnouncement(work, lane_id): row_id
                for work in LaneWork
                for lane_id, row_id in lanes_with_work(work, self._limit).items()
            }
        self._told = {
            lane: told for lane, told in self._told.items() if waiting.get(lane) == told.row_id
        }
        due = [
            lane
            for lane in waiting
            if all_again or lane not in self._told or self._told[lane].again_at <= moment
        ]
        for lane in due:
            self._told[lane] = _Told.once_more(self._told.get(lane), waiting[lane], moment)
        return due


@dataclass(frozen=True, slots=True)
class _Told:
    """Which row was a lane's oldest when it was told of, and when it is told of again."""

    row_id: UUID
    again_at: float
    pause_seconds: float

    @classmethod
    def once_more(cls, before: "_Told | None", row_id: UUID, moment: float) -> "_Told":
        pause = (
            min(before.pause_seconds * 2, LONGEST_PAUSE_SECONDS) if before else FIRST_PAUSE_SECONDS
        )
        return cls(row_id, moment + pause, pause)
