"""The file that `opensink backup` writes and `restore` reads: a tar archive.

manifest.json      what this is: the format, the tables' version, when it was made
opensink.sqlite3   the database
secret_key         with the keys: what signs cookies
encryption_keys    with the keys: what decrypts the secrets in the database
"""

import json
import os
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile

from opensink_web.errors import Conflict

FORMAT = "opensink-backup-1"
MANIFEST = "manifest.json"
DATABASE = "opensink.sqlite3"
SECRET_KEY = "secret_key"  # noqa: S105 - a file's name
ENCRYPTION_KEYS = "encryption_keys"
_KEY_FILES = (SECRET_KEY, ENCRYPTION_KEYS)
_SMALL_FILE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself."""

    format: str
    revision: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Opened:
    """An archive's content: its database lies in a file, the keys are as they were read."""

    manifest: Manifest
    keys: Mapping[str, str]


def write_archive(
    target: Path, manifest: Manifest, database: Path, keys: Mapping[str, str]
) -> None:
    """Write an archive, for its owner alone, and give it its name when it is whole."""
    with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
        try:
            with tarfile.open(fileobj=file, mode="w") as archive:
                _add(archive, MANIFEST, json.dumps(asdict(manifest), indent=2))
                archive.add(database, DATABASE)
                for name, text in keys.items():
                    _add(archive, name, text)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(target)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def read_archive(source: Path, database: Path) -> Opened:
    """Read an archive, and its database into a new file. Raises: Conflict when it is none."""
    try:
        with tarfile.open(source) as archive:
            manifest = Manifest(**json.loads(_text(archive, MANIFEST)))
            if manifest.format != FORMAT:
                raise Conflict(
                    f"{source} was made by a newer version of OpenSink; install that version."
                )
            content = archive.extractfile(DATABASE)
            if content is None:
                raise _no_backup(source)
            with database.open("xb") as file:
                shutil.copyfileobj(content, file)
            names = archive.getnames()
            keys = {name: _text(archive, name) for name in _KEY_FILES if name in names}
            return Opened(manifest, keys)
    except FileNotFoundError:
        raise Conflict(f"There is no file {source}.") from None
    except (tarfile.TarError, KeyError, TypeError, ValueError, EOFError):
        raise _no_backup(source) from None


def _no_backup(source: Path) -> Conflict:
    return Conflict(f"{source} was not made by `opensink backup`, or it is damaged.")


def _add(archive: tarfile.TarFile, name: str, text: str) -> None:
    content = text.encode()
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    archive.addfile(member, BytesIO(content))


def _text(archive: tarfile.TarFile, name: str) -> str:
    content = archive.extractfile(name)
    return content.read(_SMALL_FILE_BYTES).decode() if content is not None else ""
