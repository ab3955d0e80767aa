"""Signed checkpoints: what was kept elsewhere proves that the chain was not made anew."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from opensink_web import clock
from opensink_web.models import db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.audit.checkpoint import (
    Checkpoint,
    checkpoints_of,
    is_any_due,
    sign,
    sign_some,
)
from opensink_web.operations.audit.verification import verify_workspace
from tests.conftest import Cast
from tests.support.audit import chain_all
from tests.support.audit_cases import happen

pytestmark = pytest.mark.usefixtures("on_each_database")


@pytest.fixture
def workspace_id(app: Flask, cast: Cast) -> Iterator[UUID]:
    with app.app_context():
        happen(cast.alice.workspace_id, 5)
        chain_all()
        yield cast.alice.workspace_id


def signed(workspace_id: UUID) -> Checkpoint:
    with writing():
        made = sign(workspace_id)
    assert made is not None
    return made


def sign_all() -> int:
    """Sign what is due, as the sweeper does; return how many."""
    count = 0
    while True:
        with reading():
            if not is_any_due():
                return count
        with writing():
            count += sign_some()


def test_it_is_signed_and_fits(workspace_id: UUID) -> None:
    made = signed(workspace_id)
    assert made.is_signed
    assert signed(workspace_id) == made
    happen(workspace_id, 2)
    chain_all()
    assert signed(workspace_id).key == made.key
    assert verify_workspace(workspace_id, [made]).fault is None


@pytest.mark.parametrize("field", ["workspace_id", "seq", "hash", "at", "key", "signature"])
def test_nothing_of_it_can_be_changed(workspace_id: UUID, field: str) -> None:
    made = signed(workspace_id)
    value = getattr(made, field)
    other = value + 1 if isinstance(value, int) else value[:2] + "7" + value[3:]
    if other == value:
        other = value[:2] + "8" + value[3:]
    changed = Checkpoint(**{**asdict(made), field: other})
    assert not changed.is_signed
    assert verify_workspace(workspace_id, [changed]).fault is not None


def test_an_end_that_was_cut_off_with_its_head_is_missed(workspace_id: UUID) -> None:
    made = signed(workspace_id)
    with writing():
        for trigger in ("audit_entries_kept", "audit_entries_chained"):
            of_table = " ON audit_entries" if db.engine.dialect.name == "postgresql" else ""
            db.session.execute(text(f"DROP TRIGGER {trigger}{of_table}"))
        last = {"last": made.seq}
        db.session.execute(text("DELETE FROM audit_entries WHERE seq = :last"), last)
        db.session.execute(text("DELETE FROM audit_checkpoints"))
        db.session.execute(
            text(
                "UPDATE audit_heads SET seq = seq - 1, hash = (SELECT hash FROM audit_entries"
                " WHERE audit_entries.workspace_id = audit_heads.workspace_id"
                " AND audit_entries.seq = audit_heads.seq - 1) WHERE seq = :last"
            ),
            last,
        )
    assert verify_workspace(workspace_id).fault is None
    fault = verify_workspace(workspace_id, [made]).fault
    assert fault is not None
    assert fault.message == f"Entry {made.seq}, of which there is a checkpoint, is missing."


def test_a_stored_one_that_was_changed_is_found(workspace_id: UUID) -> None:
    made = signed(workspace_id)
    with writing():
        db.session.execute(text("UPDATE audit_checkpoints SET hash = '0'"))
    fault = verify_workspace(workspace_id).fault
    assert fault is not None
    assert fault.seq == made.seq


def test_one_is_made_at_first_and_then_when_there_is_enough_or_an_hour_has_passed(
    workspace_id: UUID, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sign_all() == 2  # Charlie's workspace has one of its own
    assert sign_all() == 0
    happen(workspace_id, 1)
    chain_all()
    assert sign_all() == 0
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert sign_all() == 1
    assert len(checkpoints_of(workspace_id)) == 2
    assert len(checkpoints_of(cast.charlie.workspace_id)) == 1
