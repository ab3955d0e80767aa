"""Answers and chats share the calls to an agent's endpoint: its limit, its health, its lock."""

import threading
from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from opensink_web.models import Agent, Delivery, DeliveryStatus, Execution, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.agent import delete_agent
from opensink_web.operations.agents.endpoint_health import FAILURES_TO_UNHEALTHY, note_failure
from opensink_web.operations.deliveries.attempt import DeliveryClaim
from opensink_web.operations.deliveries.delivery import deliver_test
from opensink_web.outbound.client import Response
from tests.conftest import Cast
from tests.support.chats import chat_input, submit_some
from tests.support.deliveries import claim_delivery, finish_delivery
from tests.support.executions import claim_some
from tests.support.real_servers import AgentEndpoint
from tests.support.scenarios import ask_in, endpoint_at, make_due

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]

FAILURE = Response(500, "", (), b"", False, 1.5, "127.0.0.1", None)


@pytest.fixture
def agent_id(app: Flask, cast: Cast) -> Iterator[UUID]:
    with app.app_context():
        yield ask_in(cast.alice, endpoint_at("http://127.0.0.1:9/execute")).agent_id


def claimed(delivery_id: UUID, limit: int = 8) -> DeliveryClaim | None:
    with writing():
        return claim_delivery(delivery_id, limit)


def in_threads(app: Flask, work: Sequence[Callable[[], None]]) -> None:
    def run(one: Callable[[], None]) -> None:
        with app.app_context():
            one()

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_of_many_claims_at_once_exactly_as_many_succeed_as_the_limit_allows(
    app: Flask, cast: Cast, agent_id: UUID
) -> None:
    due = make_due(cast.alice, agent_id, 24)
    got: list[DeliveryClaim | None] = []

    def claim_each(ids: list[UUID]) -> None:
        got.extend(claimed(each) for each in ids)

    in_threads(app, [lambda ids=due[n::12]: claim_each(ids) for n in range(12)])  # type: ignore[misc]
    assert sum(one is not None for one in got) == 8


def test_answers_and_chats_count_together(cast: Cast, agent_id: UUID) -> None:
    first, second, third = make_due(cast.alice, agent_id, 3)
    submit_some(cast.alice, agent_id, [chat_input(f"Hello {n}") for n in range(3)])
    assert claimed(first, 2) is not None
    assert len(claim_some(agent_id, limit=2)) == 1
    assert claim_some(agent_id, limit=2) == []
    assert claimed(second, 2) is None
    assert claimed(third, 3) is not None


def test_an_unhealthy_endpoint_gets_one_trial_call_over_both(cast: Cast, agent_id: UUID) -> None:
    due = make_due(cast.alice, agent_id, 2)
    submit_some(cast.alice, agent_id, [chat_input("Hello"), chat_input("Hello")])
    with writing():
        agent = db.session.get_one(Agent, agent_id)
        for _ in range(FAILURES_TO_UNHEALTHY):
            note_failure(agent, "It broke.", at_least_seconds=0)
        agent.endpoint_next_call_at = None  # the pause is over
    assert len(claim_some(agent_id)) == 1
    assert claimed(due[0]) is None
    assert claim_some(agent_id) == []
    with writing():
        test_id = deliver_test(db.session.get_one(Agent, agent_id)).id
    assert claimed(test_id) is not None, "what a person asked for waits for its turn alone"


def test_other_agents_have_a_limit_of_their_own(cast: Cast, agent_id: UUID) -> None:
    other = ask_in(cast.alice, endpoint_at("http://127.0.0.1:9/other")).agent_id
    for each in make_due(cast.alice, agent_id, 2):
        claimed(each, 1)
    (due,) = make_due(cast.alice, other, 1)
    assert claimed(due, 1) is not None


def test_two_hundred_drain_without_a_sweeper_beside_chats(
    app: Flask, cast: Cast, work: Callable[[], None]
) -> None:
    with AgentEndpoint(body=b'{"message": "Hello"}') as endpoint, app.app_context():
        agent_id = ask_in(cast.alice, endpoint_at(endpoint.url)).agent_id
        submit_some(cast.alice, agent_id, [chat_input(f"Hello {n}") for n in range(20)])
        make_due(cast.alice, agent_id, 200)
        work()
        succeeded = select(func.count()).where(Delivery.status == DeliveryStatus.SUCCEEDED)
        assert db.session.scalar(succeeded) == 200
        ended = select(func.count()).where(Execution.finished_at.is_not(None))
        assert db.session.scalar(ended) == 20


def test_an_agent_can_be_deleted_while_calls_are_in_flight_and_wait(
    app: Flask, cast: Cast, agent_id: UUID
) -> None:
    running = [claimed(each, 4) for each in make_due(cast.alice, agent_id, 12)]

    def end(call: DeliveryClaim) -> None:
        with writing():
            finish_delivery(call, FAILURE)

    def delete() -> None:
        with writing():
            delete_agent(db.session.get_one(Workspace, cast.alice.workspace_id), agent_id)

    calls = [lambda call=call: end(call) for call in running if call]
    in_threads(app, [*calls[:2], delete, *calls[2:]])
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Delivery)) == 0
