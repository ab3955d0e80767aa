"""The pool of threads: who gets the next call, and that none is forgotten."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from opensink_web.http_server import thread_pool
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


def test_what_gives_way_begins_when_nothing_else_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread_pool, "GIVES_WAY_SECONDS", 1000)
    gate, order = threading.Event(), list[str]()

    async def fill() -> None:
        pool = ThreadPool(asyncio.get_running_loop(), 4)
        hurried, patient = Share(4), Share(2, gives_way=True)
        first = [asyncio.ensure_future(_run(pool, hurried, _held))]
        later = [asyncio.ensure_future(_run(pool, patient, _noted)) for _ in range(3)]
        await asyncio.sleep(0)
        first.append(asyncio.ensure_future(_run(pool, hurried, _held)))
        await asyncio.sleep(0)
        assert (hurried.running, patient.running) == (2, 0)
        gate.set()
        await asyncio.gather(*first, *later)
        assert hurried.running == patient.running == 0

    def _held() -> str:
        gate.wait()
        order.append("hurried")
        return ""

    def _noted() -> str:
        order.append("patient")
        return ""

    run_coroutine(fill())
    assert order == ["hurried"] * 2 + ["patient"] * 3


def test_what_gives_way_does_not_wait_for_ever() -> None:
    gate = threading.Event()

    async def fill() -> None:
        pool = ThreadPool(asyncio.get_running_loop(), 2)
        held = asyncio.ensure_future(_run(pool, Share(2), _held))
        await asyncio.sleep(0)
        patient = Share(1, gives_way=True)
        await asyncio.gather(*(_run(pool, patient) for _ in range(3)))
        assert not held.done()
        gate.set()
        await held

    def _held() -> str:
        gate.wait()
        return _name()

    run_coroutine(fill())
