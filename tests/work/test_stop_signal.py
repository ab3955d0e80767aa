"""A signal to end is noted at whatever step it comes, and ends the waiting; nothing is raised."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from redis import Redis
from redis import TimeoutError as RedisTimeoutError
from rq.exceptions import StopRequested

from opensink_web.models.transaction import Wakeup
from opensink_web.settings import Settings
from opensink_web.work import connection, dispatcher, stop_signal, wakeups, worker
from opensink_web.work.callbacks import Callbacks
from opensink_web.work.capacity import Capacity
from opensink_web.work.connection import pop_in_time, working_connection
from opensink_web.work.dispatcher import Dispatcher
from opensink_web.work.queue import Kind, Limits
from opensink_web.work.stop_signal import StopSignal
from opensink_web.work.worker import Worker
from tests.support.real_servers import EmbeddedRedis

pytestmark = pytest.mark.server
TRACED = {
    module.__file__ for module in (connection, dispatcher, stop_signal, threading, wakeups, worker)
}
LONG = 100
SendSoon = Callable[[], None]


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with working_connection(redis_url) as connection:
        yield connection


@pytest.fixture
def send_soon() -> Iterator[SendSoon]:
    """Return what sends SIGTERM while the main thread waits, of which no system call hears.

    So it is too when the signal comes in the moment before the call.
    """

    def send() -> None:
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    timer = threading.Timer(0.05, send)
    yield timer.start
    timer.join()


class Steps:
    """Traces the main thread, which gets a SIGTERM at one step of the interpreter.

    `begin` is called when it starts to wait for the dispatcher, which has waited for that.
    """

    def __init__(self, at: int, dispatcher_may_begin: threading.Event) -> None:
        self.is_sent = self.is_last = False
        self._left = at
        self._dispatcher_may_begin = dispatcher_may_begin

    def enter(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        if self.is_sent or frame.f_code.co_filename not in TRACED:
            return None
        if frame.f_code is threading.Condition.wait.__code__:
            self._dispatcher_may_begin.set()
        if frame.f_code is StopSignal.wait.__code__:
            self.is_last = True
            self._send()
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._step

    def _step(self, _frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "opcode" and not self.is_sent:
            if self._left == 0:
                self._send()
            self._left -= 1
        return self._step

    def _send(self) -> None:
        self.is_sent = True
        self._dispatcher_may_begin.set()
        signal.raise_signal(signal.SIGTERM)


def end_at(step: int, app: Flask, settings: Settings, redis: Redis) -> bool:
    """End a worker at a step of its waiting; return False if it has fewer."""
    may_begin = threading.Event()
    steps = Steps(step, may_begin)

    @contextmanager
    def context() -> Iterator[None]:
        may_begin.wait(LONG)
        with app.app_context():
            yield

    tools: Any = None
    kinds: dict[str, Kind[Any, Any]] = {"callbacks": Callbacks(Limits.of(settings))}
    taken = Dispatcher(kinds, tools, Capacity(1, 0), context, lambda _: None)
    with StopSignal(then=taken.stop) as stop:
        ending = Worker(redis, 1, taken, stop)
        taken.wake(Wakeup("nothing", uuid4()))
        taken.start()
        before = sys.gettrace()
        sys.settrace(steps.enter)
        try:
            with pytest.raises(StopRequested):
                ending.dequeue_job_and_maintain_ttl(1)
        finally:
            sys.settrace(before)
        joining = threading.Thread(target=taken.join, daemon=True)
        joining.start()
        joining.join(LONG)
        assert not joining.is_alive(), f"its dispatcher does not end after step {step}"
    return not steps.is_last


def test_a_worker_ends_at_whatever_step_of_its_waiting_the_signal_comes(
    app: Flask, settings: Settings, redis: Redis
) -> None:
    step = 0
    while end_at(step, app, settings, redis):
        step += 1
    assert step > 100, "it was traced"


def test_a_wait_lasts_until_its_end_without_a_signal() -> None:
    with StopSignal() as stop:
        assert not stop.wait(0.01)
        assert not stop.is_set


def test_a_signal_ends_every_wait_and_runs_what_is_to_follow_once(send_soon: SendSoon) -> None:
    calls: list[str] = []
    with StopSignal(then=lambda: calls.append("then")) as stop:
        send_soon()
        assert stop.wait(LONG)
        assert stop.wait(LONG)
        signal.raise_signal(signal.SIGINT)
    assert calls == ["then"]


def test_something_to_read_ends_a_wait() -> None:
    one, other = socket.socketpair()
    with one, other, StopSignal() as stop:
        other.send(b"x")
        assert stop.wait(LONG, one.fileno())
        assert not stop.is_set


def test_a_second_signal_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stop_signal, "_SAME_SECONDS", 0.0)
    with StopSignal():
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(SystemExit):
            signal.raise_signal(signal.SIGTERM)


def test_afterwards_the_signals_are_as_they_were() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with StopSignal():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_next_of_a_list_is_taken_when_it_comes(redis: Redis) -> None:
    with StopSignal() as stop:
        pushing = threading.Timer(0.05, redis.rpush, ("list", "first", "second"))
        pushing.start()
        assert pop_in_time(redis, "list", LONG, stop) == b"first"
        pushing.join()
        assert pop_in_time(redis, "list", LONG, stop) == b"second"


def test_when_none_comes_in_time_the_connection_serves_the_next(redis: Redis) -> None:
    with StopSignal() as stop:
        assert pop_in_time(redis, "list", 1, stop) is None
        redis.rpush("list", "late")
        assert pop_in_time(redis, "list", LONG, stop) == b"late"


def test_a_signal_ends_the_waiting_for_the_next_of_a_list(
    redis: Redis, send_soon: SendSoon
) -> None:
    with StopSignal() as stop:
        send_soon()
        assert pop_in_time(redis, "list", LONG, stop) is None
        redis.rpush("list", "for others")
        assert pop_in_time(redis, "list", LONG, stop) is None
    assert redis.lrange("list", 0, -1) == [b"for others"]


def test_a_redis_that_answers_nothing_is_given_up(
    redis: Redis, redis_server: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_LATE_SECONDS", -0.9)
    redis.ping()
    os.kill(redis_server.process.pid, signal.SIGSTOP)
    try:
        with StopSignal() as stop, pytest.raises(RedisTimeoutError):
            pop_in_time(redis, "list", 1, stop)
    finally:
        os.kill(redis_server.process.pid, signal.SIGCONT)
