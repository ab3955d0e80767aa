"""The sweeper finds lanes in which something is due, and does not cry for one in every sweep."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from opensink_web import clock
from opensink_web.jobs.lane_watch import LaneWatch
from opensink_web.models import Execution, LaneWork, db
from opensink_web.models.transaction import LaneAnnouncement, writing
from opensink_web.settings import Settings
from tests.conftest import Cast
from tests.support.executions import claim_some, make_function, submit_many, submit_one

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]


class Clock:
    """Seconds that pass when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock_of_watch() -> Clock:
    return Clock()


@pytest.fixture
def watch(settings: Settings, clock_of_watch: Clock) -> LaneWatch:
    return LaneWatch(settings, clock_of_watch)


def test_what_is_due_is_told_of_again_after_pauses_that_grow(
    app: Flask, cast: Cast, watch: LaneWatch, clock_of_watch: Clock
) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        submit_one(cast.alice, function_id)
        told = []
        for _ in range(12):
            told.append(len(watch.look()))
            clock_of_watch.now += 1
        assert watch.look(all_again=True) == [LaneAnnouncement(LaneWork.EXECUTIONS, function_id)]
    assert told == [1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1]


def test_new_work_is_told_of_at_once(app: Flask, cast: Cast, watch: LaneWatch) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        submit_one(cast.alice, function_id)
        assert len(watch.look()) == 1
        claim_some(function_id)
        submit_one(cast.alice, function_id)
        assert len(watch.look()) == 1


def test_what_is_dated_for_later_is_told_of_when_it_is_due(
    app: Flask, cast: Cast, watch: LaneWatch
) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        submit_one(cast.alice, function_id, delay_seconds=60)
        assert watch.look() == []
        with writing():
            db.session.execute(
                update(Execution).values(next_at=clock.now() - timedelta(seconds=0.1))
            )
        assert len(watch.look()) == 1


def test_a_lane_without_a_free_slot_is_left_alone(
    app: Flask, cast: Cast, watch: LaneWatch, settings: Settings
) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        submit_many(cast.alice, function_id, settings.calls_per_function + 1)
        claim_some(function_id, most=settings.calls_per_function)
        assert watch.look() == []


def test_each_lane_for_itself(app: Flask, cast: Cast, watch: LaneWatch) -> None:
    with app.app_context():
        functions = {make_function(cast.alice, name=f"work{n}") for n in range(5)}
        for function_id in functions:
            submit_many(cast.alice, function_id, 3)
        assert {each.lane_id for each in watch.look()} == functions
