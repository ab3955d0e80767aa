"""Undoing races taking effect, and many decide at once in every way: one of each stands."""

import threading
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from opensink_web import clock
from opensink_web.errors import AlreadyResolved, Conflict, Unavailable
from opensink_web.models import (
    Deadline,
    Delivery,
    InputRequest,
    InputRequestStatus,
    User,
    Workspace,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.decisions.bulk import RowDecision, Verdict, decide_many
from opensink_web.operations.decisions.expiry import expire
from opensink_web.operations.decisions.withdrawal import cancel, check_revision, supersede
from tests.conftest import Cast, Person
from tests.support.holding import hold_answer, let_take_effect, take_back
from tests.support.pause_scenarios import refuse
from tests.support.scenarios import ENDPOINT, ask_in

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]
RACES = 60
PEOPLE = 50
ROUNDS = 12


def patiently(act: Callable[[], object]) -> None:
    """Do it, however long a busy machine has others hold what it needs."""
    while True:
        with suppress(Unavailable):
            act()
            return


def test_undoing_or_taking_effect_never_both(app: Flask, cast: Cast) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def undo_it() -> None:
        with app.app_context():
            start.wait()
            try:
                patiently(lambda: take_back(cast.bob, waiting.request_id))
                outcomes.append("undone")
            except Conflict as error:
                outcomes.append("too late" if "taken effect" in error.message else error.message)

    def let_it() -> None:
        with app.app_context():
            start.wait()
            patiently(lambda: let_take_effect(waiting.request_id))

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
                patiently(lambda: hold_answer(person, waiting.request_id))
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


def ways_to_end(person: Person, request_id: UUID) -> dict[str, Callable[[], object]]:
    """Return each way in which a request comes to its end; each raises where it came too late."""

    def in_bulk() -> None:
        workspace = db.session.get_one(Workspace, person.workspace_id)
        by = db.session.get_one(User, person.id)
        (result,) = decide_many(workspace, [RowDecision(request_id, Verdict.NO)], by=by)
        if result.refusal:
            raise Conflict(result.refusal)

    def withdraw() -> None:
        with writing():
            cancel(db.session.get_one(Workspace, person.workspace_id), request_id, None)

    def ask_anew() -> None:
        workspace = db.session.get_one(Workspace, person.workspace_id)
        revision = check_revision(workspace, request_id, {"title": "Anew?"}, {"expires_at": None})
        with writing():
            supersede(
                db.session.get_one(Workspace, person.workspace_id),
                revision,
                requested_by_id=person.id,
            )

    def let_it_expire() -> None:
        with writing():
            before = db.session.get_one(InputRequest, request_id).status
            expire(request_id)
            after = db.session.get_one(InputRequest, request_id, populate_existing=True)
            if before is after.status or after.status is not InputRequestStatus.EXPIRED:
                raise Conflict("It had ended.")

    return {
        "resolved": lambda: hold_answer(person, request_id, seconds=0),
        "in bulk": in_bulk,
        "declined": lambda: refuse(person, request_id),
        "cancelled": withdraw,
        "superseded": ask_anew,
        "expired": let_it_expire,
    }


def test_in_whichever_way_it_ends_it_ends_once(app: Flask, cast: Cast) -> None:
    for _ in range(ROUNDS):
        with app.app_context():
            request_id = ask_in(cast.alice, ENDPOINT).request_id
            with writing():
                db.session.get_one(InputRequest, request_id).expires_at = clock.now()
        ways = ways_to_end(cast.bob, request_id)
        start = threading.Barrier(len(ways))
        won: list[str] = []

        def end(name: str, way: Callable[[], object], start: threading.Barrier = start) -> None:
            with app.app_context():
                start.wait()
                with suppress(AlreadyResolved, Conflict):
                    patiently(way)
                    won.append(name)  # noqa: B023 - the threads end within the round

        threads = [threading.Thread(target=end, args=each) for each in ways.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1
        with app.app_context():
            ended_as = db.session.get_one(InputRequest, request_id).status
            assert ended_as.value == {"in bulk": "resolved"}.get(won[0], won[0])
            of_it = select(func.count()).select_from(Delivery)
            calls = db.session.scalar(of_it.where(Delivery.input_request_id == request_id))
            assert calls == (won[0] != "superseded")
