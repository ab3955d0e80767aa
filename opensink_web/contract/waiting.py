"""Holding an answer until something has happened: short looks, and sleep in between.

No connection is held while sleeping. Waiting takes a thread of the web server each, so only half
of them may wait, each in a seat of its own; who finds none asks again later.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask, current_app

FIRST_PAUSE_SECONDS = 0.02
LAST_PAUSE_SECONDS = 0.5
_PAUSE_GROWTH = 1.5
_SEATS = "opensink-waiting-seats"


def set_up(app: Flask, web_threads: int) -> None:
    """Set how many may wait at once in this process."""
    app.extensions[_SEATS] = threading.Semaphore(web_threads // 2)


@contextmanager
def seat() -> Iterator[bool]:
    """Take a seat for the block, if there is one left; yield whether there was."""
    seats: threading.Semaphore = current_app.extensions[_SEATS]
    is_seated = seats.acquire(blocking=False)
    try:
        yield is_seated
    finally:
        if is_seated:
            seats.release()


def wait_until(is_over: Callable[[], bool], seconds: float) -> None:
    """Return when it is over, or the time is."""
    deadline = time.monotonic() + seconds
    pause_seconds = FIRST_PAUSE_SECONDS
    while not is_over():
        left_seconds = deadline - time.monotonic()
        if left_seconds <= 0:
            return
        time.sleep(min(pause_seconds, left_seconds))
        pause_seconds = min(pause_seconds * _PAUSE_GROWTH, LAST_PAUSE_SECONDS)
