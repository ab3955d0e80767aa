"""What a process may have that runs what others wrote: the kernel ends it, whatever it does."""

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_LIBC = ctypes.CDLL(None)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process may have; None leaves a limit as it is.

    `file_bytes` is how long a file may get that it writes, `processes` how many its user may have
    when it starts another.
    """

    memory_bytes: int
    file_bytes: int | None = None
    cpu_seconds: int | None = None
    processes: int | None = None


def bind(limits: Limits, parent_id: int) -> None:
    """Limit this process, which `parent_id` has just forked, for good, and leave no core dump."""
    die_with_parent(parent_id)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, limits.memory_bytes)
    _limit(resource.RLIMIT_FSIZE, limits.file_bytes)
    _limit(resource.RLIMIT_CPU, limits.cpu_seconds)
    _limit(resource.RLIMIT_NPROC, limits.processes)


def _limit(which: int, most: int | None) -> None:
    if most is None:
        return
    with suppress(ValueError, OSError):  # macOS knows RLIMIT_AS and refuses to set it
        hard = resource.getrlimit(which)[1]
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)  # the operator's own limit may be lower
        resource.setrlimit(which, (most, most))


def set_readable(is_readable: bool) -> None:
    """Let other processes of this user read this one's memory and environment, or not let them.

    They can unless told: a function that runs as our user could read our keys by `ptrace` or in
    /proc. It is forgotten when another program is started, so every program of ours says it first.
    Linux alone has it, and root can always.
    """
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_DUMPABLE, int(is_readable), 0, 0, 0)


def tasks_of_this_user() -> int:
    """Count the processes and threads of this process's user; 0 where there is no /proc."""
    count = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):  # it has ended
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
            if int(lines["Uid"].split()[0]) == os.getuid():
                count += int(lines["Threads"])
    return count


def die_with_parent(parent_id: int) -> None:
    """Have the kernel kill this process when its parent dies; Linux alone can."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_id:  # it died before it was asked
        os._exit(1)
