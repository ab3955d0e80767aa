"""A consistent copy of a SQLite database that is in use: what backups and upgrades keep.

By SQLite's online backup (https://www.sqlite.org/backup.html) inside one read transaction: writers
go on, and the copy is of one moment however long it takes.
"""

import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import click
from sqlalchemy import make_url

from opensink_web import clock
from opensink_web.errors import ConfigurationError, Conflict
from opensink_web.settings import Settings

Progress: TypeAlias = Callable[[int, int, int], object]
"""Is told SQLite's status, the pages left and the pages in all."""

_PAGES_AT_ONCE = 4096


def database_file(settings: Settings) -> Path:
    """Return the SQLite file. Raises: ConfigurationError for PostgreSQL."""
    if not settings.uses_sqlite:
        raise ConfigurationError(
            "This is for SQLite. For PostgreSQL use `pg_dump --format=custom` and `pg_restore`,"
            " and keep the keys (ENCRYPTION_KEYS or DATA_DIR/encryption_keys) with the dump."
        )
    return Path(make_url(settings.database_url).database or "")


def file_beside(file: Path, occasion: str) -> Path:
    """Return a name beside a file for what is kept of it, telling when and why."""
    return file.with_name(f"{file.name}.before-{occasion}-{clock.now():%Y%m%dT%H%M%SZ}")


def copy_database(source: Path, target: Path, progress: Progress | None = None) -> None:
    """Copy a database that may be in use to a new file, for its owner alone, and check the copy.

    Raises: Conflict when the copy is not whole; sqlite3.Error, as for a disk that is full.
    """
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        _copy(source, target, progress)
        check_database_file(target)
        with target.open("rb") as written:
            os.fsync(written.fileno())
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _copy(source: Path, target: Path, progress: Progress | None) -> None:
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True)) as original,
        closing(sqlite3.connect(target)) as copy,
    ):
        original.isolation_level = None
        original.execute("BEGIN")
        # begins the transaction's view: until now no page was read
        original.execute("SELECT count(*) FROM sqlite_master").fetchone()
        original.backup(copy, pages=_PAGES_AT_ONCE, progress=progress)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it


def check_database_file(file: Path) -> None:
    """Raises: Conflict when a database is damaged."""
    try:
        with closing(sqlite3.connect(file)) as database:
            (fault,) = database.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        fault = str(error)
    if fault != "ok":
        raise Conflict(f"{file.name} is damaged: {fault}.")


def show_pages(_status: int, left: int, total: int) -> None:
    """Show progress in place at a terminal; elsewhere only the end is of interest."""
    if sys.stderr.isatty() and total:
        click.echo(f"\r{100 * (total - left) // total} %", nl=False, err=True)
