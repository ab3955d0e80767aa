"""Starts children, starts them again when they end, and stops them in order, within 5 seconds."""

import time

from opensink_web.supervisor.child import Child, ChildSpec
from opensink_web.supervisor.stop_request import StopRequest
from opensink_web.supervisor.watchdog import Watchdog

POLL_SECONDS = 0.1
# Together under 5 s: what uses the embedded server first, then the server itself.
USERS_GRACE_SECONDS = 3.5
SERVERS_GRACE_SECONDS = 0.8
_STOP_POLL_SECONDS = 0.02


class ProcessTree:
    """The children of this process; every one is in a process group of its own."""

    def __init__(self) -> None:
        self._children: list[Child] = []
        self._watchdog = Watchdog()

    def start(self, *specs: ChildSpec) -> None:
        """Start children, which from now on are part of the tree."""
        self._watchdog.keep()
        for spec in specs:
            child = Child(spec, self._watchdog)
            self._children.append(child)
            child.supervise()

    def run_until(self, stop: StopRequest) -> None:
        """Keep the children alive until the process is asked to end."""
        while not stop.requested:
            self.supervise()
            time.sleep(POLL_SECONDS)

    def supervise(self) -> None:
        """Look at every child once and start what has to run."""
        self._watchdog.keep()
        for child in self._children:
            child.supervise()

    def is_running(self, name: str) -> bool:
        """Return True if the child of that name is alive."""
        return any(child.spec.name == name and child.is_running for child in self._children)

    def stop(self) -> None:
        """End every child: those that use others first, and by force those that take too long."""
        users = [child for child in self._children if not child.spec.serves_others]
        servers = [child for child in self._children if child.spec.serves_others]
        _end(users, USERS_GRACE_SECONDS)
        _end(servers, SERVERS_GRACE_SECONDS)
        self._watchdog.close()
        self._children.clear()


def _end(children: list[Child], grace_seconds: float) -> None:
    deadline = time.monotonic() + grace_seconds
    for child in children:
        child.ask_to_end()
    while time.monotonic() < deadline and any(child.is_running for child in children):
        time.sleep(_STOP_POLL_SECONDS)
    for child in children:
        child.kill()
