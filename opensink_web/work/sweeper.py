"""The sweeper: finds what was forgotten, every second. RQ is for speed, this is for truth.

Between its sweeps it does chores (work/chores.py).
"""

import itertools
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress

from redis import Redis, RedisError

from opensink_web.errors import Unavailable
from opensink_web.models.transaction import is_outage, reading
from opensink_web.operations.insights.counting import VERY_LATE
from opensink_web.settings import Settings
from opensink_web.work.chores import (
    ALWAYS,
    CLEANING,
    EACH_MINUTE,
    AnyChore,
    Counting,
    Pruning,
    Weeding,
    do_chores,
    pruning,
)
from opensink_web.work.connection import announcing_connection
from opensink_web.work.kinds import kinds_within
from opensink_web.work.presence import note_sweep
from opensink_web.work.queue import Limits, Queue
from opensink_web.work.stop_signal import StopSignal
from opensink_web.work.wakeups import send, wakeup_queue
from opensink_web.work.watch import Watch

Context = Callable[[], AbstractContextManager[object]]
_SWEEP_EVERY_SECONDS = 1.0
_LEAST_SECONDS = 0.2
"""For chores, however long the sweep itself took."""
_SWEEPS_PER_MINUTE = 60
_SWEEPS_PER_CLEANING = 600
_log = logging.getLogger(__name__)


def run_sweeper(settings: Settings, context: Context) -> None:
    """Sweep every second until SIGTERM or SIGINT; `context` is entered around each sweep.

    What is left of each second is for chores, for as long as they have something to do.
    """
    sweeper = Sweeper(announcing_connection(settings.redis_url), settings)
    more: Sequence[AnyChore] = ()
    with StopSignal() as stop:
        for count in itertools.count():
            ends_at = time.monotonic() + _SWEEP_EVERY_SECONDS
            try:
                with context():
                    sweeper.sweep()
                    now = _chores_of(count, settings, more)
                    chores = list(dict.fromkeys([*ALWAYS, *more, *now]))
                    seconds = max(ends_at - time.monotonic(), _LEAST_SECONDS)
                    more = do_chores(chores, seconds, on_error=_note, stop=stop)
            except Exception:
                # the next sweep tries again: a sweeper that ends sweeps nothing
                _log.exception("A sweep failed")
            stop.wait(ends_at - time.monotonic())
            if stop.is_set:
                break


def _chores_of(count: int, settings: Settings, more: Sequence[AnyChore]) -> Iterator[AnyChore]:
    """Give what is looked for once in a while only."""
    is_pruned = any(isinstance(each, Pruning) for each in more)  # it may take hours
    if count % _SWEEPS_PER_MINUTE == 0:
        yield from EACH_MINUTE
        if not any(isinstance(each, Counting) for each in more):
            yield Counting()
        if not is_pruned:
            yield from pruning(settings)
    if count % _SWEEPS_PER_CLEANING == 0:
        yield from CLEANING
        yield Weeding()
        yield Counting(VERY_LATE)


def _note(error: Exception) -> None:
    """Let the other chores go on, unless it is the database that cannot."""
    if isinstance(error, Unavailable) or is_outage(error):
        raise error
    _log.error("A chore failed and is tried again later", exc_info=error)


class Sweeper:
    """Wakes workers for what is due, and for all of it once Redis has lost its memory."""

    def __init__(self, connection: Redis, settings: Settings) -> None:
        self._connection = connection
        self._watch = Watch()
        self._rows = Queue(kinds_within(Limits.of(settings)))
        self._queue = wakeup_queue(connection)
        self._redis_run_id: str | None = None

    def sweep(self) -> int:
        """Wake for what seems forgotten; return how many groups that is, none without Redis."""
        try:
            run_id = str(self._connection.info("server")["run_id"])
        except (RedisError, OSError) as error:
            _log.warning("Redis cannot be reached: %s", error)
            self._redis_run_id = None  # what it was sent meanwhile it has not taken
            return 0
        all_again = run_id != self._redis_run_id
        with reading():
            waiting = self._rows.groups_with_work()
        wakeups = self._watch.due(waiting, all_again=all_again)
        if wakeups and not send(self._queue, wakeups):
            return 0
        self._redis_run_id = run_id
        with suppress(RedisError, OSError):  # only operators look at it
            note_sweep(self._connection)
        return len(wakeups)
