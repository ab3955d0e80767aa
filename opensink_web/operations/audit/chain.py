"""The chain: each entry's hash covers it and the one before, so that none can be changed, removed,
added in between or moved without the hashes after it being wrong.

Entries are chained after the commit, by the sweeper: those who decide wait for no common lock. The
number of an entry is when it was chained, and `at` when it happened: one of a long transaction
comes after others that happened later.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select, update

from opensink_web.models import AuditEntry, AuditHead, db
from opensink_web.models.audit_entry import FIRST_HASH
from opensink_web.models.base import new_id
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.audit.record import canonical
from opensink_web.operations.counter import EVENTS, count
from opensink_web.operations.slices import SLICE

HASHED = (
    AuditEntry.id,
    AuditEntry.workspace_id,
    AuditEntry.at,
    AuditEntry.action,
    AuditEntry.actor,
    AuditEntry.user_id,
    AuditEntry.via_id,
    AuditEntry.subject,
    AuditEntry.subject_id,
    AuditEntry.origin_digest,
    AuditEntry.details_digest,
)
"""What the hash covers of an entry, besides its number and the hash before."""

_IS_UNCHAINED = AuditEntry.seq.is_(None)
_FIRST_UNCHAINED = select(AuditEntry.workspace_id).where(_IS_UNCHAINED).limit(1)
_UNCHAINED = (
    select(*HASHED)
    .where(AuditEntry.workspace_id == bindparam("of_workspace"), _IS_UNCHAINED)
    .order_by(AuditEntry.id)
    .limit(SLICE)
)
_CHAIN = (
    update(AuditEntry)
    .where(AuditEntry.id == bindparam("of_entry"))
    .values(seq=bindparam("number"), hash=bindparam("its_hash"))
)


def link(previous: str, seq: int, entry: Any) -> str:
    """Return the hash of an entry: SHA-256, in hexadecimal, of its form as canonical JSON.

    `entry` has what HASHED names. Ids, moments and words are texts; a moment is in UTC, with
    microseconds and a Z.
    """
    form = {each.key: _text(getattr(entry, each.key)) for each in HASHED}
    return hashlib.sha256(canonical({**form, "seq": seq, "previous": previous})).hexdigest()


def _text(value: object) -> str | None:
    match value:
        case None:
            return None
        case datetime():
            return text_of(value)
        case _:
            return str(value)


def text_of(moment: datetime) -> str:
    """Return a moment as it is hashed and signed."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def is_any_unchained() -> bool:
    """Return True if there are entries that are not chained yet. Writes nothing."""
    return run_prepared(_FIRST_UNCHAINED, {}).first() is not None


def chain_some() -> int:
    """Chain a slice of what a workspace has unchained; return how many entries, 0 for none."""
    workspace_id = run_prepared(_FIRST_UNCHAINED, {}).scalar()
    return 0 if workspace_id is None else chain_entries(workspace_id)


def chain_entries(workspace_id: UUID) -> int:
    """Chain a slice of a workspace's entries; return how many."""
    head = lock_head(workspace_id)
    rows: Sequence[Row[Any]] = run_prepared(_UNCHAINED, {"of_workspace": workspace_id}).all()
    chained = []
    for row in rows:
        head.seq += 1
        head.hash = link(head.hash, head.seq, row)
        chained.append({"of_entry": row.id, "number": head.seq, "its_hash": head.hash})
    if chained:
        run_prepared(_CHAIN, chained)
        count(EVENTS, Counter(str(row.action) for row in rows))
    db.session.flush()
    return len(chained)


def lock_head(workspace_id: UUID) -> AuditHead:
    """Return the end of a workspace's chain, locked: one at a time chains."""
    find = select(AuditHead).where(AuditHead.workspace_id == workspace_id).with_for_update()
    options = {"populate_existing": True}
    head = db.session.scalars(find, execution_options=options).one_or_none()
    if head is None:
        # of two that begin a chain at once the second is refused, and goes on later
        head = AuditHead(id=new_id(), workspace_id=workspace_id, seq=0, hash=FIRST_HASH)
        db.session.add(head)
        db.session.flush()
    return head
