"""A failing endpoint is called once in a while, nothing fails for waiting, and it heals itself."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from opensink_web.models import Agent, Delivery, DeliveryStatus, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents import endpoint_health
from opensink_web.operations.agents.agent import update_agent
from opensink_web.operations.agents.queries import (
    EndpointHealth,
    HealthStatus,
    health_of,
    list_agents,
)
from opensink_web.operations.deliveries.attempt import DeliveryClaim
from opensink_web.operations.deliveries.delivery import deliver_test, redeliver
from opensink_web.operations.page import PageRequest
from opensink_web.outbound.client import Headers, Response
from opensink_web.outbound.failures import CallError
from opensink_web.work.kinds import kinds_within
from opensink_web.work.queue import Limits, Queue
from tests.conftest import Cast
from tests.operations.conftest import Moment
from tests.support.deliveries import claim_delivery, finish_delivery
from tests.support.scenarios import POLICY, ask_in, endpoint_at, make_due

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]

LIMIT = 8
QUEUE = Queue(kinds_within(Limits(LIMIT, LIMIT)))
REFUSED = CallError("refused_by_policy", "Not a public address.")


@pytest.fixture
def agent_id(app: Flask, cast: Cast, moment: Moment) -> Iterator[UUID]:
    with app.app_context():
        yield ask_in(cast.alice, endpoint_at("http://127.0.0.1:9/execute")).agent_id


@pytest.fixture
def waiting(cast: Cast, agent_id: UUID) -> list[UUID]:
    """Twenty calls that wait for an endpoint that has become unhealthy."""
    fail(cast, agent_id, 5)
    due = make_due(cast.alice, agent_id, 20)
    assert claimed(due[0]) is None
    return due


def claimed(delivery_id: UUID) -> DeliveryClaim | None:
    with writing():
        return claim_delivery(delivery_id, LIMIT)


def end(
    call: DeliveryClaim | None,
    status: int | None = 500,
    headers: Headers = (),
    error: CallError | None = None,
) -> None:
    assert call is not None
    with writing():
        assert finish_delivery(
            call, Response(status, "", headers, b"", False, 1.5, "127.0.0.1", error)
        )


def fail(cast: Cast, agent_id: UUID, count: int) -> None:
    for each in make_due(cast.alice, agent_id, count):
        end(claimed(each))


def health(agent_id: UUID) -> EndpointHealth:
    db.session.rollback()
    found = health_of(db.session.get_one(Agent, agent_id))
    assert found is not None
    return found


def seconds_to_next_call(agent_id: UUID, moment: Moment) -> float:
    next_call_at = health(agent_id).next_call_at
    assert next_call_at is not None
    return (next_call_at - moment.now).total_seconds()


def found_by_the_sweeper() -> set[UUID]:
    """Return the agents, and of them the oldest deliveries, that may be called now."""
    with reading():
        return {each.row_id for each in QUEUE.groups_with_work()}


def test_the_fifth_failure_in_a_row_makes_it_unhealthy(cast: Cast, agent_id: UUID) -> None:
    fail(cast, agent_id, 4)
    assert health(agent_id).status is HealthStatus.HEALTHY
    fail(cast, agent_id, 1)
    found = health(agent_id)
    assert (found.status, found.consecutive_failures) == (HealthStatus.UNHEALTHY, 5)
    assert found.last_error == "The execution endpoint answered 500."
    assert found.unhealthy_since is not None


def test_a_success_in_between_begins_the_count_anew(cast: Cast, agent_id: UUID) -> None:
    fail(cast, agent_id, 4)
    end(claimed(make_due(cast.alice, agent_id, 1)[0]), 204)
    assert health(agent_id).consecutive_failures == 0
    fail(cast, agent_id, 4)
    assert health(agent_id).status is HealthStatus.HEALTHY


def test_what_policy_refuses_says_nothing_of_the_endpoint(cast: Cast, agent_id: UUID) -> None:
    for each in make_due(cast.alice, agent_id, 6):
        end(claimed(each), None, error=REFUSED)
    assert health(agent_id).consecutive_failures == 0


def test_successes_of_a_healthy_endpoint_write_nothing_to_the_agent(
    cast: Cast, agent_id: UUID
) -> None:
    statements: list[str] = []
    call = claimed(make_due(cast.alice, agent_id, 1)[0])

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(db.engine, "before_cursor_execute", note)
    end(call, 200)
    event.remove(db.engine, "before_cursor_execute", note)
    assert not [text for text in statements if text.startswith("UPDATE agents")]


def test_what_is_due_waits_and_does_not_fail(waiting: list[UUID]) -> None:
    statuses = db.session.scalars(select(Delivery.status).where(Delivery.id.in_(waiting))).all()
    assert set(statuses) == {DeliveryStatus.PENDING}
    assert not found_by_the_sweeper(), "the sweeper lets it rest"


def test_one_probe_at_a_time_with_pauses_that_double_up_to_a_minute(
    agent_id: UUID, moment: Moment, waiting: list[UUID]
) -> None:
    longest = 1.0
    for number in range(9):
        pause = seconds_to_next_call(agent_id, moment)
        assert longest / 2 <= pause <= longest
        moment.pass_seconds(pause)
        assert found_by_the_sweeper() == {waiting[number]}
        probe = claimed(waiting[number])
        assert [claimed(each) for each in waiting[-3:]] == [None] * 3
        end(probe, 503)
        longest = min(longest * 2, 60)


def test_calls_that_were_under_way_do_not_lengthen_the_pause(
    cast: Cast, agent_id: UUID, moment: Moment
) -> None:
    running = [claimed(each) for each in make_due(cast.alice, agent_id, LIMIT)]
    for call in running:
        end(call, None, error=CallError("timeout", "It did not answer."))
    assert health(agent_id).consecutive_failures == LIMIT
    assert seconds_to_next_call(agent_id, moment) <= 1


def test_retry_after_lengthens_the_pause(
    agent_id: UUID, moment: Moment, waiting: list[UUID]
) -> None:
    moment.pass_seconds(1)
    end(claimed(waiting[0]), 429, (("retry-after", "300"),))
    assert seconds_to_next_call(agent_id, moment) == 300


def test_a_trial_call_that_succeeds_heals_it_and_all_may_be_called(
    agent_id: UUID, moment: Moment, waiting: list[UUID]
) -> None:
    moment.pass_seconds(1)
    end(claimed(waiting[0]), 200)
    found = health(agent_id)
    assert found == EndpointHealth(HealthStatus.HEALTHY, 0, None, None, None)
    assert found_by_the_sweeper() == {waiting[1]}
    assert all(claimed(each) for each in waiting[1 : 1 + LIMIT])
    assert claimed(waiting[1 + LIMIT]) is None


def test_what_a_person_asks_for_is_called_at_once_and_heals(
    cast: Cast, agent_id: UUID, waiting: list[UUID]
) -> None:
    failed = db.session.scalars(
        select(Delivery.id).where(Delivery.status == DeliveryStatus.FAILED)
    ).first()
    assert failed is not None
    with writing():
        test_id = deliver_test(db.session.get_one(Agent, agent_id)).id
    end(claimed(test_id))
    with writing():
        redeliver(db.session.get_one(Workspace, cast.alice.workspace_id), failed)
    assert health(agent_id).status is HealthStatus.UNHEALTHY
    end(claimed(failed), 200)
    assert health(agent_id).status is HealthStatus.HEALTHY


def test_what_a_person_asked_for_is_found_again_if_the_wake_up_was_lost(
    agent_id: UUID, waiting: list[UUID], moment: Moment
) -> None:
    with writing():
        agent = db.session.get_one(Agent, agent_id)
        agent.endpoint_next_call_at = moment.now + timedelta(hours=1)
        test_id = deliver_test(agent).id
    moment.pass_seconds(6)
    assert found_by_the_sweeper() == {test_id}


def test_another_endpoint_begins_healthy_whatever_still_fails_at_the_old_one(
    cast: Cast, agent_id: UUID
) -> None:
    running = claimed(make_due(cast.alice, agent_id, 1)[0])
    fail(cast, agent_id, 5)
    due = make_due(cast.alice, agent_id, 2)
    assert claimed(due[0]) is None
    with writing():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        new = endpoint_at("http://127.0.0.1:9/new")
        update_agent(workspace, agent_id, POLICY, execution_endpoint=new)
    assert health(agent_id).status is HealthStatus.HEALTHY
    assert found_by_the_sweeper() == {due[0]}
    end(running)
    assert health(agent_id).consecutive_failures == 0


def test_agents_are_listed_by_health(cast: Cast, agent_id: UUID) -> None:
    other = ask_in(cast.alice, endpoint_at("http://127.0.0.1:9/other")).agent_id
    ask_in(cast.alice, None)
    fail(cast, agent_id, endpoint_health.FAILURES_TO_UNHEALTHY)
    workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
    found = {
        status: [one.id for one in list_agents(workspace, PageRequest(), health=status).items]
        for status in HealthStatus
    }
    assert found == {HealthStatus.UNHEALTHY: [agent_id], HealthStatus.HEALTHY: [other]}
    assert db.session.scalar(select(func.count()).select_from(Agent)) == 3
