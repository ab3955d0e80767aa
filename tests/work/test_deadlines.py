"""A decision that cannot take effect is tried again; then people decide anew, and are told so."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from opensink_web import clock
from opensink_web.models import (
    Deadline,
    DeadlineKind,
    Execution,
    ExecutionStatus,
    InputRequest,
    InputRequestStatus,
    db,
)
from opensink_web.models.leased import RECOVERIES_MAX
from opensink_web.models.transaction import notify_after_commit, reading, writing
from opensink_web.operations.decisions.deadline import DeadlineClaim, give_up_deadline
from opensink_web.operations.executions.queries.execution import steps_of
from opensink_web.operations.requests.deadline import set_deadline
from opensink_web.settings import Settings
from opensink_web.work.kinds import kinds_within
from opensink_web.work.queue import Limits, Queue
from tests.conftest import Cast
from tests.support.holding import hold_answer
from tests.support.pause_scenarios import Paused, paused_in
from tests.support.scenarios import ENDPOINT, ask_in

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]
LEASE = "a lease"


@pytest.fixture
def stuck(app: Flask, cast: Cast) -> Iterator[Paused]:
    """A held answer to an execution that does not wait for it any more, which must never be."""
    with app.app_context():
        paused = paused_in(cast.alice)
        hold_answer(cast.bob, paused.request_id)
        set_status(paused, ExecutionStatus.RUNNING)
        yield paused


def set_status(paused: Paused, status: ExecutionStatus) -> None:
    with writing():
        meant = update(Execution).where(Execution.id == paused.execution_id)
        db.session.execute(meant.values(status=status))


def come_due(cast: Cast, **values: object) -> None:
    with writing():
        past = clock.now() - timedelta(seconds=1)
        db.session.execute(update(Deadline).values(next_at=past, **values))
        notify_after_commit(Deadline, cast.alice.workspace_id)


def deadline() -> Deadline:
    with reading():
        return db.session.scalars(select(Deadline)).one()


def status_of(request_id: UUID) -> InputRequestStatus:
    with reading():
        query = select(InputRequest.status).where(InputRequest.id == request_id)
        return db.session.scalars(query).one()


def test_one_that_cannot_take_effect_is_tried_again_and_then_waits_with_a_note(
    cast: Cast, stuck: Paused, work: Callable[[], None]
) -> None:
    sound = ask_in(cast.alice, ENDPOINT)
    hold_answer(cast.bob, sound.request_id)
    come_due(cast)
    work()
    assert status_of(sound.request_id) is InputRequestStatus.RESOLVED
    assert status_of(stuck.request_id) is InputRequestStatus.HELD
    kept = deadline()
    assert (kept.request_id, kept.recovery_count, kept.lease_token) == (stuck.request_id, 1, None)

    come_due(cast, recovery_count=RECOVERIES_MAX)
    work()
    assert status_of(stuck.request_id) is InputRequestStatus.PENDING
    with reading():
        assert db.session.scalars(select(Deadline)).all() == []
        steps = steps_of(db.session.get_one(Execution, stuck.execution_id))
        assert "could not take effect, so it waits again." in (steps[-1].message or "")


def test_one_takes_effect_as_soon_as_it_can(
    cast: Cast, stuck: Paused, work: Callable[[], None]
) -> None:
    come_due(cast)
    work()
    set_status(stuck, ExecutionStatus.AWAITING_INPUT)
    come_due(cast)
    work()
    assert status_of(stuck.request_id) is InputRequestStatus.RESOLVED


def test_one_that_can_never_be_claimed_is_kept_for_later(
    cast: Cast, stuck: Paused, settings: Settings
) -> None:
    come_due(cast, recovery_count=RECOVERIES_MAX)
    kinds = kinds_within(Limits.of(settings))
    with writing():
        Queue(kinds).set_aside(kinds["deadlines"], cast.alice.workspace_id, "It broke.")
    kept = deadline()
    assert kept.next_at - clock.now() > timedelta(minutes=50)
    assert (kept.request_id, kept.recovery_count) == (stuck.request_id, 0)
    assert status_of(stuck.request_id) is InputRequestStatus.HELD


def give_up(failure_count: int, lease_token: str = LEASE) -> None:
    with writing():
        db.session.execute(update(Deadline).values(lease_token=LEASE, lease_until=clock.now()))
        row = db.session.scalars(select(Deadline)).one()
        claim = DeadlineClaim(
            row.id, row.workspace_id, lease_token, row.request_id, row.kind, failure_count
        )
        give_up_deadline(claim, "It broke.")


def test_who_lost_it_gives_nothing_back(stuck: Paused) -> None:
    give_up(RECOVERIES_MAX, "another lease")
    assert deadline().lease_token == LEASE
    assert status_of(stuck.request_id) is InputRequestStatus.HELD


def test_what_expires_is_tried_for_ever(app: Flask, cast: Cast) -> None:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
        with writing():
            workspace_id = cast.alice.workspace_id
            set_deadline(waiting.request_id, workspace_id, DeadlineKind.EXPIRY, clock.now())
        give_up(RECOVERIES_MAX)
        assert deadline().recovery_count == RECOVERIES_MAX + 1
