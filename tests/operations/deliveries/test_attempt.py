"""Claim, lease, fence: who may call, who may say how it went, and what becomes of the session."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web import clock
from opensink_web.errors import Conflict
from opensink_web.models import (
    Activity,
    Agent,
    AgentSession,
    AttemptOutcome,
    AttemptTrigger,
    Delivery,
    DeliveryStatus,
    SessionStatus,
    Workspace,
    db,
)
from opensink_web.models.base import new_id
from opensink_web.models.leased import RECOVERIES_MAX
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.agent_session import update_session
from opensink_web.operations.deliveries import outcome
from opensink_web.operations.deliveries.delivery import redeliver
from opensink_web.operations.deliveries.outcome import give_up_delivery
from opensink_web.operations.deliveries.record import attempts_of
from opensink_web.outbound.failures import CallError
from tests.conftest import Cast
from tests.operations.conftest import Moment
from tests.operations.deliveries.conftest import (
    call_of,
    came_back,
    claimed,
    finished,
    session_status,
    the_delivery,
)
from tests.support.deliveries import claim_delivery, finish_delivery, finish_together, set_aside
from tests.support.scenarios import Waiting, answer, ask_in, endpoint_at


def test_only_one_claims_it(delivery_id: UUID) -> None:
    claimed(delivery_id)
    with writing():
        assert claim_delivery(delivery_id) is None


def test_nobody_claims_what_is_not_there(app: Flask) -> None:
    with app.app_context(), writing():
        assert claim_delivery(new_id()) is None


def test_a_redirect_is_not_followed_and_told_with_its_target(
    delivery_id: UUID, waiting: Waiting
) -> None:
    del waiting
    answer = replace(came_back(302), headers=(("Location", "/new?token=hunter22"),))
    with_lease = claimed(delivery_id)
    with writing():
        assert finish_delivery(with_lease, answer)
    assert the_delivery(delivery_id).error_message == (
        "The execution endpoint answered 302 and points to /new?token=••••. Redirects are not "
        "followed: enter the address it moved to."
    )


def test_success_leaves_the_session_to_the_agent(delivery_id: UUID, waiting: Waiting) -> None:
    assert finished(claimed(delivery_id), 204)
    assert the_delivery(delivery_id).status is DeliveryStatus.SUCCEEDED
    assert session_status(waiting) == ("processing_input", "processing_input")


@pytest.mark.parametrize("status", [199, 301, 404, 500])
def test_any_other_answer_fails_session_and_agent(
    delivery_id: UUID, waiting: Waiting, status: int
) -> None:
    assert finished(claimed(delivery_id), status)
    delivery = the_delivery(delivery_id)
    assert delivery.status is DeliveryStatus.FAILED
    assert delivery.error_message == f"The execution endpoint answered {status}."
    assert session_status(waiting) == ("failed", "failed")
    session = db.session.get_one(AgentSession, waiting.session_id)
    assert session.error_message == delivery.error_message
    last = db.session.scalars(select(Activity).order_by(Activity.id.desc())).first()
    assert last is not None
    assert (last.type, last.message) == ("session_ended", delivery.error_message)


@pytest.mark.parametrize("word", ["completed", "failed", "waiting_for_input"])
def test_the_agents_own_word_stands(
    cast: Cast, delivery_id: UUID, waiting: Waiting, word: str
) -> None:
    claim_ = claimed(delivery_id)
    with writing():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        update_session(workspace, waiting.session_id, status=SessionStatus(word))
    assert finished(claim_, None, CallError("timeout", "It did not answer."))
    assert the_delivery(delivery_id).status is DeliveryStatus.FAILED
    assert session_status(waiting) == (word, word)


def test_a_stale_token_writes_nothing(moment: Moment, delivery_id: UUID, waiting: Waiting) -> None:
    stale = claimed(delivery_id)
    moment.pass_seconds(31)
    fresh = claimed(delivery_id)
    assert not finished(stale, 500)
    assert the_delivery(delivery_id).status is DeliveryStatus.PENDING
    assert session_status(waiting) == ("processing_input", "processing_input")
    assert finished(fresh, 200)
    outcomes = [attempt.outcome for attempt in the_delivery(delivery_id).attempts]
    assert outcomes == [AttemptOutcome.UNKNOWN, AttemptOutcome.SUCCEEDED]


def test_a_lost_worker_is_made_good_under_the_same_webhook_id(
    moment: Moment, delivery_id: UUID
) -> None:
    first = claimed(delivery_id)
    with writing():
        assert claim_delivery(delivery_id) is None
    moment.pass_seconds(31)
    second = claimed(delivery_id)
    assert dict(call_of(first).headers)["webhook-id"] == dict(call_of(second).headers)["webhook-id"]
    told = [(each.trigger, each.outcome) for each in attempts_of(the_delivery(delivery_id))]
    assert told == [("first", "unknown"), ("recovery", None)]


def test_a_lost_call_is_kept_as_it_was_begun(
    moment: Moment, delivery_id: UUID, waiting: Waiting
) -> None:
    began_at = moment.now
    claimed(delivery_id)
    with writing():
        agent = db.session.get_one(Agent, waiting.agent_id)
        stored = agent.execution_endpoint or {}
        agent.execution_endpoint = {**stored, "url": "http://127.0.0.1:9/moved?token=x"}
    moment.pass_seconds(31)
    claimed(delivery_id)
    lost, under_way = attempts_of(the_delivery(delivery_id))
    assert (lost.number, lost.method, lost.created_at) == (1, "POST", began_at)
    assert lost.url == "http://127.0.0.1:9/execute"
    assert ["X-OpenSink-Secret", "••••"] in lost.request_headers
    assert ["webhook-id", str(delivery_id)] in lost.request_headers
    assert str(waiting.request_id) in str(lost.request_body)
    assert lost.error_code == "outcome_unknown"
    assert lost.finished_at == moment.now
    assert (under_way.number, under_way.url) == (2, "http://127.0.0.1:9/moved?token=••••")


def test_what_is_under_way_is_stored_nowhere_but_in_the_delivery(delivery_id: UUID) -> None:
    claim_ = claimed(delivery_id)
    delivery = the_delivery(delivery_id)
    (under_way,) = attempts_of(delivery)
    assert (under_way.number, under_way.trigger, under_way.outcome) == (1, "first", None)
    assert delivery.attempts == []
    db.session.commit()
    assert finished(claim_, 200)
    delivery = the_delivery(delivery_id)
    assert [each.outcome for each in attempts_of(delivery)] == ["succeeded"]
    assert (delivery.call_began_at, delivery.called_endpoint) == (None, None)


@pytest.mark.usefixtures("on_each_database")
def test_an_attempt_that_ends_while_it_is_read_is_there_once(app: Flask, delivery_id: UUID) -> None:
    claim_ = claimed(delivery_id)
    delivery = the_delivery(delivery_id)
    assert delivery.status == "pending"
    with app.app_context():  # a session and a transaction of its own
        assert finished(claim_, 200)
    assert [each.number for each in attempts_of(delivery)] == [1]


def test_a_recovery_that_is_lost_too_is_kept_as_one(moment: Moment, patient_id: UUID) -> None:
    assert finished(claimed(patient_id), 500)
    for _ in range(3):
        moment.pass_seconds(3600)
        claimed(patient_id)
    told = [(each.trigger, each.outcome) for each in attempts_of(the_delivery(patient_id))]
    assert told == [
        ("first", "failed"),
        ("retry", "unknown"),
        ("recovery", "unknown"),
        ("recovery", None),
    ]


def test_a_lost_call_is_kept_though_its_delivery_was_set_aside(
    moment: Moment, delivery_id: UUID
) -> None:
    claimed(delivery_id)
    moment.pass_seconds(31)
    set_aside(delivery_id)
    with writing():
        assert claim_delivery(delivery_id) is None
    moment.pass_seconds(3)
    claimed(delivery_id)
    told = [(each.trigger, each.outcome) for each in attempts_of(the_delivery(delivery_id))]
    assert told == [("first", "unknown"), ("recovery", None)]


def test_two_of_the_same_row_that_ended_together_are_told_apart(
    moment: Moment, delivery_id: UUID
) -> None:
    stale = claimed(delivery_id)
    moment.pass_seconds(31)
    fresh = claimed(delivery_id)
    with writing():
        assert finish_together([stale, fresh], came_back(200)) == [delivery_id]
    numbers = [(each.number, each.outcome) for each in the_delivery(delivery_id).attempts]
    assert numbers == [(1, "unknown"), (2, "succeeded")]


def test_what_cannot_be_stored_is_an_attempt_with_an_unknown_outcome(delivery_id: UUID) -> None:
    claim_ = claimed(delivery_id)
    with writing():
        give_up_delivery(claim_, "It cannot be stored.")
    delivery = the_delivery(delivery_id)
    (attempt,) = delivery.attempts
    assert (delivery.status, delivery.error_message) == ("failed", "It cannot be stored.")
    assert (attempt.number, attempt.outcome) == (1, "unknown")
    assert attempt.error_message == "It cannot be stored."


def test_each_call_is_made_as_the_agent_is_set_up_then(
    moment: Moment, delivery_id: UUID, waiting: Waiting
) -> None:
    claimed(delivery_id)
    with writing():
        agent = db.session.get_one(Agent, waiting.agent_id)
        stored = agent.execution_endpoint or {}
        agent.execution_endpoint = {**stored, "url": "http://127.0.0.1:9/moved"}
        db.session.get_one(Workspace, agent.workspace_id).execution_secret = "another-secret"
    moment.pass_seconds(31)
    call = call_of(claimed(delivery_id))
    assert call.url == "http://127.0.0.1:9/moved"
    assert dict(call.headers)["X-OpenSink-Secret"] == "another-secret"


def test_a_deleted_agent_is_not_called(delivery_id: UUID, waiting: Waiting) -> None:
    with writing():
        db.session.get_one(Agent, waiting.agent_id).deleted_at = clock.now()
        assert claim_delivery(delivery_id) is None


def test_a_worker_lost_every_time_ends_as_outcome_unknown(
    moment: Moment, delivery_id: UUID, waiting: Waiting
) -> None:
    for _ in range(RECOVERIES_MAX + 1):
        claimed(delivery_id)
        moment.pass_seconds(31)
    with writing():
        assert claim_delivery(delivery_id) is None
    delivery = the_delivery(delivery_id)
    assert delivery.status is DeliveryStatus.FAILED
    assert delivery.error_message is not None
    assert delivery.error_message.startswith("Outcome unknown")
    assert session_status(waiting) == ("failed", "failed")
    assert {attempt.outcome for attempt in delivery.attempts} == {AttemptOutcome.UNKNOWN}


def test_redelivery_puts_the_session_back_and_keeps_the_id(
    cast: Cast, delivery_id: UUID, waiting: Waiting
) -> None:
    finished(claimed(delivery_id), 500)
    with writing():
        redeliver(db.session.get_one(Workspace, cast.alice.workspace_id), delivery_id)
    assert session_status(waiting) == ("processing_input", "processing_input")
    assert finished(claimed(delivery_id), 200)
    triggers = [attempt.trigger for attempt in the_delivery(delivery_id).attempts]
    assert triggers == [AttemptTrigger.FIRST, AttemptTrigger.MANUAL]


def test_only_a_failed_one_can_be_redelivered(cast: Cast, delivery_id: UUID) -> None:
    with pytest.raises(Conflict), writing():
        redeliver(db.session.get_one(Workspace, cast.alice.workspace_id), delivery_id)
    finished(claimed(delivery_id), 200)
    with pytest.raises(Conflict), writing():
        redeliver(db.session.get_one(Workspace, cast.alice.workspace_id), delivery_id)


def test_an_endpoint_that_was_removed_fails_it(
    cast: Cast, delivery_id: UUID, waiting: Waiting
) -> None:
    with writing():
        db.session.get_one(Agent, waiting.agent_id).execution_endpoint = None
    with writing():
        assert claim_delivery(delivery_id) is None
    assert the_delivery(delivery_id).status is DeliveryStatus.FAILED
    assert session_status(waiting) == ("failed", "failed")


def test_a_retry_schedule_dates_the_next_attempt(app: Flask, cast: Cast, moment: Moment) -> None:
    with app.app_context():
        endpoint = endpoint_at("http://127.0.0.1:9/execute", max_attempts=2)
        waiting = ask_in(cast.alice, endpoint)
        answer(cast.bob, waiting)
        delivery_id = db.session.scalars(select(Delivery.id)).one()
        assert finished(claimed(delivery_id), 500)
        assert the_delivery(delivery_id).status is DeliveryStatus.PENDING
        assert session_status(waiting)[0] == "processing_input"
        moment.pass_seconds(3600)
        assert finished(claimed(delivery_id), 500)
        delivery = the_delivery(delivery_id)
        assert [attempt.trigger for attempt in delivery.attempts] == ["first", "retry"]
        assert delivery.status is DeliveryStatus.FAILED
        assert session_status(waiting)[0] == "failed"


@pytest.fixture
def patient_id(app: Flask, cast: Cast) -> Iterator[UUID]:
    """A delivery that may be tried three times."""
    with app.app_context():
        waiting = ask_in(cast.alice, endpoint_at("http://127.0.0.1:9/execute", max_attempts=3))
        answer(cast.bob, waiting)
        yield db.session.scalars(select(Delivery.id)).one()


@pytest.mark.parametrize("status", [302, 429, 500, 503])
def test_retry_after_puts_the_next_attempt_off(
    moment: Moment, patient_id: UUID, status: int
) -> None:
    claim_ = claimed(patient_id)
    with writing():
        finish_delivery(claim_, came_back(status, headers=(("Retry-After", "600"),)))
    assert the_delivery(patient_id).next_at == moment.now + timedelta(seconds=600)


def test_retry_after_never_brings_it_forward(
    moment: Moment, patient_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome, "_random", Random(1))
    claim_ = claimed(patient_id)
    with writing():
        finish_delivery(claim_, came_back(503, headers=(("Retry-After", "0"),)))
    assert the_delivery(patient_id).next_at > moment.now + timedelta(seconds=1)


def test_410_gone_ends_it_whatever_is_left(patient_id: UUID) -> None:
    assert finished(claimed(patient_id), 410)
    delivery = the_delivery(patient_id)
    assert delivery.status is DeliveryStatus.FAILED
    assert "410 Gone, so this call is not tried again" in (delivery.error_message or "")


def test_what_policy_refuses_is_not_tried_again(patient_id: UUID) -> None:
    assert finished(claimed(patient_id), None, CallError("refused_by_policy", "Not public."))
    assert the_delivery(patient_id).status is DeliveryStatus.FAILED
