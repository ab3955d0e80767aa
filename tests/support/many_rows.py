"""Many rows, made by the database itself: copies of rows, with ids of their own."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
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
NEW_ID = {
    "sqlite": "lower(hex(randomblob(16)))",
    "postgresql": "gen_random_uuid()",
}
"""Ids in no order."""
_NEW_ID = {
    "sqlite": "'0199' || printf('%012x', {base} + n) || lower(hex(randomblob(8)))",
    "postgresql": "CAST('0199' || lpad(to_hex(CAST({base} + n AS bigint)), 12, '0')"
    " || md5(random()::text)::char(16) AS uuid)",
}
"""Ids in the order of n, as UUIDv7s are; n is a number of the series, from 1."""
_INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = '{table}'"
    " AND sql IS NOT NULL",
    "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = '{table}'"
    " AND indexname NOT IN (SELECT conname FROM pg_constraint)",
}
_REFERENCES = {
    "sqlite": "PRAGMA foreign_keys = {}",
    "postgresql": "SET session_replication_role = {}",
}
_UNCHECKED, _CHECKED = (
    {"sqlite": "OFF", "postgresql": "replica"},
    {"sqlite": "ON", "postgresql": "origin"},
)


def copy_row(
    model: type[Base], row_id: UUID, count: int, values: Mapping[str, str] | None = None
) -> None:
    """Copy a row so many times; `values` are SQL for columns that differ, in which n is there."""
    bound: Any = row_id.hex if db.engine.dialect.name == "sqlite" else row_id
    with writing():
        statement = _copying(model, "old.id = :row_id", values or {})
        db.session.execute(text(statement), {"count": count, "row_id": bound})


def copy_rows(
    model: type[Base], condition: str, count: int, values: Mapping[str, str] | None = None
) -> None:
    """Copy each row of `old` that fulfils a condition so many times, in turns.

    For hundreds of thousands. The condition is looked at as often, without indexes but the key.
    """
    with indexed_later(model.__tablename__) as execute:
        execute(_copying(model, condition, values or {}).replace(":count", str(count)))


@contextmanager
def indexed_later(table: str) -> Iterator[Callable[[str], Any]]:
    """Let the block write into a table without its indexes, which are made anew at its end; no
    reference is looked at.
    """
    dialect = db.engine.dialect.name
    references = _REFERENCES[dialect]
    with closing(db.engine.raw_connection()) as pooled:
        connection: Any = pooled.driver_connection
        if dialect == "postgresql":
            connection.autocommit = True
        execute = connection.execute
        execute(references.format(_UNCHECKED[dialect]))
        indexes = execute(_INDEXES[dialect].format(table=table)).fetchall()
        for name, _ in indexes:
            execute(f'DROP INDEX "{name}"')
        yield execute
        for _, statement in indexes:
            execute(statement)
        execute(references.format(_CHECKED[dialect]))
        if dialect == "postgresql":
            connection.autocommit = False


def _copying(model: type[Base], condition: str, values: Mapping[str, str]) -> str:
    table = cast("Table", model.__table__)
    dialect = db.engine.dialect.name
    base = sum(map(ord, table.name)) << 32
    differing = {"id": _NEW_ID[dialect].format(base=base), **values}
    names = [column.name for column in table.columns if column.computed is None]
    quoted = ", ".join(f'"{name}"' for name in names)
    selected = ", ".join(differing.get(name, f'old."{name}"') for name in names)
    return (
        f"INSERT INTO {table.name} ({quoted}) {_SERIES[dialect]}SELECT {selected} "  # noqa: S608 - our names
        f"FROM series CROSS JOIN {table.name} old WHERE {condition}"
    )
