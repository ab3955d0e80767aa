"""A program of this process's own that forks a process for each connection, kept while needed."""

import os
import socket
import subprocess
import sys
import threading

from opensink_web.isolation.program import Program


class Host:
    """Starts a module of ours as a Program when it is first needed, and again when it has ended.

    Safe to use from many threads, and after a fork.
    """

    def __init__(self, module: str, ending_seconds: float) -> None:
        self._module = module
        self._ending_seconds = ending_seconds
        self._lock = threading.Lock()
        self._program: Program | None = None
        self._started_by = 0

    def connect(self) -> socket.socket:
        """Return a connection to a process that has just begun. Raises: OSError."""
        with self._lock:
            try:
                return self._started().connect()
            except OSError:  # it may have ended since it was last needed
                self._end()
            try:
                return self._started().connect()
            except OSError:
                self._end()
                raise

    def close(self) -> None:
        """End the program; what it has begun ends with it."""
        with self._lock:
            self._end()

    def _started(self) -> Program:
        """Return this process's program, started if there is none."""
        if self._program is None or self._started_by != os.getpid():
            self._program = Program(
                self._module,
                environment={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                stdout=subprocess.DEVNULL,
            )
            self._started_by = os.getpid()
        return self._program

    def _end(self) -> None:
        if self._program is not None and self._started_by == os.getpid():
            self._program.close(self._ending_seconds)
        elif self._program is not None:  # of the process that this one was forked from
            self._program.control.close()
        self._program = None
