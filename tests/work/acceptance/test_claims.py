"""What is claimed is called: no row is running in a worker that has no thread for it."""

import time
from functools import partial

import pytest

from opensink_web.models import ExecutionStatus
from tests.support.endpoints import Endpoints
from tests.support.real_servers import wait_until
from tests.support.whole_server import WholeServer
from tests.work.acceptance.conftest import MakeServer

pytestmark = pytest.mark.server

THREADS = 4
CALL_SECONDS = 0.4


def running_without_a_call(server: WholeServer, endpoints: Endpoints, ids: list[str]) -> set[str]:
    """Return the executions that are said to be running, though nobody was called."""
    running = {
        str(each.id) for each in server.executions(*ids) if each.status is ExecutionStatus.RUNNING
    }
    return running - endpoints.by_subject.keys()


def none_runs_without_a_call(server: WholeServer, endpoints: Endpoints, ids: list[str]) -> bool:
    return not running_without_a_call(server, endpoints, ids)


def test_nothing_runs_without_a_call_and_another_worker_takes_what_waits(
    make_server: MakeServer, endpoints: Endpoints
) -> None:
    limits = {"CALLS_PER_WORKER": THREADS, "SLOW_CALLS_PER_WORKER": THREADS}
    with make_server(workers=1, variables=limits) as server:
        hanging = [
            server.make_function(f"hanging-{n}", endpoints.url("hang", f"hanging-{n}"))
            for n in range(2)
        ]
        third = server.make_function("third", endpoints.url("hang", "third"))
        server.start()
        ids = [str(each) for function in hanging for each in server.submit(function, 3 * THREADS)]
        wait_until(lambda: endpoints.hanging() >= THREADS)
        ids += [str(each) for each in server.submit(third, 3 * THREADS)]

        for _ in range(3):
            time.sleep(1)
            seen = running_without_a_call(server, endpoints, ids)
            # a call may be on its way; one that waits for a thread is not made while others hang
            wait_until(partial(none_runs_without_a_call, server, endpoints, [*seen]))

        before = len(endpoints.calls("third"))
        assert before < 3 * THREADS
        server.cluster.add("worker")
        wait_until(lambda: len(endpoints.calls("third")) > before)
        endpoints.release()
        server.wait_until_ended(*ids)


def test_started_at_is_when_the_call_starts(make_server: MakeServer, endpoints: Endpoints) -> None:
    """From there until its response a call has a thread, so no more have started than there are."""
    threads = 2
    limits = {"CALLS_PER_WORKER": threads, "SLOW_CALLS_PER_WORKER": 0}
    with make_server(workers=1, variables=limits) as server:
        functions = [
            server.make_function(f"slow-{n}", endpoints.url(f"slow-{CALL_SECONDS}", f"slow-{n}"))
            for n in range(3)
        ]
        server.start()
        ids = [str(each) for function in functions for each in server.submit(function, 4)]
        ended = server.wait_until_ended(*ids)
    called = [
        (each.started_at.timestamp(), endpoints.by_subject[str(each.id)].wall)
        for each in ended
        if each.started_at is not None
    ]
    assert len(called) == len(ids)
    assert all(started < arrived for started, arrived in called)
    a_moment = 0.05  # by which a timer may be early
    for started, _ in called:
        others = [
            since
            for since, arrived in called
            if since <= started < arrived + CALL_SECONDS - a_moment
        ]
        assert len(others) <= threads, "it had been claimed, and waited for a thread"
