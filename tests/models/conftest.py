"""An application whose database has no table yet, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from opensink_web.factory import create_app
from opensink_web.models import db
from opensink_web.settings import Settings
from tests.support.real_servers import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_app(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_server: PostgresServer
) -> Flask:
    environment = {"DATA_DIR": str(tmp_path), "EXECUTION_ENDPOINT_HOSTS": "127.0.0.0/8"}
    if request.param == "postgresql":
        environment["DATABASE_URL"] = postgres_server.empty_database()
    return create_app(Settings.from_env(environment))


@pytest.fixture
def within_empty_app(empty_app: Flask) -> Iterator[None]:
    """Be in its context, in which the migrations are run."""
    with empty_app.app_context():
        yield
        db.session.remove()
        db.engine.dispose()
