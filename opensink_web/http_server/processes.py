"""Several servers on one socket, each a process forked from this one."""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

RESTART_SECONDS = 0.2
STOP_SECONDS = 3.3
"""A little more than a server takes to stop, a little less than the supervisor waits."""


def run_processes(count: int, run: Callable[[], None]) -> None:
    """Keep so many processes running, each of which calls `run`, until SIGTERM or SIGINT."""
    _Processes(count, run).keep()


class _Processes:
    def __init__(self, count: int, run: Callable[[], None]) -> None:
        self._count = count
        self._run = run
        self._children: set[int] = set()
        self._is_stopping = False

    def keep(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        while not self._is_stopping:
            while len(self._children) < self._count:
                self._start()
            self._reap()
            time.sleep(RESTART_SECONDS)
        self._stop()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._is_stopping = True

    def _start(self) -> None:
        pid = os.fork()
        if pid == 0:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            self._be_a_child()
        self._children.add(pid)

    def _be_a_child(self) -> NoReturn:
        try:
            self._run()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        sys.stdout.flush()
        os._exit(0)

    def _reap(self) -> None:
        for pid in [*self._children]:
            if os.waitpid(pid, os.WNOHANG)[0]:
                self._children.discard(pid)

    def _stop(self) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        self._send(signal.SIGTERM)
        while self._children and time.monotonic() < deadline:
            time.sleep(0.02)
            self._reap()
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        for pid in self._children:
            os.kill(pid, number)
