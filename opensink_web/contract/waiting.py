"""Holding an answer until something has happened, which costs no thread.

What a view answers is held by the web server. One thread looks for all of them together: often
while an answer has been held for a moment only, then ever less often, all in one query. A server
that cannot hold answers (there is none but the tests' client) has its own thread wait.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from flask import Flask, Response, current_app, request

from opensink_web.http_server.held import HELD, MAY_HOLD, RESUMED
from opensink_web.models.transaction import reading

FIRST_PAUSE_SECONDS = 0.02
LAST_PAUSE_SECONDS = 0.5
_PAUSE_GROWTH = 1.5
_LOOKED_FOR_AT_ONCE = 500
"""In one statement, so that none grows with how many are held."""
_WATCHER = "opensink-watcher"
_log = logging.getLogger("opensink.api")

Still = Callable[[Sequence[UUID]], set[UUID]]
Finish = Callable[[], Response]


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait while `key` is among those that `still` returns of what it is asked for.

    When the time is over, `again` says whether there is more of it.
    """

    still: Still
    key: UUID
    seconds: float
    again: Callable[[], "Wait | None"] = lambda: None


def set_up(app: Flask) -> None:
    """Prepare for watching; the thread starts with the first answer that is held."""
    app.extensions[_WATCHER] = _Watcher(app)


def may_hold() -> bool:
    """Return True unless so many answers are held that this one would come at once."""
    return bool(request.environ.get(MAY_HOLD, True))


def held(wait: Wait, finish: Finish) -> Response:
    """Answer with what `finish` returns when the waiting is over, in the request's context then."""
    if MAY_HOLD not in request.environ:
        wait_here(wait)
        return _finish_or_hold(wait, finish)
    if not may_hold():
        return finish()
    request.environ[HELD] = _HeldResponse(wait, finish, current_app.extensions[_WATCHER])
    return Response(status=204)  # the server sends the one that comes later


def resumed() -> Finish | None:
    """Return what answers this call, if its answer was held before."""
    answer = request.environ.get(RESUMED)
    if not isinstance(answer, _HeldResponse):
        return None
    return partial(_finish_or_hold, answer.wait, answer.finish)


def _finish_or_hold(wait: Wait, finish: Finish) -> Response:
    longer = wait.again()
    return finish() if longer is None else held(longer, finish)


def wait_here(wait: Wait) -> None:
    """Wait in this thread: all that can be done where answers cannot be held."""
    deadline = time.monotonic() + wait.seconds
    pause_seconds = FIRST_PAUSE_SECONDS
    while _is_still(wait) and (left_seconds := deadline - time.monotonic()) > 0:
        time.sleep(min(pause_seconds, left_seconds))
        pause_seconds = min(pause_seconds * _PAUSE_GROWTH, LAST_PAUSE_SECONDS)


def _is_still(wait: Wait) -> bool:
    with reading():
        return bool(wait.still([wait.key]))


class _HeldResponse:
    """One answer that is held: what the server knows of it (http_server/held.py)."""

    def __init__(self, wait: Wait, finish: Finish, watcher: "_Watcher") -> None:
        self.wait = wait
        self.finish = finish
        self.wake: Callable[[], None] = lambda: None
        self.look_at = 0.0
        self.pause_seconds = FIRST_PAUSE_SECONDS
        self._watcher = watcher

    @property
    def seconds(self) -> float:
        return self.wait.seconds

    def begin(self, wake: Callable[[], None]) -> None:
        self.wake = wake
        self._watcher.add(self)

    def end(self) -> None:
        self._watcher.remove(self)

    def plan(self, now: float) -> None:
        """Plan the next look; those that have waited for long are looked for at the same moment."""
        if self.pause_seconds < LAST_PAUSE_SECONDS:
            self.look_at = now + self.pause_seconds
            self.pause_seconds *= _PAUSE_GROWTH
        else:
            self.look_at = (now // LAST_PAUSE_SECONDS + 1) * LAST_PAUSE_SECONDS


class _Watcher:
    """The thread that looks for all answers that are held in this process."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._answers: set[_HeldResponse] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, answer: _HeldResponse) -> None:
        answer.plan(time.monotonic())
        with self._changed:
            self._answers.add(answer)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
                self._thread.start()
            self._changed.notify()

    def remove(self, answer: _HeldResponse) -> None:
        with self._changed:
            self._answers.discard(answer)

    def _run(self) -> None:
        while True:
            self._look(self._next_due())

    def _next_due(self) -> list[_HeldResponse]:
        with self._changed:
            while True:
                # what is due in a moment is looked for together with what is due now
                now = time.monotonic()
                soon = now + FIRST_PAUSE_SECONDS / 2
                due = [answer for answer in self._answers if answer.look_at <= soon]
                if due:
                    for answer in due:
                        answer.plan(now)
                    return due
                next_at = min((answer.look_at for answer in self._answers), default=None)
                self._changed.wait(None if next_at is None else next_at - now)

    def _look(self, due: list[_HeldResponse]) -> None:
        by_still: defaultdict[Still, list[_HeldResponse]] = defaultdict(list)
        for answer in due:
            by_still[answer.wait.still].append(answer)
        for still, answers in by_still.items():
            for begin in range(0, len(answers), _LOOKED_FOR_AT_ONCE):
                self._look_for(still, answers[begin : begin + _LOOKED_FOR_AT_ONCE])

    def _look_for(self, still: Still, answers: Sequence[_HeldResponse]) -> None:
        try:
            with self._app.app_context(), reading():
                waited_for = still(list({answer.wait.key for answer in answers}))
        except Exception:  # whatever it is: this thread looks for everybody, and looks again
            _log.warning("could not look whether held answers are due", exc_info=True)
            return
        for answer in answers:
            if answer.wait.key not in waited_for:
                self.remove(answer)
                answer.wake()
