"""What a worker works with: clients for calls out, Python functions, threads, its lanes."""

from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import assert_never
from uuid import UUID

from opensink_web.access_token import TokenSigner
from opensink_web.function_host.runner import PythonRunner
from opensink_web.jobs.callback_work import CallbackWork
from opensink_web.jobs.connection import announcing_connection
from opensink_web.jobs.daemon_threads import DaemonThreads
from opensink_web.jobs.execution_work import ExecutionWork
from opensink_web.jobs.lane import Lanes, Line
from opensink_web.jobs.queue import announce, delivery_queue
from opensink_web.models import LaneWork
from opensink_web.models.transaction import LaneAnnouncement
from opensink_web.outbound.callback_policy import CallbackPolicy
from opensink_web.outbound.client import Client
from opensink_web.outbound.policy import TargetPolicy
from opensink_web.settings import Settings


class Tools(AbstractContextManager["Tools"]):
    """Made once by a worker, and closed when it ends."""

    def __init__(self, settings: Settings, signer: TokenSigner) -> None:
        self.client = Client(
            TargetPolicy.from_entries(settings.execution_endpoint_hosts),
            settings.outbound_ca_bundle,
        )
        self._callback_client = Client(
            CallbackPolicy(settings.callback_url_hosts, settings.callback_allow_cidrs),
            settings.outbound_ca_bundle,
        )
        self._runner = PythonRunner(
            settings.function_environment(),
            memory_mb=settings.function_memory_mb,
            file_mb=settings.function_file_mb,
        )
        self._queue = delivery_queue(announcing_connection(settings.redis_url))
        limit = settings.calls_per_function
        # each worker its share, so that one is not left idle while another has taken everything
        width = max(1, -(-limit // settings.workers))
        executions = ExecutionWork(self.client, self._runner, signer, limit)
        callbacks = CallbackWork(self._callback_client, signer, limit)
        threads = settings.calls_per_worker
        execution_line = Line(executions, width, DaemonThreads(threads, "execution"))
        callback_line = Line(callbacks, width, DaemonThreads(threads, "callback"))

        def line_of(work: LaneWork) -> Line:
            match work:
                case LaneWork.EXECUTIONS:
                    return execution_line
                case LaneWork.CALLBACKS:
                    return callback_line
                case _:
                    assert_never(work)

        self.lanes = Lanes(line_of, self._announce)

    def __enter__(self) -> "Tools":
        self._opened = ExitStack()
        self._opened.enter_context(self.client)
        self._opened.enter_context(self._callback_client)
        self._opened.enter_context(self._runner)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._opened.close()

    def _announce(self, work: LaneWork, lane_id: UUID) -> None:
        announce(self._queue, [LaneAnnouncement(work, lane_id)])
