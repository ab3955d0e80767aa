"""`opensink backup` and `opensink restore`, for SQLite: one file that holds the database.

Without its keys a backup gives away no secret and is of no use alone; `--with-keys` puts them in,
and the file is then as secret as they are. What Redis holds is not needed: what is due stands in
the database, and the sweeper finds it.
"""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from opensink_web import clock
from opensink_web.cli.application import ready_application
from opensink_web.cli.archive import (
    ENCRYPTION_KEYS,
    FORMAT,
    SECRET_KEY,
    Manifest,
    Opened,
    read_archive,
    write_archive,
)
from opensink_web.cli.database import check_not_newer, revision_of, upgrade_tables
from opensink_web.cli.options import takes_settings
from opensink_web.cli.snapshot import (
    check_database_file,
    copy_database,
    database_file,
    file_beside,
    show_pages,
)
from opensink_web.errors import ConfigurationError, Conflict
from opensink_web.keyring import KeyFile
from opensink_web.models import db
from opensink_web.operations.status.backup_note import note_backup
from opensink_web.settings import Settings
from opensink_web.supervisor.checks import check_data_dir, locked_data_dir
from opensink_web.supervisor.installation import check_installed
from opensink_web.wiring import wired_app


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--with-keys", is_flag=True, help="Include the encryption keys; keep the file secret."
)
@click.option("--force", is_flag=True, help="Overwrite FILE if it exists.")
@takes_settings()
def backup(settings: Settings, file: Path, *, with_keys: bool, force: bool) -> None:
    """Back up the database to FILE; the server may keep running."""
    source = database_file(settings)
    check_installed(settings)
    if file.exists() and not force:
        raise Conflict(f"{file} already exists; use --force to overwrite it.")
    try:
        with TemporaryDirectory(dir=file.absolute().parent, prefix=".opensink-backup-") as folder:
            copy = Path(folder) / "copy"
            copy_database(source, copy, show_pages)
            manifest = Manifest(FORMAT, revision_of(copy), clock.now().isoformat())
            write_archive(file, manifest, copy, _keys_of(settings) if with_keys else {})
    except (OSError, sqlite3.Error) as error:
        raise Conflict(f"{file} cannot be written ({error}).") from None
    note_backup(settings.data_dir, clock.now())
    if with_keys:
        click.echo(
            f"The backup {file} contains the database and its keys: keep it as secret as the keys."
        )
    else:
        click.echo(f"The database is backed up in {file}.")
        click.echo("It does not contain the keys it needs: ENCRYPTION_KEYS, or encryption_keys in")
        click.echo(f"{settings.data_dir}. Keep a copy of them elsewhere, or use --with-keys.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@takes_settings()
def restore(settings: Settings, file: Path) -> None:
    """Replace the current database with the one in FILE; the current one is kept next to it."""
    target = database_file(settings)
    check_data_dir(settings)
    with (
        locked_data_dir(settings.data_dir),
        TemporaryDirectory(dir=target.parent, prefix=".opensink-restore-") as folder,
    ):
        copy = Path(folder) / "copy"
        opened = read_archive(file, copy)
        check_database_file(copy)
        check_not_newer(revision_of(copy))
        copy.chmod(0o600)
        if target.exists():
            _put_aside(target)
        _put_keys(settings, opened.keys)
        copy.replace(target)
        _bring_up_to_date(settings, opened)


def _keys_of(settings: Settings) -> Mapping[str, str]:
    encryption_keys = settings.encryption_keys or KeyFile(settings.data_dir).read()
    path = settings.data_dir / SECRET_KEY
    secret_key = settings.secret_key or (path.read_text() if path.exists() else "")
    keys = {SECRET_KEY: secret_key, ENCRYPTION_KEYS: "\n".join(encryption_keys)}
    return {name: text for name, text in keys.items() if text}


def _put_aside(target: Path) -> None:
    """Keep the present database, in one file. Raises: Conflict when somebody has it open."""
    try:
        with closing(sqlite3.connect(target, isolation_level=None, timeout=1)) as database:
            # folds the log into the file, for which nobody else may have it open
            database.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.OperationalError:
        raise Conflict(
            f"A server is using {target}; stop it and all its workers, and try again."
        ) from None
    except sqlite3.DatabaseError:
        click.echo("The current database is damaged; it is kept as it is.")
    kept = file_beside(target, "restore")
    for suffix in ("-wal", "-shm"):  # of a damaged one
        with suppress(FileNotFoundError):
            target.with_name(target.name + suffix).replace(f"{kept}{suffix}")
    target.replace(kept)
    click.echo(f"The previous database is now {kept.name}.")


def _put_keys(settings: Settings, keys: Mapping[str, str]) -> None:
    for name, text in keys.items():
        path = settings.data_dir / name
        if path.exists() and path.read_text().split() == text.split():
            continue
        if path.exists():
            path.replace(file_beside(path, "restore"))
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        click.echo(f"{path} is restored too.")


def _bring_up_to_date(settings: Settings, opened: Opened) -> None:
    """Upgrade what an older version made, and say what is missing."""
    with wired_app(settings).app_context():
        try:
            upgrade_tables(settings)
        finally:
            db.engine.dispose()
    click.echo(f"The database from {opened.manifest.created_at} is restored.")
    try:
        ready_application(settings)
    except ConfigurationError as error:
        raise Conflict(f"Still missing: {error.message}") from None
    click.echo("Calls that were due then are made when the server starts, perhaps for the second")
    click.echo("time, under the webhook-id they had.")
