"""The keys that encrypt secrets at rest: where they are kept, and encrypting with them.

Every ciphertext begins with the id of its key, so that one look tells which key opens it. The keys
of a file are read again whenever the file has changed: a server that runs goes on while they are
rotated. Which secrets there are is no matter here; models/sealed.py ties each to its row.
Fernet is AES-128-CBC with HMAC-SHA256 (https://github.com/fernet/spec/blob/master/Spec.md).
"""

import binascii
import fcntl
import hashlib
import logging
import os
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from cryptography.fernet import Fernet, InvalidToken

from opensink_web.errors import ConfigurationError, Conflict, UnreadableSecret

FILE_NAME = "encryption_keys"
KEY_ID_LENGTH = 8
_MARK = "."
_KEY_SIZE_BYTES = 32
_log = logging.getLogger("opensink.keyring")


def new_key() -> str:
    """Make a key as ENCRYPTION_KEYS takes it."""
    return Fernet.generate_key().decode()


def id_of(key: str) -> str:
    """Return the name of a key, which tells nothing of the key itself."""
    return hashlib.sha256(key.encode()).hexdigest()[:KEY_ID_LENGTH]


def key_id_of(ciphertext: str) -> str:
    """Return the id of the key that made this ciphertext."""
    return ciphertext.partition(_MARK)[0]


def write_once(path: Path, text: str) -> bool:
    """Make a file whole, or leave the one that another process has made meanwhile."""
    with NamedTemporaryFile("w", dir=path.parent) as file:  # readable by its owner alone
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(file.name, path)
            return True
    return False


class KeyFile:
    """The file in the data folder: a key a line, the first encrypts, all decrypt."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / FILE_NAME

    def stamp(self) -> tuple[int, int, int] | None:
        """Return what differs whenever the file was written anew; None without a file."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return None
        return (status.st_ino, status.st_mtime_ns, status.st_size)

    def read(self) -> tuple[str, ...]:
        """Return the keys, none without a file. Raises: ConfigurationError."""
        try:
            return checked_keys(self.path.read_text().split(), str(self.path))
        except FileNotFoundError:
            return ()
        except (OSError, UnicodeDecodeError):
            raise ConfigurationError(
                f"{self.path} cannot be read; check its owner and permissions."
            ) from None

    def write(self, keys: Sequence[str]) -> None:
        """Put these keys in the place of those that are there, at once or not at all."""
        with NamedTemporaryFile("w", dir=self.path.parent, delete=False) as file:
            file.write(_lines(keys))
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, self.path)
        _sync_folder(self.path.parent)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep others from changing the keys, which are read and written in two steps.

        Raises: Conflict when somebody does already.
        """
        descriptor = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise Conflict(
                "Another command is changing the keys; wait until it has finished."
            ) from None
        finally:
            os.close(descriptor)

    def age_seconds(self) -> float:
        """Return how long ago the file was written."""
        return time.time() - self.path.stat().st_mtime

    def make(self) -> None:
        """Make the file with a new key, unless it is there."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            is_ours = write_once(self.path, _lines((new_key(),)))
        except OSError as error:
            raise ConfigurationError(
                f"{self.path} cannot be created ({error.strerror}); it holds the keys that encrypt"
                " secrets. Choose another folder with DATA_DIR, or set ENCRYPTION_KEYS."
            ) from None
        if is_ours:
            _sync_folder(self.path.parent)
            _log.info(
                "A key that encrypts the secrets in the database was created in %s. Keep a copy"
                " of it"
                " elsewhere: without it they cannot be read.",
                self.path,
            )


@dataclass(frozen=True, slots=True)
class _Ring:
    """The keys as they were read once; `first` encrypts."""

    first: str
    by_id: dict[str, Fernet]
    stamp: object = None


def is_as_encrypted(ciphertext: str) -> bool:
    """Return False where spare bits of the Base64 were changed, which decrypts all the same."""
    token = ciphertext.partition(_MARK)[2]
    try:
        return urlsafe_b64encode(urlsafe_b64decode(token)).decode() == token
    except ValueError:
        return False


class Keyring:
    """Encrypts with the first key, decrypts with whichever made the ciphertext.

    `given` are the keys of ENCRYPTION_KEYS; without them the file's are used, and a file is made
    when something is encrypted for the first time.
    """

    def __init__(self, given: Sequence[str], file: KeyFile) -> None:
        self.file = None if given else file
        self._ring = _ring_of(given)

    def ids(self) -> tuple[str, ...]:
        """Return the ids of the keys, that of the first key first."""
        return tuple(self._newest().by_id)

    def make_first_key(self) -> None:
        """Make the file with a key in it where there is none, as a new installation needs it."""
        if not self._newest().by_id and self.file is not None:
            self.file.make()

    def encrypt(self, plaintext: bytes) -> str:
        """Return the ciphertext, beginning with the key's id."""
        ring = self._newest()
        if not ring.by_id:
            self.make_first_key()
            ring = self._newest()
        return ring.first + _MARK + ring.by_id[ring.first].encrypt(plaintext).decode()

    def decrypt(self, ciphertext: str) -> bytes:
        """Raises: UnreadableSecret without the key, or when a byte was changed."""
        key_id, _, token = ciphertext.partition(_MARK)
        fernet = self._ring.by_id.get(key_id) or self._newest().by_id.get(key_id)
        if fernet is None:
            raise UnreadableSecret(
                "This secret is encrypted with a key that this server does not have. Put the key"
                " back in ENCRYPTION_KEYS or in the file encryption_keys, or enter the value again."
            )
        try:
            return fernet.decrypt(token)
        except (InvalidToken, ValueError):  # not even ASCII
            raise UnreadableSecret(
                "This secret is damaged in the database. Enter the value again."
            ) from None

    def _newest(self) -> _Ring:
        """Return the keys, read again if their file has changed."""
        if self.file is not None:
            stamp = self.file.stamp()
            # a file that went away is no reason to stop; the next start will ask for it
            if stamp is not None and stamp != self._ring.stamp:
                self._ring = _ring_of(self.file.read(), stamp)
        return self._ring


def checked_keys(keys: Sequence[str], place: str) -> tuple[str, ...]:
    """Raises: ConfigurationError, naming the place, if one of them is no key."""
    for key in keys:
        try:
            is_key = len(urlsafe_b64decode(key)) == _KEY_SIZE_BYTES
        except (binascii.Error, ValueError):
            is_key = False
        if not is_key:
            raise ConfigurationError(
                f"{place} contains something that is not a key; a key is {_KEY_SIZE_BYTES} bytes"
                " in URL-safe Base64. `opensink rotate-key --print-new` makes one."
            )
    return tuple(keys)


def _ring_of(keys: Sequence[str], stamp: object = None) -> _Ring:
    by_id = {id_of(key): Fernet(key) for key in keys}
    return _Ring(next(iter(by_id), ""), by_id, stamp)


def _lines(keys: Sequence[str]) -> str:
    return "".join(f"{key}\n" for key in keys)


def _sync_folder(folder: Path) -> None:
    """Make sure that a file's new name outlives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
