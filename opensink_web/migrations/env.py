"""How Alembic runs here: on the application's own engine, one transaction a step."""

from alembic import context
from sqlalchemy import Connection

import opensink_web.models  # noqa: F401 - makes every table known
from opensink_web.models.base import Base, db


def run_migrations() -> None:
    """Run within the application context that Flask-Migrate has opened."""
    with db.engine.connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if is_sqlite:
            _prepare_sqlite(connection)
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            transaction_per_migration=True,
            # SQLite alters a table by copying it
            render_as_batch=is_sqlite,
        )
        with context.begin_transaction():
            context.run_migrations()
        if is_sqlite:
            connection.invalidate()  # the next user of the pool gets one as others are


def _prepare_sqlite(connection: Connection) -> None:
    """Turn foreign keys off: with them, dropping a copied table deletes what refers to it. Have an
    index of a million rows sorted in files.

    SQLite takes this outside a transaction alone, and SQLAlchemy begins one by itself.
    """
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA foreign_keys = OFF")
    cursor.execute("PRAGMA temp_store = FILE")
    cursor.close()


run_migrations()
