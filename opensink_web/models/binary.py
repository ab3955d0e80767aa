"""Reading much that is packed: PostgreSQL writes bytes as digits unless it is asked not to."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Cursor
from psycopg.pq import Format

from opensink_web.models.base import db


class _BinaryCursor(Cursor[Any]):
    """A cursor whose rows come as the database has them."""

    def __init__(self, connection: Any, *, row_factory: Any = None) -> None:
        super().__init__(connection, row_factory=row_factory)
        self.format = Format.BINARY


@contextmanager
def binary_results() -> Iterator[None]:
    """Have what the block reads sent as it is stored: numbers, texts and bytes.

    Writing megabytes of digits and reading them back takes three times as long as the rest. SQLite
    hands bytes over as they are. What the block reads by the session is read in the same way.
    """
    driver: Any = db.session.connection().connection.dbapi_connection
    if db.engine.dialect.name != "postgresql":
        yield
        return
    usual, driver.cursor_factory = driver.cursor_factory, _BinaryCursor
    try:
        yield
    finally:
        driver.cursor_factory = usual
