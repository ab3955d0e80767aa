"""A whole server and endpoints, for tests that see no more than an operator and a client see."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support.endpoints import Endpoints
from tests.support.real_servers import PostgresServer
from tests.support.whole_server import WholeServer, whole_server

MakeServer = Callable[..., AbstractContextManager[WholeServer]]


@pytest.fixture
def endpoints() -> Iterator[Endpoints]:
    with Endpoints() as endpoints:
        yield endpoints


@pytest.fixture(params=["sqlite", "postgresql"])
def postgres(request: pytest.FixtureRequest) -> PostgresServer | None:
    """Run the test twice: on SQLite, where there is none, and on PostgreSQL."""
    if request.param == "sqlite":
        return None
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server


@pytest.fixture
def make_server(postgres: PostgresServer | None, tmp_path: Path) -> MakeServer:
    """Return what makes a server on the database; `start` starts it."""

    def make(**options: object) -> AbstractContextManager[WholeServer]:
        return whole_server(postgres, log=tmp_path / "log", **options)  # type: ignore[arg-type]

    return make
