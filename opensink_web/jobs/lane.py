"""The job: look at lane N, and carry out what is due in it."""

import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from opensink_web.jobs.daemon_threads import DaemonThreads
from opensink_web.jobs.pump import Pump, Work
from opensink_web.models import LaneWork


@dataclass(frozen=True, slots=True)
class Line:
    """How one kind of work is done here: at most `width` calls of a lane at once, in `threads`."""

    work: Work[Any, Any]
    width: int
    threads: DaemonThreads


class Lanes:
    """The lanes that this worker is emptying: of each one pump at a time."""

    def __init__(
        self, lines: Mapping[LaneWork, Line], announce: Callable[[LaneWork, UUID], None]
    ) -> None:
        self._lines = lines
        self._announce = announce
        self._lock = threading.Lock()
        # whether a lane that is being emptied is to be looked at once more
        self._is_to_be_looked_at: dict[tuple[LaneWork, UUID], bool] = {}
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Take nothing new; what is in flight goes on to its end."""
        self._stopping.set()

    def empty(self, kind: LaneWork, lane_id: UUID) -> None:
        """Work until nothing is due in a lane that this worker can take."""
        if self._begin(kind, lane_id):
            try:
                self._pump(kind, lane_id).run()
            finally:
                looks_again = self._end(kind, lane_id)
            if looks_again and not self._stopping.is_set():
                self.empty(kind, lane_id)

    def _pump(self, kind: LaneWork, lane_id: UUID) -> Pump[Any, Any]:
        line = self._lines[kind]
        return Pump(
            line.work,
            lane_id,
            width=line.width,
            threads=line.threads,
            is_stopping=self._stopping.is_set,
            tell_others=lambda: self._announce(kind, lane_id),
        )

    def _begin(self, kind: LaneWork, lane_id: UUID) -> bool:
        with self._lock:
            if (kind, lane_id) in self._is_to_be_looked_at:
                self._is_to_be_looked_at[kind, lane_id] = True
                return False
            self._is_to_be_looked_at[kind, lane_id] = False
            return True

    def _end(self, kind: LaneWork, lane_id: UUID) -> bool:
        with self._lock:
            return self._is_to_be_looked_at.pop((kind, lane_id))


lanes: ContextVar[Lanes] = ContextVar("lanes")
"""Set once by the worker."""


def work_lane(kind: str, lane_id: str) -> None:
    """Carry out what is due in a lane."""
    lanes.get().empty(LaneWork(kind), UUID(lane_id))
