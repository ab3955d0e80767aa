"""What a worker has threads for, and who may use them: short work never waits for long calls.

Waiting for an endpoint costs a thread and little else. So a call that lasts leaves the count of
`CALLS_PER_WORKER` for one of its own (`SLOW_CALLS_PER_WORKER`), and its place is free again. A
group whose calls lasted begins them there. A quarter of the places is kept for what is urgent, and
a quarter of those for slow calls is kept for groups of which it was not known that they are slow.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

SLOW_SECONDS = 0.05
"""A call that has lasted so long makes room for another."""
_REMEMBERED_GROUPS = 10_000


@dataclass(slots=True)
class _Call:
    group_id: UUID
    began_at: float
    is_slow: bool


class Capacity:
    """Counts the calls of one worker. For the dispatcher's thread alone."""

    def __init__(
        self, calls: int, slow_calls: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._calls_max = calls
        self._slow_max = slow_calls
        self._kept = min(max(calls // 4, 1), calls - 1)
        self._monotonic = monotonic
        self._running: dict[UUID, _Call] = {}
        self._by_group: Counter[UUID] = Counter()
        self._slow_count = 0
        self._slow_groups: dict[UUID, None] = {}

    @property
    def quick_count(self) -> int:
        """How many calls use the worker's ordinary places."""
        return len(self._running) - self._slow_count

    def here(self, group_id: UUID) -> int:
        """Return how many calls of a group are running."""
        return self._by_group[group_id]

    def room(self, group_id: UUID, *, is_urgent: bool) -> int:
        """Return how many calls of a group may begin."""
        free = self._calls_max - self.quick_count
        for_anybody = free if is_urgent else free - self._kept
        if group_id not in self._slow_groups:
            return max(for_anybody, 0)
        room = self._slow_max - self._slow_max // 4 - self._slow_count
        # a slow group that has nothing running gets a turn even if others use up what is for them
        at_least = for_anybody if is_urgent else min(for_anybody, 1 - self.here(group_id))
        return max(room, at_least, 0)

    def begin(self, row_id: UUID, group_id: UUID) -> None:
        """Count a call that begins."""
        is_slow = group_id in self._slow_groups and self._slow_count < self._slow_max
        self._running[row_id] = _Call(group_id, self._monotonic(), is_slow)
        self._by_group[group_id] += 1
        self._slow_count += is_slow

    def end(self, row_id: UUID) -> None:
        """Count a call that has ended, and remember of its group whether it was slow."""
        call = self._running.pop(row_id)
        self._slow_count -= call.is_slow
        self._by_group[call.group_id] -= 1
        if not self._by_group[call.group_id]:
            del self._by_group[call.group_id]
        if self._monotonic() - call.began_at < SLOW_SECONDS:
            self._slow_groups.pop(call.group_id, None)
        else:
            self._note_slow(call.group_id)

    def make_room(self) -> float | None:
        """Move the calls that have lasted out of the ordinary places.

        Returns in how many seconds the next one may have; None if there is none, or no place for
        it. Calls are kept in the order in which they began.
        """
        moment = self._monotonic()
        for call in self._running.values():
            if call.is_slow:
                continue
            if self._slow_count >= self._slow_max:
                return None
            if moment - call.began_at < SLOW_SECONDS:
                return call.began_at + SLOW_SECONDS - moment
            call.is_slow = True
            self._slow_count += 1
            self._note_slow(call.group_id)
        return None

    def _note_slow(self, group_id: UUID) -> None:
        self._slow_groups.pop(group_id, None)
        self._slow_groups[group_id] = None
        if len(self._slow_groups) > _REMEMBERED_GROUPS:
            del self._slow_groups[next(iter(self._slow_groups))]
