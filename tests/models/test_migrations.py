"""The migrations lead from nothing to the tables, on both databases."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import inspect

from opensink_web.cli.database import run_migrations
from opensink_web.models import Base, db

pytestmark = pytest.mark.server


def is_of_search(name: str | None) -> bool:
    """Return True for what only one of the databases has: FTS5 keeps tables of its own."""
    return (name or "").startswith(
        (
            "search_index",
            *(f"ix_search_{each}_tokens" for each in ("documents", "waiting", "sink_items")),
        )
    )


def test_nothing_is_missing_in_them(empty_app: Flask) -> None:
    with empty_app.app_context():
        run_migrations()
        tables = {each for each in inspect(db.engine).get_table_names() if not is_of_search(each)}
        assert tables == {
            *Base.metadata.tables,
            "alembic_version",
        }
        with db.engine.connect() as connection:
            options = {"include_object": lambda _, name, *__: not is_of_search(name)}
            context = MigrationContext.configure(connection, opts=options)
            assert compare_metadata(context, Base.metadata) == []
        db.engine.dispose()
