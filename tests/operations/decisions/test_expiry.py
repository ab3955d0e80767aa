"""A request whose time is over: what was said with the question happens, if nobody decided."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web import clock
from opensink_web.errors import AlreadyResolved, Conflict
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    Activity,
    Deadline,
    DeadlineKind,
    Delivery,
    ExecutionStatus,
    InputRequest,
    InputRequestStatus,
    OnExpire,
    User,
    Workspace,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.decisions.decision import resolve
from opensink_web.operations.decisions.expiry import expire, extend
from opensink_web.operations.decisions.holding import undo
from opensink_web.operations.decisions.withdrawal import cancel, check_revision, supersede
from opensink_web.operations.deliveries.record import subject_of
from opensink_web.operations.executions.queries.question import Answer
from opensink_web.operations.requests.answer import check_answer
from opensink_web.operations.requests.options import RequestOptions
from tests.conftest import Cast, Person
from tests.support.executions import claim_some, execution
from tests.support.pause_scenarios import Paused, paused_in
from tests.support.rule_cases import LARGE, by_team, make_finance, make_rule, put, say
from tests.support.scenarios import ENDPOINT, Waiting, ask_in

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]
LATER = timedelta(hours=1)
NO: JSONObject = {"approved": False}
POLICIES = {
    OnExpire.NONE: RequestOptions(),
    OnExpire.DECLINE: RequestOptions(on_expire=OnExpire.DECLINE),
    OnExpire.DEFAULT: RequestOptions(on_expire=OnExpire.DEFAULT, default_response=NO),
}


@pytest.fixture(autouse=True)
def context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def options(policy: OnExpire = OnExpire.NONE) -> RequestOptions:
    return replace(POLICIES[policy], expires_at=clock.now() + LATER)


def waiting_in(person: Person, policy: OnExpire = OnExpire.NONE) -> Waiting:
    return ask_in(person, ENDPOINT, options(policy))


def request_of(request_id: UUID) -> InputRequest:
    db.session.rollback()
    return db.session.get_one(InputRequest, request_id)


def let_expire(request_id: UUID) -> None:
    with writing():
        expire(request_id)


def hold(person: Person, request_id: UUID) -> None:
    workspace = db.session.get_one(Workspace, person.workspace_id)
    checked = check_answer(workspace, request_id, {"approved": True})
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        resolve(workspace, checked, by=db.session.get_one(User, person.id), hold_seconds=5)


def put_off(person: Person, request_id: UUID) -> None:
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        by = db.session.get_one(User, person.id)
        extend(workspace, request_id, clock.now() + 2 * LATER, by=by)


def deadlines() -> list[DeadlineKind]:
    return list(db.session.scalars(select(Deadline.kind).order_by(Deadline.kind)))


def last_activity() -> Activity:
    return db.session.scalars(select(Activity).order_by(Activity.id.desc()).limit(1)).one()


class TestOfAgents:
    @pytest.mark.parametrize(
        ("policy", "status", "outcome", "words"),
        [
            (OnExpire.NONE, "expired", "expired", "in time."),
            (OnExpire.DECLINE, "declined", "declined", "in time, so it was declined."),
            (OnExpire.DEFAULT, "resolved", "answered", "in time, so the default was answered."),
        ],
    )
    def test_what_was_said_happens_once(
        self, cast: Cast, policy: OnExpire, status: str, outcome: str, words: str
    ) -> None:
        waiting = waiting_in(cast.alice, policy)
        assert deadlines() == [DeadlineKind.EXPIRY]
        for _ in range(2):
            let_expire(waiting.request_id)

        request = request_of(waiting.request_id)
        assert request.status == status
        assert request.response == (NO if policy is OnExpire.DEFAULT else None)
        assert (request.resolved_by_id, request.resolved_by_system) == (None, True)
        assert request.resolved_at is not None
        assert request.session is not None
        assert request.session.status == "processing_input"
        (delivery,) = db.session.scalars(select(Delivery)).all()
        decided = subject_of(delivery)
        assert decided is not None
        assert (decided.outcome, decided.digest) == (outcome, request.digest)
        said = last_activity()
        assert said.message == f"Nobody decided on “Buy?” {words}"
        assert (said.source, said.payload["outcome"]) == ("system", outcome)

    def test_a_reason_is_told_of_what_is_declined(self, cast: Cast) -> None:
        waiting = waiting_in(cast.alice, OnExpire.DECLINE)
        let_expire(waiting.request_id)
        assert request_of(waiting.request_id).decline_reason == "Nobody decided in time."

    def test_afterwards_nobody_decides(self, cast: Cast) -> None:
        for policy, refusal, words in (
            (OnExpire.NONE, Conflict, "Its time was over"),
            (OnExpire.DEFAULT, AlreadyResolved, "answered by its deadline"),
        ):
            waiting = waiting_in(cast.alice, policy)
            let_expire(waiting.request_id)
            with pytest.raises(refusal, match=words):
                hold(cast.bob, waiting.request_id)


class TestOfExecutions:
    @pytest.mark.parametrize(
        ("policy", "code"), [(OnExpire.NONE, "expired"), (OnExpire.DECLINE, "declined")]
    )
    def test_it_fails_and_says_why(self, cast: Cast, policy: OnExpire, code: str) -> None:
        paused = self.paused(cast, policy)
        let_expire(paused.request_id)
        ended = execution(paused.execution_id)
        assert ended.status is ExecutionStatus.FAILED
        assert (ended.error_code, ended.error) == (code, "Nobody decided in time.")

    def test_it_goes_on_with_the_default(self, cast: Cast) -> None:
        paused = self.paused(cast, OnExpire.DEFAULT)
        let_expire(paused.request_id)
        (claim,) = claim_some(execution(paused.execution_id).group_id)
        assert isinstance(claim.answer, Answer)
        assert claim.answer.response == NO

    @staticmethod
    def paused(cast: Cast, policy: OnExpire) -> Paused:
        said = POLICIES[policy]
        sent: JSONObject = {"expires_in_seconds": 3600, "on_expire": policy.value, "tags": ["vip"]}
        if said.default_response is not None:
            sent["default_response"] = said.default_response
        paused = paused_in(cast.alice, options=sent)
        assert deadlines() == [DeadlineKind.EXPIRY]
        return paused


class TestUnderRules:
    """No answer leaves without the people of its rule, neither does whoever asked give it."""

    WITHHELD = "The default was not answered, because a rule says who decides on it."

    @pytest.mark.parametrize("amount", [50_000, 500])
    def test_a_default_for_which_a_rule_holds_is_not_answered(
        self, cast: Cast, amount: int
    ) -> None:
        make_rule(cast, by_team(make_finance(cast)), condition=LARGE)
        request_id = put(cast, None, self.with_default(amount))
        assert request_of(request_id).steps is None
        let_expire(request_id)
        request = request_of(request_id)
        if amount == 500:
            assert request.response == {"amount": 500}
            return
        assert (request.status, request.response) == (InputRequestStatus.EXPIRED, None)
        assert request.default_response == {"amount": amount}
        assert last_activity().message == f"Nobody decided on “Pay?” in time. {self.WITHHELD}"
        assert last_activity().payload["outcome"] == "expired"

    def test_nor_in_place_of_what_went_on_to_a_rule(self, cast: Cast) -> None:
        make_rule(cast, by_team(make_finance(cast)), condition=LARGE)
        request_id = put(cast, None, self.with_default(500))
        say(cast, cast.bob, request_id, {"amount": 50_000})
        let_expire(request_id)
        request = request_of(request_id)
        assert (request.status, request.response) == (InputRequestStatus.EXPIRED, None)

    def test_an_execution_fails_and_says_why(self, cast: Cast) -> None:
        paused = TestOfExecutions.paused(cast, OnExpire.DEFAULT)
        make_rule(cast, by_team(make_finance(cast)))
        let_expire(paused.request_id)
        ended = execution(paused.execution_id)
        assert (ended.error_code, ended.error) == (
            "expired",
            f"Nobody decided in time. {self.WITHHELD}",
        )

    @staticmethod
    def with_default(amount: int) -> RequestOptions:
        return replace(options(OnExpire.DEFAULT), default_response={"amount": amount})


class TestBesideDecisions:
    def test_what_is_held_does_not_expire(self, cast: Cast) -> None:
        waiting = waiting_in(cast.alice)
        hold(cast.bob, waiting.request_id)
        let_expire(waiting.request_id)
        assert request_of(waiting.request_id).status is InputRequestStatus.HELD

    def test_what_is_undone_expires_after_all(self, cast: Cast) -> None:
        waiting = waiting_in(cast.alice)
        hold(cast.bob, waiting.request_id)
        let_expire(waiting.request_id)
        with writing():
            workspace = db.session.get_one(Workspace, cast.bob.workspace_id)
            undo(workspace, waiting.request_id, by=db.session.get_one(User, cast.bob.id))
        assert deadlines() == [DeadlineKind.EXPIRY]
        let_expire(waiting.request_id)
        assert request_of(waiting.request_id).status is InputRequestStatus.EXPIRED

    def test_of_both_at_once_one_stands(self, app: Flask, cast: Cast) -> None:
        for _ in range(5):
            waiting = waiting_in(cast.alice, OnExpire.DEFAULT)
            with ThreadPoolExecutor(2) as pool:
                ours = pool.submit(self._in_context, app, let_expire, waiting.request_id)
                theirs = pool.submit(self._in_context, app, self.answer, cast, waiting.request_id)
                is_late = isinstance(theirs.exception(), AlreadyResolved)
                ours.result()
            request = request_of(waiting.request_id)
            assert request.status is InputRequestStatus.RESOLVED
            assert request.resolved_by_system is is_late
            assert request.response == {"approved": not is_late}
            count = select(Delivery).where(Delivery.input_request_id == waiting.request_id)
            assert len(db.session.scalars(count).all()) == 1

    def test_of_an_extension_and_the_end_one_stands(self, app: Flask, cast: Cast) -> None:
        for _ in range(5):
            waiting = waiting_in(cast.alice)
            with ThreadPoolExecutor(2) as pool:
                ours = pool.submit(self._in_context, app, let_expire, waiting.request_id)
                theirs = pool.submit(self._in_context, app, put_off, cast.bob, waiting.request_id)
                assert theirs.exception() is None or isinstance(theirs.exception(), Conflict)
                ours.result()
            # who put it off too late is told; and what expires has no deadline any more that counts
            request = request_of(waiting.request_id)
            if theirs.exception() is not None:
                assert request.status is InputRequestStatus.EXPIRED

    @staticmethod
    def answer(cast: Cast, request_id: UUID) -> None:
        workspace = db.session.get_one(Workspace, cast.bob.workspace_id)
        checked = check_answer(workspace, request_id, {"approved": True})
        with writing():
            workspace = db.session.get_one(Workspace, cast.bob.workspace_id)
            resolve(workspace, checked, by=db.session.get_one(User, cast.bob.id))

    @staticmethod
    def _in_context(app: Flask, act: object, *arguments: object) -> None:
        with app.app_context():
            act(*arguments)  # type: ignore[operator]


class TestWithdrawing:
    def test_cancelling_wins_over_what_is_held(self, cast: Cast) -> None:
        waiting = waiting_in(cast.alice)
        hold(cast.bob, waiting.request_id)
        with writing():
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            cancel(workspace, waiting.request_id, "Paid.")
        request = request_of(waiting.request_id)
        assert request.status is InputRequestStatus.CANCELLED
        assert (request.response, request.resolved_by_id, request.held_until) == (None, None, None)
        assert deadlines() == [], "neither the answer nor the deadline comes to anything"
        (delivery,) = db.session.scalars(select(Delivery)).all()
        decided = subject_of(delivery)
        assert decided is not None
        assert decided.outcome == "cancelled"

    def test_superseding_wins_over_what_is_held(self, cast: Cast) -> None:
        waiting = waiting_in(cast.alice)
        hold(cast.bob, waiting.request_id)
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        revision = check_revision(workspace, waiting.request_id, {"title": "Sell?"}, {})
        with writing():
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            new_id = supersede(workspace, revision, requested_by_id=cast.alice.id).id
        old, new = request_of(waiting.request_id), request_of(new_id)
        assert (old.status, old.response) == (InputRequestStatus.SUPERSEDED, None)
        assert (new.status, new.expires_at) == (InputRequestStatus.PENDING, old.expires_at)
        assert db.session.scalars(select(Deadline.request_id)).all() == [new_id]
        assert db.session.scalars(select(Delivery)).all() == []

    def test_an_extension_meanwhile_carries_over(self, cast: Cast) -> None:
        waiting = waiting_in(cast.alice)
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        revision = check_revision(workspace, waiting.request_id, {"title": "Sell?"}, {})
        put_off(cast.bob, waiting.request_id)
        with writing():
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            new_id = supersede(workspace, revision, requested_by_id=cast.alice.id).id
        assert request_of(new_id).expires_at == request_of(waiting.request_id).expires_at


class TestExtending:
    def test_the_deadline_is_another_one(self, cast: Cast) -> None:
        waiting = waiting_in(cast.alice)
        put_off(cast.bob, waiting.request_id)
        moment = request_of(waiting.request_id).expires_at
        assert moment is not None
        assert moment > clock.now() + LATER
        assert db.session.scalars(select(Deadline.next_at)).all() == [moment]

    def test_a_worker_that_holds_the_old_one_loses_it(self, cast: Cast) -> None:
        waiting = waiting_in(cast.alice)
        with writing():
            db.session.scalars(select(Deadline)).one().lease_token = "theirs"
        put_off(cast.bob, waiting.request_id)
        assert db.session.scalars(select(Deadline.lease_token)).all() == [None]
