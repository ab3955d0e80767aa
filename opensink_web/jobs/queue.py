"""Announcing to the workers what is to be done, as best one can."""

import logging
from collections.abc import Sequence
from uuid import uuid4

from redis import Redis, RedisError
from rq import Queue
from rq.queue import EnqueueData
from rq.serializers import JSONSerializer

from opensink_web.jobs.circuit_breaker import CircuitBreaker
from opensink_web.models.transaction import Announcement, LaneAnnouncement

QUEUE_NAME = "deliveries"
JOB_TTL_SECONDS = 3600
"""What Redis forgets of a job that nobody took; the sweeper announces the delivery again."""
DELIVER = "opensink_web.jobs.deliver.deliver"
WORK_LANE = "opensink_web.jobs.lane.work_lane"
_log = logging.getLogger(__name__)


def delivery_queue(connection: Redis) -> Queue:
    """Return the queue; JSON, because a pickle runs as code for whoever can write to Redis."""
    return Queue(QUEUE_NAME, connection=connection, serializer=JSONSerializer)


def announce(queue: Queue, announcements: Sequence[Announcement | LaneAnnouncement]) -> bool:
    """Tell the workers to look at these. Never raises: the sweeper will tell again.

    Returns whether Redis took them all.
    """
    try:
        queue.enqueue_many([_job(each) for each in announcements])
    except (RedisError, OSError) as error:
        _log.warning("Redis did not take %d announcements: %s", len(announcements), error)
        return False
    return True


class Announcer:
    """Announces for those who cannot wait: nobody waits for a Redis that was slow just now."""

    def __init__(self, queue: Queue, breaker: CircuitBreaker) -> None:
        self._queue = queue
        self._breaker = breaker

    def announce(self, announcements: Sequence[Announcement | LaneAnnouncement]) -> bool:
        """Tell the workers, unless Redis has kept somebody waiting. Never raises.

        Returns whether Redis took them all; the sweeper announces what it did not.
        """
        begun_at = self._breaker.begin()
        if begun_at is None:
            return False
        told = announce(self._queue, announcements)
        self._breaker.end(begun_at)
        return told


def _job(announcement: Announcement | LaneAnnouncement) -> EnqueueData:
    if isinstance(announcement, LaneAnnouncement):
        lane = (announcement.work.value, str(announcement.lane_id))
        return _prepared(WORK_LANE, lane, f"lane-{announcement.lane_id}-{uuid4().hex}")
    delivery_id, number = announcement.delivery_id, announcement.dispatch_no
    return _prepared(DELIVER, (str(delivery_id),), f"delivery-{delivery_id}-{number}")


def _prepared(function: str, arguments: tuple[str, ...], job_id: str) -> EnqueueData:
    return Queue.prepare_data(
        function,
        args=arguments,
        job_id=job_id,
        ttl=JOB_TTL_SECONDS,
        result_ttl=0,
        failure_ttl=0,
    )
