"""The threads in which the application is called, and how many of them one kind of work may have.

All of this but `_run` happens in the event loop's thread, so nothing needs a lock.
"""

import threading
from asyncio import AbstractEventLoop
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
    running: int = 0
    waiting: deque[Call] = field(default_factory=deque)


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
        for number, inbox in enumerate(self._idle):
            # they end with the process: what one of them does when it must end is rolled back
            thread = threading.Thread(
                target=self._run, args=(inbox,), name=f"web-{number}", daemon=True
            )
            thread.start()

    def submit(self, call: Call, share: Share) -> None:
        """Have something done as soon as its share has a thread for it."""
        if share.running < share.threads:
            share.running += 1
            self._waiting.append((call, share))
            self._hand_out()
        else:
            share.waiting.append(call)

    def _hand_out(self) -> None:
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
        if share.waiting:
            self.submit(share.waiting.popleft(), share)
        self._hand_out()
        call.done(result)
