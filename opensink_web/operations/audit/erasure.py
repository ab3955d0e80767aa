"""Erasing what the audit says of a person: the values go, their digests stay, and the chain holds.

Of what they did, how they were called and from where it was go; of what was done to them, what
changed, and from where somebody tried to be them; of all else what names them by their e-mail
address: whom something was assigned to, who stood in for whom, who voted. That it was erased, how
much and by whom is an entry itself, whose list of the parts that are gone tells an erasure from
somebody who has merely deleted values (verification.py). What was pruned is not there to be erased.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select, update

from opensink_web.errors import UnreadableSecret
from opensink_web.json_value import JSONValue
from opensink_web.models import ActorKind, AuditAction, AuditEntry, SubjectKind, Workspace, db
from opensink_web.models.base import new_id
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.audit.chain import chain_entries, lock_head
from opensink_web.operations.audit.queries import details_of, origin_of
from opensink_web.operations.audit.record import record
from opensink_web.operations.audit.verification import erased_part
from opensink_web.operations.slices import SLICE

_IS_CHAINED = (
    AuditEntry.workspace_id == bindparam("of_workspace"),
    AuditEntry.seq.is_not(None),
)
_HAS_ORIGIN = and_(
    or_(
        AuditEntry.user_id == bindparam("of_person"),
        and_(AuditEntry.subject_id == bindparam("of_person"), AuditEntry.actor == ActorKind.NOBODY),
    ),
    AuditEntry.sealed_origin.is_not(None),
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


LOOKED_AT = 10 * SLICE
"""How many entries are decrypted in one transaction, which only reads."""
_SAYING = (
    select(AuditEntry.id, AuditEntry.seq, AuditEntry.sealed_details.label("sealed_details"))
    .where(
        *_IS_CHAINED, AuditEntry.seq > bindparam("after"), AuditEntry.sealed_details.is_not(None)
    )
    .where(AuditEntry.action != AuditAction.AUDIT_ERASED)
    .order_by(AuditEntry.seq)
    .limit(LOOKED_AT)
)


@dataclass(frozen=True, slots=True)
class Mentions:
    """Entries that name somebody, by id with their numbers; after `next_after` there may be more,
    None is the end.
    """

    seqs: Mapping[UUID, int]
    next_after: int | None


def erase_some(workspace: Workspace, person_id: UUID) -> int:
    """Erase a slice of what a person did, or was done to them; return how many values.

    Call it, a transaction each, until there are none. What has just happened is chained first.
    """
    lock_head(workspace.id)
    while chain_entries(workspace.id):
        pass
    rows = run_prepared(_LEFT, {"of_workspace": workspace.id, "of_person": person_id}).all()
    going = [
        (row.id, row.seq, part)
        for row in rows
        for part, is_there in (("origin", row.has_origin), ("details", row.has_details))
        if is_there
    ]
    return _erase(workspace, person_id, going)


def names_of(workspace_id: UUID, person_id: UUID) -> frozenset[str]:
    """Return the e-mail addresses by which the audit knows somebody, whose account may be gone."""
    is_of_workspace = AuditEntry.workspace_id == workspace_id
    newest = select(AuditEntry).where(is_of_workspace).order_by(AuditEntry.id.desc()).limit(SLICE)
    names = {
        origin_of(each).values.get("email")
        for each in db.session.scalars(newest.where(AuditEntry.user_id == person_id))
    } | {
        details_of(each).values.get("email")
        for each in db.session.scalars(newest.where(AuditEntry.subject_id == person_id))
    }
    return frozenset(name for name in names if isinstance(name, str))


def mentions_after(workspace_id: UUID, names: Collection[str], after: int) -> Mentions:
    """Look for entries that name somebody, among the next ones; writes nothing."""
    # not within a longer address
    every = "|".join(re.escape(name) for name in sorted(names))
    named = re.compile(rf"(?<![\w.+-])(?:{every})(?![\w-]|\.\w)", re.IGNORECASE)
    rows = run_prepared(_SAYING, {"of_workspace": workspace_id, "after": after}).all()
    seqs = {}
    for row in rows if names else ():
        with suppress(UnreadableSecret):
            salted = AuditEntry.details.unseal(row.id, row.sealed_details)
            if named.search(json.dumps(salted, ensure_ascii=False)):
                seqs[row.id] = row.seq
    return Mentions(seqs, rows[-1].seq if len(rows) == LOOKED_AT else None)


def erase_mentions(workspace: Workspace, person_id: UUID, seqs: Mapping[UUID, int]) -> int:
    """Erase what changed of entries that name a person; return how many."""
    lock_head(workspace.id)
    is_there = (AuditEntry.id.in_(list(seqs)), AuditEntry.sealed_details.is_not(None))
    left = select(AuditEntry.id, AuditEntry.seq).where(*is_there).order_by(AuditEntry.seq)
    going = [(row.id, row.seq, "details") for row in db.session.execute(left)]
    return _erase(workspace, person_id, going)


def _erase(workspace: Workspace, person_id: UUID, going: Sequence[tuple[UUID, int, str]]) -> int:
    """Erase parts of entries of a locked chain, in order of their numbers, and note that."""
    if not going:
        return 0
    entry_id = new_id()
    for name, statement in (("origin", _ERASE_ORIGIN), ("details", _ERASE_DETAILS)):
        erased = [
            {"of_entry": each, "erased_by": entry_id} for each, _, part in going if part == name
        ]
        if erased:
            run_prepared(statement, erased)
    parts: list[JSONValue] = [erased_part(seq, part) for _, seq, part in going]
    record(
        AuditAction.AUDIT_ERASED,
        workspace.id,
        SubjectKind.PERSON,
        person_id,
        {"parts": parts, "values": len(going)},
        entry_id=entry_id,
    )
    return len(going)
