"""A decision that is held: people see it, programs do not, and it is undone or takes effect."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update

from opensink_web import clock
from opensink_web.errors import AlreadyResolved, Conflict, NotFound, Superseded
from opensink_web.models import (
    Activity,
    ActivityType,
    AgentSession,
    Deadline,
    DeadlineKind,
    Delivery,
    Execution,
    InputRequest,
    InputRequestStatus,
    SessionStatus,
    User,
    Workspace,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.agent_session import update_session
from opensink_web.operations.decisions.decision import resolve
from opensink_web.operations.decisions.expiry import expire
from opensink_web.operations.decisions.holding import give_back
from opensink_web.operations.requests.answer import check_answer
from opensink_web.operations.requests.deadline import set_deadline
from opensink_web.operations.requests.digest import digest_of_request
from tests.conftest import Cast
from tests.support.holding import (
    HOLD_SECONDS,
    hold_answer,
    hold_refusal,
    let_take_effect,
    take_back,
)
from tests.support.pause_scenarios import Paused, approval_in, paused_in
from tests.support.scenarios import ENDPOINT, Waiting, ask_in

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Iterator[Waiting]:
    with app.app_context():
        yield ask_in(cast.alice, ENDPOINT)


@pytest.fixture
def paused(app: Flask, cast: Cast) -> Iterator[Paused]:
    with app.app_context():
        yield paused_in(cast.alice)


def request_of(request_id: UUID) -> InputRequest:
    db.session.rollback()
    return db.session.get_one(InputRequest, request_id)


def deadlines() -> list[DeadlineKind]:
    return list(db.session.scalars(select(Deadline.kind).order_by(Deadline.kind)))


def count_deliveries() -> int:
    return db.session.scalar(select(func.count()).select_from(Delivery)) or 0


def last_activity() -> Activity:
    return db.session.scalars(select(Activity).order_by(Activity.id.desc()).limit(1)).one()


class TestHolding:
    def test_stores_who_and_what_and_when_it_takes_effect(
        self, cast: Cast, waiting: Waiting
    ) -> None:
        hold_answer(cast.bob, waiting.request_id)

        request = request_of(waiting.request_id)
        assert request.status is InputRequestStatus.HELD
        assert request.decided_as is InputRequestStatus.RESOLVED
        assert request.response == {"approved": True}
        assert request.resolved_by_id == cast.bob.id
        assert request.held_until is not None
        assert request.resolved_at is not None
        assert request.held_until - request.resolved_at >= timedelta(seconds=HOLD_SECONDS - 1)
        assert db.session.scalars(select(Deadline.next_at)).all() == [request.held_until]

    def test_tells_nobody(self, cast: Cast, waiting: Waiting) -> None:
        before = last_activity().id
        hold_answer(cast.bob, waiting.request_id)
        assert last_activity().id == before
        assert count_deliveries() == 0
        session = db.session.get_one(AgentSession, waiting.session_id)
        assert session.status is SessionStatus.WAITING_FOR_INPUT

    def test_keeps_an_execution_waiting(self, cast: Cast, paused: Paused) -> None:
        hold_refusal(cast.bob, paused.request_id)
        execution = db.session.get_one(Execution, paused.execution_id)
        assert execution.status == "awaiting_input"
        assert request_of(paused.request_id).decided_as is InputRequestStatus.DECLINED

    def test_everybody_else_is_told_who_decided(self, cast: Cast, waiting: Waiting) -> None:
        hold_answer(cast.bob, waiting.request_id)
        with pytest.raises(AlreadyResolved, match=r"answered by bob@example\.com on "):
            hold_answer(cast.alice, waiting.request_id, approved=False)
        assert request_of(waiting.request_id).response == {"approved": True}


class TestTakingEffect:
    def test_lets_the_agent_go_on_once(self, cast: Cast, waiting: Waiting) -> None:
        hold_answer(cast.bob, waiting.request_id)
        let_take_effect(waiting.request_id)
        let_take_effect(waiting.request_id)

        request = request_of(waiting.request_id)
        assert request.status is InputRequestStatus.RESOLVED
        assert request.resolved_by_id == cast.bob.id
        assert count_deliveries() == 1
        assert deadlines() == []
        assert last_activity().payload == {
            "resolved_by": str(cast.bob.id),
            "outcome": "answered",
            "request_digest": request.digest,
        }

    def test_lets_an_execution_go_on(self, cast: Cast, paused: Paused) -> None:
        hold_answer(cast.bob, paused.request_id)
        let_take_effect(paused.request_id)
        assert db.session.get_one(Execution, paused.execution_id).status == "queued"

    def test_gives_an_approved_call_the_edited_input(self, app: Flask, cast: Cast) -> None:
        with app.app_context():
            (call,) = approval_in(cast.alice)
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            checked = check_answer(workspace, call.request_id, {"amount": 7})
            with writing():
                workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
                by = db.session.get_one(User, cast.bob.id)
                resolve(workspace, checked, by=by, hold_seconds=HOLD_SECONDS)
            let_take_effect(call.request_id)
            assert db.session.get_one(Execution, call.execution_id).input_data == {"amount": 7}

    def test_fails_an_execution_with_the_reason(self, cast: Cast, paused: Paused) -> None:
        hold_refusal(cast.bob, paused.request_id)
        let_take_effect(paused.request_id)
        execution = db.session.get_one(Execution, paused.execution_id)
        assert (execution.status, execution.error) == ("failed", "Not today.")

    def test_does_nothing_for_what_is_gone(self, app: Flask) -> None:
        with app.app_context():
            let_take_effect(UUID(int=0))


class TestUndoing:
    def test_has_the_request_wait_again(self, cast: Cast, waiting: Waiting) -> None:
        hold_answer(cast.bob, waiting.request_id)
        take_back(cast.bob, waiting.request_id)

        request = request_of(waiting.request_id)
        assert request.status is InputRequestStatus.PENDING
        assert request.response is None
        assert request.resolved_by is None
        assert request.resolved_at is None
        assert request.held_until is None
        assert deadlines() == []
        assert count_deliveries() == 0

    def test_lets_anybody_decide_anew(self, cast: Cast, waiting: Waiting) -> None:
        hold_answer(cast.bob, waiting.request_id)
        take_back(cast.bob, waiting.request_id)
        hold_answer(cast.alice, waiting.request_id, approved=False)
        let_take_effect(waiting.request_id)
        assert request_of(waiting.request_id).resolved_by_id == cast.alice.id
        assert count_deliveries() == 1

    def test_twice_is_as_good_as_once(self, cast: Cast, waiting: Waiting) -> None:
        hold_answer(cast.bob, waiting.request_id)
        take_back(cast.bob, waiting.request_id)
        take_back(cast.bob, waiting.request_id)
        assert request_of(waiting.request_id).status is InputRequestStatus.PENDING

    def test_too_late_says_since_when(self, cast: Cast, waiting: Waiting) -> None:
        hold_answer(cast.bob, waiting.request_id)
        let_take_effect(waiting.request_id)
        with pytest.raises(Conflict, match=r"taken effect at [-\d]+ [:\d]+ UTC, so it cannot"):
            take_back(cast.bob, waiting.request_id)
        assert count_deliveries() == 1

    def test_is_for_nobody_else(self, cast: Cast, waiting: Waiting) -> None:
        hold_answer(cast.bob, waiting.request_id)
        with pytest.raises(Conflict, match=r"bob@example\.com decided this"):
            take_back(cast.alice, waiting.request_id)
        with pytest.raises(NotFound):
            take_back(cast.charlie, waiting.request_id)
        assert request_of(waiting.request_id).status is InputRequestStatus.HELD

    def test_brings_a_deadline_back_that_has_passed(self, cast: Cast, waiting: Waiting) -> None:
        with writing():
            moment = clock.now()
            db.session.execute(update(InputRequest).values(expires_at=moment))
            workspace_id = cast.alice.workspace_id
            set_deadline(waiting.request_id, workspace_id, DeadlineKind.EXPIRY, moment)
        hold_answer(cast.bob, waiting.request_id)
        with writing():
            expire(waiting.request_id)
            db.session.execute(delete(Deadline).where(Deadline.kind == "expiry"))
        assert request_of(waiting.request_id).status is InputRequestStatus.HELD
        take_back(cast.bob, waiting.request_id)
        assert deadlines() == [DeadlineKind.EXPIRY]


class TestTheAgentsWord:
    def test_ends_what_is_held_with_its_session(self, cast: Cast, waiting: Waiting) -> None:
        hold_answer(cast.bob, waiting.request_id)
        with writing():
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            update_session(workspace, waiting.session_id, status=SessionStatus.COMPLETED)
        let_take_effect(waiting.request_id)

        request = request_of(waiting.request_id)
        assert request.status is InputRequestStatus.CANCELLED
        assert request.response is None
        assert count_deliveries() == 0
        with pytest.raises(Conflict, match="session has ended"):
            take_back(cast.bob, waiting.request_id)


class TestDeclining:
    def test_lets_an_agent_go_on_with_the_reason(self, cast: Cast, waiting: Waiting) -> None:
        hold_refusal(cast.bob, waiting.request_id)
        let_take_effect(waiting.request_id)

        request = request_of(waiting.request_id)
        assert (request.status, request.decline_reason) == ("declined", "Not today.")
        activity = last_activity()
        assert activity.type is ActivityType.INPUT_REQUEST_RESOLVED
        assert activity.message == "bob@example.com declined “Buy?”."
        assert activity.payload["outcome"] == "declined"
        assert count_deliveries() == 1
        session = db.session.get_one(AgentSession, waiting.session_id)
        assert session.status is SessionStatus.PROCESSING_INPUT

    def test_is_refused_where_an_answer_is_needed(self, cast: Cast, waiting: Waiting) -> None:
        with writing():
            db.session.execute(update(InputRequest).values(allow_decline=False))
        with pytest.raises(Conflict, match="cannot be declined"):
            hold_refusal(cast.bob, waiting.request_id)
        assert request_of(waiting.request_id).status is InputRequestStatus.PENDING


class TestEvidence:
    def test_what_was_not_seen_is_not_decided(self, cast: Cast, waiting: Waiting) -> None:
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        checked = check_answer(workspace, waiting.request_id, {"approved": True})
        with pytest.raises(Superseded, match="changed while you had it open"), writing():
            resolve(workspace, checked, by=db.session.get_one(User, cast.bob.id), seen="0" * 64)
        assert request_of(waiting.request_id).status is InputRequestStatus.PENDING

    def test_an_old_request_has_the_same_digest(self, cast: Cast, waiting: Waiting) -> None:
        request = request_of(waiting.request_id)
        stored = request.digest
        with writing():
            db.session.execute(update(InputRequest).values(digest=None))
        assert digest_of_request(request_of(waiting.request_id)) == stored


class TestGivingBack:
    def test_has_people_decide_anew_and_says_why(self, cast: Cast, waiting: Waiting) -> None:
        hold_answer(cast.bob, waiting.request_id)
        with writing():
            give_back(waiting.request_id, "The log says more.")
        assert request_of(waiting.request_id).status is InputRequestStatus.PENDING
        assert "could not take effect, so it waits again. The log" in (
            last_activity().message or ""
        )

    def test_says_so_in_the_timeline_of_an_execution(self, cast: Cast, paused: Paused) -> None:
        hold_answer(cast.bob, paused.request_id)
        with writing():
            give_back(paused.request_id, "The log says more.")
        assert request_of(paused.request_id).status is InputRequestStatus.PENDING
        assert db.session.get_one(Execution, paused.execution_id).status == "awaiting_input"


def test_nobody_decided_in_time(cast: Cast, waiting: Waiting) -> None:
    with writing():
        expire(waiting.request_id)
    request = request_of(waiting.request_id)
    assert (request.status, request.resolved_by_system) == ("expired", True)
    assert last_activity().message == "Nobody decided on “Buy?” in time."
    assert count_deliveries() == 1
