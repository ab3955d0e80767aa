"""What is done with many rows: no statement grows with them, and nobody waits for all of them."""

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from opensink_web.models import (
    ApiKey,
    Batch,
    BatchStatus,
    Execution,
    ExecutionStatus,
    InputRequest,
    InputRequestStatus,
    Workspace,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.api_key import create_key, revoke_key
from opensink_web.operations.executions.batch import cancel_batch
from opensink_web.operations.slices import SLICE
from opensink_web.work.chores import CANCELLING
from tests.conftest import Cast, Person
from tests.support.executions import claim_some, make_function, principal_of, submit_many
from tests.support.many_rows import copy_row
from tests.support.pause_scenarios import approval_in
from tests.support.statements import Statement, statements

MANY = 70_000
"""More than a statement may name on PostgreSQL."""

pytestmark = pytest.mark.usefixtures("on_each_database")


def named_at_once(said: list[Statement]) -> int:
    """Return how many values the largest of the statements had."""
    return max(len(each.values) for each in said if isinstance(each.values, tuple | dict))


def cancel(person: Person, batch_id: UUID) -> int:
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        return cancel_batch(workspace, batch_id)


def in_status(status: ExecutionStatus) -> int:
    with reading():
        query = select(func.count()).select_from(Execution).where(Execution.status == status)
        return db.session.scalar(query) or 0


def test_a_batch_with_more_waiting_than_a_statement_may_name_is_cancelled(
    app: Flask, cast: Cast
) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        batch = submit_many(cast.alice, function_id, 1)
        copy_row(Execution, batch.execution_ids[0], MANY, {"batch_index": "n"})
        with statements(app) as said:
            assert cancel(cast.alice, batch.id) == MANY + 1
            assert claim_some(function_id) == [], "nothing of it begins any more"
            assert all(chore.go_on() for chore in CANCELLING)
        assert in_status(ExecutionStatus.CANCELLED) == 2 * SLICE
    assert named_at_once(said) <= SLICE + 10


def test_a_key_with_which_very_many_were_made_is_revoked(app: Flask, cast: Cast) -> None:
    with app.app_context():
        with writing():
            ours, alice = principal_of(cast.alice).workspace, principal_of(cast.alice).user
            parent, _ = create_key(ours, alice, name="first", scopes=("all:all",))
            child, _ = create_key(ours, alice, name="c", scopes=("all:all",), parent=parent)
            parent_id, child_id = parent.id, child.id
        copy_row(ApiKey, child_id, 2 * SLICE, {"key_hash": "CAST(n AS varchar(64))"})
        with statements(app) as said, writing():
            revoke_key(principal_of(cast.alice).workspace, parent_id)
        with reading():
            usable = select(ApiKey.id).where(
                ApiKey.parent_id == parent_id, ApiKey.revoked_at.is_(None)
            )
            assert db.session.scalars(usable).first() is None
    assert named_at_once(said) <= SLICE + 10


def test_what_was_too_much_to_cancel_at_once_is_cancelled_to_its_end(
    app: Flask, cast: Cast
) -> None:
    with app.app_context():
        first, *_ = approval_in(cast.alice, is_batch=True)
        batch_id = db.session.get_one(Execution, first.execution_id).batch_id
        assert batch_id is not None
        copy_row(Execution, first.execution_id, 2 * SLICE, {"batch_index": "n"})
        requests = {
            "execution_id": "(SELECT id FROM executions WHERE batch_index = n)",
        }
        copy_row(InputRequest, first.request_id, 2 * SLICE, requests)
        assert cancel(cast.alice, batch_id) == 2 * SLICE + 1
        while CANCELLING[0].go_on():
            pass
        with reading():
            batch = db.session.get_one(Batch, batch_id)
            assert batch.ended_as is BatchStatus.CANCELLED
            pending = select(InputRequest.id).where(
                InputRequest.status == InputRequestStatus.PENDING
            )
            assert db.session.scalars(pending).first() is None
        assert in_status(ExecutionStatus.CANCELLED) == 2 * SLICE + 1
