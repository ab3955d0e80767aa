"""What a program does that forks a process for each connection."""

import gc
import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress

from opensink_web.isolation.limits import set_readable

_NICENESS = 10  # pages and answers come first


def serve(control: str, handle: Callable[[socket.socket, int], None]) -> None:
    """Have each connection that comes over the control socket handled by a process of its own.

    `handle` is given the connection and the id of this process, the parent. Returns when the other
    end is closed. It is called when all that the processes need is loaded.
    """
    set_readable(False)
    channel = socket.socket(fileno=int(control))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
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
                    _handle(socket.socket(fileno=descriptor), host_id, handle)
            os.close(descriptor)


def _handle(
    connection: socket.socket, host_id: int, handle: Callable[[socket.socket, int], None]
) -> None:
    """Do what is asked for over one connection, and end this process."""
    try:
        os.nice(_NICENESS)
        handle(connection, host_id)
    except (EOFError, OSError):
        pass  # nobody waits for it any more
    finally:
        os._exit(0)
