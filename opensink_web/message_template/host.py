"""A program: forks a process for each batch of templates, within limits that the kernel keeps.

Argument: the control socket's descriptor, over which come the ends of socket pairs. The process of
a batch is sent the templates and says of each what is wrong with it, or null; then it is sent
inputs, some at a time, and answers each with the list of messages, or with the sentence that says
why not. All of it is JSON.

Started afresh, with an empty environment, so that it has nothing of the web server's memory, keys
and sockets. It has one thread, and ends with the one that started it.
"""

import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

from opensink_web.isolation import frames
from opensink_web.isolation.limits import Limits, bind, set_readable
from opensink_web.message_template.sandbox import RenderingFailed, Templates

MEMORY_BYTES = 192 * 1024**2
"""Address space, of which this program itself takes 40 MiB."""
_NICENESS = 10  # pages and answers come first
_FAILURE_LENGTH_MAX = 500


def main(control: str) -> None:
    """Serve until the other end of the control socket is closed."""
    set_readable(False)
    channel = socket.socket(fileno=int(control))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
    Templates(["{% for each in all %}{{ each|join }}{% endfor %}"])  # loads what that needs
    gc.freeze()
    host_id = os.getpid()
    while True:
        data, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
        if not data:
            return
        for descriptor in descriptors:
            with suppress(OSError):  # no process to be had: the other end sees it close
                if os.fork() == 0:
                    channel.close()
                    _serve(socket.socket(fileno=descriptor), host_id)
            os.close(descriptor)


def _serve(connection: socket.socket, host_id: int) -> None:
    """Do what is asked for over one connection, and end this process."""
    try:
        os.nice(_NICENESS)
        cpu_seconds, wall_seconds, *sources = json.loads(frames.receive(connection)[1])
        signal.setitimer(signal.ITIMER_REAL, wall_seconds)  # SIGALRM ends what does not handle it
        # no file and no process: what is rendered needs none, so nothing that breaks out has any
        bind(Limits(MEMORY_BYTES, file_bytes=0, cpu_seconds=cpu_seconds, processes=0), host_id)
        connection.sendall(frames.pack(frames.READY))
        _fill_in(connection, sources)
    except (EOFError, OSError):
        pass  # nobody waits for it any more
    finally:
        os._exit(0)


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
