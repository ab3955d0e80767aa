"""Taking executions on: all or nothing, each with its defaults."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, event, func, select

from opensink_web.errors import Conflict, InvalidFunctionInput, InvalidInput, NotFound
from opensink_web.models import Batch, Execution, ExecutionStatus, ExecutionStep, Function, db
from opensink_web.models.transaction import Wakeup, reading, work_committed, writing
from opensink_web.operations.executions.submission import Options, check_input, submit
from tests.conftest import Cast
from tests.support.executions import execution, make_function, principal_of, submit_many, submit_one


def test_one_is_queued_and_due(app: Flask, cast: Cast) -> None:
    with app.app_context():
        stored = execution(submit_one(cast.alice, make_function(cast.alice)))
    assert stored.status is ExecutionStatus.QUEUED
    assert (stored.user_id, stored.trigger_id) == (cast.alice.id, "runtime-api")
    assert stored.next_at == stored.created_at
    assert [step.kind for step in stored.steps] == ["queued"]


def test_a_delayed_one_is_due_later_and_not_announced(app: Flask, cast: Cast) -> None:
    told: list[object] = []
    with app.app_context():
        function_id = make_function(cast.alice)
        with work_committed.connected_to(lambda _, wakeups: told.extend(wakeups)):
            delayed = execution(submit_one(cast.alice, function_id, delay_seconds=60))
    assert delayed.next_at - delayed.created_at == timedelta(seconds=60)
    assert told == []


def test_a_batch_is_announced_once(app: Flask, cast: Cast) -> None:
    told: list[object] = []
    with app.app_context():
        function_id = make_function(cast.alice)
        with work_committed.connected_to(lambda _, wakeups: told.extend(wakeups)):
            submit_many(cast.alice, function_id, 3)
    assert [type(each) for each in told] == [Wakeup]


def test_the_executions_of_a_batch_are_numbered(app: Flask, cast: Cast) -> None:
    with app.app_context():
        submitted = submit_many(cast.alice, make_function(cast.alice), 3, trigger_id="run-7")
        stored = [execution(each) for each in submitted.execution_ids]
    assert [each.trigger_id for each in stored] == ["run-7:0", "run-7:1", "run-7:2"]
    assert [each.input_data for each in stored] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert [each.batch_index for each in stored] == [0, 1, 2]


def test_a_thousand_are_stored_with_a_handful_of_statements(app: Flask, cast: Cast) -> None:
    statements: list[str] = []
    with app.app_context():
        function_id = make_function(cast.alice)

        def note(*arguments: object) -> None:
            statements.append(str(arguments[2]))

        event.listen(db.engine, "before_cursor_execute", note)
        submit_many(cast.alice, function_id, 1000)
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(statements) < 12


def test_one_bad_input_stores_nothing_and_names_its_index(app: Flask, cast: Cast) -> None:
    with app.app_context():
        function_id = make_function(
            cast.alice,
            input_schema={"type": "object", "properties": {"n": {"type": "integer", "maximum": 1}}},
        )
        with pytest.raises(InvalidFunctionInput) as refusal:
            submit_many(cast.alice, function_id, 3)
        with reading():
            counts = [
                db.session.scalar(select(func.count()).select_from(table))
                for table in (Batch, Execution, ExecutionStep)
            ]
    assert refusal.value.status == 422
    assert [error.path for error in refusal.value.errors] == ["/inputs/2/n"]
    assert counts == [0, 0, 0]


@pytest.mark.parametrize("count", [0, 1001])
def test_a_batch_has_its_size(app: Flask, cast: Cast, count: int) -> None:
    with app.app_context(), pytest.raises(InvalidInput, match="1 to 1000 inputs") as refusal:
        submit_many(cast.alice, make_function(cast.alice), count)
    assert refusal.value.status == 400


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        ({"delay_seconds": -1}, "/delay_seconds"),
        ({"delay_seconds": 10**9}, "/delay_seconds"),
        ({"delay_seconds": float("nan")}, "/delay_seconds"),
        ({"timeout_seconds": 0}, "/timeout"),
        ({"timeout_seconds": 86_401}, "/timeout"),
        ({"trigger_id": "x" * 300}, "/trigger_id"),
    ],
)
def test_options_out_of_range_are_refused(
    app: Flask, cast: Cast, options: dict[str, object], pointer: str
) -> None:
    with app.app_context(), pytest.raises(InvalidInput) as refusal:
        submit_one(cast.alice, make_function(cast.alice), **options)
    assert [error.path for error in refusal.value.errors] == [pointer]


def test_what_is_switched_off_takes_nothing(app: Flask, cast: Cast) -> None:
    with app.app_context(), pytest.raises(Conflict, match="switched off"):
        submit_one(cast.alice, make_function(cast.alice, is_active=False))


@pytest.mark.usefixtures("on_each_database")
def test_a_function_that_was_deleted_just_now_is_not_there(app: Flask, cast: Cast) -> None:
    def submit_to_what_is_gone() -> None:
        with writing():
            function = db.session.get_one(Function, function_id)
            checked = check_input(function, {"n": 1})
            db.session.execute(delete(Function))  # as somebody else, since it was found
            submit(principal_of(cast.alice), function, checked, Options())

    with app.app_context():
        function_id = make_function(cast.alice)
        with pytest.raises(NotFound):
            submit_to_what_is_gone()
