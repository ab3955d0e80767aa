"""Rows as older versions had them, written and read past the models."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from opensink_web.models import db
from opensink_web.models.base import UtcDateTime


def insert(connection: sa.Connection, table: str, row: dict[str, Any]) -> None:
    types: dict[type, Any] = {UUID: sa.Uuid(), datetime: UtcDateTime()}
    json = {"state", "metadata", "payload", "links", "input_variables", "content", "tool_calls"}
    json |= {"input_data", "output_data", "schema", "input_schema", "output_schema"}
    columns = [
        sa.column(name, sa.JSON(none_as_null=True) if name in json else types.get(type(value)))
        for name, value in row.items()
    ]
    connection.execute(sa.table(table, *columns).insert().values(row))


def insert_all(rows: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Insert rows, each with the name of its table, and commit."""
    with db.engine.begin() as connection:
        for table, row in rows:
            insert(connection, table, row)


def everything() -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table, as the database has it."""
    found = sa.MetaData()
    found.reflect(db.engine)
    with db.engine.connect() as connection:
        return {
            table.name: sorted(
                (dict(each) for each in connection.execute(table.select()).mappings()), key=str
            )
            for table in found.sorted_tables
            if table.name != "alembic_version"
        }
