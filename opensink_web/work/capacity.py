"""What a worker has threads for, and who may use them: short work never waits for long calls.

Waiting for an endpoint costs a thread and little else. So a call that lasts leaves the count of
`CALLS_PER_WORKER` for one of its own (`SLOW_CALLS_PER_WORKER`), and its place is free again. A
group whose calls lasted begins them there. The more such calls there are, the fewer a group may
have, so that each has some and none has all. A group of which nothing is known begins with one
call, there too as long as there is room: or many that hang would each hold up short work for a
moment. A quarter of the ordinary places is kept for what is urgent.

A Python function costs more than a thread: a process. Of these a worker has
`PYTHON_CALLS_PER_WORKER`, whatever its other places. A group may begin as many as it leaves free,
less some that are kept: for groups that call for nothing yet, and for those known to be quick.
"""

import time
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from uuid import UUID

SLOW_SECONDS = 0.05
"""A call that has lasted so long makes room for another."""
_REMEMBERED_GROUPS = 10_000
_SHARES = 8
"""A group may have this part of the places for slow calls that are free."""


@dataclass(slots=True)
class _Call:
    group_id: UUID
    began_at: float
    is_slow: bool = False  # it has one of the places for slow calls
    is_probe: bool = False  # so far because nothing is known of its group
    needs_process: bool = False


class Capacity:
    """Counts the calls of one worker. For the dispatcher's thread alone."""

    def __init__(
        self,
        calls: int,
        slow_calls: int,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        processes: int = 1000,
    ) -> None:
        self._calls_max = calls
        self._slow_max = slow_calls
        self._kept = min(max(calls // 4, 1), calls - 1)
        self._monotonic = monotonic
        self._running: dict[Hashable, _Call] = {}
        self._by_group: Counter[UUID] = Counter()
        self._slow_count = 0
        self._probe_count = 0
        self._slow_by_group: Counter[UUID] = Counter()
        self._was_slow: dict[UUID, bool] = {}  # the groups that called last come last
        self._processes_max = processes
        self._process_count = 0
        self._needs_process: set[UUID] = set()  # groups

    @property
    def quick_count(self) -> int:
        """How many calls use the worker's ordinary places."""
        return len(self._running) - self._slow_count

    @property
    def probes_available(self) -> int:
        """How many groups of which nothing is known may begin a call and take no ordinary place."""
        free = self._slow_max - self._slow_count
        return max(min(free, -(-self._slow_max // _SHARES) - self._probe_count), 0)

    def is_known(self, group_id: UUID) -> bool:
        """Return True if a group's calls were seen to be quick or slow."""
        return group_id in self._was_slow

    def here(self, group_id: UUID) -> int:
        """Return how many calls of a group are running."""
        return self._by_group[group_id]

    def processes_available(self, group_id: UUID, claimed: int = 0) -> int:
        """Return how many calls of a group may begin that take a process each, beside those that
        were claimed just now.
        """
        kept, here = max(self._processes_max // 8, 1), self.here(group_id)
        if self._was_slow.get(group_id) is False:
            kept = 0
        elif here:
            kept *= 2
        free = max(self._processes_max - kept, 1) - self._process_count - claimed
        # half of the difference, rounded up: so that it leaves as many as it has then
        return max((free - here + 1) // 2, 0)

    def note_processes(self, group_id: UUID, *, needs_process: bool) -> None:
        """Remember whether a group's calls take a process each."""
        self._needs_process.discard(group_id)
        if needs_process:
            if len(self._needs_process) >= _REMEMBERED_GROUPS:
                self._needs_process.clear()  # each is learned again when it is looked at
            self._needs_process.add(group_id)

    def available(self, group_id: UUID, *, is_urgent: bool) -> int:
        """Return how many calls of a group may begin."""
        available = self._places_available(group_id, is_urgent=is_urgent)
        if group_id in self._needs_process:
            return min(available, self.processes_available(group_id))
        return available

    def _places_available(self, group_id: UUID, *, is_urgent: bool) -> int:
        free = self._calls_max - self.quick_count
        ordinary = max(free if is_urgent else free - self._kept, 0)
        if not self._slow_max:
            return ordinary
        here, was_slow = self.here(group_id), self._was_slow.get(group_id)
        if was_slow is None:
            return min(max(ordinary, self.probes_available), max(1 - here, 0))
        share = max((self._slow_max - self._slow_count) // _SHARES, 2) - here
        if not was_slow:
            return min(ordinary, max(share, 0))
        # a part is for groups of which it was not known
        if self._slow_count < self._slow_max - self._slow_max // _SHARES:
            return max(share, 0)
        # whatever others do, one that is called for nothing else gets its turn
        return ordinary if is_urgent else min(ordinary, max(1 - here, 0))

    def begin(self, key: Hashable, group_id: UUID) -> None:
        """Count a call that begins."""
        call = self._running[key] = _Call(group_id, self._monotonic())
        self._by_group[group_id] += 1
        call.needs_process = group_id in self._needs_process
        self._process_count += call.needs_process
        if self._was_slow.get(group_id):
            self._move(call)
        elif not self.is_known(group_id) and self.probes_available:
            call.is_probe = True
            self._probe_count += 1
            self._move(call)

    def end(self, key: Hashable) -> None:
        """Count a call that has ended, and remember of its group whether it was slow."""
        call = self._running.pop(key)
        self._process_count -= call.needs_process
        self._probe_count -= call.is_probe
        self._slow_count -= call.is_slow
        self._slow_by_group[call.group_id] -= call.is_slow
        self._by_group[call.group_id] -= 1
        if not self._by_group[call.group_id]:
            del self._by_group[call.group_id], self._slow_by_group[call.group_id]
        self._note(call.group_id, was_slow=self._monotonic() >= call.began_at + SLOW_SECONDS)

    def free_up(self) -> float | None:
        """Move the calls that have lasted out of the ordinary places.

        Returns in how many seconds the next one may have; None if there is none. Calls are kept in
        the order in which they began.
        """
        moment = self._monotonic()
        for call in self._running.values():
            if call.is_slow and not call.is_probe:
                continue
            if moment < call.began_at + SLOW_SECONDS:
                return call.began_at + SLOW_SECONDS - moment if self._slow_max else None
            if call.is_probe:
                call.is_probe = False
                self._probe_count -= 1
                self._note(call.group_id, was_slow=True)
            else:
                self._move(call)
        return None

    def _move(self, call: _Call) -> None:
        """Move a call to the places for slow ones; the first of a group also if they are taken."""
        is_first = not self._slow_by_group[call.group_id]
        if self._slow_max and (is_first or self._slow_count < self._slow_max):
            call.is_slow = True
            self._slow_count += 1
            self._slow_by_group[call.group_id] += 1
            if not call.is_probe:
                self._note(call.group_id, was_slow=True)

    def _note(self, group_id: UUID, *, was_slow: bool) -> None:
        self._was_slow.pop(group_id, None)
        self._was_slow[group_id] = was_slow
        if len(self._was_slow) > _REMEMBERED_GROUPS:
            del self._was_slow[next(iter(self._was_slow))]
