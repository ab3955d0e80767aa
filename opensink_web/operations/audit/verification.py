"""Proving that the audit is as it was written: its chain is gone through, however long, in order.

What is found is the first entry that is wrong. What nobody can see in the chain itself is that its
end was cut off together with the head; a checkpoint that was kept elsewhere tells. A chain may
begin after what was removed for its age (pruning.py): then an entry of it says so, and the hash
that it begins after is that of a signed checkpoint, or leads to one.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select

from opensink_web import clock
from opensink_web.errors import UnreadableSecret
from opensink_web.keyring import is_as_encrypted
from opensink_web.models import AuditAction, AuditEntry, AuditHead
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
_HEAD = select(AuditHead.seq, AuditHead.hash, AuditHead.pruned_seq, AuditHead.pruned_hash).where(
    AuditHead.workspace_id == bindparam("of_workspace")
)


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends, or what it begins after."""

    seq: int
    hash: str


FIRST = Head(0, FIRST_HASH)
"""What a chain begins after of which nothing was removed."""


@dataclass(frozen=True, slots=True)
class Signed:
    """The checkpoints of a chain: those beside it, which its own key signs, and those that were
    kept elsewhere.
    """

    stored: Sequence[Checkpoint] = ()
    own_key: str | None = None
    kept: Sequence[Checkpoint] = ()


@dataclass(frozen=True, slots=True)
class Pruned:
    """What an entry says was removed: up to which number, the hash there, and when it was said."""

    until: int
    hash: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong first: at which entry, 0 for none in particular, and what."""

    seq: int
    message: str


@dataclass(slots=True)
class Verified:
    """What was gone through, after `begin`; `fault` is None if all of it holds.

    `checkpoint` is that of the last entry that was pruned, with its signature.
    """

    begin: Head = FIRST
    count: int = 0
    erased_count: int = 0
    hash: str = FIRST_HASH
    waiting_count: int = 0
    fault: Fault | None = None
    hash_at: dict[int, str] = field(default_factory=dict)
    """The hashes at the numbers that were asked for."""
    pruned: Pruned | None = None
    checkpoint: Checkpoint | None = None

    @property
    def seq(self) -> int:
        """The number of the last entry that holds."""
        return self.begin.seq + self.count


class Faulty(Exception):
    """An entry is wrong."""

    def __init__(self, seq: int, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(seq, message)


def verify_chain(
    entries: Iterable[Any],
    head: Head | None,
    *,
    begin: Head = FIRST,
    ask_at: Iterable[int] = (),
) -> Verified:
    """Go through a whole chain, by its numbers; needs no more memory for a longer one.

    `ask_at` are numbers whose hashes are returned.
    """
    result = Verified(begin, hash=begin.hash)
    numbers = frozenset(ask_at)
    if begin.seq in numbers:
        result.hash_at[begin.seq] = begin.hash
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
        message = f"Entry {result.seq + 1}, or one soon after it, is not an entry of the audit."
        result.fault = Fault(result.seq + 1, message)
    return result


def verify_workspace(workspace_id: UUID, kept: Sequence[Checkpoint] = ()) -> Verified:
    """Go through a workspace's chain as it is stored, and compare it with its checkpoints.

    `kept` are checkpoints that were kept elsewhere. Opens transactions that only read.
    """
    begin, result = None, Verified()
    while result.begin != begin:  # it was pruned meanwhile
        result = _verify_once(workspace_id, kept)
        with reading():
            _, begin = _ends_of(workspace_id)
    with reading():
        unchained = run_prepared(_UNCHAINED, {"of_workspace": workspace_id}).one()
        count, since = unchained.entry_count, unchained.since
    result.waiting_count = count
    if result.fault is None and since is not None and clock.now() - since > UNCHAINED_AT_MOST:
        sentence = (
            f"{count} entries wait to be chained since {since:%Y-%m-%d %H:%M:%S} UTC. Is a sweeper"
            " running?"
        )
        result.fault = Fault(0, sentence)
    return result


def _verify_once(workspace_id: UUID, kept: Sequence[Checkpoint]) -> Verified:
    with reading():
        # what is chained meanwhile comes after it
        head, begin = _ends_of(workspace_id)
        signed = Signed(checkpoints_of(workspace_id), public_key_of(workspace_id), kept)
    return verify_signed(_entries_of(workspace_id, head), head, signed, begin=begin)


def verify_signed(
    entries: Iterable[Any], head: Head | None, signed: Signed, *, begin: Head = FIRST
) -> Verified:
    """Go through a whole chain, and compare it with its checkpoints."""
    numbers = {each.seq for each in (*signed.stored, *signed.kept)}
    result = verify_chain(entries, head, begin=begin, ask_at=numbers)
    if result.fault is None:
        result.fault = (
            _fault_of_checkpoints(result, signed.stored, signed.own_key)
            or _fault_of_pruning(result, signed.stored)
            or _fault_of_checkpoints(result, signed.kept, None)
        )
    return result


def _ends_of(workspace_id: UUID) -> tuple[Head | None, Head]:
    """Return where a chain ends, and what it begins after."""
    row = run_prepared(_HEAD, {"of_workspace": workspace_id}).one_or_none()
    if row is None:
        return None, FIRST
    return Head(row.seq, row.hash), Head(row.pruned_seq, row.pruned_hash)


def _fault_of_pruning(result: Verified, stored: Sequence[Checkpoint]) -> Fault | None:
    """Return why what is missing at the beginning was not pruned; note its checkpoint, if it was.

    Those of the workspace were compared with the chain, and their signatures with its key.
    """
    begin, pruned = result.begin, result.pruned
    if begin.seq == 0:
        return None if begin == FIRST else Fault(1, "The chain does not begin as each does.")
    if pruned is None or pruned.until < begin.seq:
        message = f"Entries up to {begin.seq} are missing, and no entry says that they were pruned."
        return Fault(begin.seq, message)
    by_seq = {each.seq: each for each in stored}
    result.checkpoint = by_seq.get(pruned.until)
    if result.checkpoint is None or result.checkpoint.hash != pruned.hash:
        message = f"Entries up to {pruned.until} were pruned, but there is no checkpoint of that."
        return Fault(pruned.until, message)
    return None


def _fault_of_checkpoints(
    result: Verified, checkpoints: Sequence[Checkpoint], own_key: str | None
) -> Fault | None:
    """Return the first checkpoint that does not fit; with `own_key` each is to be signed by it."""
    for each in checkpoints:
        if not each.is_signed or (own_key is not None and each.key != own_key):
            return Fault(each.seq, f"The checkpoint of entry {each.seq} is not signed by its key.")
        if each.seq < result.begin.seq:
            continue  # of what was pruned
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
    seq = result.seq + 1
    if entry.seq != seq:
        raise Faulty(seq, f"Entry {seq} is missing; the next one is {entry.seq}.")
    expected = link(result.hash, seq, entry)
    if entry.hash != expected:
        raise Faulty(seq, f"Entry {seq} is not what was chained, or what is before it is not.")
    result.count, result.hash = result.count + 1, expected


@dataclass(slots=True)
class _Erasure:
    """The parts that one erasure has taken, as they are met."""

    first_seq: int
    parts: Any = field(default_factory=hashlib.sha256)


def erased_part(seq: int, part: str) -> str:
    """Return how an erasure names each part that it takes, in order."""
    return f"{seq} {part}"


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
            erasure.parts.update(erased_part(entry.seq, part).encode() + b"\n")
            result.erased_count += 1
        elif erased_by is not None:
            raise Faulty(entry.seq, f"Entry {entry.seq} had no values that could be erased.")
    if entry.id in erasures:
        _check_erasure(entry, erasures.pop(entry.id), result.begin)
    if entry.action == AuditAction.AUDIT_PRUNED and entry.sealed_details is not None:
        _, said = _unsealed(entry, "details", entry.sealed_details)
        result.pruned = Pruned(said["until"], said["hash"], entry.at)


def _check_erasure(entry: Any, erasure: "_Erasure", begin: Head) -> None:
    """Compare what an entry says was erased with what is missing, of what there is still."""
    said = _unsealed(entry, "details", entry.sealed_details)
    expected = hashlib.sha256()
    for part in said[1].get("parts", ()) if said else ():
        if int(part.partition(" ")[0]) > begin.seq:
            expected.update(part.encode() + b"\n")
    if expected.digest() != erasure.parts.digest():
        raise Faulty(entry.seq, f"What entry {entry.seq} says was erased is not what is missing.")


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
    if result.seq < seq:
        raise Faulty(result.seq + 1, f"Entry {result.seq + 1} is missing, and all after it.")
    if result.seq > seq:
        raise Faulty(seq + 1, f"Entry {seq + 1} is there, but the chain ends before it.")
    if head is not None and head.hash != result.hash:
        raise Faulty(seq, f"The chain does not end with what entry {seq} says.")
