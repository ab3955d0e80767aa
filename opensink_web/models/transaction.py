"""Transactions: how one is opened, whom a commit wakes, and who is told of it.

SQLite lets one writer in at a time and refuses a reader that turns writer halfway, so whoever
means to write says so at the start (`BEGIN IMMEDIATE`). Within a process writers queue at a lock,
which is fairer and faster than SQLite's own waiting. On both databases nobody waits for a lock
longer than a person would: a database that is locked, full, read-only or away is `Unavailable`.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

from blinker import Signal
from sqlalchemy import Connection, CursorResult, Engine, Executable, UpdateBase, event
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, SessionTransaction

from opensink_web.errors import Conflict, NotFound, Unavailable
from opensink_web.models import prepared
from opensink_web.models.base import db
from opensink_web.models.leased import Leased


@dataclass(frozen=True, slots=True)
class Wakeup:
    """A concurrency group in which something of a kind (its table's name) may be due."""

    kind: str
    group_id: UUID


class Area(StrEnum):
    """What pages show that move by themselves."""

    REQUESTS = "requests"
    SESSIONS = "sessions"
    DELIVERIES = "deliveries"
    EXECUTIONS = "executions"
    JOBS = "jobs"
    SINKS = "sinks"
    MEMBERS = "members"
    """Who may look: pages that are open ask anew, and whoever may no longer learns so."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something in an area of a workspace is not what pages that are open show."""

    workspace_id: UUID
    area: Area


work_committed = Signal()
"""Sent after a commit with `wakeups`: a list of Wakeup."""
changes_committed = Signal()
"""Sent after a commit with `changes`: a set of Change."""

_WAKEUPS = "wakeups"
_CHANGES = "changes"
_FACTS = "facts"
_CONNECTION = "connection"
_TRY_AGAIN = "The database could not take this just now. Nothing was stored; please try again."
_MAY_BE_STORED = (
    "The database went away while this was being stored. Look whether it is there, or try again."
)
_DONE_ALREADY = "Somebody has just done the same. Nothing was stored; please try again."
_JUST_DELETED = "What this belongs to has just been deleted. Nothing was stored."
_LOCKED_SECONDS = 5
"""How long a writer waits for the others, here and in the database, before it gives up."""
_LOOK_AGAIN_SECONDS = 0.0007
"""After so long a writer looks whether the one in another process is done."""
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_READ_ONLY = "25006"
_PROGRAM_LIMIT_EXCEEDED = "54"
_UNIQUE_VIOLATION = "23505"
_FOREIGN_KEY_VIOLATION = "23503"
# https://www.sqlite.org/rescode.html
_SQLITE_UNIQUE_VIOLATIONS = frozenset(
    {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}
)
# asking the registry for the session costs a statement, and the hot path would ask a dozen times
_writes: ContextVar[Session | None] = ContextVar("writes", default=None)
_sqlite_writers = threading.Lock()


@contextmanager
def writing() -> Iterator[None]:
    """Run the block in one transaction that may write; commit at its end, once.

    A read transaction that is open on the session ends first, and what was loaded in it is
    loaded anew. Raises: Unavailable when the database cannot take the transaction now; Conflict
    when another one stored, since this one looked, what there can be only once; NotFound when
    another one deleted what this one refers to.
    """
    if _writes.get() is not None:
        raise RuntimeError("a transaction that writes is open already; it commits once, at its end")
    session = db.session()
    session.rollback()
    session.info[_WAKEUPS], session.info[_CHANGES], session.info[_FACTS] = [], set(), []
    with _writer(session):
        try:
            yield
            _commit(session)
        except BaseException as error:
            session.rollback()
            if is_outage(error):
                raise Unavailable(_TRY_AGAIN) from error
            if _is_stored_already(error):
                raise Conflict(_DONE_ALREADY) from error
            if _belongs_to_nothing(error):
                raise NotFound(_JUST_DELETED) from error
            raise
    for tell in session.info.pop(_FACTS):
        tell()
    _notify(session.info.pop(_WAKEUPS))
    if changes := session.info.pop(_CHANGES):
        changes_committed.send(None, changes=changes)


@contextmanager
def reading() -> Iterator[None]:
    """Run the block in a transaction that only reads, and end it."""
    try:
        yield
    finally:
        db.session.rollback()


def end_reading() -> None:
    """End the transaction before something that takes its time: it held a connection till now.

    What was loaded in it is loaded anew. Raises: RuntimeError where one that writes is open.
    """
    if _writes.get() is not None:
        raise RuntimeError("a transaction that writes is open; others would wait for its end")
    db.session.rollback()


def is_outage(error: BaseException) -> bool:
    """Return True if the database is locked, full or away, and the statement is not wrong."""
    if isinstance(error, PoolTimeout):
        return True
    if isinstance(error, OperationalError):
        return not _is_wrong(error.orig)
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", "") == _READ_ONLY


def _is_wrong(error: BaseException | None) -> bool:
    """Return True if trying again cannot help, of what the drivers count among outages.

    For SQLite that is a table that is not there as well as a limit; for PostgreSQL a limit alone.
    """
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_BUSY)
        return code & 0xFF == sqlite3.SQLITE_ERROR  # the rest of it says more closely what
    return str(getattr(error, "sqlstate", "")).startswith(_PROGRAM_LIMIT_EXCEEDED)


def _is_stored_already(error: BaseException) -> bool:
    """Return True if a row with the same key is there, which a look before did not show yet."""
    if not isinstance(error, IntegrityError):
        return False
    if isinstance(error.orig, sqlite3.Error):
        return error.orig.sqlite_errorcode in _SQLITE_UNIQUE_VIOLATIONS
    return getattr(error.orig, "sqlstate", "") == _UNIQUE_VIOLATION


def _belongs_to_nothing(error: BaseException) -> bool:
    """Return True if a row that this one refers to is gone, though a look before showed it."""
    if not isinstance(error, IntegrityError):
        return False
    if isinstance(error.orig, sqlite3.Error):
        return error.orig.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
    return getattr(error.orig, "sqlstate", "") == _FOREIGN_KEY_VIOLATION


def rows_changed(statement: UpdateBase) -> int:
    """Run an UPDATE or DELETE and return how many rows it hit, which is the only proof it did.

    Loaded objects are not told: refresh those that are read again.
    """
    result = db.session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", result).rowcount


def run_prepared(
    statement: Executable, values: Mapping[str, object] | Sequence[Mapping[str, object]]
) -> prepared.PreparedResult | CursorResult[Any]:
    """Run a statement that was built once, in the session's transaction but past its objects.

    Costs a tenth of the session's own way, and is for the hot path: what was added to the session
    is not flushed first, and loaded objects are not told. With several values it is run for each.
    """
    if not isinstance(values, Mapping):
        return _connection().execute(statement, values)
    return prepared.run(_connection(), statement, values)


def _session() -> Session:
    return _writes.get() or db.session()


def _connection() -> Connection:
    """Return the connection of the session's transaction; asking it each time costs a statement."""
    session = _session()
    # SQLAlchemy sets a savepoint only when its connection is asked for
    begun = session.get_nested_transaction() or session.get_transaction()
    known: tuple[SessionTransaction, Connection] | None = session.info.get(_CONNECTION)
    if known is not None and known[0] is begun and known[0].is_active:
        return known[1]
    connection = session.connection()
    begun = session.get_nested_transaction() or session.get_transaction()
    session.info[_CONNECTION] = (begun, connection)
    return connection


def notify_after_commit(kind: type[Leased], group_id: UUID) -> None:
    """Have a worker look at a group in which this transaction writes something that is due."""
    pending = _session().info.setdefault(_WAKEUPS, [])
    wakeup = Wakeup(kind.__tablename__, group_id)
    if wakeup not in pending:  # once is enough
        pending.append(wakeup)


def tell_after_commit(tell: Callable[[], None]) -> None:
    """Have what happened be told, once it is stored."""
    _session().info.setdefault(_FACTS, []).append(tell)


def changed_after_commit(workspace_id: UUID, area: Area = Area.REQUESTS) -> None:
    """Have pages that are open look again at what this transaction changes."""
    _session().info.setdefault(_CHANGES, set()).add(Change(workspace_id, area))


def _commit(session: Session) -> None:
    """Raises: Unavailable, saying so, when nobody knows whether the commit was heard."""
    try:
        session.commit()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Unavailable(_MAY_BE_STORED) from error
        raise


def _notify(wakeups: list[Wakeup]) -> None:
    if wakeups:
        work_committed.send(None, wakeups=wakeups)


@contextmanager
def _writer(session: Session) -> Iterator[None]:
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    if is_sqlite and not _sqlite_writers.acquire(timeout=_LOCKED_SECONDS):
        raise Unavailable(_TRY_AGAIN)
    token = _writes.set(session)
    try:
        yield
    finally:
        _writes.reset(token)
        if is_sqlite:
            _sqlite_writers.release()


def prepare_sqlite(engine: Engine) -> None:
    """Set up a SQLite engine: WAL, foreign keys, and transactions that we begin ourselves."""

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late, and is deferred
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",  # a commit that was acknowledged survives a power cut
            "foreign_keys = ON",
            # A decision changes so many pages of indexes that what undoes the statement, if it
            # fails halfway, would go to a file. No query sorts much; what does asks for files.
            "temp_store = MEMORY",
            f"busy_timeout = {_LOCKED_SECONDS * 1000}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if _writes.get() is not None:
            _begin_immediate(connection)
        else:
            prepared.run_text(connection, "BEGIN")


def _begin_immediate(connection: Connection) -> None:
    """Wait for the writer in another process, who is done in a millisecond or two as a rule.

    SQLite's own waiting sleeps 1, 2, 5, 10, 15, 20 and more milliseconds, so processes that write
    by turns would mostly sleep.
    """
    driver: Any = connection.connection.dbapi_connection
    until = time.monotonic() + _LOCKED_SECONDS
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        while time.monotonic() < until:
            try:
                driver.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    break
            time.sleep(_LOOK_AGAIN_SECONDS)
        prepared.run_text(connection, "BEGIN IMMEDIATE")
    finally:
        driver.execute(f"PRAGMA busy_timeout = {int(_LOCKED_SECONDS * 1000)}")


@event.listens_for(db.session, "after_begin")
def _read_without_transaction(_session: Any, _transaction: Any, connection: Connection) -> None:
    """Let PostgreSQL end each statement that only reads by itself.

    At READ COMMITTED each sees what is committed by then, in a transaction or not. It saves BEGIN
    and ROLLBACK, and psycopg forgets with each ROLLBACK which statements the server has planned.
    """
    if _writes.get() is None and connection.dialect.name == "postgresql":
        driver: Any = connection.connection.dbapi_connection
        driver.autocommit = True


def prepare_postgresql(engine: Engine) -> None:
    """Set up a PostgreSQL engine: whoever waits for a lock gives up as on SQLite."""

    @event.listens_for(engine, "checkin")
    def write_again(connection: Any, _record: Any) -> None:
        if connection is not None and not connection.closed:
            connection.autocommit = False

    @event.listens_for(engine, "connect")
    def set_limit(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{_LOCKED_SECONDS}s'")
        connection.commit()
