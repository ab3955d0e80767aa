"""Where `opensink dev` keeps everything: nothing of a server that people sign in to."""

import fcntl
import os
import tempfile
from pathlib import Path

import pytest

from opensink_web.dev.folder import MARK, PREFIX, dev_folder, leave_to_server
from opensink_web.errors import ConfigurationError
from opensink_web.supervisor.checks import LOCK_FILE_NAME


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_temporary_one_goes_with_all_that_is_in_it(temporary: Path) -> None:
    with dev_folder(None) as folder:
        (folder / "opensink.sqlite3").touch()
        assert folder.stat().st_mode & 0o077 == 0
    assert list(temporary.iterdir()) == []


def test_one_that_is_kept_is_found_again(temporary: Path) -> None:
    for _ in range(2):
        with dev_folder(temporary / "kept") as folder:
            (folder / "opensink.sqlite3").touch()
    assert (temporary / "kept" / "opensink.sqlite3").exists()


def test_one_with_something_else_in_it_is_refused(temporary: Path) -> None:
    """Such as the data of a server, which nobody would have to sign in to any more."""
    (temporary / "opensink.sqlite3").touch()
    with pytest.raises(ConfigurationError, match="sign in"), dev_folder(temporary):
        pass
    assert not (temporary / MARK).exists()
    (temporary / "file").touch()
    with pytest.raises(ConfigurationError, match="--keep"), dev_folder(temporary / "file"):
        pass


def test_what_was_left_behind_goes_and_what_is_used_or_another_s_stays(temporary: Path) -> None:
    left, used, new = (temporary / f"{PREFIX}{name}" for name in ("left", "used", "new"))
    for each in (left, used, new):
        each.mkdir()
        (each / MARK).write_text("temporary")
    for each in (left, used):
        (each / "opensink.sqlite3").touch()
        (each / LOCK_FILE_NAME).touch()
    kept, again = (temporary / f"{PREFIX}{name}" for name in ("kept", "again"))
    again.mkdir()
    (again / MARK).write_text("temporary")
    for each in (kept, again):
        with dev_folder(each):
            (each / "opensink.sqlite3").touch()
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "opensink.sqlite3").touch()
    (temporary / f"{PREFIX}link").symlink_to(elsewhere)
    lock = os.open(used / LOCK_FILE_NAME, os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with dev_folder(None):
        assert not left.exists()
    os.close(lock)
    assert used.exists()
    assert new.exists()
    assert kept.exists()
    assert again.exists()
    assert (elsewhere / "opensink.sqlite3").exists()


def test_one_that_a_server_has_taken_over_is_not_opened_again(temporary: Path) -> None:
    kept = temporary / "kept"
    with dev_folder(kept):
        (kept / "opensink.sqlite3").touch()
    leave_to_server(kept)
    with pytest.raises(ConfigurationError, match="sign in"), dev_folder(kept):
        pass
