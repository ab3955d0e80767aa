"""Many rows, made by the database itself: a copy of one row, with ids of their own."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, text

from opensink_web.models import Base, db
from opensink_web.models.transaction import writing

_SERIES = {
    "sqlite": "WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series "
    "WHERE n < :count) ",
    "postgresql": "WITH series AS (SELECT generate_series(1, :count) AS n) ",
}
_NEW_ID = {
    "sqlite": "'0199' || printf('%012x', {base} + n) || lower(hex(randomblob(8)))",
    "postgresql": "CAST('0199' || lpad(to_hex(CAST({base} + n AS bigint)), 12, '0')"
    " || md5(random()::text)::char(16) AS uuid)",
}
"""Ids in the order of n, as UUIDv7s are; n is a number of the series, from 1."""


def copy_row(
    model: type[Base], row_id: UUID, count: int, values: Mapping[str, str] | None = None
) -> None:
    """Copy a row so many times; `values` are SQL for columns that differ, in which n is there."""
    table = cast("Table", model.__table__)
    dialect = db.engine.dialect.name
    base = sum(map(ord, table.name)) << 32
    differing = {"id": _NEW_ID[dialect].format(base=base), **(values or {})}
    names = [column.name for column in table.columns]
    quoted = ", ".join(f'"{name}"' for name in names)
    selected = ", ".join(differing.get(name, f'old."{name}"') for name in names)
    bound: Any = row_id.hex if dialect == "sqlite" else row_id
    statement = (
        f"INSERT INTO {table.name} ({quoted}) {_SERIES[dialect]}SELECT {selected} "  # noqa: S608 - our names
        f"FROM {table.name} old, series WHERE old.id = :row_id"
    )
    with writing():
        db.session.execute(text(statement), {"count": count, "row_id": bound})
