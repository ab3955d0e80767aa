"""Inserting very many rows: they go to the database as one JSON document, in one statement.

A driver that is given a thousand rows binds and sends each value of each of them. That takes two or
three times as long, and on SQLite nobody else may write meanwhile.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from typing import cast as typed_as

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Insert,
    Table,
    Text,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
)
from sqlalchemy.types import TypeEngine

from opensink_web.models.base import Base, db
from opensink_web.models.transaction import run_prepared

_ROWS = bindparam("of_rows", type_=Text)


class Insertion:
    """Rows of one table, ready to be inserted; making it ready needs no transaction.

    All rows have the same columns, and besides those of `shared`, with the same values. JSON that
    is null is stored as NULL.
    """

    def __init__(
        self,
        model: type[Base],
        rows: Sequence[Mapping[str, Any]],
        shared: Mapping[str, Any] | None = None,
    ) -> None:
        table = typed_as("Table", model.__table__)
        names = tuple(rows[0])
        same = {name: value for name, value in (shared or {}).items() if name not in names}
        self._statement = _statement(db.engine.dialect.name, table, tuple(same), names)
        self._values = {**same, _ROWS.key: _document([table.c[name] for name in names], rows)}

    def run(self) -> None:
        """Insert them in the transaction that is open."""
        run_prepared(self._statement, self._values)


def _document(columns: Sequence[Column[Any]], rows: Sequence[Mapping[str, Any]]) -> str:
    """Write rows down as objects with what the driver would be given."""
    converters = {each.key: _converter(each.type) for each in columns}
    return json.dumps(
        [
            {key: row[key] if to is None else to(row[key]) for key, to in converters.items()}
            for row in rows
        ],
        default=str,  # ids and moments, which PostgreSQL's driver would be given as they are
    )


def _converter(kind: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    dialect = db.engine.dialect
    if isinstance(kind, JSON) and dialect.name == "postgresql":
        return None  # it stands in the document as it is
    return kind.dialect_impl(dialect).bind_processor(dialect)


@lru_cache(maxsize=64)
def _statement(dialect: str, table: Table, shared: tuple[str, ...], own: tuple[str, ...]) -> Insert:
    same = [bindparam(name, type_=table.c[name].type) for name in shared]
    if dialect == "postgresql":
        columns = [column(name, table.c[name].type) for name in own]
        function = func.json_to_recordset(cast(_ROWS, JSON)).table_valued(*columns)
        each = function.render_derived(name="each", with_types=True)
        values: list[ColumnElement[Any]] = [each.c[name] for name in own]
    else:
        each = func.json_each(_ROWS).table_valued("value", name="each")
        values = [func.json_extract(each.c.value, f"$.{name}") for name in own]
    return insert(table).from_select([*shared, *own], select(*same, *values).select_from(each))
