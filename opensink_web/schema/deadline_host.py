"""A program: forks a process for each check that could take long, within limits of the kernel.

Argument: the control socket's descriptor, over which come the ends of socket pairs. A process is
sent the schema and then the value; it says whether the value is valid as soon as it knows, and then
what is wrong with it and how many seconds of a processor all that took. All of it is JSON.

Started afresh, with an empty environment, so that it has nothing of the web server's memory, keys
and sockets.
"""

import json
import signal
import socket
import sys
import time

from opensink_web.isolation import frames
from opensink_web.isolation.limits import Limits, bind
from opensink_web.isolation.serving import serve
from opensink_web.schema.validation import Checker, validate

MEMORY_BYTES = 2 * 1024**3
"""Address space: the largest body takes 1 GiB as Python's values and the engine's."""


def main(control: str) -> None:
    """Serve until the other end of the control socket is closed."""
    validate({"type": "object"}, {})  # loads what that needs
    serve(control, _check)


def _check(connection: socket.socket, host_id: int) -> None:
    cpu_seconds, wall_seconds, schema_text = json.loads(frames.receive(connection)[1])
    signal.setitimer(signal.ITIMER_REAL, wall_seconds)  # SIGALRM ends what does not handle it
    bind(Limits(MEMORY_BYTES, file_bytes=0, cpu_seconds=cpu_seconds, processes=0), host_id)
    connection.sendall(frames.pack(frames.READY))
    begun = time.process_time()
    instance = json.loads(frames.receive(connection)[1])
    checker = Checker(json.loads(schema_text))
    is_valid = checker.is_valid(instance)
    _say(connection, {"is_valid": is_valid})
    errors = () if is_valid else checker.all_errors_of(instance)
    seconds = time.process_time() - begun
    named = [(error.path, error.message) for error in errors]
    _say(connection, {"errors": named, "seconds": seconds})


def _say(connection: socket.socket, result: object) -> None:
    text = json.dumps(result, ensure_ascii=False)
    connection.sendall(frames.pack(frames.RESULT, text.encode()))


if __name__ == "__main__":
    main(*sys.argv[1:])
