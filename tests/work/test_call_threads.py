"""Slots and threads: as many at once as there are slots, and none is lost to an error."""

import threading
from collections.abc import Callable
from contextvars import ContextVar

import pytest

from opensink_web.work.call_threads import CallThreads


def run(threads: CallThreads, work: Callable[[], None]) -> None:
    threads.reserve()
    threads.run(work)


def count_threads() -> int:
    return sum(thread.name == "call" for thread in threading.enumerate())


def test_as_much_overlaps_as_there_are_slots() -> None:
    threads = CallThreads(3)
    all_run = threading.Barrier(3)
    met: list[int] = []
    for _ in range(3):
        run(threads, lambda: met.append(all_run.wait(10)))
    threads.join()
    assert len(met) == 3


def test_a_slot_is_free_again_when_its_work_has_ended() -> None:
    threads = CallThreads(1)
    done: list[int] = []
    for number in range(20):
        run(threads, lambda number=number: done.append(number))  # type: ignore[misc]
    threads.join()
    assert done == list(range(20))


def test_the_next_waits_until_a_slot_is_free() -> None:
    threads = CallThreads(1)
    gate, reserved = threading.Event(), threading.Event()

    def wait() -> None:
        assert gate.wait(10)

    run(threads, wait)

    def reserve() -> None:
        threads.reserve()
        reserved.set()

    other = threading.Thread(target=reserve)
    other.start()
    assert not reserved.wait(0.05)
    gate.set()
    assert reserved.wait(10)
    other.join()
    threads.join()


def test_threads_are_used_again_and_end_at_the_join() -> None:
    before = count_threads()
    threads = CallThreads(16)
    for _ in range(5):
        ended = threading.Event()
        run(threads, ended.set)
        assert ended.wait(10)
    assert count_threads() <= before + 5
    threads.join()
    assert count_threads() == before


def test_what_raises_is_logged_and_frees_its_slot(caplog: pytest.LogCaptureFixture) -> None:
    threads = CallThreads(1)

    def fail() -> None:
        raise ZeroDivisionError

    run(threads, fail)
    run(threads, lambda: None)
    threads.join()
    assert "ZeroDivisionError" in caplog.text


def test_work_sees_what_is_set_around_it_and_changes_it_for_itself_alone() -> None:
    number: ContextVar[int] = ContextVar("number")
    number.set(1)
    threads, seen = CallThreads(1), []

    def look() -> None:
        seen.append(number.get())
        number.set(2)

    for _ in range(2):
        run(threads, look)
    threads.join()
    assert seen == [1, 1]
