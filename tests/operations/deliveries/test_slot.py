"""No agent has more calls in flight than it may, and what waits for a slot gets the next one."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from opensink_web import clock
from opensink_web.models import Agent, Delivery, DeliveryStatus, Workspace, db
from opensink_web.models.transaction import Announcement, work_committed, writing
from opensink_web.operations.agents.agent import delete_agent
from opensink_web.operations.deliveries.attempt import Claim, claim
from opensink_web.operations.deliveries.dispatch import (
    dispatch_forgotten,
    is_anything_forgotten,
    take_back_lost,
)
from opensink_web.operations.deliveries.outcome import finish
from opensink_web.outbound.client import Answer
from tests.conftest import Cast
from tests.support.scenarios import ask_in, endpoint_at, make_due

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]

LIMIT = 8
SUCCESS = Answer(200, "OK", (), b"", False, 1.5, "127.0.0.1", None)
FAILURE = Answer(500, "", (), b"", False, 1.5, "127.0.0.1", None)


@pytest.fixture
def agent_id(app: Flask, cast: Cast) -> Iterator[UUID]:
    with app.app_context():
        yield ask_in(cast.alice, endpoint_at("http://127.0.0.1:9/execute")).agent_id


def claimed(delivery_id: UUID, limit: int = LIMIT) -> Claim | None:
    with writing():
        return claim(delivery_id, limit)


def finished(claim_: Claim, answer: Answer = SUCCESS) -> list[UUID]:
    """Finish a call and return what was announced because of it."""
    with announced() as told, writing():
        assert finish(claim_, answer)
    return told


@contextmanager
def announced() -> Iterator[list[UUID]]:
    told: list[UUID] = []

    def note(_sender: object, announcements: Sequence[Announcement]) -> None:
        told.extend(each.delivery_id for each in announcements)

    with work_committed.connected_to(note):
        yield told


def in_threads(app: Flask, work: Sequence[Callable[[], None]]) -> None:
    def run(one: Callable[[], None]) -> None:
        with app.app_context():
            one()

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_of_many_claims_at_once_exactly_as_many_succeed_as_there_are_slots(
    app: Flask, cast: Cast, agent_id: UUID
) -> None:
    due = make_due(cast.alice, agent_id, 24)
    got: list[Claim | None] = []

    def claim_each(ids: list[UUID]) -> None:
        got.extend(claimed(each) for each in ids)

    in_threads(app, [lambda ids=due[n::12]: claim_each(ids) for n in range(12)])  # type: ignore[misc]
    assert sum(one is not None for one in got) == LIMIT


def test_other_agents_have_slots_of_their_own(cast: Cast, agent_id: UUID) -> None:
    other = ask_in(cast.alice, endpoint_at("http://127.0.0.1:9/other")).agent_id
    for each in make_due(cast.alice, agent_id, 2):
        claimed(each, 1)
    (due,) = make_due(cast.alice, other, 1)
    assert claimed(due, 1) is not None


@pytest.mark.parametrize("answer", [SUCCESS, FAILURE])
def test_the_end_of_a_call_announces_what_has_waited_longest(
    cast: Cast, agent_id: UUID, answer: Answer
) -> None:
    due = make_due(cast.alice, agent_id, 3)
    first = claimed(due[0], 1)
    assert claimed(due[1], 1) is None
    assert claimed(due[2], 1) is None
    assert first is not None
    assert finished(first, answer) == [due[1]]
    second = claimed(due[1], 1)
    assert second is not None
    assert finished(second, answer) == [due[2]]


def test_a_slot_that_a_worker_is_on_its_way_to_is_not_given_twice(
    cast: Cast, agent_id: UUID
) -> None:
    due = make_due(cast.alice, agent_id, 4)
    running = [claimed(each, 2) for each in due]
    assert running[2:] == [None, None]
    assert running[0] is not None
    assert finished(running[0]) == [due[2]]
    later = make_due(cast.alice, agent_id, 1)
    assert claimed(later[0], 2) is not None, "whoever comes first"
    assert claimed(due[2], 2) is None, "it waits again"


def test_two_hundred_that_wait_drain_without_a_sweeper(
    app: Flask, cast: Cast, agent_id: UUID
) -> None:
    waiting: queue.SimpleQueue[UUID | None] = queue.SimpleQueue()
    left = threading.Semaphore(0)

    def note(_sender: object, announcements: Sequence[Announcement]) -> None:
        for each in announcements:
            waiting.put(each.delivery_id)

    def work() -> None:
        while (delivery_id := waiting.get()) is not None:
            call = claimed(delivery_id)
            if call is not None:
                with writing():
                    finish(call, SUCCESS)
                left.release()

    with work_committed.connected_to(note):
        make_due(cast.alice, agent_id, 200)
        workers = threading.Thread(target=in_threads, args=(app, [work] * 12))
        workers.start()
        all_done = all(left.acquire(timeout=30) for _ in range(200))
        for _ in range(12):
            waiting.put(None)
        workers.join()
    assert all_done
    query = select(func.count()).where(Delivery.status == DeliveryStatus.SUCCEEDED)
    assert db.session.scalar(query) == 200


def test_the_sweeper_announces_no_more_than_may_be_called(cast: Cast, agent_id: UUID) -> None:
    due = make_due(cast.alice, agent_id, 6)
    assert claimed(due[0], 3) is not None
    with writing():
        again = dispatch_forgotten(3, take_back_lost(all_again=True))
    assert [each.delivery_id for each in again] == due[1:3]
    assert not is_anything_forgotten(3)


def test_a_full_agent_gives_the_sweeper_nothing_to_do(cast: Cast, agent_id: UUID) -> None:
    for each in make_due(cast.alice, agent_id, 3):
        claimed(each, 1)
    assert not is_anything_forgotten(1)
    assert is_anything_forgotten(2)


def test_the_slot_of_a_worker_that_died_is_free_when_its_lease_runs_out(
    cast: Cast, agent_id: UUID
) -> None:
    due = make_due(cast.alice, agent_id, 2)
    assert claimed(due[0], 1) is not None
    assert claimed(due[1], 1) is None
    with writing():
        past = clock.now() - timedelta(seconds=1)
        db.session.execute(
            update(Delivery)
            .where(Delivery.id == due[0])
            .values(lease_until=past, dispatched_at=past)
        )
        (told,) = dispatch_forgotten(1, take_back_lost())
    assert told.delivery_id == due[0]
    again = claimed(due[0], 1)
    assert again is not None
    assert finished(again) == [due[1]]


def test_what_is_refused_hands_its_turn_on(cast: Cast, agent_id: UUID) -> None:
    due = make_due(cast.alice, agent_id, 2)
    running = claimed(due[0], 1)
    assert claimed(due[1], 1) is None
    with writing():
        db.session.get_one(Agent, agent_id).execution_endpoint = None
    assert running is not None
    assert finished(running) == [due[1]]
    more = make_due(cast.alice, agent_id, 1)
    with writing():
        db.session.execute(
            update(Delivery).where(Delivery.id == more[0]).values(dispatched_at=None)
        )
    with announced() as told:
        assert claimed(due[1], 1) is None
    assert told == more


def test_an_agent_can_be_deleted_while_calls_are_in_flight_and_wait(
    app: Flask, cast: Cast, agent_id: UUID
) -> None:
    running = [claimed(each, 4) for each in make_due(cast.alice, agent_id, 12)]

    def end(call: Claim) -> None:
        with writing():
            finish(call, FAILURE)

    def delete() -> None:
        with writing():
            delete_agent(db.session.get_one(Workspace, cast.alice.workspace_id), agent_id)

    calls = [lambda call=call: end(call) for call in running if call]
    in_threads(app, [*calls[:2], delete, *calls[2:]])
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Delivery)) == 0
