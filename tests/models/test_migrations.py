"""The migrations lead from nothing to the tables, on both databases."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import inspect

from opensink_web.cli.database import run_migrations
from opensink_web.models import Base, db

pytestmark = pytest.mark.server


def test_nothing_is_missing_in_them(empty_app: Flask) -> None:
    with empty_app.app_context():
        run_migrations()
        assert set(inspect(db.engine).get_table_names()) == {
            *Base.metadata.tables,
            "alembic_version",
        }
        with db.engine.connect() as connection:
            context = MigrationContext.configure(connection)
            assert compare_metadata(context, Base.metadata) == []
        db.engine.dispose()
