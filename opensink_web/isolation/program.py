"""A program of ours that forks a process for each connection, as who starts it sees it."""

import socket
import subprocess
import sys
from collections.abc import Mapping

from opensink_web.isolation import frames


class Program:
    """A module that is run, started afresh: it has nothing of this process's memory and sockets.

    Its last argument is the descriptor of its end of `control`, over which come the ends of socket
    pairs, and it ends when that is closed, which the end of this process does too.
    """

    def __init__(
        self, module: str, *arguments: str, environment: Mapping[str, str], stdout: int
    ) -> None:
        self.control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [
                    *(sys.executable, "-P", "-u", "-m", module),
                    *(*arguments, str(theirs.fileno())),
                ],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )

    @property
    def is_running(self) -> bool:
        """Return True if it has not ended."""
        return self._process.poll() is None

    def connect(self) -> socket.socket:
        """Return a connection to a process forked for it. Raises: OSError if it has ended."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self.control, [frames.CALL], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return ours

    def wait(self, timeout_seconds: float) -> int:
        """Return with which code it ended; it is killed if it has not by then."""
        try:
            return self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def close(self, timeout_seconds: float) -> None:
        """End it, and wait until it has ended what it has begun, or kill it."""
        self.control.close()
        self.wait(timeout_seconds)

    def kill(self) -> None:
        """End it at once; what it has begun ends with it."""
        self.control.close()
        self._process.kill()
        self._process.wait()
