"""The folder in which `opensink dev` keeps everything: a temporary one, or one that is named.

A folder that `opensink up` has made is never opened by it: nobody signs in here.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from opensink_web.errors import ConfigurationError
from opensink_web.supervisor.checks import is_held

PREFIX = "opensink-dev-"
MARK = "opensink-dev"
"""The file by which a folder is known as one of `opensink dev`."""


@contextmanager
def dev_folder(kept: Path | None) -> Iterator[Path]:
    """Have a folder for the block: the one that is kept, or one that goes with the block.

    Raises: ConfigurationError for one that holds something else.
    """
    if kept is not None:
        yield _marked(kept.absolute())
        return
    remove_left_behind()
    folder = _marked(Path(tempfile.mkdtemp(prefix=PREFIX)).resolve())
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_left_behind() -> None:
    """Remove the temporary folders of those that were killed, and are nobody's now."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            status = folder.lstat()
            is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
            # one that is just being made has no database yet, and gets one under its lock
            if is_ours and any(folder.glob("*.sqlite3")) and not is_held(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _marked(folder: Path) -> Path:
    mark = folder / MARK
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not mark.exists():
            if any(folder.iterdir()):
                raise ConfigurationError(
                    f"{folder} holds something else than what `opensink dev` keeps, and nobody"
                    " would have to sign in to it. Name another folder with --keep."
                )
            mark.touch(mode=0o600)
    except OSError as error:
        raise ConfigurationError(
            f"The folder {folder} cannot be written to ({error.strerror}); name another with"
            " --keep."
        ) from None
    return folder
