"""Who may have a process now: few at once, of one owner fewer still, and a short line."""

import threading
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from opensink_web.errors import RateLimited, Unavailable

RUNNING_MAX = 4
RUNNING_PER_OWNER_MAX = 2
WAITING_PER_OWNER_MAX = 6
"""Each who waits has a thread of the web server, and others need some too."""
WAIT_SECONDS = 5.0


class Permits:
    """Counts who runs and who waits, by owner. Safe to use from many threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running: Counter[Hashable] = Counter()
        self._waiting: Counter[Hashable] = Counter()

    @contextmanager
    def permit(self, owner: Hashable) -> Iterator[None]:
        """Wait for a permit and keep it for the block. Raises: RateLimited; Unavailable."""
        with self._changed:
            self._wait(owner)
            self._running[owner] += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= Counter([owner])  # owners without any are dropped
                self._changed.notify_all()

    def _wait(self, owner: Hashable) -> None:
        if self._waiting[owner] >= WAITING_PER_OWNER_MAX:
            message = (
                "Too many templates of this workspace are waiting to be filled in. Nothing was "
                "stored; try again when some are done."
            )
            raise RateLimited(message, retry_after_seconds=1)
        self._waiting[owner] += 1
        try:
            if not self._changed.wait_for(lambda: self._is_free(owner), WAIT_SECONDS):
                raise Unavailable(
                    "The server is too busy to fill in templates now. Nothing was stored; please "
                    "try again."
                )
        finally:
            self._waiting -= Counter([owner])

    def _is_free(self, owner: Hashable) -> bool:
        is_below_limit = self._running.total() < RUNNING_MAX
        return is_below_limit and self._running[owner] < RUNNING_PER_OWNER_MAX
