"""Undoing races taking effect, and fifty people decide at once: of each exactly one stands."""

import threading

import pytest
from flask import Flask
from sqlalchemy import func, select

from opensink_web.errors import AlreadyResolved, Conflict
from opensink_web.models import Deadline, Delivery, InputRequest, InputRequestStatus, db
from tests.conftest import Cast
from tests.support.holding import hold_answer, let_take_effect, take_back
from tests.support.scenarios import ENDPOINT, ask_in

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]
RACES = 60
PEOPLE = 50


def test_undoing_or_taking_effect_never_both(app: Flask, cast: Cast) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def undo_it() -> None:
        with app.app_context():
            start.wait()
            try:
                take_back(cast.bob, waiting.request_id)
                outcomes.append("undone")
            except Conflict as error:
                outcomes.append("too late" if "taken effect" in error.message else error.message)

    def let_it() -> None:
        with app.app_context():
            start.wait()
            let_take_effect(waiting.request_id)

    for number in range(RACES):
        with app.app_context():
            if number and outcomes[-1] == "too late":
                waiting = ask_in(cast.alice, ENDPOINT)
            hold_answer(cast.bob, waiting.request_id)
            before = db.session.scalar(select(func.count()).select_from(Delivery)) or 0
            db.session.rollback()
        threads = [threading.Thread(target=each) for each in (undo_it, let_it)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with app.app_context():
            request = db.session.get_one(InputRequest, waiting.request_id)
            made = (db.session.scalar(select(func.count()).select_from(Delivery)) or 0) - before
            is_undone = outcomes[-1] == "undone"
            expected = InputRequestStatus.PENDING if is_undone else InputRequestStatus.RESOLVED
            assert (request.status, made) == (expected, 0 if is_undone else 1)
            assert db.session.scalar(select(func.count()).select_from(Deadline)) == 0
    assert set(outcomes) <= {"undone", "too late"}


def test_of_fifty_people_one_decides_and_the_others_are_told_who(app: Flask, cast: Cast) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
    start = threading.Barrier(PEOPLE)
    outcomes: list[str] = []

    def decide(number: int) -> None:
        person = (cast.alice, cast.bob)[number % 2]
        with app.app_context():
            start.wait()
            try:
                hold_answer(person, waiting.request_id)
                outcomes.append("won")
            except AlreadyResolved as error:
                outcomes.append(error.message)

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(PEOPLE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("won") == 1
    with app.app_context():
        winner = db.session.get_one(InputRequest, waiting.request_id).resolved_by
        assert winner is not None
        told = [each for each in outcomes if each != "won"]
        assert len(told) == PEOPLE - 1
        assert all(f"answered by {winner.email} on" in each for each in told)
