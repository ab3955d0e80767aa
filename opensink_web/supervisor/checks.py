"""What must be right before anything starts; every fault is one sentence that says how to mend it.

No sentence carries an address's password, nor a traceback.
"""

import contextlib
import errno
import fcntl
import json
import os
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import create_engine, inspect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from opensink_web.errors import ConfigurationError
from opensink_web.settings import Settings

LOCK_FILE_NAME = "opensink.lock"
_ADDRESS = ("host", "port", "public_url")
CONNECT_TIMEOUT_SECONDS = 5
_BACKLOG = 2048


def check_data_dir(settings: Settings) -> None:
    """Make the data folder, for its owner alone, and write into it.

    Raises: ConfigurationError
    """
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.data_dir):
            pass
    except OSError as error:
        raise ConfigurationError(
            f"The data folder {settings.data_dir} is not writable ({error.strerror}); choose"
            " another with --data-dir or DATA_DIR."
        ) from None


@contextlib.contextmanager
def locked_data_dir(data_dir: Path) -> Iterator[None]:
    """Hold the data folder, so that no second `opensink up` uses it.

    The kernel lets go when this process ends, however it ends; no child inherits the lock.
    Raises: ConfigurationError
    """
    descriptor = os.open(data_dir / LOCK_FILE_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(
                f"Another `opensink up` is using the data folder {data_dir}; stop it, or choose"
                " another folder with --data-dir."
            ) from None
        yield
    finally:
        os.close(descriptor)


def leave_address(settings: Settings) -> None:
    """Write into the lock of the data folder, which we hold, where people and agents reach us."""
    address = {name: getattr(settings, name) for name in _ADDRESS}
    (settings.data_dir / LOCK_FILE_NAME).write_text(json.dumps(address))


def at_its_address(settings: Settings) -> Settings:
    """Return the settings with the address that `opensink up` left, if it runs; a named one stands.

    A command in a second terminal knows nothing of the `--port` and PUBLIC_URL of the first.
    """
    if not is_held(settings.data_dir):
        return settings
    try:
        left = json.loads((settings.data_dir / LOCK_FILE_NAME).read_text())
        if settings.names_an_address and settings.public_url != left["public_url"]:
            return settings
        return replace(settings, **{name: left[name] for name in _ADDRESS})
    except (OSError, ValueError, LookupError):  # it was started by a version that leaves none
        return settings


def settings_of_parts(settings: Settings) -> Settings:
    """Return what the server's processes work with: those of `opensink up`, or parts run alone.

    They are `up`'s when it holds the data folder, and without a Redis of one's own they can be
    nobody else's.
    """
    if settings.embeds_redis or is_held(settings.data_dir):
        running = at_its_address(settings)
        return running.for_children(running.port)
    return settings


def is_held(data_dir: Path) -> bool:
    """Return True if an `opensink up` uses the folder; nothing is made in it."""
    try:
        descriptor = os.open(data_dir / LOCK_FILE_NAME, os.O_RDWR)
    except OSError:  # there is no such folder or lock, or it is somebody else's
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def listening_socket(settings: Settings) -> Iterator[socket.socket]:
    """Listen at HOST and PORT; connections wait here while the web server starts again.

    Raises: ConfigurationError
    """
    listener = _bound_socket(settings.host, settings.port)
    with listener:
        listener.listen(_BACKLOG)
        yield listener


def check_database(settings: Settings) -> None:
    """Connect to the database.

    Raises: ConfigurationError
    """
    try:
        url = make_url(settings.database_url)
        if "@" in (url.host or ""):
            # the driver's own error would show the end of the password as the host
            raise ConfigurationError("DATABASE_URL has an @ in its password; write it as %40.")
        engine = create_engine(url, connect_args=_connect_args(settings))
        try:
            with engine.connect() as connection:
                inspect(connection).get_table_names()
        finally:
            engine.dispose()
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            "DATABASE_URL is not a complete address;"
            " it looks like postgresql://USER:PASSWORD@HOST:5432/NAME."
        ) from None
    except DBAPIError as error:
        raise ConfigurationError(
            f"Cannot connect to the database; check DATABASE_URL ({_first_line(error.orig)})."
        ) from None


def check_redis(settings: Settings) -> None:
    """Connect to the server for Redis.

    Raises: ConfigurationError
    """
    try:
        client = redis.Redis.from_url(
            settings.redis_url,
            socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
            socket_timeout=CONNECT_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        with client:
            client.ping()
    except ValueError:
        raise ConfigurationError(
            "REDIS_URL is not a complete address; it looks like redis://HOST:6379/0."
        ) from None
    except (redis.RedisError, OSError) as error:
        raise ConfigurationError(
            f"Cannot connect to a Redis or Valkey server; check REDIS_URL ({_first_line(error)})."
        ) from None


def _bound_socket(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(f"HOST is not an address of this machine ({error}).") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise ConfigurationError(_bind_sentence(error, host, port)) from None
    return listener


def _bind_sentence(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use; choose another with --port or PORT."
    if error.errno == errno.EACCES:
        return (
            f"Port {port} needs privileges this user does not have; choose one above 1023 with"
            " --port."
        )
    return f"Cannot listen on {host} port {port} ({error.strerror}); check --host and --port."


def _connect_args(settings: Settings) -> dict[str, int]:
    name = "timeout" if settings.uses_sqlite else "connect_timeout"
    return {name: CONNECT_TIMEOUT_SECONDS}


def _first_line(error: BaseException | None) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
