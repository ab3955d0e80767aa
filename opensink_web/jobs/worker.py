"""A worker: takes announcements off the queue and runs them in its own process, several at once.

RQ's SimpleWorker, less the bookkeeping that the database does already: a job is deleted as soon
as it is taken, because the delivery's row knows better what became of it. A job takes three round
trips to Redis: take it, read it, forget it.

RQ's loop runs in the main thread and only hands jobs to threads. It takes a job when a slot for it
is free and not before, so that no job waits in one worker while another is idle.
"""

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

from redis import Redis, RedisError
from redis.client import Pipeline
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus

from opensink_web.access_token import TokenSigner
from opensink_web.jobs.call_threads import CallThreads
from opensink_web.jobs.connection import announcing_connection, working_connection
from opensink_web.jobs.deliver import calls_per_agent, outbound_client
from opensink_web.jobs.lane import lanes
from opensink_web.jobs.presence import Presence
from opensink_web.jobs.queue import delivery_queue
from opensink_web.jobs.tools import Tools
from opensink_web.settings import Settings

Context = Callable[[], AbstractContextManager[object]]
_HEARTBEAT_EVERY_SECONDS = 5.0
_log = logging.getLogger(__name__)


def run_worker(settings: Settings, context: Context, signer: TokenSigner) -> None:
    """Work until SIGTERM, and then until the calls in flight have ended.

    `context` is entered around every job. Ends when Redis is gone.
    """
    with Tools(settings, signer) as tools, working_connection(settings.redis_url) as connection:
        outbound_client.set(tools.client)
        calls_per_agent.set(settings.calls_per_agent)
        lanes.set(tools.lanes)
        worker = DeliveryWorker(connection, context, settings.calls_per_worker, tools.lanes.stop)
        with Presence(announcing_connection(settings.redis_url), worker.name):
            worker.work(logging_level="WARNING")


class DeliveryWorker(SimpleWorker):
    """Runs each job inside `context`, at most `calls` at once, and forgets it in Redis."""

    max_connection_wait_time = 2.0  # RQ would wait up to a minute for a Redis that came back

    def __init__(
        self, connection: Redis, context: Context, calls: int, take_nothing_new: Callable[[], None]
    ) -> None:
        queue = delivery_queue(connection)
        super().__init__([queue], connection=connection, serializer=JSONSerializer)
        self.log_job_description = False
        self._context = context
        self._take_nothing_new = take_nothing_new
        self._threads = CallThreads(calls)
        self._last_beat = 0.0

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """Wait for a free slot, and then for a job to run in it."""
        self.set_state(WorkerStatus.IDLE)  # from here on a SIGTERM ends the waiting
        if self._stop_requested:
            raise StopRequested
        self._threads.reserve()
        taken = super().dequeue_job_and_maintain_ttl(timeout, max_idle_time)
        if taken is None:
            self._threads.give_back()
        return taken

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Have the job run in the slot that was reserved for it."""
        self.set_state(WorkerStatus.BUSY)  # a SIGTERM now waits until the job is handed over
        self._threads.run(lambda: self._perform(job))
        self._forget(job, queue)

    def teardown(self) -> None:
        """Wait for the calls in flight before RQ's record of this worker goes."""
        self._take_nothing_new()
        self._threads.join()
        super().teardown()  # type: ignore[no-untyped-call]  # RQ's own

    def _perform(self, job: Job) -> None:
        """Run the job; whatever it raises is logged, and the sweeper will announce it again."""
        try:
            with self._context():
                job.perform()
        except Exception:
            _log.exception("Job %s failed", job.id)

    def _forget(self, job: Job, queue: Queue) -> None:
        try:
            with self.connection.pipeline(transaction=False) as pipeline:
                pipeline.lrem(queue.intermediate_queue_key, 1, job.id)
                pipeline.delete(job.key)
                pipeline.execute()
        except RedisError as error:
            # what stays in Redis does no harm, and the other calls in flight go on
            _log.warning("Redis did not forget job %s: %s", job.id, error)

    def set_state(self, state: str, pipeline: Pipeline | None = None) -> None:
        """Keep in mind what this worker is doing; nobody looks it up in Redis."""
        self._state = state

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Renew RQ's record of this worker, but not three times a job; nobody depends on it."""
        if time.monotonic() - self._last_beat >= _HEARTBEAT_EVERY_SECONDS:
            self._last_beat = time.monotonic()
            with suppress(RedisError):
                super().heartbeat(timeout, pipeline)

    def check_for_suspension(self, burst: bool) -> None:
        """Ask nothing before every job: a worker is stopped by SIGTERM, not by `rq suspend`."""
