"""Erasing what the audit says of a person: the values go, their digests stay, and the chain holds.

Of what they did, how they were called and from where it was go; of what was done to them, what
changed. That it was erased, how much and by whom is an entry itself, whose list of the parts that
are gone tells an erasure from somebody who has merely deleted values (verification.py). What was
pruned is not there to be erased.
"""

from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select, update

from opensink_web.json_value import JSONValue
from opensink_web.models import AuditAction, AuditEntry, SubjectKind, Workspace
from opensink_web.models.base import new_id
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.audit.chain import chain_entries, lock_head
from opensink_web.operations.audit.record import record
from opensink_web.operations.audit.verification import erased_part
from opensink_web.operations.slices import SLICE

_IS_CHAINED = (
    AuditEntry.workspace_id == bindparam("of_workspace"),
    AuditEntry.seq.is_not(None),
)
_HAS_ORIGIN = and_(
    AuditEntry.user_id == bindparam("of_person"), AuditEntry.sealed_origin.is_not(None)
)
_HAS_DETAILS = and_(
    AuditEntry.subject_id == bindparam("of_person"),
    AuditEntry.sealed_details.is_not(None),
    AuditEntry.action != AuditAction.AUDIT_ERASED,  # what proves an erasure stays
)
_LEFT = (
    select(
        AuditEntry.id,
        AuditEntry.seq,
        _HAS_ORIGIN.label("has_origin"),
        _HAS_DETAILS.label("has_details"),
    )
    .where(*_IS_CHAINED, or_(_HAS_ORIGIN, _HAS_DETAILS))
    .order_by(AuditEntry.seq)
    .limit(SLICE)
)
_OF_ENTRY = AuditEntry.id == bindparam("of_entry")
_ERASE_ORIGIN = (
    update(AuditEntry)
    .where(_OF_ENTRY)
    .values(sealed_origin=None, origin_erased_by_id=bindparam("erased_by"))
)
_ERASE_DETAILS = (
    update(AuditEntry)
    .where(_OF_ENTRY)
    .values(sealed_details=None, details_erased_by_id=bindparam("erased_by"))
)


def erase_some(workspace: Workspace, person_id: UUID) -> int:
    """Erase a slice of what a workspace's audit says of a person; return how many values.

    Call it, a transaction each, until there are none. What has just happened is chained first.
    """
    lock_head(workspace.id)
    while chain_entries(workspace.id):
        pass
    rows = run_prepared(_LEFT, {"of_workspace": workspace.id, "of_person": person_id}).all()
    if not rows:
        return 0
    entry_id = new_id()
    parts: list[JSONValue] = []
    origins: list[dict[str, UUID]] = []
    details: list[dict[str, UUID]] = []
    for row in rows:
        gone = {"of_entry": row.id, "erased_by": entry_id}
        for part, is_there, erased in (
            ("origin", row.has_origin, origins),
            ("details", row.has_details, details),
        ):
            if is_there:
                erased.append(gone)
                parts.append(erased_part(row.seq, part))
    for statement, erased in ((_ERASE_ORIGIN, origins), (_ERASE_DETAILS, details)):
        if erased:
            run_prepared(statement, erased)
    count = len(origins) + len(details)
    record(
        AuditAction.AUDIT_ERASED,
        workspace.id,
        SubjectKind.PERSON,
        person_id,
        {"parts": parts, "values": count},
        entry_id=entry_id,
    )
    return count
