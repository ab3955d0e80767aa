"""Rows that nobody finds, by whatever way they look: what was deleted, and what is not whole yet.

An agent, a session or a sink may have a hundred thousand rows, which a cascade would delete
while everybody waits. So a moment in one row says that it is gone, and the rest goes in slices
(operations/deletion.py). A batch of as many is written in slices too: it is there once the last of
them is, and not before (operations/executions/staging.py).

Every query by the ORM is narrowed here, in one place: no list, count or page has to think of it,
nor can one forget it. A statement that is built of tables, or run past the session, sees all.
"""

from typing import Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Executable, Select, Table, and_, event, not_, or_, select
from sqlalchemy.orm import LoaderCriteriaOption, ORMExecuteState, Session
from sqlalchemy.sql.visitors import ExtendedInternalTraversal

from opensink_web.models.activity import Activity
from opensink_web.models.agent import Agent
from opensink_web.models.agent_configuration import AgentConfiguration
from opensink_web.models.agent_session import AgentSession
from opensink_web.models.background_job import BackgroundJob
from opensink_web.models.base import Base, db
from opensink_web.models.batch import Batch
from opensink_web.models.chat import Chat
from opensink_web.models.delivery import Delivery
from opensink_web.models.execution import Execution
from opensink_web.models.function import Function
from opensink_web.models.input_request import InputRequest
from opensink_web.models.sink import Sink, SinkItem

# of the tables, not the classes: else this would be narrowed too
_AGENTS = cast("Table", Agent.__table__).alias("deleted_agents")
_SESSIONS = cast("Table", AgentSession.__table__).alias("deleted_sessions")
_BATCHES = cast("Table", Batch.__table__).alias("staged_batches")
_SINKS = cast("Table", Sink.__table__).alias("deleted_sinks")


_DELETED_AGENTS, _DELETED_SESSIONS, _DELETED_SINKS = (
    select(each.c.id).where(each.c.deleted_at.is_not(None)) for each in (_AGENTS, _SESSIONS, _SINKS)
)
_STAGED_BATCHES = select(_BATCHES.c.id).where(_BATCHES.c.staged_until.is_not(None))


def _belongs_to_none(*parents: tuple[Any, Select[Any]]) -> ColumnElement[bool]:
    """Its columns refer to none of the rows that are hidden.

    Of these there are none as a rule, which is looked up once, and then the columns of no row need
    be read: what counts or goes through an index reads that alone (not so PostgreSQL).
    """
    of_row: list[ColumnElement[bool]] = []
    for column, hidden in parents:
        is_there = column.not_in(hidden)
        of_row.append(or_(column.is_(None), is_there) if column.nullable else is_there)
    are_none = [not_(hidden.exists()) for _, hidden in parents]
    return or_(and_(*are_none), and_(*of_row))


class _Narrowing(LoaderCriteriaOption):
    """A criterion that SQLAlchemy's cache of statements knows by its table alone.

    There is one for each table, without a bound value. Written out in the cache's key, as they are
    otherwise, all of them would be walked through and hashed for every query.
    """

    __slots__ = ()
    _traverse_internals = [("entity", ExtendedInternalTraversal.dp_has_cache_key)]


_IS_THERE: dict[type[Base], ColumnElement[bool]] = {
    Agent: Agent.deleted_at.is_(None),
    Function: Function.deleted_at.is_(None),
    BackgroundJob: BackgroundJob.deleted_at.is_(None),
    AgentSession: and_(
        AgentSession.deleted_at.is_(None),
        _belongs_to_none((AgentSession.agent_id, _DELETED_AGENTS)),
    ),
    AgentConfiguration: _belongs_to_none((AgentConfiguration.agent_id, _DELETED_AGENTS)),
    **{
        each: _belongs_to_none(
            (each.agent_id, _DELETED_AGENTS), (each.session_id, _DELETED_SESSIONS)
        )
        for each in (Activity, Delivery)
    },
    InputRequest: _belongs_to_none(
        (InputRequest.agent_id, _DELETED_AGENTS),
        (InputRequest.session_id, _DELETED_SESSIONS),
        (InputRequest.batch_id, _STAGED_BATCHES),
    ),
    Batch: Batch.staged_until.is_(None),
    **{each: _belongs_to_none((each.batch_id, _STAGED_BATCHES)) for each in (Execution, Chat)},
    Sink: Sink.deleted_at.is_(None),
    SinkItem: _belongs_to_none((SinkItem.sink_id, _DELETED_SINKS)),
}
_CRITERIA = tuple(_Narrowing(table, criterion) for table, criterion in _IS_THERE.items())
# statements that were built once are narrowed once: that costs more than running them
_narrowed: WeakKeyDictionary[Executable, Executable] = WeakKeyDictionary()


def is_there(table: type[Base]) -> ColumnElement[bool]:
    """Return the condition that a statement which is run past the session must have itself."""
    return _IS_THERE[table]


def is_anything_hidden() -> bool:
    """Return True if there is a row that is deleted or staged, which is rare and soon over.

    Where there is none, a count of very many rows need not look at what each of them belongs to:
    PostgreSQL would read all of them for it.
    """
    hidden = (each.exists() for each in (_DELETED_AGENTS, _DELETED_SESSIONS, _STAGED_BATCHES))
    return bool(db.session.scalar(select(or_(*hidden))))


@event.listens_for(Session, "do_orm_execute")
def _hide(state: ORMExecuteState) -> None:
    is_for_rows = state.is_select or state.is_update or state.is_delete
    # what is loaded later has the criteria of the query that it belongs to
    if is_for_rows and not state.is_column_load and not state.is_relationship_load:
        narrowed = _narrowed.get(state.statement)
        if narrowed is None:
            narrowed = _narrowed[state.statement] = state.statement.options(*_CRITERIA)
        state.statement = narrowed
