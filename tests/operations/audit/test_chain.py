"""The chain of the audit: whatever somebody changes in it is found."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select, text

from opensink_web import clock
from opensink_web.errors import Unavailable
from opensink_web.models import ActorKind, AuditAction, AuditEntry, AuditHead, SubjectKind, db
from opensink_web.models.base import columns_of
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.audit.actor import SYSTEM, acting_as
from opensink_web.operations.audit.chain import chain_some, link
from opensink_web.operations.audit.checkpoint import checkpoints_of, public_key_of, sign
from opensink_web.operations.audit.record import record
from opensink_web.operations.audit.verification import (
    FIRST,
    Head,
    Signed,
    verify_chain,
    verify_signed,
    verify_workspace,
)
from tests.conftest import Cast
from tests.support.audit import chain_all
from tests.support.audit_cases import happen

pytestmark = pytest.mark.usefixtures("on_each_database")
TAMPERINGS = 1000


@pytest.fixture
def workspace_id(app: Flask, cast: Cast) -> Iterator[UUID]:
    with app.app_context():
        chain_all()
        yield cast.alice.workspace_id


def chain_of(workspace_id: UUID) -> tuple[list[Any], Head]:
    """Return a chain as rows that can be changed, and its head."""
    names = [column.key for column in columns_of(AuditEntry)]
    with reading():
        query = select(AuditEntry).where(AuditEntry.workspace_id == workspace_id)
        rows = [
            SimpleNamespace(**{name: getattr(entry, name) for name in names})
            for entry in db.session.scalars(query.order_by(AuditEntry.seq))
        ]
        head = db.session.scalars(
            select(AuditHead).where(AuditHead.workspace_id == workspace_id)
        ).one()
        return rows, Head(head.seq, head.hash)


def crashing(act: Callable[[], object]) -> None:
    """Do something in a transaction that is never committed."""
    with suppress(Unavailable), writing():
        act()
        raise Unavailable("The machine stops here.")


def another(value: Any, dice: random.Random) -> Any:
    """Return something else of the same kind."""
    match value:
        case None:
            return dice.choice([uuid4(), "0" * 64])
        case UUID():
            return dice.choice([uuid4(), None])
        case int():
            return value + dice.choice([-1, 1, 1000])
        case AuditAction() | SubjectKind() | ActorKind():
            return dice.choice([each for each in type(value) if each is not value])
        case str():
            at = dice.randrange(len(value))
            return dice.choice([value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :], None, ""])
        case _:
            return value + timedelta(microseconds=dice.choice([-1, 1, 10**6]))


@dataclass
class Audit:
    """All that the database holds of one, to be tampered with; and what was kept elsewhere."""

    rows: list[Any]
    head: Head | None
    signed: Signed
    others: list[Any]
    """Entries of another workspace's chain."""
    begin: Head = FIRST

    def copy(self) -> "Audit":
        rows, others = (
            [SimpleNamespace(**vars(row)) for row in each] for each in (self.rows, self.others)
        )
        return replace(self, rows=rows, others=others)

    def is_found(self) -> bool:
        found = verify_signed(self.rows, self.head, self.signed, begin=self.begin)
        return found.fault is not None

    def link_anew(self) -> None:
        """Make the chain fit again, as anybody can who may write to the database."""
        self.rows.sort(key=lambda row: row.seq)
        before = self.begin.hash
        for seq, row in enumerate(self.rows, self.begin.seq + 1):
            row.seq = seq
            row.hash = before = link(before, seq, row)
        self.head = Head(self.begin.seq + len(self.rows), before)


def changed(audit: Audit, dice: random.Random) -> None:
    row = dice.choice(audit.rows)
    name = dice.choice([*vars(row)])
    setattr(row, name, another(getattr(row, name), dice))


def removed(audit: Audit, dice: random.Random) -> None:
    del audit.rows[dice.randrange(len(audit.rows))]


def swapped(audit: Audit, dice: random.Random) -> None:
    """Change places, with or without the numbers; or what two rows have sealed."""
    one, other = dice.sample(audit.rows, 2)
    names = dice.choice(
        [
            ("id", "at", "action", "subject_id", "hash"),
            ("seq",),
            ("seq", "hash"),
            ("sealed_origin",),
            ("sealed_origin", "origin_digest"),
            ("sealed_details",),
            ("sealed_details", "details_digest"),
            ("workspace_id", "id"),
            ("at",),
        ]
    )
    for name in names:
        values = getattr(one, name), getattr(other, name)
        setattr(one, name, values[1])
        setattr(other, name, values[0])
    audit.rows.sort(key=lambda row: row.seq)


def inserted(audit: Audit, dice: random.Random) -> None:
    row = SimpleNamespace(**vars(dice.choice(audit.rows)))
    row.id = dice.choice([row.id, uuid4()])
    row.seq = dice.choice([row.seq, len(audit.rows) + 1])
    audit.rows.append(row)
    audit.rows.sort(key=lambda row: row.seq)


def of_elsewhere(audit: Audit, dice: random.Random) -> None:
    """Put an entry of another workspace in the place of one, as it is or as if it were of here."""
    at, row = dice.randrange(len(audit.rows)), dice.choice(audit.others)
    row.seq = audit.rows[at].seq
    row.workspace_id = dice.choice([row.workspace_id, audit.rows[at].workspace_id])
    audit.rows[at] = row


def cut(audit: Audit, dice: random.Random) -> None:
    """Take the end away, with or without the head, or the head alone."""
    del audit.rows[-dice.randrange(1, len(audit.rows)) :]
    last = audit.rows[-1]
    audit.head = dice.choice([audit.head, None, Head(last.seq, last.hash)])


def begun_later(audit: Audit, dice: random.Random) -> None:
    """Take the beginning away, as if it had been pruned, at a checkpoint or anywhere."""
    seqs = [each.seq for each in audit.signed.stored[:-1]]
    seq = dice.choice([*seqs, dice.randrange(1, len(audit.rows))])
    audit.begin = Head(seq, audit.rows[seq - 1].hash)
    del audit.rows[:seq]


def made_anew(audit: Audit, dice: random.Random) -> None:
    """Tamper with it, and make the chain fit again, with its head."""
    while True:
        dice.choice([changed, removed, swapped, cut])(audit, dice)
        with suppress(AttributeError, TypeError):
            audit.link_anew()
            return


def other_head(audit: Audit, dice: random.Random) -> None:
    assert audit.head is not None
    seq, its_hash = audit.head.seq, audit.head.hash
    heads = [Head(seq + 1, its_hash), Head(seq - 1, its_hash), Head(seq, its_hash[::-1]), None]
    audit.head = dice.choice(heads)


def other_checkpoint(audit: Audit, dice: random.Random) -> None:
    """Change one beside the chain, or one that was kept; or have another key sign it."""
    beside, kept = list(audit.signed.stored), list(audit.signed.kept)
    some = dice.choice([beside, kept])
    at = dice.randrange(len(some))
    name = dice.choice(["workspace_id", "seq", "hash", "at", "key", "signature"])
    value = getattr(some[at], name)
    different: Any = value + 1 if isinstance(value, int) else f"{value}="
    some[at] = replace(some[at], **{name: different})
    audit.signed = replace(audit.signed, stored=beside, kept=kept)


WAYS: tuple[Callable[[Audit, random.Random], None], ...] = (
    changed,
    changed,
    changed,
    removed,
    swapped,
    swapped,
    inserted,
    of_elsewhere,
    cut,
    begun_later,
    made_anew,
    other_head,
    other_checkpoint,
)


def test_a_thousand_ways_to_tamper_with_it_are_all_found(workspace_id: UUID, cast: Cast) -> None:
    for _ in range(3):
        happen(workspace_id, 5)
        chain_all()
        with writing():
            sign(workspace_id)
    happen(cast.charlie.workspace_id, 5)
    chain_all()
    rows, head = chain_of(workspace_id)
    with reading():
        stored, key = checkpoints_of(workspace_id), public_key_of(workspace_id)
    signed = Signed(stored, key, stored[-1:])
    audit = Audit(rows, head, signed, others=chain_of(cast.charlie.workspace_id)[0])
    assert not audit.is_found()
    unnoticed, found = [], Counter[str]()
    for number in range(TAMPERINGS):
        dice = random.Random(number)
        tampered = audit.copy()
        way = dice.choice(WAYS)
        way(tampered, dice)
        if tampered == audit:
            continue  # what was swapped was the same
        if tampered.is_found():
            found[way.__name__] += 1
        else:
            unnoticed.append((number, way.__name__))
    assert unnoticed == []
    assert found.keys() == {way.__name__ for way in WAYS}
    assert found.total() > TAMPERINGS * 0.95


def test_it_names_the_first_entry_that_is_wrong(workspace_id: UUID) -> None:
    happen(workspace_id, 9)
    chain_all()
    rows, head = chain_of(workspace_id)
    rows[6].subject_id = rows[4].subject_id = uuid4()
    fault = verify_chain(rows, head).fault
    assert fault is not None
    assert fault.seq == 5
    assert "Entry 5 is not what was chained" in fault.message


def test_the_end_that_was_cut_off_with_the_head_differs_from_what_was_kept(
    workspace_id: UUID,
) -> None:
    happen(workspace_id, 9)
    chain_all()
    rows, head = chain_of(workspace_id)
    kept = head.seq
    shorter = rows[:-2]
    result = verify_chain(shorter, Head(shorter[-1].seq, shorter[-1].hash), ask_at=[kept])
    assert result.fault is None
    assert result.hash_at == {}
    assert verify_chain(rows, head, ask_at=[kept]).hash_at == {kept: head.hash}


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_entries",
        "UPDATE audit_entries SET at = '2020-01-01 00:00:00'",
        "UPDATE audit_entries SET action = 'signed_in'",
        "UPDATE audit_entries SET user_id = NULL",
        "UPDATE audit_entries SET origin_digest = NULL",
        "UPDATE audit_entries SET seq = seq + 1000",
        "UPDATE audit_entries SET hash = ''",
    ],
)
def test_the_database_refuses_to_change_or_delete(workspace_id: UUID, statement: str) -> None:
    happen(workspace_id, 1)
    chain_all()
    with pytest.raises(Exception, match="are not changed or deleted"), writing():
        db.session.execute(text(statement))
    assert verify_workspace(workspace_id).fault is None


def test_two_that_chain_at_once_make_one_chain(app: Flask, workspace_id: UUID) -> None:
    happen(workspace_id, 1)
    chain_all()
    happen(workspace_id, 60)
    start = threading.Barrier(2)

    def chain() -> None:
        with app.app_context():
            start.wait()
            try:
                chain_all()
            finally:
                db.session.remove()

    threads = [threading.Thread(target=chain) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result = verify_workspace(workspace_id)
    assert result.fault is None
    assert result.waiting_count == 0
    assert result.count >= 61


def test_what_was_not_chained_before_a_crash_is_chained_later(
    workspace_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    happen(workspace_id, 3)
    crashing(chain_some)
    result = verify_workspace(workspace_id)
    assert (result.waiting_count, result.fault) == (3, None)
    later = clock.now() + timedelta(minutes=2)
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: later)
        fault = verify_workspace(workspace_id).fault
        assert fault is not None
        assert "3 entries wait to be chained since" in fault.message
    chain_all()
    assert verify_workspace(workspace_id).fault is None


def test_what_is_rolled_back_has_not_happened(workspace_id: UUID) -> None:
    request = (SubjectKind.REQUEST, uuid4())
    crashing(lambda: record(AuditAction.REQUEST_CREATED, workspace_id, *request))
    assert verify_workspace(workspace_id).waiting_count == 0


def test_each_workspace_has_a_chain_of_its_own(workspace_id: UUID, cast: Cast) -> None:
    before = verify_workspace(cast.charlie.workspace_id).count
    happen(workspace_id, 2)
    happen(cast.charlie.workspace_id, 3)
    chain_all()
    assert verify_workspace(cast.charlie.workspace_id).count == before + 3
    assert verify_workspace(cast.charlie.workspace_id).fault is None


def test_a_bit_that_changes_no_value_is_found_too(workspace_id: UUID) -> None:
    """The last letter of Base64 can have bits that say nothing."""
    with writing(), acting_as(SYSTEM):
        for length in range(1, 48, 16):  # of which not all are without such bits
            what = (AuditAction.REQUEST_CREATED, workspace_id, SubjectKind.REQUEST, uuid4())
            record(*what, {"text": "x" * length})
    chain_all()
    rows, head = chain_of(workspace_id)
    padded = [each for each in rows if each.sealed_details.endswith("=")]
    assert padded
    for row in padded:
        body = row.sealed_details.rstrip("=")
        padding = row.sealed_details[len(body) :]
        kept = row.sealed_details
        row.sealed_details = body[:-1] + chr(ord(body[-1]) + 1) + padding
        fault = verify_chain(rows, head).fault
        assert fault is not None
        assert fault.seq == row.seq
        row.sealed_details = kept
