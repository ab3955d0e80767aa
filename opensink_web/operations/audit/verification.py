"""Proving that the audit is as it was written: its chain is gone through, however long, in order.

What is found is the first entry that is wrong. What nobody can see in the chain itself is that its
end was cut off together with the head; a checkpoint that was kept elsewhere tells.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select

from opensink_web import clock
from opensink_web.errors import UnreadableSecret
from opensink_web.keyring import is_as_encrypted
from opensink_web.models import AuditEntry, AuditHead
from opensink_web.models.audit_entry import FIRST_HASH
from opensink_web.models.transaction import reading, run_prepared
from opensink_web.operations.audit.chain import HASHED, link
from opensink_web.operations.audit.checkpoint import (
    Checkpoint,
    checkpoints_of,
    public_key_of,
)
from opensink_web.operations.audit.record import digest_of
from opensink_web.operations.slices import SLICE

UNCHAINED_AT_MOST = timedelta(minutes=1)
"""How long an entry may wait to be chained while a sweeper runs."""
_PARTS = ("origin", "details")
_COLUMNS = (
    *HASHED,
    AuditEntry.seq,
    AuditEntry.hash,
    AuditEntry.sealed_origin.label("sealed_origin"),
    AuditEntry.sealed_details.label("sealed_details"),
    AuditEntry.origin_erased_by_id,
    AuditEntry.details_erased_by_id,
)
_NEXT = (
    select(*_COLUMNS)
    .where(
        AuditEntry.workspace_id == bindparam("of_workspace"), AuditEntry.seq > bindparam("after")
    )
    .order_by(AuditEntry.seq)
    .limit(SLICE)
)
_UNCHAINED = select(
    func.count().label("entry_count"), func.min(AuditEntry.at).label("since")
).where(AuditEntry.workspace_id == bindparam("of_workspace"), AuditEntry.seq.is_(None))
_HEAD = select(AuditHead.seq, AuditHead.hash).where(
    AuditHead.workspace_id == bindparam("of_workspace")
)


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong first: at which entry, 0 for none in particular, and what."""

    seq: int
    message: str


@dataclass(slots=True)
class Verified:
    """What was gone through; `fault` is None if all of it holds."""

    count: int = 0
    erased_count: int = 0
    hash: str = FIRST_HASH
    waiting_count: int = 0
    fault: Fault | None = None
    hash_at: dict[int, str] = field(default_factory=dict)
    """The hashes at the numbers that were asked for."""


class Faulty(Exception):
    """An entry is wrong."""

    def __init__(self, seq: int, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(seq, message)


def verify_chain(
    entries: Iterable[Any], head: Head | None, *, ask_at: Iterable[int] = ()
) -> Verified:
    """Go through a whole chain, by its numbers; needs no more memory for a longer one.

    `ask_at` are numbers whose hashes are returned.
    """
    result = Verified()
    numbers = frozenset(ask_at)
    erasures: dict[UUID, _Erasure] = {}
    try:
        for entry in entries:
            _check_link(entry, result)
            _check_parts(entry, result, erasures)
            if entry.seq in numbers:
                result.hash_at[entry.seq] = result.hash
        _check_end(head, result, erasures)
    except Faulty as faulty:
        result.fault = faulty.fault
    except (LookupError, TypeError, ValueError):  # no word, id or moment of ours
        message = f"Entry {result.count + 1}, or one soon after it, is not an entry of the audit."
        result.fault = Fault(result.count + 1, message)
    return result


def verify_workspace(workspace_id: UUID, kept: Sequence[Checkpoint] = ()) -> Verified:
    """Go through a workspace's chain as it is stored, and compare it with its checkpoints.

    `kept` are checkpoints that were kept elsewhere. Opens transactions that only read.
    """
    values = {"of_workspace": workspace_id}
    with reading():
        stored, own_key = checkpoints_of(workspace_id), public_key_of(workspace_id)
    with reading():
        # what is chained meanwhile comes after it
        row = run_prepared(_HEAD, values).one_or_none()
        head = None if row is None else Head(row.seq, row.hash)
    numbers = {each.seq for each in (*stored, *kept)}
    result = verify_chain(_entries_of(workspace_id, head), head, ask_at=numbers)
    if result.fault is None:
        result.fault = _fault_of_checkpoints(result, stored, own_key) or _fault_of_checkpoints(
            result, kept, None
        )
    with reading():
        unchained = run_prepared(_UNCHAINED, values).one()
        count, since = unchained.entry_count, unchained.since
    result.waiting_count = count
    if result.fault is None and since is not None and clock.now() - since > UNCHAINED_AT_MOST:
        sentence = (
            f"{count} entries wait to be chained since {since:%Y-%m-%d %H:%M:%S} UTC. Is a sweeper"
            " running?"
        )
        result.fault = Fault(0, sentence)
    return result


def _fault_of_checkpoints(
    result: Verified, checkpoints: Sequence[Checkpoint], own_key: str | None
) -> Fault | None:
    """Return the first checkpoint that does not fit; with `own_key` each is to be signed by it."""
    for each in checkpoints:
        if not each.is_signed or (own_key is not None and each.key != own_key):
            return Fault(each.seq, f"The checkpoint of entry {each.seq} is not signed by its key.")
        if each.seq not in result.hash_at:
            return Fault(each.seq, f"Entry {each.seq}, of which there is a checkpoint, is missing.")
        if each.hash != result.hash_at[each.seq]:
            message = f"Up to entry {each.seq} the chain is not what its checkpoint says."
            return Fault(each.seq, message)
    return None


def _entries_of(workspace_id: UUID, head: Head | None) -> Iterator[Any]:
    """Yield what is chained, by number; after the head only what nobody should find there."""
    after, last = -(2**63), head.seq if head else 0
    while True:
        with reading():
            rows = run_prepared(_NEXT, {"of_workspace": workspace_id, "after": after}).all()
        for row in rows:
            if row.seq > last and _has_grown(workspace_id, last):
                return
            yield row
        if len(rows) < SLICE:
            return
        after = rows[-1].seq


def _has_grown(workspace_id: UUID, last: int) -> bool:
    with reading():
        head = run_prepared(_HEAD, {"of_workspace": workspace_id}).one_or_none()
    return head is not None and head.seq > last


def _check_link(entry: Any, result: Verified) -> None:
    seq = result.count + 1
    if entry.seq != seq:
        raise Faulty(seq, f"Entry {seq} is missing; the next one is {entry.seq}.")
    expected = link(result.hash, seq, entry)
    if entry.hash != expected:
        raise Faulty(seq, f"Entry {seq} is not what was chained, or what is before it is not.")
    result.count, result.hash = seq, expected


@dataclass(slots=True)
class _Erasure:
    """The parts that one erasure has taken, as they are met."""

    first_seq: int
    parts: Any = field(default_factory=hashlib.sha256)


def erased_part(seq: int, part: str) -> bytes:
    """Return what the digest of an erasure covers of each part that it takes, in order."""
    return f"{seq} {part}\n".encode()


def _check_parts(entry: Any, result: Verified, erasures: dict[UUID, _Erasure]) -> None:
    """Compare what is sealed with its digest; what is erased with the entry that says so."""
    for part in _PARTS:
        stored, digest = getattr(entry, f"sealed_{part}"), getattr(entry, f"{part}_digest")
        erased_by = getattr(entry, f"{part}_erased_by_id")
        if stored is not None:
            if erased_by is not None or digest is None:
                raise Faulty(entry.seq, f"Entry {entry.seq} has values that it must not have.")
            if digest_of(_unsealed(entry, part, stored)) != digest or not is_as_encrypted(stored):
                raise Faulty(entry.seq, f"The values of entry {entry.seq} were changed.")
        elif digest is not None:
            if erased_by is None:
                raise Faulty(entry.seq, f"The values of entry {entry.seq} were removed.")
            erasure = erasures.setdefault(erased_by, _Erasure(entry.seq))
            erasure.parts.update(erased_part(entry.seq, part))
            result.erased_count += 1
        elif erased_by is not None:
            raise Faulty(entry.seq, f"Entry {entry.seq} had no values that could be erased.")
    if entry.id in erasures:
        erasure = erasures.pop(entry.id)
        said = _unsealed(entry, "details", entry.sealed_details)
        if not said or said[1].get("parts") != erasure.parts.hexdigest():
            message = f"What entry {entry.seq} says was erased is not what is missing."
            raise Faulty(entry.seq, message)


def _unsealed(entry: Any, part: str, stored: str | None) -> Any:
    try:
        return getattr(AuditEntry, part).unseal(entry.id, stored)
    except UnreadableSecret as error:
        message = f"The values of entry {entry.seq} cannot be read. {error.message}"
        raise Faulty(entry.seq, message) from None


def _check_end(head: Head | None, result: Verified, erasures: dict[UUID, _Erasure]) -> None:
    if erasures:
        seq = min(each.first_seq for each in erasures.values())
        message = f"The values of entry {seq} are missing, and no entry says who erased them."
        raise Faulty(seq, message)
    seq = head.seq if head else 0
    if result.count < seq:
        raise Faulty(result.count + 1, f"Entry {result.count + 1} is missing, and all after it.")
    if result.count > seq:
        raise Faulty(seq + 1, f"Entry {seq + 1} is there, but the chain ends before it.")
    if head is not None and head.hash != result.hash:
        raise Faulty(seq, f"The chain does not end with what entry {seq} says.")
