"""`opensink db`: the tables' versions. Alembic's steps are in migrations/."""

import sqlite3
from contextlib import closing
from pathlib import Path

import click
import flask_migrate
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app

from opensink_web.cli.options import takes_settings
from opensink_web.cli.snapshot import copy_database, database_file, file_beside, show_pages
from opensink_web.errors import ConfigurationError, Conflict
from opensink_web.models import db as tables
from opensink_web.models.sealed import keyring
from opensink_web.settings import Settings
from opensink_web.supervisor.checks import check_data_dir, check_database
from opensink_web.supervisor.installation import check_installed
from opensink_web.wiring import visiting_app, wired_app

MIGRATIONS = Path(__file__).parents[1] / "migrations"


def current_revision() -> str | None:
    """Return the version the tables are at; None where there are no tables."""
    with tables.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str | None:
    """Return the version this program needs."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def is_current() -> bool:
    """Return True if the tables are those this program needs."""
    return current_revision() == newest_revision()


def revision_of(file: Path) -> str:
    """Return the version of the tables in a SQLite file. Raises: Conflict when it has none."""
    try:
        with closing(sqlite3.connect(file)) as database:
            (revision,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
            return str(revision)
    except (sqlite3.DatabaseError, TypeError):
        raise Conflict(f"{file.name} is not an OpenSink database.") from None


def check_not_newer(revision: str | None) -> None:
    """Raises: ConfigurationError for tables that this program does not know."""
    known = {each.revision for each in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if revision is not None and revision not in known:
        raise ConfigurationError(
            f"The database was made by a newer version of OpenSink (its tables are at {revision};"
            f" this version supports {newest_revision()}). Install the newer version, or restore"
            " an earlier backup; the tables cannot be downgraded."
        )


def upgrade_tables(settings: Settings) -> None:
    """Bring the tables to the newest version, keeping a copy of a SQLite database that had older.

    Raises: ConfigurationError for a database of a newer version.
    """
    revision = current_revision()
    check_not_newer(revision)
    if revision == newest_revision():
        return
    if revision is not None and settings.uses_sqlite:
        file = database_file(settings)
        copy = file_beside(file, "upgrade")
        copy_database(file, copy, show_pages)
        click.echo(f"Upgrading the database from {revision}. A copy of it is {copy}; delete it")
        click.echo("once all is well: what was not encrypted before is not encrypted in the copy.")
    run_migrations()
    if revision is None:
        keyring().make_first_key()
    elif settings.uses_sqlite:
        _forget_what_was()


def run_migrations(revision: str = "head") -> None:
    """Run Alembic's steps from where the current application's tables are."""
    flask_migrate.Migrate(current_app, tables, directory=str(MIGRATIONS))
    flask_migrate.upgrade(revision=revision)


def upgrade_at_start(settings: Settings) -> None:
    """Upgrade unless that needs a copy that only the operator can make.

    Raises: ConfigurationError for an older PostgreSQL database, or a newer one.
    """
    revision = current_revision()
    check_not_newer(revision)
    if revision not in {None, newest_revision()} and not settings.uses_sqlite:
        raise ConfigurationError(
            f"The database is from an older version of OpenSink (its tables are at {revision})."
            " Make a backup"
            " with `pg_dump --format=custom`, and then run `opensink db upgrade`."
        )
    upgrade_tables(settings)


def _forget_what_was() -> None:
    """Leave nothing of what the upgrade replaced in the file's free pages and in its log."""
    with tables.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        cursor = connection.connection.cursor()
        cursor.execute("PRAGMA temp_store = FILE")  # all of the database is copied there
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA temp_store = MEMORY")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@click.group()
def db() -> None:
    """Upgrade the database's tables, and print their version."""


@db.command()
@takes_settings()
def upgrade(settings: Settings) -> None:
    """Upgrade the tables to the newest version, unless they are up to date."""
    check_data_dir(settings)
    check_database(settings)
    with wired_app(settings).app_context():
        upgrade_tables(settings)
        click.echo(f"The database is at {current_revision()}.")


@db.command()
@takes_settings()
def current(settings: Settings) -> None:
    """Print the version of the tables."""
    check_installed(settings)
    check_database(settings)
    with visiting_app(settings).app_context():
        check_not_newer(current_revision())
        note = "" if is_current() else f" (the newest is {newest_revision()})"
        click.echo(f"{current_revision() or 'base'}{note}")
