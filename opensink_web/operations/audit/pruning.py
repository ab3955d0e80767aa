"""Removing what the audit has kept for long enough: the beginning of a chain, up to a checkpoint.

A checkpoint that was signed long enough ago is of entries that are all older: the newest such one
is as far as it goes, once a day. An entry of the audit says so first, with the hash that the chain
then begins after, so verification.py tells a pruning from a beginning that somebody cut off. What
does not fit is not removed: it is evidence.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select

from opensink_web.errors import Conflict
from opensink_web.models import (
    AuditAction,
    AuditCheckpoint,
    AuditEntry,
    AuditHead,
    EscalationCursor,
    NotificationCursor,
    SubjectKind,
    db,
)
from opensink_web.models.transaction import rows_changed
from opensink_web.operations.audit.chain import HASHED, chain_entries, link, lock_head
from opensink_web.operations.audit.checkpoint import checkpoint_at, public_key_of
from opensink_web.operations.audit.record import record
from opensink_web.operations.slices import SLICE


def has_prunable(cutoff: datetime) -> ColumnElement[bool]:
    """Say in a query of heads that the beginning of the chain may go."""
    return _last_of(cutoff) > AuditHead.pruned_seq


def count_prunable_entries(cutoff: datetime, heads: Sequence[ColumnElement[bool]]) -> int:
    """Count what may go, of the heads that are meant."""
    query = select(_last_of(cutoff), AuditHead.pruned_seq).where(has_prunable(cutoff), *heads)
    return sum(last - pruned for last, pruned in db.session.execute(query))


def prune_entries(head_id: UUID, cutoff: datetime) -> bool:
    """Remove a slice of what may go of a chain; return True if there is more.

    Raises: Conflict when what is there is not what was chained and signed.
    """
    head = lock_head(db.session.get_one(AuditHead, head_id).workspace_id)
    if head.pruning_until <= head.pruned_seq:
        _begin(head, cutoff)
    if head.pruning_until <= head.pruned_seq:
        return False
    is_of_chain = AuditEntry.workspace_id == head.workspace_id
    following = (
        select(*HASHED, AuditEntry.seq, AuditEntry.hash)
        .where(is_of_chain, AuditEntry.seq > head.pruned_seq, AuditEntry.seq <= head.pruning_until)
        .order_by(AuditEntry.seq)
        .limit(SLICE)
    )
    seq, its_hash = head.pruned_seq, head.pruned_hash
    for row in db.session.execute(following):
        seq += 1
        its_hash = link(its_hash, seq, row)
        if (row.seq, row.hash) != (seq, its_hash):
            raise _does_not_fit(seq)
    if seq == head.pruned_seq:
        raise _does_not_fit(seq + 1)
    head.pruned_seq, head.pruned_hash = seq, its_hash
    db.session.flush()  # the database lets nothing else go
    rows_changed(delete(AuditEntry).where(is_of_chain, AuditEntry.seq <= seq))
    signed = (AuditCheckpoint.workspace_id == head.workspace_id, AuditCheckpoint.seq < seq)
    rows_changed(delete(AuditCheckpoint).where(*signed))
    if seq == head.pruning_until and _checked(head, seq) != its_hash:
        raise _does_not_fit(seq)
    return seq < head.pruning_until


def _begin(head: AuditHead, cutoff: datetime) -> None:
    """Say up to where the chain of a locked head goes now, if anything of it may go."""
    until = db.session.scalar(select(_last_of(cutoff)).where(AuditHead.id == head.id))
    if until is None or until <= head.pruned_seq:
        return
    head.pruning_until = until
    db.session.flush()
    record(
        AuditAction.AUDIT_PRUNED,
        head.workspace_id,
        SubjectKind.WORKSPACE,
        head.workspace_id,
        {
            "until": until,
            "hash": _checked(head, until),
            "entries": until - head.pruned_seq,
            "before": f"{cutoff:%Y-%m-%d}",
        },
    )
    # nobody sees a beginning that is gone without the entry that says so
    while chain_entries(head.workspace_id):
        pass


def _last_of(cutoff: datetime) -> ColumnElement[int]:
    """Return the number up to which the chain of a head may go: signed before, and read by all who
    go by what is in the audit.
    """
    read = (
        select(cursor.seq)
        .where(cursor.workspace_id == AuditHead.workspace_id)
        .correlate(AuditHead)
        .scalar_subquery()
        for cursor in (NotificationCursor, EscalationCursor)
    )
    last = select(func.max(AuditCheckpoint.seq)).where(
        AuditCheckpoint.workspace_id == AuditHead.workspace_id,
        AuditCheckpoint.at < cutoff.replace(hour=0, minute=0, second=0, microsecond=0),
        *(AuditCheckpoint.seq <= func.coalesce(seq, AuditHead.seq) for seq in read),
    )
    return last.correlate(AuditHead).scalar_subquery()


def _checked(head: AuditHead, seq: int) -> str:
    """Return what the checkpoint of an entry says of the chain. Raises: Conflict."""
    checkpoint = checkpoint_at(head.workspace_id, seq)
    is_own = checkpoint is not None and checkpoint.key == public_key_of(head.workspace_id)
    if checkpoint is None or not is_own or not checkpoint.is_signed:
        raise _does_not_fit(seq)
    return checkpoint.hash


def _does_not_fit(seq: int) -> Conflict:
    return Conflict(
        f"Entry {seq} of the audit is not what was chained and signed, so nothing of it is removed."
        " `opensink audit verify` says what is wrong."
    )
