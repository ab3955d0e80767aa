"""Whether there is an OpenSink where a command looks for it, and if not, where one runs.

Only `up`, `db upgrade` and `restore` make one. Every other command finds it or says what to do: one
that is run in another folder than the server must not leave a second, empty database there.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import make_url

from opensink_web.errors import ConfigurationError
from opensink_web.settings import Settings
from opensink_web.supervisor.checks import is_held

_SOCKETS = Path("/proc/net/unix")
_SOCKET_OF_REDIS = "/redis/redis.sock"
_USUAL_NAME = "var"


def check_installed(settings: Settings) -> None:
    """Make sure that a SQLite database is there, and make nothing.

    Raises: ConfigurationError, saying how to name the one that runs.
    """
    if not settings.uses_sqlite:
        return
    file = Path(make_url(settings.database_url).database or "")
    if not file.exists() or file.stat().st_size == 0:
        raise ConfigurationError(no_database(settings, str(file)))


def check_keys_are_named(settings: Settings) -> None:
    """Make sure that a database elsewhere is not visited without its keys: one would be made here.

    Raises: ConfigurationError
    """
    if not settings.uses_sqlite and not settings.encryption_keys and not settings.data_dir.exists():
        raise ConfigurationError(
            "The keys that encrypt the secrets in the database are neither in ENCRYPTION_KEYS nor"
            f" in {settings.data_dir}, which does not exist. Set ENCRYPTION_KEYS as for the other"
            " parts, or name the folder that holds the keys with --data-dir or DATA_DIR. For a"
            " new database run"
            " `opensink db upgrade` first."
        )


def no_database(settings: Settings, place: str) -> str:
    """Say that there is none at this place, and what to do."""
    folders = [folder for folder in running_data_dirs() if folder != settings.data_dir]
    if folders and settings.uses_sqlite:
        names = " or ".join(f"--data-dir {folder}" for folder in folders)
        elsewhere = f"`opensink up` is running elsewhere: add {names}, or set DATA_DIR."
    else:
        elsewhere = (
            "If there is one elsewhere, run this where `opensink up` was started, or name its"
            " folder with --data-dir or DATA_DIR (or the database with DATABASE_URL)."
        )
    return (
        f"There is no OpenSink database at {place}. {elsewhere} To create one here, start"
        " `opensink up` or run `opensink db upgrade`."
    )


def running_data_dirs() -> list[Path]:
    """Return the data folders of what runs on this machine under `opensink up`, if we see them."""
    folders = {folder.absolute() for folder in (*_by_sockets(), *_nearby())}
    return sorted(folder for folder in folders if is_held(folder))


def _by_sockets() -> Iterator[Path]:
    """Linux lists every socket; that of the embedded server for Redis lies in the data folder."""
    try:
        lines = _SOCKETS.read_text(errors="surrogateescape").splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        place = line.partition(" /")[2]
        if place.endswith(_SOCKET_OF_REDIS):
            yield Path(f"/{place.removesuffix(_SOCKET_OF_REDIS)}")


def _nearby() -> Iterator[Path]:
    """Guess: in the folders around this one, around this program, and at home."""
    here = Path.cwd()
    for folder in (here, *here.parents, Path(sys.prefix).parent, Path(__file__).parents[2]):
        yield folder / _USUAL_NAME
    yield Path(os.path.expanduser("~")) / _USUAL_NAME
