"""An audit whose beginning is old, and pruning it. Within an app context."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from opensink_web import clock
from opensink_web.models import db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.audit.checkpoint import Checkpoint, sign
from opensink_web.operations.kept import Kept
from opensink_web.operations.retention import START, find_prunable, prune_some
from tests.support.audit import chain_all
from tests.support.audit_cases import happen

LATER = timedelta(days=40)


def grow_old(workspace_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let things happen and be signed, 40 days pass, and more happen."""
    later = clock.now() + LATER
    happen(workspace_id, 9)
    chain_all()
    signed(workspace_id)
    monkeypatch.setattr(clock, "now", lambda: later)
    happen(workspace_id, 6)
    chain_all()
    signed(workspace_id)


def signed(workspace_id: UUID) -> Checkpoint:
    with writing():
        made = sign(workspace_id)
    assert made is not None
    return made


def cutoff() -> datetime:
    return clock.now() - timedelta(days=30)


def prune(*, slices: int = 1000) -> int:
    """Prune so many slices, as the sweeper does; return how many chains are left to go on with."""
    with reading():
        prunable = find_prunable(Kept.AUDIT, cutoff(), START)
    left = prunable.ids
    while left and slices:
        slices -= 1
        with writing():
            left = prune_some(Kept.AUDIT, cutoff(), left)
    return len(left)


def without_triggers(*statements: str) -> None:
    """Do what only somebody does who may do anything with the database."""
    triggers = {
        "audit_entries": ("kept", "same", "chained"),
        "audit_heads": ("pruned",),
    }
    with writing():
        for table, names in triggers.items():
            of_table = f" ON {table}" if db.engine.dialect.name == "postgresql" else ""
            for name in names:
                db.session.execute(text(f"DROP TRIGGER {table}_{name}{of_table}"))
        for statement in statements:
            db.session.execute(text(statement))
