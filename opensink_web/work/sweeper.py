"""The sweeper: finds what was forgotten, every second. RQ is for speed, this is for truth."""

import itertools
import logging
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NoReturn

from redis import Redis, RedisError

from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.user_session import forget_over
from opensink_web.operations.executions.ending import end_forgotten_batches, is_a_batch_forgotten
from opensink_web.operations.idempotency import forget_expired
from opensink_web.settings import Settings
from opensink_web.work.chores import CANCELLING, DELETING, QUEUEING, do_chores, pruning
from opensink_web.work.connection import announcing_connection
from opensink_web.work.kinds import kinds_within
from opensink_web.work.queue import Limits, Queue
from opensink_web.work.wakeups import send, wakeup_queue
from opensink_web.work.watch import Watch

Context = Callable[[], AbstractContextManager[object]]
_SWEEP_EVERY_SECONDS = 1.0
_SWEEPS_PER_CLEANING = 600
_SWEEPS_PER_PRUNING = 60
_log = logging.getLogger(__name__)


def run_sweeper(settings: Settings, context: Context) -> None:
    """Sweep every second until SIGTERM or SIGINT; `context` is entered around each sweep."""
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, _stop)
    connection = announcing_connection(settings.redis_url)
    sweeper = Sweeper(connection, settings)
    is_more_to_prune = False
    for count in itertools.count():
        try:
            with context():
                sweeper.end_batches()
                sweeper.sweep()
                do_chores(QUEUEING)
                do_chores(CANCELLING)
                do_chores(DELETING)
                if is_more_to_prune or count % _SWEEPS_PER_PRUNING == 0:
                    is_more_to_prune = do_chores(pruning(settings))
                if count % _SWEEPS_PER_CLEANING == 0:
                    clean()
        except Exception:
            # the next sweep tries again: a sweeper that ends sweeps nothing
            _log.exception("A sweep failed")
        time.sleep(_SWEEP_EVERY_SECONDS)


def _stop(*_: object) -> NoReturn:
    """End at once: a transaction that is open rolls back, and the next sweep finds the same."""
    raise SystemExit(0)


def clean() -> None:
    """Delete what has outlived its use, a slice at a time."""
    for forget in (forget_expired, forget_over):
        is_more = True
        while is_more:
            with writing():
                is_more = forget() > 0


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
        return len(wakeups)

    def end_batches(self) -> None:
        """End batches that are done and that nobody has ended."""
        with reading():
            if not is_a_batch_forgotten():
                return
        with writing():
            end_forgotten_batches()
