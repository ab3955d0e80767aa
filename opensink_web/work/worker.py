"""A worker: takes wake-ups off RQ and hands them to its dispatcher, which does the work.

RQ's SimpleWorker, less the bookkeeping that the database does already. RQ's loop runs in the main
thread, and takes a wake-up when a call could begin and not before, so that none waits in one worker
while another is idle.
"""

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

from redis import Redis, RedisError
from redis.client import Pipeline
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer

from opensink_web.access_token import TokenSigner
from opensink_web.settings import Settings
from opensink_web.work.capacity import Capacity
from opensink_web.work.connection import announcing_connection, working_connection
from opensink_web.work.dispatcher import Dispatcher
from opensink_web.work.kinds import kinds_within
from opensink_web.work.presence import Presence
from opensink_web.work.queue import Limits
from opensink_web.work.stop_signal import StopSignal
from opensink_web.work.tools import Tools
from opensink_web.work.wakeups import WakeupJob, send, wakeup_queue

Context = Callable[[], AbstractContextManager[object]]
_HEARTBEAT_EVERY_SECONDS = 5.0
# A thread that is woken waits this long for one that computes. A call goes through three of them
# before it leaves, and with Python's 5 ms it may wait for each.
_SWITCH_SECONDS = 0.0005


def run_worker(
    settings: Settings, context: Context, signer: TokenSigner, *, burst: bool = False
) -> None:
    """Work until SIGTERM, and then until the calls in flight have ended; or, in a burst, until
    there is nothing more to do.

    `context` is entered around the work. Ends when Redis is gone.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    queue = wakeup_queue(announcing_connection(settings.redis_url))
    with Tools(settings, signer) as tools, working_connection(settings.redis_url) as connection:
        presence = Presence(announcing_connection(settings.redis_url), settings.workers)
        dispatcher = Dispatcher(
            kinds_within(Limits.of(settings)),
            tools,
            Capacity(
                settings.calls_per_worker,
                settings.slow_calls_per_worker,
                processes=settings.python_calls_per_worker,
            ),
            context,
            lambda wakeup: send(queue, [wakeup]),
            presence.count_workers,
        )
        with StopSignal(then=dispatcher.stop) as stop:
            worker = Worker(connection, settings.calls_per_worker, dispatcher, stop)
            with presence.of(worker.name):
                dispatcher.start()
                worker.work(burst=burst, logging_level="WARNING")


class Worker(SimpleWorker):
    """Hands each wake-up to the dispatcher, and waits for it at the end."""

    max_connection_wait_time = 1.0  # RQ would wait up to a minute for a Redis that came back
    dequeue_timeout = 5  # also what RQ derives the limit for an answer from, else seven minutes

    def __init__(
        self, connection: Redis, calls: int, dispatcher: Dispatcher, stop: StopSignal
    ) -> None:
        queue = wakeup_queue(connection)
        queue.stop = self._stop = stop
        super().__init__(
            [queue],
            connection=connection,
            serializer=JSONSerializer,
            queue_class=type(queue),
            job_class=WakeupJob,
        )
        self.log_job_description = False
        self._calls = calls
        self._dispatcher = dispatcher
        self._last_beat = 0.0

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """Wait until a call could begin, and then for a wake-up."""
        self._dispatcher.wait_for_capacity(self._calls)
        if self._stop.is_set:
            raise StopRequested
        taken = super().dequeue_job_and_maintain_ttl(timeout, max_idle_time)
        if taken is None:  # in a burst
            self._dispatcher.wait_until_idle()
            taken = super().dequeue_job_and_maintain_ttl(timeout, max_idle_time)
        return taken

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Have what the wake-up names looked at."""
        wakeup = job.read() if isinstance(job, WakeupJob) else None
        if wakeup is not None:
            self._dispatcher.wake(wakeup)

    def teardown(self) -> None:
        """Wait for the calls in flight before RQ's record of this worker goes."""
        self._dispatcher.stop()
        self._dispatcher.join()
        super().teardown()  # type: ignore[no-untyped-call]  # RQ's own

    def _install_signal_handlers(self) -> None:
        """Leave the signals to StopSignal: RQ's handler raises, wherever this thread is."""

    def set_state(self, state: str, pipeline: Pipeline | None = None) -> None:
        """Keep what this worker is doing to itself; nobody looks it up in Redis."""
        self._state = state

    def procline(self, message: str) -> None:
        """Leave the process its name, which RQ would change twice a job."""

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Renew RQ's record of this worker, but not three times a job; nobody depends on it."""
        if time.monotonic() - self._last_beat >= _HEARTBEAT_EVERY_SECONDS:
            self._last_beat = time.monotonic()
            with suppress(RedisError):
                super().heartbeat(timeout, pipeline)

    def check_for_suspension(self, burst: bool) -> None:
        """Ask nothing before every job: a worker is stopped by SIGTERM, not by `rq suspend`."""
