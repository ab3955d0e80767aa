"""The real thing: `opensink` commands in a data folder, and `opensink up` as a user starts it."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from opensink_web.keyring import KeyFile
from tests.support.forked_command import run_command

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 100
OURS = (
    "ENCRYPTION_KEYS",
    "DATA_DIR",
    "HOST",
    "PORT",
    "WORKERS",
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
)


class Opensink:
    """Runs commands on one data folder, and at most one `opensink up` on one port."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.process: subprocess.Popen[str] | None = None

    def begin_with(self, database: Path) -> None:
        """Have the data folder hold a copy of a migrated database, and a key, before any start."""
        self.data_dir.mkdir(mode=0o700)
        shutil.copy(database, self.data_dir / "opensink.sqlite3")
        KeyFile(self.data_dir).make()

    def environment(self, **variables: str) -> dict[str, str]:
        inherited = {name: text for name, text in os.environ.items() if name not in OURS}
        # most tests look at what follows a decision, which they would wait for
        inherited.setdefault("UNDO_SECONDS", "0")
        return {**inherited, "DATA_DIR": str(self.data_dir), **variables}

    def run(
        self, *arguments: str, text: str = "", variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return run_command(arguments, self.environment(**(variables or {})), ROOT, text)

    def up(
        self,
        *arguments: str,
        variables: Mapping[str, str] | None = None,
        before: Sequence[str] = (),
    ) -> list[str]:
        """Start everything through app.py, from another folder, and return the greeting.

        `before` is a command that starts the one which follows it.
        """
        self.process = subprocess.Popen(
            [*before, sys.executable, str(ROOT / "app.py"), "--port", str(self.port), *arguments],
            cwd=self.data_dir.parent,
            env=self.environment(**(variables or {})),
            stdout=subprocess.PIPE,
            text=True,
            # whoever runs the tests may ignore hangups, and what they start would too
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # noqa: PLW1509 - no lock
        )
        greeting = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            greeting.append(line.rstrip("\n"))
            if line.startswith("Ctrl-C"):
                break
        self.wait_until(self.is_ready)
        return greeting

    def get(self, path: str) -> int:
        """Return the status with which a path is answered; 0 without an answer."""
        try:
            url = f"http://127.0.0.1:{self.port}{path}"
            with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except OSError:
            return 0

    def is_ready(self) -> bool:
        return self.get("/readyz") == 200

    def wait_until(
        self, condition: Callable[[], object], seconds: float = PATIENCE_SECONDS
    ) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"waited {seconds} s in vain"
            time.sleep(0.05)

    def end(self, number: int = signal.SIGTERM) -> None:
        """Send a signal to `up`, and wait until it has ended."""
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait(PATIENCE_SECONDS)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def descendants(self) -> dict[int, str]:
        """Return the processes under `up` with their command lines."""
        assert self.process is not None
        found: dict[int, str] = {}
        parents = {self.process.pid}
        while parents:
            below = {pid: args for pid, (ppid, args) in processes().items() if ppid in parents}
            parents = set(below) - set(found)
            found |= below
        return found


def processes() -> dict[int, tuple[int, str]]:
    """Return every process that is no zombie: its parent and its command line."""
    command = ["ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,args="]
    listing = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = (line.split(maxsplit=3) for line in listing.stdout.splitlines())
    return {
        int(row[0]): (int(row[1]), row[3]) for row in rows if len(row) == 4 and row[2][0] != "Z"
    }


def free_port() -> int:
    """Return a port to listen at later: none of those that the system gives whoever wants any."""
    for port in random.sample(range(10_000, 30_000), 1000):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("all ports are taken")
