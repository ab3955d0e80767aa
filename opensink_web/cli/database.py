"""`opensink db`: the tables' versions. Alembic's steps are in migrations/."""

import click
import flask_migrate
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from opensink_web.cli.options import takes_settings
from opensink_web.factory import MIGRATIONS, create_app
from opensink_web.models import db as tables
from opensink_web.settings import Settings
from opensink_web.supervisor.checks import check_data_dir, check_database


def current_revision() -> str | None:
    """Return the version the tables are at; None where there are no tables."""
    with tables.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str | None:
    """Return the version this program needs."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def is_current() -> bool:
    """Say whether the tables are those this program needs."""
    return current_revision() == newest_revision()


def upgrade_tables() -> None:
    """Bring the tables to the newest version."""
    flask_migrate.upgrade()


@click.group()
def db() -> None:
    """Bring the database's tables to another version."""


@db.command()
@takes_settings()
def upgrade(settings: Settings) -> None:
    """Bring the tables to the newest version; nothing happens if they are there."""
    check_data_dir(settings)
    check_database(settings)
    with create_app(settings).app_context():
        upgrade_tables()
        click.echo(f"The database is at {current_revision()}.")


@db.command()
@takes_settings()
def current(settings: Settings) -> None:
    """Print the version the tables are at."""
    check_database(settings)
    with create_app(settings).app_context():
        note = "" if is_current() else f" (the newest is {newest_revision()})"
        click.echo(f"{current_revision() or 'base'}{note}")
