"""A program: forks a process for each batch of templates, within limits that the kernel keeps.

Argument: the control socket's descriptor, over which come the ends of socket pairs. The process of
a batch is sent the templates and says of each what is wrong with it, or null; then it is sent
inputs, some at a time, and answers each with the list of messages, or with the sentence that says
why not. All of it is JSON.

Started afresh, with an empty environment, so that it has nothing of the web server's memory, keys
and sockets. It has one thread, and ends with the one that started it.
"""

import json
import signal
import socket
import sys
from collections.abc import Sequence

from opensink_web.isolation import frames
from opensink_web.isolation.limits import Limits, bind
from opensink_web.isolation.serving import serve
from opensink_web.message_template.sandbox import RenderingFailed, Templates

MEMORY_BYTES = 192 * 1024**2
"""Address space, of which this program itself takes 40 MiB."""
_FAILURE_LENGTH_MAX = 500


def main(control: str) -> None:
    """Serve until the other end of the control socket is closed."""
    Templates(["{% for each in all %}{{ each|join }}{% endfor %}"])  # loads what that needs
    serve(control, _render)


def _render(connection: socket.socket, host_id: int) -> None:
    cpu_seconds, wall_seconds, *sources = json.loads(frames.receive(connection)[1])
    signal.setitimer(signal.ITIMER_REAL, wall_seconds)  # SIGALRM ends what does not handle it
    # no file and no process: what is rendered needs none, so nothing that breaks out has any
    bind(Limits(MEMORY_BYTES, file_bytes=0, cpu_seconds=cpu_seconds, processes=0), host_id)
    connection.sendall(frames.pack(frames.READY))
    _fill_in(connection, sources)


def _fill_in(connection: socket.socket, sources: list[str]) -> None:
    templates = Templates(sources)
    _say(connection, templates.errors)
    while True:
        for variables in json.loads(frames.receive(connection)[1]):
            try:
                _say(connection, templates.render(variables))
            except RenderingFailed as failure:
                _say(connection, str(failure)[:_FAILURE_LENGTH_MAX])


def _say(connection: socket.socket, result: Sequence[str | None] | str) -> None:
    text = json.dumps(result, ensure_ascii=False)
    connection.sendall(frames.pack(frames.RESULT, text.encode()))


if __name__ == "__main__":
    main(*sys.argv[1:])
