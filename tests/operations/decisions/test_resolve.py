"""Answering a request: stored once, delivered once, and nothing when it is refused."""

import threading
from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from opensink_web.errors import AlreadyResolved, Conflict, InvalidAnswer, NotFound
from opensink_web.models import (
    Activity,
    ActivityType,
    Agent,
    AgentSession,
    Delivery,
    DeliveryStatus,
    InputRequest,
    InputRequestStatus,
    SessionStatus,
    User,
    Workspace,
    db,
)
from opensink_web.models.transaction import work_committed, writing
from opensink_web.operations.agents.agent_session import update_session
from opensink_web.operations.decisions.decision import resolve
from opensink_web.operations.requests.answer import check_answer
from tests.conftest import Cast, Person
from tests.support.scenarios import ENDPOINT, Waiting, answer, ask_in


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Iterator[Waiting]:
    with app.app_context():
        yield ask_in(cast.alice, ENDPOINT)


def deliveries() -> list[Delivery]:
    return list(db.session.scalars(select(Delivery)))


def test_stores_response_status_activity_and_delivery_together(
    cast: Cast, waiting: Waiting
) -> None:
    answer(cast.bob, waiting)

    request = db.session.get_one(InputRequest, waiting.request_id)
    assert request.status is InputRequestStatus.RESOLVED
    assert request.response == {"approved": True}
    assert request.resolved_by is not None
    assert request.resolved_by.email == cast.bob.email
    assert db.session.get_one(AgentSession, waiting.session_id).status == "processing_input"
    assert db.session.get_one(Agent, waiting.agent_id).status == "processing_input"
    types = db.session.scalars(select(Activity.type).order_by(Activity.id)).all()
    assert types[-1] is ActivityType.INPUT_REQUEST_RESOLVED
    (delivery,) = deliveries()
    assert delivery.status is DeliveryStatus.PENDING
    assert delivery.input_request_id == waiting.request_id


def test_announces_the_delivery_after_the_commit(cast: Cast, waiting: Waiting) -> None:
    seen: list[UUID] = []

    def note(_sender: object, wakeups: list[object]) -> None:
        # a second connection sees the row: it is committed
        with db.engine.connect() as other:
            seen.extend(other.scalars(select(Delivery.id)))

    with work_committed.connected_to(note):
        answer(cast.bob, waiting)

    assert seen == [deliveries()[0].id]


def test_an_agent_without_endpoint_gets_no_delivery(app: Flask, cast: Cast) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, None)
        answer(cast.bob, waiting)
        assert deliveries() == []


def test_an_invalid_response_changes_nothing(cast: Cast, waiting: Waiting) -> None:
    with pytest.raises(InvalidAnswer) as raised:
        answer(cast.bob, waiting, approved="yes")

    assert [error.path for error in raised.value.errors] == ["/approved"]
    request = db.session.get_one(InputRequest, waiting.request_id)
    assert request.status is InputRequestStatus.PENDING
    assert request.response is None
    assert deliveries() == []


def test_a_second_answer_is_told_who_and_when(cast: Cast, waiting: Waiting) -> None:
    answer(cast.bob, waiting)
    with pytest.raises(AlreadyResolved, match=r"answered by bob@example.com on \d{4}-"):
        answer(cast.alice, waiting, approved=False)
    assert db.session.get_one(InputRequest, waiting.request_id).response == {"approved": True}
    assert len(deliveries()) == 1


def test_who_answers_in_the_same_moment_is_told_who_and_when_too(
    cast: Cast, waiting: Waiting
) -> None:
    workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
    checked = check_answer(workspace, waiting.request_id, {"approved": True})
    answer(cast.bob, waiting)
    alice = db.session.get_one(User, cast.alice.id)
    with pytest.raises(AlreadyResolved, match=r"answered by bob@example.com on \d{4}-"), writing():
        resolve(workspace, checked, by=alice)


def test_another_workspace_does_not_find_it(cast: Cast, waiting: Waiting) -> None:
    with pytest.raises(NotFound):
        answer(cast.charlie, waiting)


def test_a_session_that_the_agent_ended_takes_no_answer(cast: Cast, waiting: Waiting) -> None:
    with writing():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        update_session(workspace, waiting.session_id, status=SessionStatus.COMPLETED)
    with pytest.raises(Conflict):
        answer(cast.bob, waiting)
    assert db.session.get_one(InputRequest, waiting.request_id).status == "cancelled"


@pytest.mark.server
@pytest.mark.usefixtures("on_each_database")
def test_of_many_at_once_exactly_one_wins(app: Flask, cast: Cast) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
    outcomes: list[str] = []
    start = threading.Barrier(8)

    def decide(person: Person, approved: bool) -> None:
        with app.app_context():
            start.wait()
            try:
                answer(person, waiting, approved)
                outcomes.append("won")
            except AlreadyResolved:
                outcomes.append("too late")

    people = [cast.alice, cast.bob] * 4
    threads = [
        threading.Thread(target=decide, args=(person, number % 2 == 0))
        for number, person in enumerate(people)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["too late"] * 7 + ["won"]
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Delivery)) == 1
