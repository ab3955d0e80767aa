"""Ends the children when the process above them was killed and could not do it itself.

A process of its own, in a session of its own, that reads from a pipe: `+PGID` and `-PGID` say
which process groups are alive. The pipe closes when its writer dies, however that came about, and
then the groups left on the list are ended. This needs nothing that only one kernel has, and covers
programs that are not ours, such as the embedded server.

Run as a program, by its path. May import the standard library only, so that
it starts at once and stays small.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable

GRACE_SECONDS = 2.0
_POLL_SECONDS = 0.05


class Watchdog:
    """The writer's end: tells the watching process which groups depend on this one."""

    def __init__(self) -> None:
        self._groups: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The watching process's id, None while there is none."""
        return self._process.pid if self._process else None

    def keep(self) -> None:
        """Start the watching process, or start it again if it has ended."""
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", __file__],
            stdin=subprocess.PIPE,
            env={},  # it needs none, and others of this user can read it
            bufsize=0,
            start_new_session=True,
        )
        for group in self._groups:
            self._tell(f"+{group}")

    def add(self, group: int) -> None:
        """Put a process group on the list."""
        self._groups.add(group)
        self._tell(f"+{group}")

    def drop(self, group: int) -> None:
        """Take a process group off the list: it has ended."""
        self._groups.discard(group)
        self._tell(f"-{group}")

    def close(self) -> None:
        """End the watching process, which ends what is still on the list."""
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(GRACE_SECONDS + 1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _tell(self, line: str) -> None:
        if self._process is None or self._process.stdin is None:
            return
        with contextlib.suppress(BrokenPipeError):  # keep() will tell the next one everything
            self._process.stdin.write(f"{line}\n".encode())


def watch(lines: Iterable[str]) -> None:
    """Follow the list until its writer is gone, then end the groups left on it."""
    groups: set[int] = set()
    for line in lines:
        change = groups.add if line.startswith("+") else groups.discard
        change(int(line[1:]))
    end_groups(groups, GRACE_SECONDS)


def end_groups(groups: Iterable[int], grace_seconds: float) -> None:
    """Send SIGTERM to the groups, and SIGKILL to those still there after the grace."""
    deadline = time.monotonic() + grace_seconds
    left = {group for group in groups if signal_group(group, signal.SIGTERM)}
    while left and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        left = {group for group in left if signal_group(group, 0)}
    for group in left:
        signal_group(group, signal.SIGKILL)


def signal_group(group: int, number: int) -> bool:
    """Send a signal to a process group and say whether there was one to take it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False  # macOS answers "not permitted" for a group of which only zombies are left
    return True


if __name__ == "__main__":
    watch(sys.stdin)
