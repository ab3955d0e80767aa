"""Names to addresses within the time that is left.

`getaddrinfo` takes no time limit and can hang for half a minute on a silent name server, so it
runs in a thread of its own that is left behind when the time is up. The thread is a daemon: it
must not keep a worker from stopping.
"""

import socket
import threading
from queue import Empty, SimpleQueue
from typing import TypeAlias

_Outcome: TypeAlias = "tuple[str, ...] | OSError"


def resolve(host: str, port: int, timeout_seconds: float) -> tuple[str, ...]:
    """Return every address of a name, in the system's order of preference.

    Raises: socket.gaierror if there is none, TimeoutError if the answer takes too long.
    """
    outcomes: SimpleQueue[_Outcome] = SimpleQueue()
    threading.Thread(
        target=_ask, args=(host, port, outcomes), name="opensink-resolver", daemon=True
    ).start()
    try:
        outcome = outcomes.get(timeout=timeout_seconds)
    except Empty:
        raise TimeoutError from None
    if isinstance(outcome, OSError):
        raise outcome
    return outcome


def _ask(host: str, port: int, outcomes: SimpleQueue[_Outcome]) -> None:
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        outcomes.put(error)
    except UnicodeError:  # a label that the standard library's own IDNA rules refuse
        outcomes.put(socket.gaierror(socket.EAI_NONAME, "not a name"))
    else:
        outcomes.put(tuple(dict.fromkeys(str(entry[4][0]) for entry in addresses)))
