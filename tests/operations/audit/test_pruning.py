"""Pruning the audit: whole beginnings of chains go, and what is left is proven by a checkpoint."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from opensink_web import clock
from opensink_web.errors import Conflict
from opensink_web.models import (
    AuditAction,
    AuditHead,
    NotificationCursor,
    Workspace,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.audit import pruning
from opensink_web.operations.audit.checkpoint import checkpoints_of
from opensink_web.operations.audit.erasure import erase_some
from opensink_web.operations.audit.verification import verify_workspace
from opensink_web.operations.kept import Kept
from opensink_web.operations.retention import count_prunable
from tests.conftest import Cast
from tests.support.audit import chain_all, entries_of
from tests.support.audit_cases import SOMEBODY
from tests.support.audit_pruning import LATER, cutoff, prune, without_triggers

pytestmark = pytest.mark.usefixtures("on_each_database")


def head_of(workspace_id: UUID) -> AuditHead:
    with reading():
        query = select(AuditHead).where(AuditHead.workspace_id == workspace_id)
        head = db.session.scalars(query).one()
        db.session.expunge_all()
    return head


def test_what_is_old_goes_up_to_a_checkpoint_and_the_rest_holds(aged_id: UUID) -> None:
    first, _ = checkpoints_of(aged_id)
    before = len(entries_of(aged_id))
    with reading():
        assert count_prunable(Kept.AUDIT, cutoff()) == first.seq
    assert prune() == 0
    assert entries_of(aged_id)[0].seq == first.seq + 1
    (said,) = entries_of(aged_id, AuditAction.AUDIT_PRUNED)
    assert said.details is not None
    assert said.details[1] == {
        "until": first.seq,
        "hash": first.hash,
        "entries": first.seq,
        "before": f"{cutoff():%Y-%m-%d}",
    }
    assert len(entries_of(aged_id)) == before - first.seq + 1
    result = verify_workspace(aged_id, [first])
    assert (result.fault, result.begin.seq, result.count) == (
        None,
        first.seq,
        before - first.seq + 1,
    )
    assert result.checkpoint == first
    assert prune() == 0, "there is nothing left that is old"
    assert len(entries_of(aged_id, AuditAction.AUDIT_PRUNED)) == 1


def test_between_two_slices_it_holds_as_well(
    aged_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "SLICE", 2)
    assert prune(slices=2) == 1
    first, _ = checkpoints_of(aged_id)
    result = verify_workspace(aged_id)
    assert (result.fault, result.begin.seq) == (None, 4)
    assert prune() == 0
    assert head_of(aged_id).pruned_seq == first.seq
    assert len(entries_of(aged_id, AuditAction.AUDIT_PRUNED)) == 1
    # and once more, when what is left has grown old: the entry that told of it goes as well
    later = clock.now() + LATER
    monkeypatch.setattr(clock, "now", lambda: later)
    assert prune() == 0
    result = verify_workspace(aged_id)
    assert (result.fault, result.begin.seq > first.seq) == (None, True)


def test_what_was_erased_on_both_sides_holds_still(aged_id: UUID) -> None:
    with writing():
        workspace = db.session.get_one(Workspace, aged_id)
        assert erase_some(workspace, SOMEBODY.user_id or uuid4()) > 6
    chain_all()
    prune()
    result = verify_workspace(aged_id)
    assert result.fault is None
    assert 0 < result.erased_count < 6
    without_triggers("UPDATE audit_entries SET origin_erased_by_id = NULL")
    assert verify_workspace(aged_id).fault is not None


def test_what_nobody_has_read_for_whom_to_tell_stays(aged_id: UUID, cast: Cast) -> None:
    cursor = NotificationCursor(workspace_id=aged_id, seq=1)
    with writing():
        db.session.add_all([cursor, NotificationCursor(workspace_id=cast.charlie.workspace_id)])
    with reading():
        assert count_prunable(Kept.AUDIT, cutoff()) == 0
    prune()
    assert head_of(aged_id).pruned_seq == 0
    with writing():
        db.session.merge(NotificationCursor(workspace_id=aged_id, seq=1000))
    prune()
    assert head_of(aged_id).pruned_seq > 0


def test_the_database_lets_nothing_else_go(aged_id: UUID) -> None:
    statements = [
        "DELETE FROM audit_entries",
        "DELETE FROM audit_entries WHERE seq > 3",
        "UPDATE audit_heads SET pruned_seq = 3",
        "UPDATE audit_heads SET pruned_seq = 3, pruning_until = 3",
        "UPDATE audit_heads SET pruning_until = 1000000",
    ]
    if db.engine.dialect.name == "postgresql":
        statements.append("TRUNCATE audit_entries")
    before = len(entries_of(aged_id))
    for statement in statements:
        with pytest.raises(DatabaseError, match="audit"), writing():
            db.session.execute(text(statement))
    assert len(entries_of(aged_id)) == before
    prune()
    for statement in (*statements, "UPDATE audit_heads SET pruned_seq = 0, pruning_until = 0"):
        with pytest.raises(DatabaseError, match="audit"), writing():
            db.session.execute(text(statement))


def test_what_does_not_fit_is_evidence_and_stays(aged_id: UUID) -> None:
    without_triggers("UPDATE audit_entries SET action = 'request_viewed' WHERE seq = 3")
    with pytest.raises(Conflict, match="Entry 3 of the audit"):
        prune()
    assert head_of(aged_id).pruned_seq == 0
    assert entries_of(aged_id, AuditAction.AUDIT_PRUNED) == []


def test_a_checkpoint_that_nobody_signed_prunes_nothing(aged_id: UUID) -> None:
    first, _ = checkpoints_of(aged_id)
    with writing():
        statement = text("UPDATE audit_checkpoints SET hash = 'f' WHERE seq = :seq")
        db.session.execute(statement, {"seq": first.seq})
    with pytest.raises(Conflict, match="not what was chained and signed"):
        prune()
    assert head_of(aged_id).pruned_seq == 0


def test_what_nobody_has_signed_stays(aged_id: UUID, cast: Cast) -> None:
    before = len(entries_of(cast.charlie.workspace_id))
    prune()
    assert len(entries_of(cast.charlie.workspace_id)) == before
    assert verify_workspace(cast.charlie.workspace_id).fault is None
