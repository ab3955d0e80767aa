"""Which workers are alive, told by themselves every two seconds; when the sweeper went round.

All of it by Redis' clock: those of the machines that tell and of those that ask may differ. Whoever
asks is told moments of their own clock.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from redis import Redis, RedisError

from opensink_web.operations.status.parts import Readiness, SeenWorker

_KEY = "opensink:workers"
_SWEPT_KEY = "opensink:swept_at"
_WORKER_KEY = "opensink:worker_seen_at"
_BEAT_SECONDS = 2.0
_COUNTS_AS_ALIVE_SECONDS = 6.0
_log = logging.getLogger(__name__)


def readiness(connection: Redis) -> Readiness:
    """Ask Redis whether it is there and how many workers are. Never raises."""
    try:
        # one after the other, as whoever counts commands expects; only operators and probes ask
        with connection.pipeline() as pipeline:
            pipeline.zrange(_KEY, 0, -1, withscores=True)
            pipeline.mget(_SWEPT_KEY, _WORKER_KEY)
            pipeline.time()
            members, (swept_at, seen_at), (seconds, microseconds) = pipeline.execute()
    except (RedisError, OSError):
        return Readiness(redis=False, workers=0)
    now = _seconds(seconds, microseconds)
    ahead = now - time.time()
    seen = [_seen(name.decode(), moment, now, ahead) for name, moment in members]
    return Readiness(
        redis=True,
        workers=sum(worker.is_alive for worker in seen),
        swept_at=_moment(swept_at, ahead),
        seen=seen,
        worker_seen_at=_moment(seen_at, ahead),
        clock_ahead_seconds=ahead,
    )


def _seen(name: str, moment: float, now: float, ahead: float) -> SeenWorker:
    is_alive = moment >= now - _COUNTS_AS_ALIVE_SECONDS
    seen_at = datetime.fromtimestamp(moment - ahead, UTC)
    return SeenWorker(name, name.partition("/")[0], seen_at, is_alive)


def _moment(seconds: bytes | None, ahead: float) -> datetime | None:
    return datetime.fromtimestamp(float(seconds) - ahead, UTC) if seconds else None


def _seconds(seconds: int, microseconds: int) -> float:
    return seconds + microseconds / 1e6


def note_sweep(connection: Redis) -> None:
    """Say that the sweeper has just gone round. Raises: RedisError."""
    connection.set(_SWEPT_KEY, f"{_seconds(*connection.time()):.3f}")


class Presence:
    """Says in the background that a worker is alive, and learns how many are."""

    def __init__(self, connection: Redis, workers: int) -> None:
        self._connection = connection
        self._workers = workers
        self._stopped = threading.Event()

    def count_workers(self) -> int:
        """Return how many workers there were a moment ago; at first, how many there should be."""
        return self._workers

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Say it of the worker with this name, until the block ends."""
        name = f"{socket.gethostname()}/{os.getpid()}-{name[:8]}"
        thread = threading.Thread(target=self._beat, args=(name,), name="presence", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            thread.join()
            self._try(lambda: self._connection.zrem(_KEY, name))

    def _beat(self, name: str) -> None:
        while not self._stopped.is_set():
            self._try(lambda: self._say(name))
            self._stopped.wait(_BEAT_SECONDS)

    def _say(self, name: str) -> None:
        moment = _seconds(*self._connection.time())
        with self._connection.pipeline() as pipeline:
            pipeline.zadd(_KEY, {name: moment})
            pipeline.set(_WORKER_KEY, f"{moment:.3f}")
            pipeline.zremrangebyscore(_KEY, "-inf", moment - 10 * _COUNTS_AS_ALIVE_SECONDS)
            pipeline.zcount(_KEY, moment - _COUNTS_AS_ALIVE_SECONDS, "+inf")
            *_, self._workers = pipeline.execute()

    def _try(self, say: Callable[[], object]) -> None:
        try:
            say()
        except (RedisError, OSError) as error:
            _log.warning("Redis did not hear whether this worker is alive: %s", error)
