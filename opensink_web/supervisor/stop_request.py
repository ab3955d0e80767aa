"""Remembers that the process was asked to end; the loop that runs looks at it when it can."""

import signal
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class StopRequest:
    """Whether SIGTERM, SIGINT (Ctrl-C) or SIGHUP (the terminal closed) has come.

    A plain flag, because a handler that takes a lock can block the very thread it interrupted.
    """

    def __init__(self) -> None:
        self.requested = False

    def install(self) -> None:
        """Take over the signals; to be called in the main thread."""
        for number in _SIGNALS:
            # Under nohup the parent ignores SIGHUP on purpose.
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True
