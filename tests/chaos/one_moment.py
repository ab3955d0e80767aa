"""Reading what the database held at one moment, while others go on writing.

A page may read each statement's own moment. What is checked across several tables may not: a
delivery that ends between two statements would have succeeded without an attempt.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text

from opensink_web.models import db
from opensink_web.models.transaction import reading


@contextmanager
def one_moment() -> Iterator[None]:
    """Run the block in a transaction that reads, in which all statements see the same rows."""
    db.session.rollback()  # a view that began earlier is of an earlier moment
    with reading():
        connection = db.session.connection()
        if connection.dialect.name == "postgresql":  # SQLite's transactions are like this anyway
            driver: Any = connection.connection.dbapi_connection
            driver.autocommit = False
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        yield
