"""The dispatcher of a worker: claims what is due in the groups it was woken for, has it carried out
in threads, and writes down what has ended. There is one per worker process, for all kinds of work.

It never claims more than there are threads for. What has ended and what is claimed next is one
transaction, so a thousand short calls cost a hundred commits. Groups are served in turn, so that
one with a hundred thousand rows holds up nobody.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Any
from uuid import UUID

from opensink_web.errors import Unavailable
from opensink_web.models.transaction import Wakeup, is_outage, reading, writing
from opensink_web.work.capacity import Capacity
from opensink_web.work.pool import WorkerPool
from opensink_web.work.queue import RENEWAL_SECONDS, Claimed, Claims, Kind, Queue
from opensink_web.work.relay import Relay
from opensink_web.work.tools import Tools

GATHER_SECONDS = 0.01
"""How long what has ended waits for others, to be written down together."""
GROUPS_PER_TURN = 16
"""How many groups are claimed from in one transaction."""
AGAIN_SECONDS = 0.5
"""After so long the database is tried again that could not be written to."""
LOOKED_FOR_AT_START = 1000
"""How many groups a worker that starts looks at by itself."""
_LOOK_SECONDS = 1.0  # a signal that comes while a wait begins is noted after it
_NOT_CARRIED_OUT = "It was not carried out: this server had an error. Its log says more."
_NOT_BEGUN = "It could not be begun, because of an error of this server ({}). Its log says more."
_NOT_STORED = "What came of it cannot be stored."
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Ended:
    """A call that has ended: its result, or the error that kept it from having one."""

    kind: str
    claim: Claimed
    result: Any
    error: BaseException | None


class Dispatcher:
    """Started and ended with its worker. `context` is entered around its work; `notify_others` is
    called with a group in which more is due than this worker may take, and `count_workers` says
    how many share the work.
    """

    def __init__(
        self,
        kinds: Mapping[str, Kind[Any, Any]],
        tools: Tools,
        capacity: Capacity,
        context: Callable[[], AbstractContextManager[object]],
        notify_others: Callable[[Wakeup], object],
        count_workers: Callable[[], int] = lambda: 1,
    ) -> None:
        self._kinds = kinds
        self._tools = tools
        self._queue = Queue(kinds)
        self._capacity = capacity
        self._context = context
        self._notify_others = notify_others
        self._relay = Relay(notify_others)
        self._count_workers = count_workers
        self._pool = WorkerPool()
        self._inbox: SimpleQueue[Wakeup | _Ended | None] = SimpleQueue()
        self._waiting: dict[Wakeup, None] = {}  # in the order in which they are served
        # by lease: what was lost may have been taken again before the first call ends
        self._running: dict[tuple[UUID, str], tuple[str, Claimed]] = {}
        self._ended: list[_Ended] = []
        self._is_woken = False  # for a group that waits for nothing that is running here
        self._again_at = 0.0  # when the database is tried again
        self._has_looked = False
        self._renewed_at = time.monotonic()
        # of wake-ups that were taken off Redis as many are on their way here as could begin
        self._changed = threading.Condition()
        self._unread_count = self._read_count = self._quick_count = 0
        self._is_idle = True
        self._stopping = False  # set by its own thread, which nobody holds up
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Take nothing new; what is in flight goes on. Signal handlers may call it: no lock."""
        self._inbox.put(None)

    def join(self) -> None:
        """Wait until all that was begun has ended and is written down."""
        self._thread.join()
        while self._read(0):  # what came after the end is for others
            pass

    def wake(self, wakeup: Wakeup) -> None:
        """Have a group looked at; from any thread."""
        with self._changed:
            self._unread_count += 1
        self._inbox.put(wakeup)

    def wait_for_capacity(self, calls_max: int) -> None:
        """Wait until another call may begin: what cannot begin here is left to other workers."""
        with self._changed:
            while not self._stopping and self._unread_count + self._quick_count >= calls_max:
                self._changed.wait(_LOOK_SECONDS)

    def wait_until_idle(self) -> None:
        """Wait until nothing is running and nothing is to be looked at."""
        with self._changed:
            self._changed.wait_for(lambda: not self._unread_count and self._is_idle)

    def _run(self) -> None:
        with self._context():
            while not (self._stopping and not self._running and not self._ended):
                try:
                    self._look_once()
                    self._receive()
                    self._renew()
                    self._take_turns()
                except Exception:
                    _log.exception("The dispatcher failed, and goes on")
                    time.sleep(AGAIN_SECONDS)
                with self._changed:
                    self._unread_count -= self._read_count
                    self._read_count = 0
                    self._quick_count = self._capacity.quick_count
                    self._is_idle = not (self._running or self._ended or self._waiting)
                    self._changed.notify_all()

    def _look_once(self) -> None:
        """Find what waits when the worker starts: others may have been woken for it in vain."""
        if self._has_looked or time.monotonic() < self._again_at:
            return
        try:
            with reading():
                groups = self._queue.groups_with_work()
        except Exception as error:
            if is_outage(error):
                self._try_again(())
                return
            _log.exception("What waits is left to the sweeper")
            groups = []
        self._has_looked = True
        wakeups = (Wakeup(each.kind, each.group_id) for each in groups[:LOOKED_FOR_AT_START])
        self._waiting.update(dict.fromkeys(wakeups))

    def _receive(self) -> None:
        """Wait until there is something to do, and a moment for more that ends meanwhile."""
        next_capacity_at = self._capacity.free_up()
        timeout = RENEWAL_SECONDS
        until_again = max(self._again_at - time.monotonic(), 0)
        if self._ended or not self._has_looked or (self._waiting and until_again):
            timeout = until_again
        elif next_capacity_at is not None:
            timeout = next_capacity_at  # also if nothing waits here: it may wait in Redis for that
        self._read(timeout)
        gathers_until = time.monotonic() + GATHER_SECONDS
        while self._ended and self._capacity.quick_count and not self._is_woken:
            left = gathers_until - time.monotonic()
            if left <= 0 or not self._read(left):
                break
        while self._read(0):
            pass
        self._is_woken = False
        self._capacity.free_up()

    def _read(self, timeout: float) -> bool:
        """Take one message, if there is one in time."""
        try:
            message = self._inbox.get(timeout=timeout) if timeout > 0 else self._inbox.get_nowait()
        except Empty:
            return False
        match message:
            case Wakeup():
                if self._stopping:
                    self._notify_others(message)
                elif message.kind in self._kinds:
                    self._waiting.setdefault(message)
                    self._is_woken = True
                self._read_count += 1
            case _Ended(kind=kind, claim=claim):
                del self._running[claim.id, claim.lease_token]
                self._capacity.end((claim.id, claim.lease_token))
                self._ended.append(message)
                names = (kind, *self._kinds[kind].shared_with(claim))
                more = [each for each in names if each in self._kinds and not self._stopping]
                self._waiting.update({Wakeup(each, claim.group_id): None for each in more})
            case None:
                self._stopping = True
                for wakeup in self._waiting:
                    self._notify_others(wakeup)
                self._waiting.clear()
                self._has_looked = True
        return True

    def _take_turns(self) -> None:
        """Write down what has ended, and claim as long as there is room for what waits."""
        while time.monotonic() >= self._again_at:
            # of one kind at a time: each locks what it writes in an order of its own
            name = next((each.kind for each in self._ended), None)
            ended = [each for each in self._ended if each.kind == name]
            groups = self._next_groups()
            if not ended and not groups:
                break
            self._turn(ended, groups)
        else:
            return
        if self._waiting and self._capacity.free_up() is None:
            for wakeup in [*self._waiting]:
                self._relay.pass_on(wakeup)

    def _next_groups(self) -> list[tuple[Wakeup, int]]:
        """Take the groups whose turn it is, the urgent first, each with how much may begin."""
        available_by_wakeup = {
            each: available
            for each in sorted(self._waiting, key=lambda each: not self._kinds[each.kind].is_urgent)
            if (available := self._available(each)) > 0
        }
        groups: list[tuple[Wakeup, int]] = []
        taken, probes = 0, self._capacity.probes_available
        for wakeup, available in islice(available_by_wakeup.items(), GROUPS_PER_TURN):
            if probes and not self._capacity.is_known(wakeup.group_id):
                probes -= 1
                groups.append((wakeup, 1))
                del self._waiting[wakeup]
            elif available > taken:
                most = max((available - taken) // (len(available_by_wakeup) - len(groups)), 1)
                taken += most
                groups.append((wakeup, most))
                del self._waiting[wakeup]
        return groups

    def _available(self, wakeup: Wakeup) -> int:
        kind = self._kinds[wakeup.kind]
        return self._capacity.available(wakeup.group_id, is_urgent=kind.is_urgent)

    def _turn(self, ended: Sequence[_Ended], groups: Sequence[tuple[Wakeup, int]]) -> None:
        """Write down what has ended, all of one kind, and claim the next, in one transaction."""
        claimed: list[tuple[Wakeup, int, Claims[Claimed]]] = []
        try:
            with writing():
                self._finish(ended)
                for wakeup, most in sorted(groups, key=lambda group: group[0].group_id):
                    processes = sum(len(each.taken) for *_, each in claimed if each.needs_process)
                    claimed.append((wakeup, most, self._claim(wakeup, most, processes)))
        except Unavailable:
            some = ", ".join(str(each.claim.id) for each in ended[:5])
            _log.warning("What came of %d calls could not be stored yet: %s", len(ended), some)
            self._try_again(groups)
            return
        except Exception:
            _log.exception("%d calls and %d groups have an error", len(ended), len(groups))
            self._go_one_by_one(ended, groups)
            return
        self._forget(ended)
        for wakeup, most, claims in claimed:
            self._begin(wakeup, most, claims)

    def _finish(self, ended: Sequence[_Ended]) -> None:
        """Write down what has ended, all of one kind."""
        if not ended:
            return
        kind = self._kinds[ended[0].kind]
        kind.finish([(each.claim, each.result) for each in ended if each.error is None])
        for each in ended:
            if each.error is not None:
                kind.give_up(each.claim, _NOT_CARRIED_OUT)

    def _claim(self, wakeup: Wakeup, most: int, processes: int = 0) -> Claims[Claimed]:
        kind, group_id = self._kinds[wakeup.kind], wakeup.group_id
        here, workers = self._capacity.here(group_id), max(self._count_workers(), 1)
        free = self._capacity.processes_available(group_id, processes)
        return self._queue.claim(kind, group_id, most, here=here, workers=workers, processes=free)

    def _begin(self, wakeup: Wakeup, most: int, claims: Claims[Claimed]) -> None:
        """Carry out what was claimed; the group has another turn if there is more."""
        self._capacity.note_processes(wakeup.group_id, needs_process=claims.needs_process)
        for claim in claims.taken:
            self._running[claim.id, claim.lease_token] = wakeup.kind, claim
            self._capacity.begin((claim.id, claim.lease_token), claim.group_id)
            self._pool.submit(lambda claim=claim: self._carry_out(wakeup.kind, claim))  # type: ignore[misc]
        if claims.has_more:
            self._relay.pass_on(wakeup)
            if len(claims.taken) == most or not self._available(wakeup):
                self._waiting[wakeup] = None
        elif not claims.taken:
            self._relay.note_worked_off(wakeup)

    def _carry_out(self, kind: str, claim: Claimed) -> None:
        """Do it, and tell the dispatcher; in a thread of the pool."""
        result, failure = None, None
        try:
            result = self._kinds[kind].carry_out(claim, self._tools)
        except BaseException as error:
            _log.exception("Carrying out %s failed", claim.id)
            failure = error
        self._inbox.put(_Ended(kind, claim, result, failure))

    def _try_again(self, groups: Sequence[tuple[Wakeup, int]]) -> None:
        """Keep everything for a moment later: the database cannot take it now."""
        self._waiting.update({wakeup: None for wakeup, _ in groups})
        self._again_at = time.monotonic() + AGAIN_SECONDS

    def _forget(self, ended: Sequence[_Ended]) -> None:
        self._ended = [each for each in self._ended if all(each is not one for one in ended)]

    def _go_one_by_one(self, ended: Sequence[_Ended], groups: Sequence[tuple[Wakeup, int]]) -> None:
        """Store and claim what can be: one row with an error must not hold up the others."""
        for each in ended:
            try:
                with writing():
                    self._finish([each])
            except Unavailable:
                self._try_again(())
                continue
            except Exception:
                _log.exception("What came of %s cannot be stored", each.claim.id)
                if not self._give_up(each):
                    continue
            self._forget([each])
        for wakeup, most in groups:
            try:
                with writing():
                    claims = self._claim(wakeup, most)
            except Unavailable:
                self._try_again([(wakeup, most)])
            except Exception as error:
                _log.exception("Nothing can be claimed of group %s", wakeup.group_id)
                self._claim_one(wakeup, error)
            else:
                self._begin(wakeup, most, claims)

    def _claim_one(self, wakeup: Wakeup, error: Exception) -> None:
        """Claim what has been due longest alone; if it is that which has an error, set it aside."""
        try:
            with writing():
                claims = self._claim(wakeup, 1)
        except Unavailable:
            self._try_again([(wakeup, 1)])
        except Exception:
            reason = _NOT_BEGUN.format(type(error).__name__)
            try:
                with writing():
                    kind = self._kinds[wakeup.kind]
                    self._queue.set_aside(kind, wakeup.group_id, reason)
                self._waiting[wakeup] = None  # for the others
            except Exception:
                _log.exception("Group %s is left to the sweeper", wakeup.group_id)
        else:
            self._begin(wakeup, 1, claims)

    def _give_up(self, each: _Ended) -> bool:
        """Say so where it belongs; where not even that can be stored, in its row alone.

        Returns whether that is all that can be done.
        """
        try:
            with writing():
                self._kinds[each.kind].give_up(each.claim, _NOT_STORED)
        except Unavailable:
            self._try_again(())
            return False
        except Exception:
            _log.exception("%s cannot be given up", each.claim.id)
            try:
                with writing():
                    kind, row_id = self._kinds[each.kind], each.claim.id
                    self._queue.change(kind, row_id, kind.ended(row_id, _NOT_STORED))
            except Exception:
                _log.exception("%s is left until its lease runs out", each.claim.id)
        return True

    def _renew(self) -> None:
        """Keep the leases of what goes on and of what could not be stored yet; or the next time."""
        held = [*self._running.values(), *((each.kind, each.claim) for each in self._ended)]
        if time.monotonic() - self._renewed_at < RENEWAL_SECONDS or not held:
            return
        self._renewed_at = time.monotonic()
        try:
            with writing():
                for name in self._kinds:
                    claims = [claim for kind, claim in held if kind == name]
                    if claims:
                        self._queue.renew(name, claims)
        except Unavailable:
            _log.warning("The leases of %d calls could not be renewed", len(held))
