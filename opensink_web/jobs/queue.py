"""Announcing deliveries to the workers, as best one can."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from redis import Redis, RedisError
from rq import Queue
from rq.queue import EnqueueData
from rq.serializers import JSONSerializer

from opensink_web.models.transaction import Announcement

QUEUE_NAME = "deliveries"
JOB_TTL_SECONDS = 3600
"""What Redis forgets of a job that nobody took; the sweeper announces the delivery again."""
DELIVER = "opensink_web.jobs.deliver.deliver"
PAUSE_SECONDS = 5.0
"""How long nobody waits for a Redis that was slow; what is due then, the sweeper announces."""
SLOW_SECONDS = 0.15
"""An announcement takes about a millisecond; one that took this long has met a Redis in trouble."""
_log = logging.getLogger(__name__)


def delivery_queue(connection: Redis) -> Queue:
    """Return the queue; JSON, because a pickle runs as code for whoever can write to Redis."""
    return Queue(QUEUE_NAME, connection=connection, serializer=JSONSerializer)


def announce(queue: Queue, announcements: Sequence[Announcement]) -> bool:
    """Tell the workers to look at these deliveries. Never raises: the sweeper will tell again.

    Returns whether Redis took them all.
    """
    try:
        queue.enqueue_many([_job(each) for each in announcements])
    except (RedisError, OSError) as error:
        _log.warning("Redis did not take %d announcements: %s", len(announcements), error)
        return False
    return True


class Announcer:
    """Announces for those who cannot wait: a circuit breaker around Redis.

    Once it has kept somebody waiting, with an answer or without, nobody asks it for a while; then
    one thread tries, and the others go on only when that went quickly. A connection that is
    refused at once costs nothing, so the next announcement tries again.
    """

    def __init__(self, queue: Queue, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._queue = queue
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._closed = True
        self._next_try_at = 0.0

    def announce(self, announcements: Sequence[Announcement]) -> bool:
        """Tell the workers, unless Redis has kept somebody waiting. Never raises.

        Returns whether Redis took them all.
        """
        if not self._may_try():
            return False
        begun_at = self._monotonic()
        told = announce(self._queue, announcements)
        self._note(took_seconds=self._monotonic() - begun_at)
        return told

    def _may_try(self) -> bool:
        with self._lock:
            if self._closed:
                return True
            now = self._monotonic()
            if now < self._next_try_at:
                return False
            self._next_try_at = now + PAUSE_SECONDS  # the others do not try meanwhile
            return True

    def _note(self, *, took_seconds: float) -> None:
        with self._lock:
            self._closed = took_seconds < SLOW_SECONDS
            if not self._closed:
                self._next_try_at = self._monotonic() + PAUSE_SECONDS


def _job(announcement: Announcement) -> EnqueueData:
    return Queue.prepare_data(
        DELIVER,
        args=(str(announcement.delivery_id),),
        job_id=f"delivery-{announcement.delivery_id}-{announcement.dispatch_no}",
        ttl=JOB_TTL_SECONDS,
        result_ttl=0,
        failure_ttl=0,
    )
