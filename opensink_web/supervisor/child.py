"""One child of the process tree: its process group, and when to start it (again)."""

import logging
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from opensink_web.supervisor.watchdog import Watchdog, signal_group

FIRST_DELAY_SECONDS = 0.2
LONGEST_DELAY_SECONDS = 5.0
HEALTHY_AFTER_SECONDS = 10.0
REPLACE_GRACE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What to run, and when.

    `needs_file`: run only while this file exists, and start again when it changes.
    `serves_others`: the others use it, so it starts before them and stops after them.
    `log_file`: where it writes what it has to say, if that is not where its parent does.
    """

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    pass_fds: tuple[int, ...] = ()
    needs_file: Path | None = None
    serves_others: bool = False
    log_file: Path | None = None

    def version(self) -> int | None:
        """Return what changes when the child has to start again; None when it should not run."""
        if self.needs_file is None:
            return 0
        try:
            return self.needs_file.stat().st_mtime_ns
        except OSError:
            return None


class Child:
    """A process kept alive, in a session of its own so that Ctrl-C does not reach it first."""

    def __init__(self, spec: ChildSpec, watchdog: Watchdog) -> None:
        self.spec = spec
        self._watchdog = watchdog
        self._log = logging.getLogger(f"opensink.{spec.name}")
        self._process: subprocess.Popen[bytes] | None = None
        self._version: int | None = None
        self._started_at = 0.0
        self._due_at = 0.0
        self._delay_seconds = FIRST_DELAY_SECONDS

    @property
    def is_running(self) -> bool:
        """Return True if its process is alive."""
        return self._process is not None and self._process.poll() is None

    def supervise(self) -> None:
        """Start it if it is due, or replace it if its file changed."""
        version = self.spec.version()
        if self.is_running:
            if version != self._version:
                self._replace()
            return
        if self._process is not None:
            self._plan_restart(self._process.returncode)
            self.kill()
        if version is not None and time.monotonic() >= self._due_at:
            self._start(version)

    def ask_to_end(self) -> None:
        """Send SIGTERM to the process, which ends its own children in its own order."""
        if self._process is not None:
            self._process.terminate()

    def kill(self) -> None:
        """Send SIGKILL to whatever is left of its process group."""
        if self._process is None:
            return
        signal_group(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._watchdog.drop(self._process.pid)
        self._process = None

    def _start(self, version: int) -> None:
        with ExitStack() as opened:
            path = self.spec.log_file
            log = None if path is None else opened.enter_context(path.open("ab"))
            self._process = subprocess.Popen(  # noqa: S603 - our own commands
                self.spec.argv,
                env=dict(self.spec.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=self.spec.pass_fds,
                start_new_session=True,
            )
        self._watchdog.add(self._process.pid)
        self._version = version
        self._started_at = time.monotonic()
        self._log.debug("Started as process %d.", self._process.pid)

    def _plan_restart(self, code: int) -> None:
        now = time.monotonic()
        if now - self._started_at >= HEALTHY_AFTER_SECONDS:
            self._delay_seconds = FIRST_DELAY_SECONDS
        self._due_at = now + self._delay_seconds
        if self.spec.version() is not None:
            self._log.warning(
                "Ended with %s; starting again in %.1f s.", _ending(code), self._delay_seconds
            )
        self._delay_seconds = min(self._delay_seconds * 2, LONGEST_DELAY_SECONDS)

    def _replace(self) -> None:
        """End the process in favour of a new one, which starts at the next look."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(REPLACE_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._log.warning("Did not end in %.0f s; killed.", REPLACE_GRACE_SECONDS)
        self.kill()
        self._due_at = 0.0


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
