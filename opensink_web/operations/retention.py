"""How long what has ended is kept, and deleting what is older: a slice in each transaction.

Only what has ended goes, and whole: a session with its requests, activities and deliveries, an
execution with its timeline, what it asked and its callback, a batch with its executions, a chat
with its messages, of the audit the beginning of a chain up to a checkpoint (audit/pruning.py), of a
sink each item. What still waits for a person, a worker or a callback stays with all of it. Of a
batch larger than a slice the executions go first, over several transactions, and of very long chats
their messages; of a session nothing is found any more from the first, and its rows go after it
(operations/deletion.py).

What may go is looked for in a transaction that only reads, so that nobody waits to write meanwhile,
and looked at once more in the one that deletes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)

from opensink_web import clock
from opensink_web.models import (
    OPEN_STATUSES,
    AgentSession,
    AuditHead,
    Batch,
    Callback,
    Chat,
    ChatMessage,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    Execution,
    InputRequest,
    JobRun,
    SessionStatus,
    SinkItem,
    StandingApproval,
    Workspace,
    db,
)
from opensink_web.models.background_job import ENDED_RUNS
from opensink_web.models.execution import ENDED
from opensink_web.models.transaction import rows_changed
from opensink_web.operations.audit.pruning import (
    count_prunable_entries,
    has_prunable,
    prune_entries,
)
from opensink_web.operations.kept import Kept, Term, column_of, term_of
from opensink_web.operations.slices import SLICE


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows: one workspace's, for as long as it says `days` for itself; or all but some."""

    workspace_id: UUID | None = None
    days: int | None = None
    but: tuple[UUID, ...] = ()

    def keeps(self, rows: Table) -> list[ColumnElement[bool]]:
        """Say in a query whose they are."""
        if self.workspace_id is not None:
            return [rows.c.workspace_id == self.workspace_id]
        return [rows.c.workspace_id.not_in(self.but)] if self.but else []

    def holds(self, kind: Kept) -> list[ColumnElement[bool]]:
        """Say in a query that the workspace still wants it so: going through all takes a while."""
        if self.days is None:
            return []
        says = column_of(term_of(kind)) == self.days
        return [exists().where(Workspace.id == self.workspace_id, says)]


EVERYWHERE = Scope()
START = UUID(int=0)
"""Before all rows."""
LOOKED_AT = 10 * SLICE
"""How many rows are looked at in one transaction, which only reads."""


@dataclass(frozen=True, slots=True)
class Prunable:
    """Rows that may go, a slice at most; after `next_after` there may be more, None is the end."""

    ids: Sequence[UUID]
    next_after: UUID | None


# written out, as the partial index has it
_IS_OWED = Callback.status == literal_column("'pending'")


@dataclass(frozen=True, slots=True)
class Plan:
    """That of a kind goes what ended before `cutoff`, `days` ago, in a scope."""

    kind: Kept
    days: int
    cutoff: datetime
    scope: Scope


def plans(days: Mapping[Term, int]) -> list[Plan]:
    """Return what goes where, of each kind that is not kept for good.

    `days` are the server's. A workspace that says less for itself keeps its own for so long.
    """
    moment = clock.now()
    planned: list[Plan] = []
    for kind in Kept:
        term = term_of(kind)
        column = column_of(term)
        own = db.session.execute(
            select(Workspace.id, column).where(column.is_not(None)).order_by(Workspace.id)
        )
        shorter = {
            workspace_id: span
            for workspace_id, span in own
            if span is not None and days_in_force(days[term], span) == span
        }
        scopes = {Scope(workspace_id, span): span for workspace_id, span in shorter.items()}
        if days[term]:
            scopes[Scope(but=tuple(shorter))] = days[term]
        planned += [
            Plan(kind, span, moment - timedelta(days=span), scope) for scope, span in scopes.items()
        ]
    return planned


def days_in_force(of_server: int, of_workspace: int | None) -> int:
    """Return for how many days something is kept; 0 is for good.

    What whoever runs the server promised others holds for all: a workspace keeps nothing longer.
    """
    if of_workspace is None:
        return of_server
    return min(of_server or of_workspace, of_workspace)


def count_prunable(
    kind: Kept, cutoff: datetime, scope: Scope = EVERYWHERE, *, most: int | None = None
) -> int:
    """Count what is older, or so much of it."""
    if kind is Kept.AUDIT:
        whose = scope.keeps(cast("Table", AuditHead.__table__))
        count = count_prunable_entries(cutoff, whose)
        return count if most is None else min(count, most)
    prunable = _prunable(kind, cutoff, scope).limit(most).subquery()
    return db.session.scalar(select(func.count()).select_from(prunable)) or 0


def find_prunable(kind: Kept, cutoff: datetime, after: UUID, scope: Scope = EVERYWHERE) -> Prunable:
    """Look at the next rows that were made before, oldest first; writes nothing.

    At so many as LOOKED_AT, however few of them may go: what is old and never ended may be a
    million rows. The first `after` is START.
    """
    table = _table_of(kind)
    rows = cast("Table", table.__table__)  # those that were deleted or are staged count too
    through = (*_looked_through(kind, rows, cutoff), *scope.keeps(rows))
    following = select(rows.c.id).where(*through, rows.c.id > after)
    last = db.session.scalar(following.order_by(rows.c.id).offset(LOOKED_AT - 1).limit(1))
    query = _prunable(kind, cutoff, scope).where(table.id > after)
    if last is not None:
        query = query.where(table.id <= last)
    ids = db.session.scalars(query.order_by(table.id).limit(SLICE)).all()
    return Prunable(ids, ids[-1] if len(ids) == SLICE else last)


def prune_some(
    kind: Kept, cutoff: datetime, ids: Sequence[UUID], scope: Scope = EVERYWHERE
) -> Sequence[UUID]:
    """Delete what was found, if it may go still; return what of it is left to be deleted.

    That is where each may have any number of rows of its own: it takes few, or some of those rows.
    """
    table = _table_of(kind)
    some = ids[: _at_once(kind)]
    # looked at again: it may have been taken up since, or somebody holds it
    query = _prunable(kind, cutoff, scope).where(table.id.in_(some), *scope.holds(kind))
    going = db.session.scalars(query.with_for_update(skip_locked=True, of=table)).all()
    if going and _delete_children(kind, going, cutoff):
        return ids
    if kind is Kept.SESSIONS:  # of one session there may be any number of rows
        deleted = update(AgentSession).where(AgentSession.id.in_(going))
        rows_changed(deleted.values(deleted_at=clock.now(), updated_at=clock.now()))
    elif kind is not Kept.AUDIT:  # of which the end stays
        rows_changed(delete(table).where(table.id.in_(going)))
    return ids[len(some) :]


def _at_once(kind: Kept) -> int:
    match kind:
        case Kept.SESSIONS:
            return 50
        case Kept.BATCHES | Kept.AUDIT:
            return 1
        case Kept.CHATS:
            return 20
        case (
            Kept.TEST_CALLS
            | Kept.EXECUTIONS
            | Kept.STANDING_APPROVALS
            | Kept.JOB_RUNS
            | Kept.SINK_ITEMS
        ):
            return SLICE


def _delete_children(kind: Kept, ids: Sequence[UUID], cutoff: datetime) -> bool:
    """Delete some of what is in batches, chats or the audit; return True if there may be more."""
    some: Select[UUID]
    match kind:
        case Kept.BATCHES:
            some, most = select(Execution.id).where(Execution.batch_id.in_(ids)), SLICE
        case Kept.CHATS:  # nothing belongs to a message
            some, most = select(ChatMessage.id).where(ChatMessage.chat_id.in_(ids)), 10 * SLICE
        case Kept.AUDIT:
            return prune_entries(ids[0], cutoff)
        case (
            Kept.SESSIONS
            | Kept.TEST_CALLS
            | Kept.EXECUTIONS
            | Kept.STANDING_APPROVALS
            | Kept.JOB_RUNS
            | Kept.SINK_ITEMS
        ):
            return False
    child = Execution if kind is Kept.BATCHES else ChatMessage
    return rows_changed(delete(child).where(child.id.in_(some.limit(most)))) == most


def _table_of(
    kind: Kept,
) -> type[
    AgentSession
    | Delivery
    | Execution
    | Batch
    | Chat
    | StandingApproval
    | AuditHead
    | JobRun
    | SinkItem
]:
    match kind:
        case Kept.SESSIONS:
            return AgentSession
        case Kept.TEST_CALLS:
            return Delivery
        case Kept.EXECUTIONS:
            return Execution
        case Kept.BATCHES:
            return Batch
        case Kept.CHATS:
            return Chat
        case Kept.STANDING_APPROVALS:
            return StandingApproval
        case Kept.AUDIT:
            return AuditHead
        case Kept.JOB_RUNS:
            return JobRun
        case Kept.SINK_ITEMS:
            return SinkItem


def _prunable(kind: Kept, cutoff: datetime, scope: Scope) -> Select[UUID]:
    table = _table_of(kind)
    rows = cast("Table", table.__table__)
    through = (*_looked_through(kind, rows, cutoff), *scope.keeps(rows))
    return select(table.id).where(*through, _has_ended(kind, cutoff))


def _looked_through(kind: Kept, rows: Table, cutoff: datetime) -> list[ColumnElement[bool]]:
    """Return what an index finds, in the order of the ids."""
    # what ended before was made before: this bounds how much is looked at
    conditions = [rows.c.id < UUID(int=int(cutoff.timestamp() * 1000) << 80)]
    if kind is Kept.TEST_CALLS:
        conditions.append(rows.c.session_id.is_(None))  # by which they are found among all others
    if kind is Kept.EXECUTIONS:
        conditions.append(rows.c.batch_id.is_(None))
    return conditions


def _has_ended(kind: Kept, cutoff: datetime) -> ColumnElement[bool]:
    match kind:
        case Kept.SESSIONS:
            ended = [each for each in SessionStatus if each.has_ended]
            return and_(
                AgentSession.status.in_(ended),
                AgentSession.updated_at < cutoff,
                ~exists().where(
                    InputRequest.session_id == AgentSession.id,
                    InputRequest.status.in_(OPEN_STATUSES),
                ),
                ~exists().where(
                    Delivery.session_id == AgentSession.id,
                    Delivery.status == DeliveryStatus.PENDING,
                ),
            )
        case Kept.TEST_CALLS:
            return and_(
                Delivery.kind == DeliveryKind.TEST,
                Delivery.status != DeliveryStatus.PENDING,
                Delivery.finished_at < cutoff,
            )
        case Kept.EXECUTIONS:
            return and_(
                Execution.status.in_(ENDED),
                Execution.finished_at < cutoff,
                ~exists().where(Callback.execution_id == Execution.id, _IS_OWED),
            )
        case Kept.BATCHES:
            return and_(
                Batch.ended_as.is_not(None),
                Batch.finished_at < cutoff,
                ~exists().where(Callback.batch_id == Batch.id, _IS_OWED),
                ~exists().where(
                    _IS_OWED,
                    Callback.execution_id == Execution.id,
                    Execution.batch_id == Batch.id,
                ),
            )
        case Kept.CHATS:
            return and_(
                ~exists().where(Execution.chat_id == Chat.id, Execution.status.not_in(ENDED)),
                ~exists().where(ChatMessage.chat_id == Chat.id, ChatMessage.created_at >= cutoff),
            )
        case Kept.STANDING_APPROVALS:
            is_used_up = StandingApproval.uses_count >= StandingApproval.uses_max
            return and_(
                or_(
                    StandingApproval.revoked_at < cutoff,
                    StandingApproval.expires_at < cutoff,
                    and_(is_used_up, StandingApproval.created_at < cutoff),
                ),
                # what it approved says so for as long as it is there
                ~exists().where(InputRequest.standing_approval_id == StandingApproval.id),
            )
        case Kept.AUDIT:
            return has_prunable(cutoff)
        case Kept.JOB_RUNS:
            return and_(JobRun.status.in_(ENDED_RUNS), JobRun.finished_at < cutoff)
        case Kept.SINK_ITEMS:  # an item has no end: it is as old as it is
            return SinkItem.created_at < cutoff
