"""How Alembic runs here: on the application's own engine, one transaction a step."""

from alembic import context

import opensink_web.models  # noqa: F401 - makes every table known
from opensink_web.models.base import Base, db


def run_migrations() -> None:
    """Run within the application context that Flask-Migrate has opened."""
    with db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            transaction_per_migration=True,
            # SQLite alters a table by copying it
            render_as_batch=connection.dialect.name == "sqlite",
        )
        with context.begin_transaction():
            context.run_migrations()


run_migrations()
