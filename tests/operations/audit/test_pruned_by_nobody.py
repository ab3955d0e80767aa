"""A beginning of a chain that was not pruned, or not so far: it is missed, whatever is made up."""

from uuid import UUID

import pytest

from opensink_web.operations.audit.checkpoint import checkpoints_of
from opensink_web.operations.audit.verification import verify_workspace
from tests.support.audit_pruning import prune, without_triggers

CUT = "DELETE FROM audit_entries WHERE seq <= {seq}"
BEGINS = "UPDATE audit_heads SET pruned_seq = {seq}, pruned_hash = '{hash}', pruning_until = {seq}"


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        ((CUT,), "Entry 1 is missing"),
        ((CUT, BEGINS), "no entry says that they were pruned"),
        ((CUT, BEGINS, "DELETE FROM audit_checkpoints WHERE seq < {seq}"), "no entry says"),
        ((BEGINS,), "Entry {next} is missing; the next one is 1"),
        (("UPDATE audit_heads SET pruned_hash = '{hash}'",), "Entry 1 is not what was chained"),
    ],
)
def test_a_beginning_that_was_not_pruned_is_missed(
    aged_id: UUID, statements: tuple[str, ...], message: str
) -> None:
    first, _ = checkpoints_of(aged_id)
    values = {"seq": first.seq, "hash": first.hash, "next": first.seq + 1}
    without_triggers(*(each.format(**values) for each in statements))
    fault = verify_workspace(aged_id).fault
    assert fault is not None
    assert message.format(**values) in fault.message


@pytest.mark.parametrize(
    "statements",
    [
        ("DELETE FROM audit_entries WHERE seq = {next}",),
        # further than was said, as if that had been so
        ("DELETE FROM audit_entries WHERE seq <= {last}", BEGINS.replace("seq}", "last}")),
        ("DELETE FROM audit_checkpoints WHERE seq = {seq}",),
        ("UPDATE audit_checkpoints SET signature = key WHERE seq = {seq}",),
        ("UPDATE audit_heads SET pruned_hash = '{other}'",),
        ("UPDATE audit_heads SET pruned_seq = 0, pruned_hash = '{zeros}'",),
        ("UPDATE audit_entries SET details = NULL WHERE action = 'audit_pruned'",),
    ],
)
def test_after_a_pruning_nothing_else_is_taken_for_one(
    aged_id: UUID, statements: tuple[str, ...]
) -> None:
    prune()
    assert verify_workspace(aged_id).fault is None
    first, last = checkpoints_of(aged_id)
    values = {"seq": first.seq, "next": first.seq + 1, "last": last.seq, "hash": last.hash}
    values |= {"other": "1" * 64, "zeros": "0" * 64}
    without_triggers(*(each.format(**values) for each in statements))
    assert verify_workspace(aged_id).fault is not None
