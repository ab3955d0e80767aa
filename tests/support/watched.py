"""What this process opens and connects to, as the interpreter itself reports it.

An audit hook (https://peps.python.org/pep-0578/) sees every thread and every library, whatever
they were told, and cannot be taken out again: one is installed, and asked only while watching.
What an application that another test has left listens to is not of the block that is watched.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_OF_APPLICATIONS = frozenset({"changes", "publisher"})
"""The threads by which an application tells and hears what changed (work/changes.py)."""
_watching: list[tuple[frozenset[str], list[str]]] = []


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if not _watching or threading.current_thread().name in _OF_APPLICATIONS:
        return
    for events, seen in _watching:
        if event in events:
            seen.append(f"{event} {arguments[1:] if event.startswith('socket.') else arguments[0]}")


sys.addaudithook(_note)


@contextmanager
def watched(*events: str) -> Iterator[list[str]]:
    """Collect the audit events of these names while the block runs."""
    watcher: tuple[frozenset[str], list[str]] = (frozenset(events), [])
    _watching.append(watcher)
    try:
        yield watcher[1]
    finally:
        _watching.remove(watcher)
