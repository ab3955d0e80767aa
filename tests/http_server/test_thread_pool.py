"""The pool of threads: who gets the next call, and that none is forgotten."""

import asyncio
import threading
from collections.abc import Callable

from opensink_web.http_server.thread_pool import Call, Share, ThreadPool
from tests.support.event_loop import run_coroutine


def _name() -> str:
    return threading.current_thread().name


async def _run(pool: ThreadPool, share: Share, function: Callable[[], str] = _name) -> str:
    """Have a function called in one of the threads; return its result."""
    ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    pool.submit(Call(function, ended.set_result), share)
    return await ended


def test_the_thread_that_ended_last_is_given_the_next_call() -> None:
    async def names() -> set[str]:
        pool, share = ThreadPool(asyncio.get_running_loop(), 8), Share(8)
        return {await _run(pool, share) for _ in range(50)}

    assert len(run_coroutine(names())) == 1


def test_shares_that_have_more_threads_than_there_are_wait_for_each_other() -> None:
    gate, order = threading.Event(), list[str]()

    async def fill() -> None:
        pool = ThreadPool(asyncio.get_running_loop(), 2)
        first, second = Share(2), Share(2)
        held = [asyncio.ensure_future(_run(pool, first, _held)) for _ in range(3)]
        more = [asyncio.ensure_future(_run(pool, second, _noted)) for _ in range(3)]
        await asyncio.sleep(0)
        assert (first.running, len(first.waiting)) == (2, 1)
        assert (second.running, len(second.waiting)) == (2, 1)
        assert not order
        gate.set()
        await asyncio.gather(*held, *more)
        assert first.running == second.running == 0

    def _held() -> str:
        gate.wait()
        return _name()

    def _noted() -> str:
        order.append(_name())
        return order[-1]

    run_coroutine(fill())
    assert len(order) == 3
