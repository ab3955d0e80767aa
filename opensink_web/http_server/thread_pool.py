"""The threads in which the application is called, and how many of them one kind of work may have.

All of this but `_run` happens in the event loop's thread, so nothing needs a lock.
"""

import threading
from asyncio import AbstractEventLoop, TimerHandle
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, TypeAlias


@dataclass(slots=True)
class Call:
    """Something to be done in a thread, and what then happens in the loop with its result."""

    function: Callable[[], Any]
    done: Callable[[Any], None]


@dataclass(slots=True, eq=False)
class Share:
    """A kind of work and how many threads it may have at once."""

    threads: int
    gives_way: bool = False
    """Whether none of it begins while something else is running, as far as GIVES_WAY_SECONDS go."""
    running: int = 0
    waiting: deque[Call] = field(default_factory=deque)


GIVES_WAY_SECONDS = 0.01
"""After so long one that gives way begins all the same: what runs may take its time, or not end."""

_Inbox: TypeAlias = SimpleQueue[tuple[Call, Share]]
"""What one thread is given to do."""


class ThreadPool:
    """Threads that run what is submitted, in order within each share.

    Each has an inbox of its own, and the one that ended last is given the next call. Of threads
    that wait at one queue two wake for each call, and the longest idle of them gets it.
    """

    def __init__(self, loop: AbstractEventLoop, threads: int) -> None:
        self._loop = loop
        self._idle: list[_Inbox] = [SimpleQueue() for _ in range(threads)]
        self._waiting: deque[tuple[Call, Share]] = deque()
        """What its share has a thread for, while other shares have them all."""
        self._hurried = 0
        self._giving_way: set[Share] = set()
        self._timer: TimerHandle | None = None
        for number, inbox in enumerate(self._idle):
            # they end with the process: what one of them does when it must end is rolled back
            thread = threading.Thread(
                target=self._run, args=(inbox,), name=f"web-{number}", daemon=True
            )
            thread.start()

    def submit(self, call: Call, share: Share) -> None:
        """Have something done as soon as its share has a thread for it."""
        share.waiting.append(call)
        self._begin(share)

    def _begin(self, share: Share) -> None:
        """Begin what of a share may begin now."""
        while share.waiting and share.running < share.threads:
            if share.gives_way and self._hurried:
                self._giving_way.add(share)
                if self._timer is None:
                    self._timer = self._loop.call_later(GIVES_WAY_SECONDS, self._have_given_way)
                return
            self._hand_out(share)

    def _have_given_way(self) -> None:
        self._timer = None
        for share in [*self._giving_way]:
            if share.waiting and share.running < share.threads:
                self._hand_out(share)
        self._stop_giving_way()

    def _stop_giving_way(self) -> None:
        shares, self._giving_way = self._giving_way, set()
        for share in shares:
            self._begin(share)

    def _hand_out(self, share: Share) -> None:
        share.running += 1
        self._hurried += not share.gives_way
        self._waiting.append((share.waiting.popleft(), share))
        self._fill()

    def _fill(self) -> None:
        while self._waiting and self._idle:
            self._idle.pop().put(self._waiting.popleft())

    def _run(self, inbox: _Inbox) -> None:
        while True:
            call, share = inbox.get()
            result = call.function()
            with suppress(RuntimeError):  # the loop has ended, and nobody waits for this
                self._loop.call_soon_threadsafe(self._done, inbox, call, share, result)
            del call, share, result  # nothing of it is kept while waiting for the next

    def _done(self, inbox: _Inbox, call: Call, share: Share, result: Any) -> None:
        self._idle.append(inbox)
        share.running -= 1
        self._hurried -= not share.gives_way
        self._begin(share)
        if not self._hurried:
            self._stop_giving_way()
        self._fill()
        call.done(result)
