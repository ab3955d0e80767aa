"""A worker: takes announcements off the queue and runs them in its own process.

RQ's SimpleWorker, less the bookkeeping that the database does already: a job is deleted as soon
as it is taken, because the delivery's row knows better what became of it. A job takes three round
trips to Redis: take it, read it, forget it.
"""

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from redis import Redis
from redis.client import Pipeline
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus

from opensink_web.jobs.connection import announcing_connection, working_connection
from opensink_web.jobs.deliver import outbound_client
from opensink_web.jobs.presence import Presence
from opensink_web.jobs.queue import delivery_queue
from opensink_web.outbound.client import Client
from opensink_web.outbound.policy import TargetPolicy
from opensink_web.settings import Settings

Context = Callable[[], AbstractContextManager[object]]
_HEARTBEAT_EVERY_SECONDS = 5.0
_log = logging.getLogger(__name__)


def run_worker(settings: Settings, context: Context) -> None:
    """Work until SIGTERM; `context` is entered around every job. Ends when Redis is gone."""
    policy = TargetPolicy.from_entries(settings.execution_endpoint_hosts)
    with Client(policy) as client, working_connection(settings.redis_url) as connection:
        outbound_client.set(client)
        worker = DeliveryWorker(connection, context)
        with Presence(announcing_connection(settings.redis_url), worker.name):
            worker.work(logging_level="WARNING")


class DeliveryWorker(SimpleWorker):
    """Runs each job inside `context`, and forgets it in Redis before it runs."""

    max_connection_wait_time = 2.0  # RQ would wait up to a minute for a Redis that came back

    def __init__(self, connection: Redis, context: Context) -> None:
        queue = delivery_queue(connection)
        super().__init__([queue], connection=connection, serializer=JSONSerializer)
        self.log_job_description = False
        self._context = context
        self._last_beat = 0.0

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run the job; whatever it raises is logged, and the sweeper will announce it again."""
        self.set_state(WorkerStatus.BUSY)  # a SIGTERM now waits for the end of the job
        with self.connection.pipeline(transaction=False) as pipeline:
            pipeline.lrem(queue.intermediate_queue_key, 1, job.id)
            pipeline.delete(job.key)
            pipeline.execute()
        try:
            with self._context():
                job.perform()
        except Exception:
            _log.exception("Job %s failed", job.id)

    def set_state(self, state: str, pipeline: Pipeline | None = None) -> None:
        """Keep in mind what this worker is doing; nobody looks it up in Redis."""
        self._state = state

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Renew RQ's record of this worker, but not three times a job."""
        if time.monotonic() - self._last_beat >= _HEARTBEAT_EVERY_SECONDS:
            self._last_beat = time.monotonic()
            super().heartbeat(timeout, pipeline)

    def check_for_suspension(self, burst: bool) -> None:
        """Ask nothing before every job: a worker is stopped by SIGTERM, not by `rq suspend`."""
