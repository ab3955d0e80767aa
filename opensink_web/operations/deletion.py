"""What is left of what was deleted, such as agents and sinks: it goes, a slice at a time.

Nobody finds it meanwhile (models/hidden.py). What refers to a row goes before it, so that no
foreign key's cascade has much to do; the row that says that it is deleted goes last, so a process
that is killed in between leaves what the next one goes on with.
"""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, delete, select, update

from opensink_web.models import (
    OPEN_STATUSES,
    Activity,
    Agent,
    AgentConfiguration,
    AgentSession,
    AuditAction,
    BackgroundJob,
    Base,
    Batch,
    Chat,
    Delivery,
    Execution,
    Function,
    InputRequest,
    JobRun,
    Sink,
    SinkItem,
    StandingApproval,
    SubjectKind,
    db,
)
from opensink_web.models.transaction import rows_changed
from opensink_web.operations.audit.record import record
from opensink_web.operations.slices import SLICE


def _tables(*models: type[Base]) -> tuple[Table, ...]:
    # of a class only those are found that are not deleted
    return tuple(cast("Table", each.__table__) for each in models)


_AGENTS, _SESSIONS, _FUNCTIONS, _JOBS, _SINKS = _tables(
    Agent, AgentSession, Function, BackgroundJob, Sink
)
(_REQUESTS,) = _tables(InputRequest)
# in this order: a request takes its deliveries along, and a session all that was in it
_BELONG_TO = {
    _AGENTS: (
        "agent_id",
        _tables(Delivery, Activity, InputRequest, AgentSession, AgentConfiguration),
    ),
    _SESSIONS: ("session_id", _tables(Delivery, Activity, InputRequest)),
    _FUNCTIONS: ("function_id", ()),
    _JOBS: ("job_id", _tables(JobRun)),
    _SINKS: ("sink_id", _tables(SinkItem)),
}
_OUTLIVE = {
    _AGENTS: _tables(Execution, Batch, Chat, StandingApproval),
    _SESSIONS: (),
    _FUNCTIONS: _tables(Execution, Batch, StandingApproval),
    _JOBS: (),
    _SINKS: (),
}


def is_anything_left() -> bool:
    """Return True if something that was deleted has rows still. Writes nothing."""
    return any(_first_deleted(table) is not None for table in _BELONG_TO)


def delete_some_left() -> int:
    """Delete a slice of what is left, or the row itself; return how many rows, 0 for none."""
    for table, (column, children) in _BELONG_TO.items():
        row_id = _first_deleted(table)
        if row_id is None:
            continue
        for child in children:
            if ids := _some(child, column, row_id):
                if child is _REQUESTS:
                    _note_open(ids)
                return rows_changed(delete(child).where(child.c.id.in_(ids)))
        for child in _OUTLIVE[table]:
            if ids := _some(child, column, row_id):
                return rows_changed(update(child).where(child.c.id.in_(ids)).values({column: None}))
        return rows_changed(delete(table).where(table.c.id == row_id))
    return 0


def _note_open(request_ids: Sequence[UUID]) -> None:
    """Note for the audit which requests waited still that are deleted now."""
    is_open = _REQUESTS.c.status.in_(OPEN_STATUSES)
    which = select(_REQUESTS.c.id, _REQUESTS.c.workspace_id)
    for row in db.session.execute(which.where(_REQUESTS.c.id.in_(request_ids), is_open)):
        record(AuditAction.REQUEST_DELETED, row.workspace_id, SubjectKind.REQUEST, row.id)


def _first_deleted(table: Table) -> UUID | None:
    deleted = select(table.c.id).where(table.c.deleted_at.is_not(None)).limit(1)
    return db.session.scalar(deleted)


def _some(table: Table, column: str, parent_id: UUID) -> list[Any]:
    # whoever holds a row is at work on it, and the next slice takes it
    some = select(table.c.id).where(table.c[column] == parent_id).limit(SLICE)
    return list(db.session.scalars(some.with_for_update(skip_locked=True)))
