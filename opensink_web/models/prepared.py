"""Statements of the hot path, compiled once and then handed to the driver.

SQLAlchemy compiles a statement once too, but what it does around each run costs several times what
SQLite does for it. What is kept here of a statement is its text, how each value is written for the
driver, and how each column is read. Errors are SQLAlchemy's own, and so are the rows.

Whatever this does not know is run by SQLAlchemy: lists in a statement, keys that the database
makes, and all that somebody listens to.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

from sqlalchemy import (
    BindParameter,
    ClauseElement,
    Connection,
    CursorResult,
    Dialect,
    Executable,
    IteratorResult,
)
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

_Processor = Callable[[Any], Any]
_Make = Callable[[], Any]


class PreparedResult(IteratorResult[Any]):
    """The rows that a statement returns, and how many it hit."""

    def __init__(
        self, metadata: SimpleResultMetaData, rows: Sequence[tuple[Any, ...]], rowcount: int
    ) -> None:
        super().__init__(metadata, iter(rows))
        self.rowcount = rowcount


def run(
    connection: Connection, statement: Executable, values: Mapping[str, object]
) -> PreparedResult | CursorResult[Any]:
    """Run a statement that is built once, in the connection's transaction.

    Raises: DBAPIError, as SQLAlchemy does.
    """
    events = connection.engine.dispatch  # its own joins these, at ten times the price
    if events.before_cursor_execute or events.after_cursor_execute:
        return connection.execute(statement, values)
    known = _known.get(statement)
    if known is None:
        known = _known[statement] = {}
    key = (connection.dialect.name, *values)
    if key not in known:
        known[key] = _prepare(statement, connection.dialect, list(values))
    prepared = known[key]
    if prepared is None:
        return connection.execute(statement, values)
    return prepared.run(connection, values)


def run_text(connection: Connection, text: str) -> None:
    """Run a statement without values. Raises: DBAPIError."""
    events = connection.engine.dispatch
    if events.before_cursor_execute or events.after_cursor_execute:
        connection.exec_driver_sql(text)
        return
    try:
        connection.connection.cursor().execute(text)
    except BaseException as error:
        _raise_as_sqlalchemy(connection, error, text)


class _Prepared:
    """The `names` are those of the driver, each with the key of its value; `made` are defaults."""

    def __init__(
        self,
        compiled: SQLCompiler,
        names: Sequence[tuple[str, str, _Processor | None]],
        made: Mapping[str, _Make],
    ) -> None:
        self._text = compiled.string
        self._names = names
        self._made = made
        self._is_positional = compiled.positional
        self._columns = compiled._result_columns  # it has no public name
        self._metadata = SimpleResultMetaData([column.keyname for column in self._columns])
        self._processors: list[_Processor | None] | None = None

    def run(self, connection: Connection, values: Mapping[str, object]) -> PreparedResult:
        if self._made:
            values = {**{key: make() for key, make in self._made.items()}, **values}
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self._text, self._sent(values))
            rows = cursor.fetchall() if cursor.description else []
        except BaseException as error:
            _raise_as_sqlalchemy(connection, error, self._text)
        if self._processors is None:
            self._processors = self._read_by(connection.dialect, cursor.description)
        if any(self._processors):
            rows = [self._read(row) for row in rows]
        return PreparedResult(self._metadata, rows, cursor.rowcount)

    def _sent(self, values: Mapping[str, object]) -> Any:
        sent = [
            values[key] if process is None else process(values[key])
            for _, key, process in self._names
        ]
        if self._is_positional:
            return sent
        return dict(zip([name for name, _, _ in self._names], sent, strict=True))

    def _read_by(self, dialect: Dialect, described: Any) -> list[_Processor | None]:
        return [
            column.type.dialect_impl(dialect).result_processor(dialect, type_code)
            for column, (_, type_code, *_) in zip(self._columns, described or (), strict=True)
        ]

    def _read(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        processors = self._processors or ()
        return tuple(
            [
                value if process is None else process(value)
                for value, process in zip(row, processors, strict=True)
            ]
        )


_known: WeakKeyDictionary[Executable, dict[tuple[str, ...], _Prepared | None]] = WeakKeyDictionary()


def _prepare(statement: Executable, dialect: Dialect, keys: list[str]) -> _Prepared | None:
    """Compile a statement that is run with values of these names.

    Returns None where there is more to running it than that.
    """
    if not isinstance(statement, ClauseElement):
        return None
    compiled = statement.compile(dialect=dialect, column_keys=keys)
    if not isinstance(compiled, SQLCompiler) or compiled.implicit_returning:
        return None
    if compiled.post_compile_params or compiled.literal_execute_params:
        return None
    given = {name: bound for bound, name in compiled.bind_names.items()}
    made = {bound.key: _make(compiled, bound) for bound in given.values() if bound.key not in keys}
    if None in made.values():
        return None
    escaped = compiled.escaped_bind_names
    names = [
        (
            escaped.get(name, name),
            given[name].key,
            given[name].type.dialect_impl(dialect).bind_processor(dialect),
        )
        for name in (compiled.positiontup if compiled.positional else given) or ()
    ]
    return _Prepared(compiled, names, {key: make for key, make in made.items() if make})


def _make(compiled: SQLCompiler, bound: BindParameter[Any]) -> _Make | None:
    """Return what makes a value that is not given; None for what has to be."""
    if bound.required or bound.callable is not None:
        return None
    defaults = [(column, column.default) for column in compiled.insert_prefetch]
    defaults += [(column, column.onupdate) for column in compiled.update_prefetch]
    for column, default in defaults:
        if column.key == bound.key:
            return _made_by(default)
    return lambda: bound.value


def _made_by(default: Any) -> _Make | None:
    if default is None or not (default.is_scalar or default.is_callable):
        return None
    # SQLAlchemy has put a function around ours that takes what ours do not ask for
    return (lambda: default.arg) if default.is_scalar else (lambda: default.arg(None))


def _raise_as_sqlalchemy(connection: Connection, error: BaseException, text: str) -> NoReturn:
    """Raise what the driver has raised as SQLAlchemy would; what is gone is used no more."""
    dialect, driver_error = connection.dialect, connection.dialect.loaded_dbapi.Error
    if not isinstance(error, driver_error):
        if not isinstance(error, Exception):  # it was interrupted, who knows where
            connection.invalidate(error)
        raise error
    is_gone = dialect.is_disconnect(error, connection.connection.dbapi_connection, None)
    if is_gone:
        connection.invalidate(error)
    raise DBAPIError.instance(
        text,
        None,
        error,
        driver_error,
        hide_parameters=True,
        connection_invalidated=is_gone,
        dialect=dialect,
    ) from error
