"""The parts of one server together: who is hit by a kill, and who has to be started again."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from socket import socket
from types import TracebackType

from opensink_web.supervisor.watchdog import Watchdog
from tests.chaos import endpoint
from tests.chaos.parts import Command, ForkedPart, Part, RedisPart
from tests.chaos.plan import WORKERS, Kill
from tests.chaos.subject import Server
from tests.support.real_servers import wait_until

REDIS_SOCKET_NAME = "redis.sock"


class Cluster:
    """Redis, a web server, workers and what else the subject has; and the agents' endpoints."""

    def __init__(
        self, subject: Server, folder: Path, log: Path, listener: socket, workers: int = WORKERS
    ) -> None:
        self.kills: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        """Those that ended by themselves."""
        self._folder = folder
        self._log = log
        self._subject = subject
        self._watchdog = Watchdog()
        self._endpoints: ForkedPart | None = None
        self._redis = RedisPart(folder / REDIS_SOCKET_NAME, folder / "redis", self._watchdog)
        self._parts: list[Part] = [
            self._redis,
            self._part("web", "web", "--fd", listener=listener),
            *(self._part("worker", "worker") for _ in range(workers)),
            *(self._part(kind, kind) for kind in subject.parts),
        ]

    def __enter__(self) -> "Cluster":
        self._watchdog.keep()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        self._watchdog.close()

    def start_endpoints(
        self, record: Path, seed: int, certificate: Sequence[str] = ()
    ) -> list[str]:
        """Start what is called, which nobody kills; return its ports."""
        port_file = self._folder / "port"
        arguments = (str(record), str(seed), str(port_file), *certificate)
        command = Command(endpoint.main, arguments, self._subject.environment, self._log)
        endpoints = self._endpoints = ForkedPart("endpoints", command, self._watchdog)
        endpoints.start()
        wait_until(port_file.exists)
        return port_file.read_text().split()

    def start(self) -> None:
        for part in self._parts:
            part.start()

    def restart_ended(self) -> None:
        """Start again what has ended by itself."""
        for part in self._parts:
            if not part.is_running:
                self.ended[part.kind] += 1
                part.kill()
                part.start()

    def inject(self, kill: Kill) -> None:
        """Kill the one of its kind that has run longest, and start it again."""
        kind = kill.kind.removesuffix(" process")
        alike = [part for part in self._parts if part.kind == kind]
        if not alike:
            return  # the subject has no such part
        self.kills[kill.kind] += 1
        victim = min(alike, key=lambda part: part.started_at)
        if kind != kill.kind:
            victim.kill_one_process()
            return
        victim.kill()
        if victim is self._redis and kill.wipes_redis:
            self._redis.wipe()
        victim.start()

    def add(self, kind: str) -> None:
        """Start one more part of a kind."""
        self._parts.append(self._part(kind, kind))
        self._parts[-1].start()

    def pids(self, kind: str) -> list[int]:
        """Return the processes of a kind of part, with those that they have started."""
        return [pid for part in self._parts if part.kind == kind for pid in part.pids()]

    def kill(self, kind: str) -> None:
        """Kill every part of a kind; nobody starts them again before `restart_ended`."""
        for part in self._parts:
            if part.kind == kind:
                part.kill()

    def stop(self) -> None:
        endpoints = () if self._endpoints is None else (self._endpoints,)
        for part in (*self._parts, *endpoints):
            part.kill()

    def _part(self, kind: str, *arguments: str, listener: socket | None = None) -> ForkedPart:
        subject = self._subject
        command = Command(subject.main, arguments, subject.environment, self._log, listener)
        return ForkedPart(kind, command, self._watchdog)
