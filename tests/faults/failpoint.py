"""A command that dies, or is frozen, at one named step. For tests alone: the package knows nothing.

The step's function is wrapped in this process before the command runs; reaching the step sends
this process SIGKILL (or SIGSTOP, where the name begins with `freeze`).
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

from opensink_web import cli
from opensink_web.jobs import deliver, sweeper
from opensink_web.models import transaction
from opensink_web.operations import input_request_decision
from opensink_web.outbound.client import Client

Function = Callable[..., Any]
Announced = transaction.Announcement | transaction.LaneAnnouncement
_WRITING = "writing"


def main(arguments: Sequence[str]) -> None:
    """Arguments: the step's name, then those of the command."""
    point, *command = arguments
    POINTS[point]()
    cli.main(command)


def impatient_main(arguments: Sequence[str]) -> None:
    """Run the command, which gives up waiting for locks sooner."""
    main(("impatient", *arguments))


def _die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _freeze() -> None:
    # to this thread: were it for the process, another might take it, and this one go on meanwhile
    signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


def _before(owner: Any, name: str, act: Function = _die) -> Callable[[], None]:
    """Return what makes the function act instead of beginning."""
    return lambda: setattr(owner, name, act)


def _after(owner: Any, name: str, act: Function = _die) -> Callable[[], None]:
    """Return what makes the function act when it is done and has something to return."""

    def install() -> None:
        original: Function = getattr(owner, name)

        def wrapped(*arguments: object, **named: object) -> object:
            result = original(*arguments, **named)
            if result is not None:
                act()
            return result

        setattr(owner, name, wrapped)

    return install


def _after_commit_of_finish() -> None:
    is_finished = False

    def note() -> None:
        nonlocal is_finished
        is_finished = True

    original: Function = getattr(deliver, _WRITING)

    @contextmanager
    def writing() -> Iterator[None]:
        with original():
            yield
        if is_finished:
            _die()

    _after(deliver, "finish", note)()
    setattr(deliver, _WRITING, writing)


def _after_announcing() -> None:
    original = transaction._announce

    def announce(announcements: list[Announced]) -> None:
        original(announcements)
        if announcements:
            _die()

    transaction._announce = announce


def _before_announcing() -> None:
    def announce(announcements: list[Announced]) -> None:
        if announcements:
            _die()

    transaction._announce = announce


POINTS: dict[str, Callable[[], None]] = {
    # a worker
    "before the claim's commit": _after(deliver, "claim"),
    "before the call": _before(Client, "send"),
    "before the reply is read": _before(HTTPConnection, "getresponse"),
    "before finish's transaction": _after(Client, "send"),
    "before finish's commit": _after(deliver, "finish"),
    "after finish's commit": _after_commit_of_finish,
    "freeze before finish's transaction": _after(Client, "send", _freeze),
    # a web server
    "before the answer's commit": _after(input_request_decision, "resolve"),
    "before the announcement": _before_announcing,
    "before the answer is sent": _after_announcing,
    # any part: nobody waits for a lock longer than this
    "impatient": lambda: setattr(transaction, "_LOCKED_SECONDS", 1),
    # a sweeper
    "between count and announcement": _before(sweeper, "announce"),
}
