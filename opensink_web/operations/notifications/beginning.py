"""Requests that begin to wait get their place in a chain: what begins is read from the audit.

So whoever asks waits for nothing of it. What follows from an entry is written in the transaction
that moves the cursor past it.

The cursor is another than the notifier's, on purpose. That one must never wait: an entry of a batch
is one notification there, and here a row for each of 100,000 calls, which takes many slices. With
one cursor what anybody is told would stand behind them. A workspace has this one while it has
chains, so those without are not read twice, and a new chain begins with what is asked from then on.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, insert, select

from opensink_web.models import (
    AuditAction,
    AuditEntry,
    AuditHead,
    Batch,
    Escalation,
    EscalationChain,
    EscalationCursor,
    EscalationRevision,
    Execution,
    InputRequest,
    InputRequestStatus,
    db,
)
from opensink_web.models.base import new_id
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.notifications.plan import plan_of
from opensink_web.operations.notifications.working_time import after_working
from opensink_web.operations.slices import SLICE

_BEGINS = (AuditAction.REQUEST_CREATED, AuditAction.BATCH_SUBMITTED)
_IS_BEHIND = and_(
    AuditHead.workspace_id == EscalationCursor.workspace_id, AuditHead.seq > EscalationCursor.seq
)
# Built once, because building a statement costs more than running it.
_FIRST_BEHIND = select(EscalationCursor.workspace_id).join(AuditHead, _IS_BEHIND).limit(1)


def is_any_to_begin() -> bool:
    """Return True if a workspace with chains has entries that were not looked at."""
    return run_prepared(_FIRST_BEHIND, {}).first() is not None


def begin_some() -> int:
    """Look at a slice of a workspace's entries; return how many, 0 for none."""
    workspace_id = run_prepared(_FIRST_BEHIND, {}).scalar()
    if workspace_id is None:
        return 0
    cursor = db.session.get(EscalationCursor, workspace_id, with_for_update=True)
    if cursor is None:
        return 0
    chains = _Chains(workspace_id)
    if not chains.by_subject:
        db.session.delete(cursor)
        return 1
    query = (
        select(AuditEntry.seq, AuditEntry.action, AuditEntry.subject_id)
        .where(
            AuditEntry.workspace_id == workspace_id,
            AuditEntry.seq.is_not(None),  # for the partial index
            AuditEntry.seq > cursor.seq,
        )
        .order_by(AuditEntry.seq)
        .limit(SLICE)
    )
    entries = db.session.execute(query).all()
    _follow(cursor, chains, [row for row in entries if row.action in _BEGINS])
    if cursor.request_id is None and entries:
        cursor.seq = entries[-1].seq
    db.session.flush()
    return len(entries)


def _follow(cursor: EscalationCursor, chains: "_Chains", entries: Sequence[Any]) -> None:
    """Begin what entries tell of, up to a batch that is more than a slice: it comes next."""
    singles: list[UUID] = []
    for row in entries:
        if row.action is AuditAction.REQUEST_CREATED:
            singles.append(row.subject_id)
            continue
        function_id = db.session.scalar(select(Batch.function_id).where(Batch.id == row.subject_id))
        if chains.of(None, function_id) is None:
            continue
        after = cursor.request_id or UUID(int=0)
        of_batch = and_(InputRequest.batch_id == row.subject_id, InputRequest.id > after)
        begun = chains.begin(of_batch)
        cursor.request_id = begun[-1] if len(begun) == SLICE else None
        if cursor.request_id is not None:
            cursor.seq = row.seq - 1
            break
    if singles:
        chains.begin(InputRequest.id.in_(singles))


class _Chains:
    """The newest revisions of a workspace's active chains, by what they are for."""

    def __init__(self, workspace_id: UUID) -> None:
        self.workspace_id = workspace_id
        query = (
            select(
                EscalationChain.agent_id,
                EscalationChain.function_id,
                EscalationRevision.id,
                EscalationRevision.plan,
            )
            .join(EscalationRevision, EscalationRevision.chain_id == EscalationChain.id)
            .where(
                EscalationChain.workspace_id == workspace_id,
                EscalationChain.is_active,
                EscalationRevision.number == EscalationChain.number,
            )
        )
        self.by_subject = {
            (row.agent_id, row.function_id): (row.id, plan_of(row.plan))
            for row in db.session.execute(query)
        }

    def of(self, agent_id: UUID | None, function_id: UUID | None) -> Any:
        """Return the revision of who asks, or that of all that have none of their own."""
        default = self.by_subject.get((None, None))
        return self.by_subject.get((agent_id, function_id), default)

    def begin(self, which: ColumnElement[bool]) -> list[UUID]:
        """Give requests that wait their place; return the slice that was looked at, in order."""
        query = (
            select(
                InputRequest.id,
                InputRequest.created_at,
                InputRequest.agent_id,
                InputRequest.status,
                Execution.function_id,
                exists().where(Escalation.request_id == InputRequest.id).label("has_begun"),
            )
            .outerjoin(Execution, Execution.id == InputRequest.execution_id)
            .where(InputRequest.workspace_id == self.workspace_id, which)
            .order_by(InputRequest.id)
            .limit(SLICE)
        )
        requests = db.session.execute(query).all()
        rows = []
        for row in requests:
            chain = self.of(row.agent_id, row.function_id)
            if chain is None or row.has_begun or row.status not in _WAITS:
                continue
            revision_id, plan = chain
            first = plan.steps[0].after_minutes
            due = after_working(plan.calendar, row.created_at, first)
            if due is not None:
                rows.append(
                    {
                        "id": new_id(),
                        "workspace_id": self.workspace_id,
                        "request_id": row.id,
                        "revision_id": revision_id,
                        "asked_at": row.created_at,
                        "step": 0,
                        "next_at": due,
                        "recovery_count": 0,
                    }
                )
        if rows:
            db.session.execute(insert(Escalation), rows)
        return [row.id for row in requests]


_WAITS = frozenset({InputRequestStatus.PENDING, InputRequestStatus.HELD})
