"""The folder in which `opensink dev` keeps everything: a temporary one, or one that is named.

A folder that `opensink up` has made, or has served since, is never opened by it: nobody signs in
here.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from opensink_web.errors import ConfigurationError
from opensink_web.supervisor.checks import locked_data_dir

PREFIX = "opensink-dev-"
MARK = "opensink-dev"
"""The file by which a folder is known as one of `opensink dev`; it says of which kind."""
_KEPT, _TEMPORARY = "kept", "temporary"


@contextmanager
def dev_folder(kept: Path | None) -> Iterator[Path]:
    """Have a folder for the block: the one that is kept, or one that goes with the block.

    Raises: ConfigurationError for one that holds something else.
    """
    if kept is not None:
        yield _marked(kept.absolute(), _KEPT)
        return
    remove_left_behind()
    folder = _marked(Path(tempfile.mkdtemp(prefix=PREFIX)).resolve(), _TEMPORARY)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_left_behind() -> None:
    """Remove the temporary folders of those that were killed, and are nobody's now.

    One that somebody named by --keep stays, whatever its name and wherever it is.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError, ConfigurationError):
            status = folder.lstat()
            is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
            # one that is just being made has no database yet, and gets one under its lock
            if not is_ours or not any(folder.glob("*.sqlite3")):
                continue
            with locked_data_dir(folder):  # nobody begins to keep it while it goes
                if (folder / MARK).read_text() == _TEMPORARY:
                    shutil.rmtree(folder, ignore_errors=True)


def leave_to_server(folder: Path) -> None:
    """Have a folder, which the caller holds, be one of a server that people sign in to."""
    (folder / MARK).unlink(missing_ok=True)


def _marked(folder: Path, kind: str) -> Path:
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
        mark.write_text(kind)
    except OSError as error:
        raise ConfigurationError(
            f"The folder {folder} cannot be written to ({error.strerror}); name another with"
            " --keep."
        ) from None
    return folder
