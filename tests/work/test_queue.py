"""The sweeper finds groups in which something is due, and does not cry for one in every sweep."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, update

from opensink_web import clock
from opensink_web.models import Callback, Execution, db
from opensink_web.models.base import new_id
from opensink_web.models.transaction import Wakeup, reading, writing
from opensink_web.settings import Settings
from opensink_web.work.kinds import kinds_within
from opensink_web.work.queue import Limits, Queue
from opensink_web.work.watch import Watch
from tests.conftest import Cast
from tests.support.executions import claim_some, make_function, submit_many, submit_one

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]

Sweep = Callable[[], list[Wakeup]]


class Clock:
    """Seconds that pass when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Clock:
    return Clock()


@pytest.fixture
def watch(seconds: Clock) -> Watch:
    return Watch(seconds)


@pytest.fixture
def queue(settings: Settings) -> Queue:
    return Queue(kinds_within(Limits.of(settings)))


@pytest.fixture
def look(queue: Queue, watch: Watch) -> Sweep:
    def sweep() -> list[Wakeup]:
        with reading():
            return watch.due(queue.groups_with_work())

    return sweep


def test_what_is_due_is_woken_for_again_after_pauses_that_grow(
    app: Flask, cast: Cast, look: Sweep, queue: Queue, watch: Watch, seconds: Clock
) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        submit_one(cast.alice, function_id)
        woken = []
        for _ in range(12):
            woken.append(len(look()))
            seconds.now += 1
        with reading():
            again = watch.due(queue.groups_with_work(), all_again=True)
        assert again == [Wakeup("executions", function_id)]
    assert woken == [1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1]


def test_new_work_is_woken_for_at_once(app: Flask, cast: Cast, look: Sweep) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        submit_one(cast.alice, function_id)
        assert len(look()) == 1
        claim_some(function_id)
        submit_one(cast.alice, function_id)
        assert len(look()) == 1


def test_what_is_dated_for_later_is_woken_for_when_it_is_due(
    app: Flask, cast: Cast, look: Sweep
) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        submit_one(cast.alice, function_id, delay_seconds=60)
        assert look() == []
        with writing():
            db.session.execute(
                update(Execution).values(next_at=clock.now() - timedelta(seconds=0.1))
            )
        assert len(look()) == 1


def test_a_group_at_its_limit_is_left_alone(
    app: Flask, cast: Cast, look: Sweep, settings: Settings
) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        submit_many(cast.alice, function_id, settings.calls_per_function + 1)
        claim_some(function_id, most=settings.calls_per_function)
        assert look() == []


def test_each_group_for_itself(app: Flask, cast: Cast, look: Sweep) -> None:
    with app.app_context():
        functions = {make_function(cast.alice, name=f"work{n}") for n in range(5)}
        for function_id in functions:
            submit_many(cast.alice, function_id, 3)
        assert {each.group_id for each in look()} == functions


def test_two_thousand_groups_that_are_scheduled_cost_one_query(
    app: Flask, cast: Cast, queue: Queue
) -> None:
    statements: list[str] = []
    with app.app_context():
        due = make_function(cast.alice)
        submit_one(cast.alice, due)
        add_scheduled_callbacks(cast, 2000)

        def note(*arguments: object) -> None:
            statements.append(str(arguments[2]))

        event.listen(db.engine, "before_cursor_execute", note)
        with reading():
            waiting = queue.groups_with_work()
        event.remove(db.engine, "before_cursor_execute", note)
    assert [each.group_id for each in waiting] == [due]
    assert [each for each in statements if each != "BEGIN"] == statements[-1:]


def add_scheduled_callbacks(cast: Cast, count: int) -> None:
    """Write down callbacks to as many hosts, for next year."""
    with writing():
        db.session.add_all(
            Callback(
                id=new_id(),
                workspace_id=cast.alice.workspace_id,
                url="https://example.com/",
                group_id=new_id(),
                next_at=clock.now() + timedelta(days=365),
            )
            for _ in range(count)
        )
