"""A decision that cannot take effect is tried again; then people decide anew, and are told so."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from opensink_web import clock
from opensink_web.models import (
    Deadline,
    DeadlineKind,
    Delivery,
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
from opensink_web.operations.requests.deadline import EFFECT_AT_MOST, set_deadline
from opensink_web.settings import UNDO_SECONDS_MAX, Settings
from opensink_web.work.chores import EACH_MINUTE, do_chores
from opensink_web.work.kinds import kinds_within
from opensink_web.work.queue import Limits, Queue
from tests.conftest import Cast
from tests.support.holding import hold_answer, take_back
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
    assert kept.next_at - clock.now() > timedelta(seconds=50)
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


@pytest.fixture
def put_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Put the clock forward or back."""
    right = clock.now

    def put(by: timedelta) -> None:
        monkeypatch.setattr(clock, "now", lambda: right() + by)

    return put


def test_a_clock_put_back_has_no_decision_wait_for_as_long(
    app: Flask, cast: Cast, work: Callable[[], None], put_clock: Callable[[timedelta], None]
) -> None:
    with app.app_context():
        put_clock(timedelta(hours=1))
        undone, decided = (ask_in(cast.alice, ENDPOINT).request_id for _ in range(2))
        for request_id in (undone, decided):
            hold_answer(cast.bob, request_id, seconds=UNDO_SECONDS_MAX)
        put_clock(timedelta())
        expiring, recent = (ask_in(cast.alice, ENDPOINT).request_id for _ in range(2))
        with writing():
            moment = clock.now() + timedelta(hours=1)
            set_deadline(expiring, cast.alice.workspace_id, DeadlineKind.EXPIRY, moment)
        hold_answer(cast.bob, recent, seconds=UNDO_SECONDS_MAX)
        work()
        take_back(cast.bob, undone)  # nobody was told yet
        assert status_of(decided) is InputRequestStatus.HELD
        assert do_chores(EACH_MINUTE) == []
        with writing():  # as the sweeper does, a second later
            notify_after_commit(Deadline, cast.alice.workspace_id)
        work()
        assert status_of(undone) is InputRequestStatus.PENDING
        assert status_of(decided) is InputRequestStatus.RESOLVED
        assert status_of(recent) is InputRequestStatus.HELD
        assert status_of(expiring) is InputRequestStatus.PENDING
        with reading():
            left = {each.request_id for each in db.session.scalars(select(Deadline))}
            assert left == {expiring, recent}
            assert db.session.scalars(select(Delivery.input_request_id)).all() == [decided]
    assert timedelta(seconds=UNDO_SECONDS_MAX) < EFFECT_AT_MOST


def test_a_clock_put_forward_has_each_take_effect_once(
    app: Flask, cast: Cast, work: Callable[[], None], put_clock: Callable[[timedelta], None]
) -> None:
    with app.app_context():
        request_id = ask_in(cast.alice, ENDPOINT).request_id
        hold_answer(cast.bob, request_id, seconds=UNDO_SECONDS_MAX)
        kinds = kinds_within(Limits(1, 1))
        queue, deadlines = Queue(kinds), kinds["deadlines"]
        claims: list[Any] = []
        for hours in (0, 1):  # the first one's lease has run out at once
            put_clock(timedelta(seconds=UNDO_SECONDS_MAX, hours=hours))
            with writing():
                claims += queue.claim(deadlines, cast.alice.workspace_id, 1).taken
        assert len(claims) == 2
        for claim in claims:
            with writing():
                deadlines.finish([(claim, None)])
        assert status_of(request_id) is InputRequestStatus.RESOLVED
        with reading():
            assert db.session.scalars(select(Delivery.input_request_id)).all() == [request_id]


def test_what_somebody_decided_waits_for_no_crowd_that_expires(app: Flask, cast: Cast) -> None:
    with app.app_context():
        expiring = [ask_in(cast.alice, ENDPOINT).request_id for _ in range(4)]
        decided = ask_in(cast.alice, ENDPOINT).request_id
        workspace_id = cast.alice.workspace_id
        with writing():
            for request_id in expiring:
                moment = clock.now() - timedelta(hours=1)
                set_deadline(request_id, workspace_id, DeadlineKind.EXPIRY, moment)
            set_deadline(decided, workspace_id, DeadlineKind.EFFECT, clock.now())
        kinds = kinds_within(Limits(1, 1))
        taken: list[set[UUID]] = []
        more = []
        for _ in range(4):
            with writing():
                claims = Queue(kinds).claim(kinds["deadlines"], workspace_id, 2)
            taken.append({claim.request_id for claim in claims.taken})
            more.append(claims.has_more)
        assert decided in taken[0]
        assert [len(each) for each in taken] == [2, 2, 1, 0]
        assert set().union(*taken) == {*expiring, decided}
        assert more == [True, True, False, False]
