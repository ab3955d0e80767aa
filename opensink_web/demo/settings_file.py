"""The file with the demo's settings: while it is there, `opensink up` runs the trading agent."""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from tempfile import NamedTemporaryFile

from opensink_web.demo.trading_agent import AgentSettings

FILE_NAME = "demo.json"
_LOCK_NAME = "demo.lock"


@contextmanager
def held(data_dir: Path) -> Iterator[None]:
    """Keep others from changing the file: of two who press the button at once, one writes it."""
    descriptor = os.open(data_dir / _LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read(data_dir: Path) -> AgentSettings | None:
    """Return what the file says; None when there is no file, or it is not one of ours."""
    with suppress(FileNotFoundError, ValueError, TypeError):
        return AgentSettings(**json.loads((data_dir / FILE_NAME).read_text()))
    return None


def write(data_dir: Path, settings: AgentSettings) -> None:
    """Put the file in place at once and whole, readable by its owner alone."""
    with NamedTemporaryFile("w", dir=data_dir, delete=False) as file:
        json.dump(asdict(settings), file)
    os.replace(file.name, data_dir / FILE_NAME)


def free_port() -> int:
    """Return a port at which nothing listens on this machine's loopback address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
