"""The job: look at lane N, and carry out what is due in it."""

import threading
from collections.abc import Callable
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
        self, line_of: Callable[[LaneWork], Line], announce: Callable[[LaneWork, UUID], None]
    ) -> None:
        self._line_of = line_of
        self._announce = announce
        self._lock = threading.Lock()
        self._pumps: dict[tuple[LaneWork, UUID], Pump[Any, Any]] = {}
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Take nothing new; what is in flight goes on to its end."""
        self._stopping.set()

    def empty(self, kind: LaneWork, lane_id: UUID) -> None:
        """Work until nothing is due in a lane that this worker can take."""
        while (pump := self._begin(kind, lane_id)) is not None:
            try:
                pump.run()
            finally:
                self._end(kind, lane_id)
            if self._stopping.is_set() or not pump.is_to_look_again:
                return

    def _pump(self, kind: LaneWork, lane_id: UUID) -> Pump[Any, Any]:
        line = self._line_of(kind)
        return Pump(
            line.work,
            lane_id,
            width=line.width,
            threads=line.threads,
            is_stopping=self._stopping.is_set,
            tell_others=lambda: self._announce(kind, lane_id),
        )

    def _begin(self, kind: LaneWork, lane_id: UUID) -> Pump[Any, Any] | None:
        """Return a pump for the lane; None if one is at work, which then looks again."""
        with self._lock:
            at_work = self._pumps.get((kind, lane_id))
            if at_work is None:
                pump = self._pumps[kind, lane_id] = self._pump(kind, lane_id)
                return pump
            at_work.look_again()
        at_work.pass_on()
        return None

    def _end(self, kind: LaneWork, lane_id: UUID) -> None:
        with self._lock:
            del self._pumps[kind, lane_id]


lanes: ContextVar[Lanes] = ContextVar("lanes")
"""Set once by the worker."""


def work_lane(kind: str, lane_id: str) -> None:
    """Carry out what is due in a lane."""
    lanes.get().empty(LaneWork(kind), UUID(lane_id))
