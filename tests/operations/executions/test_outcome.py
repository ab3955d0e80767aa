"""What becomes of executions that were claimed, and of the batch that they are part of."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from opensink_web import clock
from opensink_web.errors import Conflict
from opensink_web.models import (
    Batch,
    BatchStatus,
    Callback,
    CallbackStatus,
    Execution,
    ExecutionStatus,
    User,
    Workspace,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.executions.batch import cancel_batch
from opensink_web.operations.executions.callback import finish_callbacks, result_of
from opensink_web.operations.executions.callback_group import group_of_url
from opensink_web.operations.executions.execution import (
    cancel_execution,
    check_output,
    complete_execution,
    fail_execution,
)
from opensink_web.operations.executions.outcome import checked, finish_executions
from opensink_web.operations.executions.queries.batch import progress_of, status_of
from opensink_web.outbound.callback_call import build_callback_call
from opensink_web.outbound.client import Response
from opensink_web.outbound.outcome import Failure, Outcome, Output, Pending
from tests.conftest import Cast
from tests.support.executions import (
    Submitted,
    batch,
    claim_callbacks,
    claim_some,
    execution,
    finish_all,
    make_function,
    submit_many,
    submit_one,
)

pytestmark = pytest.mark.usefixtures("on_each_database")

URL = "https://app.example.com/done"


def workspace_of(cast: Cast) -> Workspace:
    return db.session.get_one(Workspace, cast.alice.workspace_id)


def let_leases_end() -> None:
    with writing():
        for table in (Execution, Callback):
            db.session.execute(
                update(table)
                .where(table.lease_until.is_not(None))
                .values(lease_until=clock.now() - timedelta(seconds=1))
            )


def test_an_output_completes_it(app: Flask, cast: Cast) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        execution_id = submit_one(cast.alice, function_id)
        claims = claim_some(function_id)
        assert execution(execution_id).status is ExecutionStatus.RUNNING
        finish_all(claims, Output({"ok": True}))
        ended = execution(execution_id)
    assert (ended.status, ended.output_data) == (ExecutionStatus.COMPLETED, {"ok": True})
    assert [step.kind for step in ended.steps] == ["queued", "started", "completed"]
    assert ended.lease_token is None
    assert ended.duration_ms is not None


def test_a_failure_keeps_reason_and_output(app: Flask, cast: Cast) -> None:
    with app.app_context():
        function_id = make_function(cast.alice, output_schema={"type": "integer"})
        execution_id = submit_one(cast.alice, function_id)
        (claim,) = claim_some(function_id)
        outcome = checked(claim, Output("seven"))
        finish_all([claim], outcome)
        ended = execution(execution_id)
    assert (ended.status, ended.output_data) == (ExecutionStatus.FAILED, "seven")
    assert ended.error_code == "invalid_output"
    assert "does not fit the output schema" in (ended.error or "")


def test_a_slot_is_for_one(app: Flask, cast: Cast) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        submit_many(cast.alice, function_id, 5)
        assert len(claim_some(function_id, limit=3)) == 3
        assert claim_some(function_id, limit=3) == []


def test_what_was_lost_is_claimed_again_and_the_first_one_writes_nothing(
    app: Flask, cast: Cast
) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        execution_id = submit_one(cast.alice, function_id)
        lost = claim_some(function_id)
        let_leases_end()
        again = claim_some(function_id)
        assert [claim.message_id for claim in again] == [claim.message_id for claim in lost]
        finish_all(lost, Output("late"))
        assert execution(execution_id).status is ExecutionStatus.RUNNING
        finish_all(again, Output("in time"))
        ended = execution(execution_id)
    assert ended.output_data == "in time"
    assert [step.kind for step in ended.steps] == ["queued", "started", "recovered", "completed"]


def test_what_one_worker_has_taken_twice_ends_once(app: Flask, cast: Cast) -> None:
    """As one does that was cut off from the database for longer than its lease."""
    with app.app_context():
        function_id = make_function(cast.alice)
        execution_id = submit_one(cast.alice, function_id)
        lost = claim_some(function_id)
        let_leases_end()
        again = claim_some(function_id)
        with writing():
            finish_executions([(again[0], Output("in time")), (lost[0], Pending())])
        ended = execution(execution_id)
    assert (ended.status, ended.output_data) == (ExecutionStatus.COMPLETED, "in time")


def test_what_is_lost_too_often_fails(app: Flask, cast: Cast) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        submit_one(cast.alice, function_id)
        for _ in range(4):
            (claim,) = claim_some(function_id)
            assert not isinstance(claim.target, Failure)
            let_leases_end()
        (claim,) = claim_some(function_id)
    assert isinstance(claim.target, Failure)
    assert claim.target.code == "outcome_unknown"


@pytest.mark.parametrize("is_active", [True, False])
def test_nothing_is_carried_out_for_somebody_who_has_left_or_is_shut_out(
    app: Flask, cast: Cast, is_active: bool
) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        execution_id = submit_one(cast.bob, function_id)
        with writing():
            bob = db.session.get_one(User, cast.bob.id)
            bob.is_active = is_active
            if is_active:
                db.session.delete(bob.memberships[0])
        (claim,) = claim_some(function_id)
        assert isinstance(claim.target, Failure)
        finish_all([claim], claim.target)
        ended = execution(execution_id)
    assert (ended.status, ended.error_code) == (ExecutionStatus.FAILED, "not_a_member")


def test_one_that_reports_by_itself_runs_on_without_a_slot(app: Flask, cast: Cast) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        execution_id = submit_one(cast.alice, function_id)
        finish_all(claim_some(function_id), Pending())
        waiting = execution(execution_id)
        assert (waiting.status, waiting.lease_until) == (ExecutionStatus.RUNNING, None)
        assert claim_some(function_id) == []
        reported = check_output(workspace_of(cast), execution_id, {"pages": 3})
        with writing():
            complete_execution(workspace_of(cast), reported)
        assert execution(execution_id).output_data == {"pages": 3}


def test_one_that_does_not_report_in_time_fails(app: Flask, cast: Cast) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        execution_id = submit_one(cast.alice, function_id)
        finish_all(claim_some(function_id), Pending())
        with writing():
            db.session.execute(update(Execution).values(next_at=clock.now()))
        (claim,) = claim_some(function_id)
        assert isinstance(claim.target, Failure)
        finish_all([claim], claim.target)
        ended = execution(execution_id)
    assert (ended.status, ended.error_code) == (ExecutionStatus.FAILED, "timeout")


def test_it_reports_once(app: Flask, cast: Cast) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        execution_id = submit_one(cast.alice, function_id)
        claims = claim_some(function_id)
        with writing():
            fail_execution(workspace_of(cast), execution_id, "no such document")
        reported = check_output(workspace_of(cast), execution_id, 1)
        with pytest.raises(Conflict), writing():
            complete_execution(workspace_of(cast), reported)
        finish_all(claims, Output("too late"))
        ended = execution(execution_id)
    assert (ended.status, ended.error) == (ExecutionStatus.FAILED, "no such document")


def test_a_cancelled_one_takes_no_outcome(app: Flask, cast: Cast) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        execution_id = submit_one(cast.alice, function_id)
        claims = claim_some(function_id)
        with writing():
            cancel_execution(workspace_of(cast), execution_id)
        finish_all(claims, Output("too late"))
        ended = execution(execution_id)
        with pytest.raises(Conflict), writing():
            cancel_execution(workspace_of(cast), execution_id)
    assert (ended.status, ended.output_data) == (ExecutionStatus.CANCELLED, None)


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ((Output(1), Output(2)), BatchStatus.COMPLETED),
        ((Output(1), Failure("no")), BatchStatus.PARTIAL),
        ((Failure("no"), Failure("no")), BatchStatus.FAILED),
    ],
)
def test_a_batch_ends_with_its_last(
    app: Flask, cast: Cast, outcomes: tuple[Outcome, ...], status: BatchStatus
) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        submitted = submit_many(cast.alice, function_id, 2, batch_callback_url=URL)
        for outcome in outcomes:
            assert batch(submitted.id).ended_as is None
            finish_all(claim_some(function_id, most=1), outcome)
        with reading():
            owed = db.session.execute(select(Callback.batch_id, Callback.status)).all()
            progress = progress_of([db.session.get_one(Batch, submitted.id)])[submitted.id]
        ended = batch(submitted.id)
    assert ended.ended_as is status
    assert status_of(ended, progress) is status
    assert owed == [(submitted.id, CallbackStatus.PENDING)]


def test_a_batch_has_begun_though_what_began_waits_again(app: Flask, cast: Cast) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        submitted = submit_many(cast.alice, function_id, 2)
        (claim,) = claim_some(function_id, most=1)
        with writing():
            db.session.get_one(Execution, claim.id).status = ExecutionStatus.QUEUED
        with reading():
            submitted_batch = db.session.get_one(Batch, submitted.id)
            progress = progress_of([submitted_batch])[submitted.id]
            assert progress.counts == {ExecutionStatus.QUEUED: 2}
            assert progress.started_at is not None
            assert status_of(submitted_batch, progress) is BatchStatus.RUNNING


def test_a_cancelled_batch_lets_what_runs_come_to_its_end(app: Flask, cast: Cast) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        submitted = submit_many(cast.alice, function_id, 3, batch_callback_url=URL)
        running = claim_some(function_id, most=1)
        with writing():
            assert cancel_batch(workspace_of(cast), submitted.id) == 2
        half = batch(submitted.id)
        assert (half.ended_as, half.cancelled_at is None) == (None, False)
        finish_all(running, Output(1))
        ended = batch(submitted.id)
        with reading():
            counts = progress_of([db.session.get_one(Batch, submitted.id)])[submitted.id].counts
        with pytest.raises(Conflict), writing():
            cancel_batch(workspace_of(cast), submitted.id)
    assert ended.ended_as is BatchStatus.CANCELLED
    assert counts == {ExecutionStatus.COMPLETED: 1, ExecutionStatus.CANCELLED: 2}


def owe_a_callback(cast: Cast) -> tuple[Submitted, object]:
    function_id = make_function(cast.alice)
    submitted = submit_many(cast.alice, function_id, 1, batch_callback_url=URL, callback_url=URL)
    finish_all(claim_some(function_id), Output({"pages": 3}))
    return submitted, function_id


def test_callbacks_say_how_it_ended(app: Flask, cast: Cast) -> None:
    with app.app_context():
        submitted, _ = owe_a_callback(cast)
        with writing():
            claims = claim_callbacks(group_of_url(URL), 10, 10)
    of_execution, of_batch = claims
    assert of_execution.body["status"] == "success"
    assert of_execution.body["result"] == {"pages": 3}
    assert of_execution.body["function"] == {"namespace": "tests", "name": "work"}
    assert of_batch.body["batch_id"] == str(submitted.id)
    assert (of_batch.body["completed"], of_batch.body["status"]) == (1, "completed")
    assert {"running", "queued", "user_id"}.isdisjoint(of_batch.body)


def test_a_callback_tells_nobody_what_its_address_hides(app: Flask, cast: Cast) -> None:
    url = f"{URL}?code=a-function-key"
    with app.app_context():
        function_id = make_function(cast.alice)
        id_ = submit_one(cast.alice, function_id, callback_url=url)
        finish_all(claim_some(function_id), Output(1))
        with writing():
            (claim,) = claim_callbacks(group_of_url(url), 10, 10)
            reason = "No POST /?code=a-function-key"
            place = (("Location", "/sign-in/Bearer a.token.of-alice"),)
            answer = Response(302, reason, place, b"", False, 1.0, "127.0.0.1", None)
            call = build_callback_call(claim.url, claim.body, "a.token.of-alice")
            finish_callbacks([(claim, result_of(call, answer))])
        told = execution(id_)
    assert told.callback is not None
    assert told.callback.error_message == (
        "The callback's receiver answered 302 No POST /?code=•••• and points to /sign-in/••••."
        " Redirects are not followed: enter the address it moved to."
    )


def test_a_callback_whose_worker_died_is_not_made_again(app: Flask, cast: Cast) -> None:
    with app.app_context():
        submitted, _ = owe_a_callback(cast)
        with writing():
            assert not any(each.is_lost for each in claim_callbacks(group_of_url(URL), 10, 10))
        let_leases_end()
        with writing():
            claims = claim_callbacks(group_of_url(URL), 10, 10)
            assert all(each.is_lost for each in claims)
            finish_callbacks([(each, None) for each in claims])
        told = execution(submitted.execution_ids[0])
    assert told.callback is not None
    assert told.callback.status is CallbackStatus.FAILED
    assert told.steps[-1].kind == "callback_failed"
