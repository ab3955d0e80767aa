"""A part of the server that notes when it did what; for benchmarks, the package knows nothing.

    python -m tests.benchmarks.traced FILE COMMAND...    appends lines "moment name" to FILE

What is noted is where every way through passes, whatever it is called: the WSGI application, the
database's BEGIN and COMMIT, Redis' answers, the outbound client. Moments are of the one monotonic
clock that all processes of a machine share.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from redis.connection import AbstractConnection
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.default import DefaultDialect

from opensink_web import cli
from opensink_web.models import transaction
from opensink_web.outbound.client import Client

WROTE = "wrote"
"""Followed by how many seconds a transaction held whatever lock it needed to write."""
_WRITE_EVERY_SECONDS = 0.2
_moments: list[tuple[float, str]] = []
_writing = threading.local()


def note(name: str) -> None:
    """Write down that this happened now."""
    _moments.append((time.monotonic(), name))


def _around(owner: Any, method: str, before: str, after: str) -> None:
    original: Callable[..., Any] = getattr(owner, method)

    def traced(*arguments: Any, **named: Any) -> Any:
        note(before)
        try:
            return original(*arguments, **named)
        finally:
            note(after)

    setattr(owner, method, traced)


def install() -> None:
    """Have this process note what it does from here on."""
    _around(Flask, "wsgi_app", "request", "response")
    _around(Client, "send", "call", "called")
    _around(DefaultDialect, "do_commit", "commit", "committed")
    _time_writing("do_commit")
    _time_writing("do_rollback")
    _around(AbstractConnection, "send_packed_command", "redis", "redis sent")
    _around(AbstractConnection, "read_response", "redis waits", "redis said")

    @event.listens_for(Engine, "begin")
    def begin(_connection: object) -> None:
        # as the package's own listener tells SQLite: one that is to write
        if transaction._writes.get():
            note("begin to write")
            _writing.since = time.monotonic()
        else:
            note("begin")

    begin_immediate = transaction._begin_immediate

    def begun(connection: Connection) -> None:
        begin_immediate(connection)
        _writing.since = time.monotonic()  # whatever had to be waited for is over

    transaction._begin_immediate = begun


def _time_writing(end: str) -> None:
    """Note how long a transaction that writes kept others from it, when it ends."""
    original: Callable[..., None] = getattr(DefaultDialect, end)

    def timed(*arguments: Any) -> None:
        try:
            original(*arguments)
        finally:
            since = vars(_writing).pop("since", None)
            if since is not None:
                note(f"{WROTE} {time.monotonic() - since:.6f}")

    setattr(DefaultDialect, end, timed)


def _write(file: Path) -> None:
    while True:
        time.sleep(_WRITE_EVERY_SECONDS)
        count = len(_moments)
        lines = "".join(f"{moment:.6f} {name}\n" for moment, name in _moments[:count])
        del _moments[:count]
        with file.open("a") as opened:
            opened.write(lines)


def main() -> None:
    file, *command = sys.argv[1:]
    install()

    def start() -> None:
        threading.Thread(target=_write, args=(Path(file),), daemon=True).start()

    start()
    os.register_at_fork(after_in_child=start)
    cli.main(command)


if __name__ == "__main__":
    main()
