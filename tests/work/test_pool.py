"""The threads that carry work out: one for each call that is under way, and no more."""

import threading

from opensink_web.work.pool import WorkerPool
from tests.support.real_servers import wait_until


def test_calls_one_after_the_other_need_no_thread_each() -> None:
    pool, threads = WorkerPool(), set[int]()
    for _ in range(50):
        has_ended = threading.Event()

        def call(has_ended: threading.Event = has_ended) -> None:
            threads.add(threading.get_native_id())
            has_ended.set()

        pool.submit(call)
        assert has_ended.wait(100)
        # or the next may begin before the thread has noted that it is free
        wait_until(lambda: pool._idle_count == 1)
    assert len(threads) == 1


def test_calls_that_last_have_a_thread_each() -> None:
    pool, together = WorkerPool(), threading.Barrier(9)

    def call() -> None:
        together.wait(100)

    for _ in range(8):
        pool.submit(call)
    together.wait(100)
