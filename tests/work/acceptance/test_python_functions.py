"""More Python functions hang than may have a process: the others go on, and all come to an end."""

from collections.abc import Sequence

import pytest

from opensink_web.models import Execution, ExecutionStatus
from tests.work.acceptance.conftest import MakeServer

pytestmark = pytest.mark.server

PROCESSES = 4
HANGING = 5
CALLS_OF_EACH = 2
HANGS_FOR_SECONDS = 2


def most_at_once(ended: Sequence[Execution]) -> int:
    """Return how many were under way at the same moment at most."""
    starts = [each.started_at for each in ended if each.started_at]
    return max(
        sum(
            each.started_at <= moment < each.finished_at
            for each in ended
            if each.started_at and each.finished_at
        )
        for moment in starts
    )


def test_no_more_run_than_have_a_process_and_each_has_its_turn(make_server: MakeServer) -> None:
    limits = {"CALLS_PER_WORKER": 8, "PYTHON_CALLS_PER_WORKER": PROCESSES}
    with make_server(workers=1, variables=limits) as server:
        server.make_function("short", entry_point="short")
        hanging = [
            server.make_function(f"hanging-{n}", entry_point="sleep") for n in range(HANGING)
        ]
        server.start()
        for _ in range(2):  # the first call is long: its package is imported
            server.wait_until_ended(server.execute("short").subject_id)
        options = {"timeout_seconds": HANGS_FOR_SECONDS}
        ids = [
            str(each)
            for function_id in hanging
            for each in server.submit(function_id, CALLS_OF_EACH, **options)
        ]
        short = []
        while any(not each.status.has_ended for each in server.executions(*ids)):
            short += server.wait_until_ended(server.execute("short").subject_id)
        assert {each.status for each in short} == {ExecutionStatus.COMPLETED}
        ended = server.executions(*ids)
    assert {each.error_code for each in ended} == {"timeout"}
    # what waits for a process has not started, or more would have been under way
    assert 1 < most_at_once(ended) < PROCESSES, "one is kept for those that are short"


def test_many_that_are_found_at_once_are_bounded_too(make_server: MakeServer) -> None:
    limits = {"CALLS_PER_WORKER": 16, "PYTHON_CALLS_PER_WORKER": PROCESSES}
    with make_server(workers=1, variables=limits) as server:
        options = {"timeout_seconds": HANGS_FOR_SECONDS}
        ids = [
            str(each)
            for n in range(HANGING)
            for each in server.submit(
                server.make_function(f"hanging-{n}", entry_point="sleep"), CALLS_OF_EACH, **options
            )
        ]
        server.start()
        ended = server.wait_until_ended(*ids)
    assert 1 < most_at_once(ended) <= PROCESSES
