"""The migrations lead from nothing to the tables, on both databases."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import inspect

from opensink_web.cli.database import run_migrations
from opensink_web.factory import create_app
from opensink_web.models import Base, db
from opensink_web.settings import Settings
from tests.support.real_servers import PostgresServer

pytestmark = pytest.mark.server


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_app(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_server: PostgresServer
) -> Flask:
    environment = {"DATA_DIR": str(tmp_path)}
    if request.param == "postgresql":
        environment["DATABASE_URL"] = postgres_server.empty_database()
    return create_app(Settings.from_env(environment))


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
