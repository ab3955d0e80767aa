"""Batches that are written in slices survive an upgrade, and a downgrade leaves none half done."""

from datetime import timedelta
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import text, update

from opensink_web import clock
from opensink_web.cli.database import run_migrations
from opensink_web.models import Batch, Execution, db
from opensink_web.models.execution import NOT_DUE_YET
from opensink_web.models.transaction import writing
from tests.conftest import make_cast
from tests.support.chats import chat_input, make_agent, submit_some
from tests.support.executions import make_function, submit_many
from tests.support.pause_scenarios import approval_in

pytestmark = pytest.mark.server
BEFORE = "0024"


@pytest.fixture
def app(within_empty_app: None, empty_app: Flask) -> Flask:
    run_migrations()
    return empty_app


def column(statement: str) -> list[Any]:
    with db.engine.connect() as connection:
        return list(connection.execute(text(statement)).scalars())


def test_up_and_down_with_batches_of_every_state(app: Flask) -> None:
    alice = make_cast().alice
    whole = submit_many(alice, make_function(alice), 2)
    half_due = submit_many(alice, make_function(alice, name="half_due"), 3)
    staged = submit_many(alice, make_function(alice, name="staged"), 2)
    chats = submit_some(alice, make_agent(alice, name="A"), [chat_input()] * 2)
    approval_in(alice, [{"amount": 1.0}] * 2, is_batch=True)
    due_at = clock.now() + timedelta(hours=1)
    with writing():
        batches: Any = Batch.__table__
        executions: Any = Execution.__table__
        for change in (
            update(batches)
            .where(batches.c.id.in_([staged.id, chats.batch_id]))
            .values(staged_until=clock.now()),
            update(batches)
            .where(batches.c.id == half_due.id)
            .values(unqueued_from=1, due_at=due_at),
            update(executions)
            .where(executions.c.batch_id == half_due.id, executions.c.batch_index >= 1)
            .values(next_at=NOT_DUE_YET),
        ):
            db.session.execute(change)
    db.session.remove()

    flask_migrate.downgrade(revision=BEFORE)
    assert sorted(column("SELECT total FROM batches")) == [2, 2, 3]
    assert len(column("SELECT id FROM executions")) == 7
    assert len(column("SELECT id FROM execution_steps")) == 9
    assert len(column("SELECT id FROM input_requests")) == 2
    assert column("SELECT id FROM chats") == column("SELECT id FROM chat_messages") == []
    late = column("SELECT next_at FROM executions WHERE batch_index >= 1 ORDER BY next_at")
    assert not [moment for moment in late if str(moment).startswith("9999")]

    flask_migrate.upgrade()
    assert column("SELECT staged_until FROM batches") == [None] * 3
    db.session.rollback()
    assert db.session.get_one(Batch, whole.id).total == 2
    moments = {
        each.batch_index: each.next_at
        for each in db.session.query(Execution).filter_by(batch_id=half_due.id)
    }
    assert moments[1] == moments[2] == due_at
