"""What is claimed is called: no row is running in a worker that has no thread for it."""

import time

import pytest

from opensink_web.models import ExecutionStatus
from tests.support.endpoints import Endpoints
from tests.support.real_servers import wait_until
from tests.support.whole_server import WholeServer
from tests.work.acceptance.conftest import MakeServer

pytestmark = pytest.mark.server

THREADS = 4
ON_ITS_WAY_SECONDS = 1.0
"""How long a busy machine may take from the claim's commit to the call."""


def running_without_a_call(server: WholeServer, endpoints: Endpoints, ids: list[str]) -> set[str]:
    """Return the executions that are said to be running, though nobody was called."""
    running = {
        str(each.id) for each in server.executions(*ids) if each.status is ExecutionStatus.RUNNING
    }
    return running - endpoints.by_subject.keys()


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
        wait_until(lambda: endpoints.hanging() >= THREADS, seconds=20)
        ids += [str(each) for each in server.submit(third, 3 * THREADS)]

        for _ in range(3):
            time.sleep(1)
            seen = running_without_a_call(server, endpoints, ids)
            if seen:
                time.sleep(ON_ITS_WAY_SECONDS)
                seen &= running_without_a_call(server, endpoints, ids)
            assert not seen, f"{len(seen)} are running without a call"

        before = len(endpoints.calls("third"))
        assert before < 3 * THREADS
        server.cluster.add("worker")
        wait_until(lambda: len(endpoints.calls("third")) > before, seconds=20)
        endpoints.release()
        server.wait_until_ended(*ids)


def test_started_at_is_when_the_call_starts(make_server: MakeServer, endpoints: Endpoints) -> None:
    """Three functions whose calls take a while, with threads for one of them."""
    with make_server(workers=1, variables={"CALLS_PER_WORKER": 2}) as server:
        functions = [
            server.make_function(f"slow-{n}", endpoints.url("slow-0.4", f"slow-{n}"))
            for n in range(3)
        ]
        server.start()
        ids = [str(each) for function in functions for each in server.submit(function, 4)]
        ended = server.wait_until_ended(*ids, seconds=60)
    waits = [
        endpoints.by_subject[str(each.id)].wall - each.started_at.timestamp()
        for each in ended
        if each.started_at is not None
    ]
    assert len(waits) == len(ids)
    late = [seconds for seconds in waits if seconds > ON_ITS_WAY_SECONDS]
    assert not late, f"{len(late)} of {len(ids)} had started up to {max(waits):.1f} s before"
