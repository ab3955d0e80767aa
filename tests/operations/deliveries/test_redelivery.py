"""What a person wants called now: all that failed of an agent, and one call that waits."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import update

from opensink_web import clock
from opensink_web.errors import Conflict, NotFound
from opensink_web.models import (
    AttemptTrigger,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    Workspace,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.deliveries import redelivery
from opensink_web.operations.deliveries.delivery import redeliver
from opensink_web.operations.deliveries.redelivery import (
    Redelivered,
    count_failed,
    redeliver_failed,
    try_now,
)
from tests.conftest import Cast, Person
from tests.operations.deliveries.conftest import claimed, finished, the_delivery
from tests.support.scenarios import ENDPOINT, Waiting, ask_in, endpoint_at, make_due


def workspace_of(person: Person) -> Workspace:
    return db.session.get_one(Workspace, person.workspace_id)


def fail(ids: Sequence[UUID], **values: object) -> None:
    with writing():
        db.session.execute(
            update(Delivery)
            .where(Delivery.id.in_(ids))
            .values(status=DeliveryStatus.FAILED, error_message="no", **values)
        )


def statuses(ids: Sequence[UUID]) -> set[DeliveryStatus]:
    return {the_delivery(each).status for each in ids}


class TestAllOfAnAgent:
    def test_are_made_again_but_for_tests_and_those_of_others(
        self, cast: Cast, waiting: Waiting
    ) -> None:
        other = ask_in(cast.alice, ENDPOINT)
        failed, tests, due = (make_due(cast.alice, waiting.agent_id, 3) for _ in range(3))
        others = make_due(cast.alice, other.agent_id, 2)
        fail([*failed, *others])
        fail(tests, kind=DeliveryKind.TEST)
        assert count_failed(workspace_of(cast.alice), waiting.agent_id) == 3

        made = redeliver_failed(workspace_of(cast.alice), waiting.agent_id)

        assert made == Redelivered(3, has_more=False)
        assert statuses([*failed, *due]) == {DeliveryStatus.PENDING}
        assert statuses([*tests, *others]) == {DeliveryStatus.FAILED}
        assert the_delivery(failed[0]).next_trigger is AttemptTrigger.MANUAL
        assert redeliver_failed(workspace_of(cast.alice), waiting.agent_id).count == 0

    def test_go_in_slices_the_oldest_first_up_to_a_limit(
        self, cast: Cast, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(redelivery, "_SLICE_SIZE", 2)
        monkeypatch.setattr(redelivery, "REDELIVERED_MAX", 5)
        ids = make_due(cast.alice, waiting.agent_id, 7)
        fail(ids)

        made = redeliver_failed(workspace_of(cast.alice), waiting.agent_id)

        assert made == Redelivered(5, has_more=True)
        assert statuses(sorted(ids)[:5]) == {DeliveryStatus.PENDING}
        assert statuses(sorted(ids)[5:]) == {DeliveryStatus.FAILED}

    def test_pass_over_what_somebody_else_was_faster_with(
        self, cast: Cast, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ids = make_due(cast.alice, waiting.agent_id, 3)
        fail(ids)

        def slower(workspace: Workspace, delivery_id: UUID) -> Delivery:
            if delivery_id == ids[1]:
                redeliver(workspace, delivery_id)
            return redeliver(workspace, delivery_id)

        monkeypatch.setattr(redelivery, "redeliver", slower)
        assert redeliver_failed(workspace_of(cast.alice), waiting.agent_id).count == 2
        assert statuses(ids) == {DeliveryStatus.PENDING}

    def test_are_found_in_their_workspace_alone(self, cast: Cast, waiting: Waiting) -> None:
        fail(make_due(cast.alice, waiting.agent_id, 1))
        assert count_failed(workspace_of(cast.charlie), waiting.agent_id) == 0
        for agent_id in (waiting.agent_id, uuid4()):
            with pytest.raises(NotFound):
                redeliver_failed(workspace_of(cast.charlie), agent_id)


class TestTryNow:
    def test_one_that_waits_for_its_next_attempt_is_due(self, app: Flask, cast: Cast) -> None:
        with app.app_context():
            patient = ask_in(cast.alice, endpoint_at("http://127.0.0.1:9/", max_attempts=3))
            (delivery_id,) = make_due(cast.alice, patient.agent_id, 1)
            assert finished(claimed(delivery_id), 503)
            assert the_delivery(delivery_id).next_at > clock.now()

            with writing():
                try_now(workspace_of(cast.alice), delivery_id)

            delivery = the_delivery(delivery_id)
            assert delivery.next_at <= clock.now()
            # it does not wait for the endpoint's health, and its schedule goes on
            assert delivery.next_trigger is AttemptTrigger.MANUAL
            assert delivery.round_attempt_count == 1
            assert claimed(delivery_id).attempt is not None

    def test_one_that_is_under_way_or_has_ended_is_left_alone(
        self, cast: Cast, delivery_id: UUID
    ) -> None:
        claim = claimed(delivery_id)
        for _ in range(2):
            with writing(), pytest.raises(Conflict, match="under way, or has ended"):
                try_now(workspace_of(cast.alice), delivery_id)
            finished(claim, 200)
        assert the_delivery(delivery_id).status is DeliveryStatus.SUCCEEDED

    def test_one_of_another_workspace_is_not_there(self, cast: Cast, delivery_id: UUID) -> None:
        with writing(), pytest.raises(NotFound):
            try_now(workspace_of(cast.charlie), delivery_id)
