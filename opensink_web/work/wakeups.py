"""Waking workers through Redis, as best one can: a wake-up names a group that is to be looked at.

It is the id of an RQ job, and there is nothing else to it in Redis: one round trip sends any number
of them. The row in the database is the truth, and the sweeper wakes for what Redis forgets.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from redis import Redis, RedisError
from rq import Queue
from rq.exceptions import DequeueTimeout, StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.utils import as_text

from opensink_web.models.transaction import Wakeup
from opensink_web.work.circuit_breaker import CircuitBreaker
from opensink_web.work.connection import pop_in_time
from opensink_web.work.stop_signal import StopSignal

QUEUE_NAME = "work"
_log = logging.getLogger(__name__)


class WakeupJob(Job):
    """A job that is its id."""

    def read(self) -> Wakeup | None:
        """Return what it says; None for what is not ours."""
        kind, _, rest = self.id.partition("-")
        try:
            return Wakeup(kind, UUID(rest))
        except ValueError:
            _log.warning("Nobody knows what to do with %s", self.id)
            return None


class WakeupQueue(Queue):
    """The queue of wake-ups. What a worker has taken is kept nowhere: if it dies, others will be
    woken by the sweeper.
    """

    job_class = WakeupJob
    stop: StopSignal
    """What ends the waiting for a wake-up; a worker sets it."""

    @classmethod
    def dequeue_any(
        cls,
        queues: Iterable[Queue],
        timeout: int | None,
        connection: Redis,
        job_class: type[Job] | None = None,
        serializer: Any = None,
        death_penalty_class: Any = None,
    ) -> tuple[Job, Queue] | None:
        """Take the next: no second list from which it would have to go, nothing to look up."""
        queue: Any = next(iter(queues))
        taken: Any
        if timeout is None:
            taken = connection.lpop(queue.key)
        else:
            taken = pop_in_time(connection, queue.key, timeout, queue.stop)
            if taken is None and queue.stop.is_set:
                raise StopRequested
            if taken is None:
                raise DequeueTimeout(timeout, [queue.key])
        if taken is None:
            return None
        return WakeupJob(as_text(taken), connection=connection, serializer=serializer), queue


def wakeup_queue(connection: Redis) -> WakeupQueue:
    """Return the queue; JSON, because a pickle runs as code for whoever can write to Redis."""
    return WakeupQueue(QUEUE_NAME, connection=connection, serializer=JSONSerializer)


def send(queue: Queue, wakeups: Sequence[Wakeup]) -> bool:
    """Wake workers. Never raises: the sweeper wakes for what Redis did not take.

    Returns whether Redis took them all.
    """
    try:
        queue.connection.rpush(queue.key, *(_id_of(each) for each in wakeups))
    except (RedisError, OSError) as error:
        _log.warning("Redis did not take %d wake-ups: %s", len(wakeups), error)
        return False
    return True


class Notifier:
    """Wakes for those who cannot wait: nobody waits for a Redis that was slow just now."""

    def __init__(self, queue: Queue, breaker: CircuitBreaker) -> None:
        self._queue = queue
        self._breaker = breaker

    def send(self, wakeups: Sequence[Wakeup]) -> bool:
        """Wake workers, unless Redis has kept somebody waiting. Never raises.

        Returns whether Redis took them all; the sweeper wakes for what it did not.
        """
        begun_at = self._breaker.begin()
        if begun_at is None:
            return False
        was_taken = send(self._queue, wakeups)
        self._breaker.end(begun_at)
        return was_taken


def _id_of(wakeup: Wakeup) -> str:
    return f"{wakeup.kind}-{wakeup.group_id.hex}"
