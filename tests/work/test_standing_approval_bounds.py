"""Standing approvals hold for no longer and no more often than was said, whatever else happens."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from opensink_web import clock
from opensink_web.errors import Unavailable
from opensink_web.models import (
    InputRequest,
    InputRequestStatus,
    Role,
    StandingApproval,
    User,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.user import change_role, deactivate_member
from opensink_web.operations.agents.agent import delete_agent
from opensink_web.operations.decisions.ending import deactivate_user, remove_member
from tests.conftest import Cast
from tests.support.executions import principal_of
from tests.support.real_servers import wait_until
from tests.support.standing_cases import (
    approval_of,
    asked_by,
    deadlines,
    held_against,
    new_agent,
    put_to_use,
    request_now,
    standing,
    status_of,
    take_away,
)
from tests.work.conftest import StartWorker

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]
Work = Callable[[], None]
Result = TypeVar("Result")
ASKS = 20
ROUNDS = 15


@pytest.fixture(autouse=True)
def context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.fixture
def agent_id(cast: Cast) -> UUID:
    return new_agent(cast.alice)


class TestBounds:
    def test_what_is_over_holds_for_nothing(self, cast: Cast, agent_id: UUID, work: Work) -> None:
        gone: dict[str, dict[str, Any]] = {
            "used up": {"uses_count": 10},
            "expired": {"expires_at": clock.now()},
            "revoked": {"revoked_at": clock.now()},
        }
        for values in gone.values():
            approval_id = standing(cast.alice, agent_id)
            before = asked_by(cast.alice, agent_id)
            with writing():  # between the question and the worker
                meant = update(StandingApproval).where(StandingApproval.id == approval_id)
                db.session.execute(meant.values(**values))
            after = asked_by(cast.alice, agent_id)
            work()
            assert status_of(before) is InputRequestStatus.PENDING
            assert status_of(after) is InputRequestStatus.PENDING

    def test_one_that_expires_between_the_match_and_the_use(
        self, cast: Cast, agent_id: UUID
    ) -> None:
        approval_id = standing(cast.alice, agent_id)
        request_id = asked_by(cast.alice, agent_id)
        use = held_against(request_id)
        assert use is not None
        with writing():
            db.session.execute(update(StandingApproval).values(expires_at=clock.now()))
        put_to_use(use)
        assert status_of(request_id) is InputRequestStatus.PENDING
        assert approval_of(approval_id).uses_count == 0

    @pytest.mark.parametrize("way", ["deactivated", "demoted", "left", "off the server"])
    def test_whoever_granted_it_must_be_one_who_decides(
        self, cast: Cast, agent_id: UUID, work: Work, way: str
    ) -> None:
        standing(cast.bob, agent_id)
        request_id = asked_by(cast.alice, agent_id)
        with writing():
            by = principal_of(cast.alice)
            match way:
                case "deactivated":
                    deactivate_member(by, cast.bob.id)
                case "demoted":
                    change_role(by, cast.bob.id, Role.VIEWER)
                case "left":
                    remove_member(by, cast.bob.id)
                case _:
                    deactivate_user(db.session.get_one(User, cast.bob.id))
        work()
        assert status_of(request_id) is InputRequestStatus.PENDING
        assert deadlines() == []

    def test_an_agent_that_is_deleted_meanwhile_is_answered_nothing(
        self, cast: Cast, agent_id: UUID, work: Work
    ) -> None:
        approval_id = standing(cast.alice, agent_id)
        asked_by(cast.alice, agent_id)
        with writing():
            delete_agent(principal_of(cast.alice).workspace, agent_id)
        work()
        assert approval_of(approval_id).uses_count == 0


class TestAtOnce:
    def test_twenty_ask_and_no_more_are_approved_than_may_be(
        self, app: Flask, cast: Cast, agent_id: UUID, start_worker: StartWorker
    ) -> None:
        approval_id = standing(cast.alice, agent_id, uses_max=7)
        for _ in range(2):
            start_worker()

        def ask_it(_: int) -> UUID:
            with app.app_context():
                return patiently(lambda: asked_by(cast.alice, agent_id))

        with ThreadPoolExecutor(ASKS) as pool:
            asked = list(pool.map(ask_it, range(ASKS)))
        wait_until(lambda: not deadlines())
        with reading():
            answered = db.session.scalar(
                select(func.count()).where(
                    InputRequest.id.in_(asked),
                    InputRequest.status == InputRequestStatus.RESOLVED,
                    InputRequest.standing_approval_id == approval_id,
                )
            )
        assert answered == approval_of(approval_id).uses_count == 7

    def test_after_it_is_revoked_no_use_begins(
        self, app: Flask, cast: Cast, agent_id: UUID
    ) -> None:
        for _ in range(ROUNDS):
            approval_id = standing(cast.alice, agent_id)
            request_id = asked_by(cast.alice, agent_id)
            use = held_against(request_id)
            assert use is not None
            mine = replace(use, approval_ids=(approval_id,))
            start = threading.Barrier(2)

            def revoke_it(approval_id: UUID = approval_id, start: threading.Barrier = start) -> int:
                with app.app_context():
                    start.wait()
                    return patiently(lambda: take_away(cast.bob, approval_id))

            def use_it(start: threading.Barrier = start, mine: object = mine) -> None:
                with app.app_context():
                    start.wait()
                    patiently(lambda: put_to_use(mine))  # type: ignore[arg-type]

            with ThreadPoolExecutor(2) as pool:
                revoking, using = pool.submit(revoke_it), pool.submit(use_it)
                used_before, _ = revoking.result(), using.result()
            is_used = status_of(request_id) is InputRequestStatus.RESOLVED
            approval = approval_of(approval_id)
            assert approval.uses_count == used_before == int(is_used)
            assert approval.revoked_by_id == cast.bob.id
        # and where the one is certainly before the other, though it was matched before both
        approval_id = standing(cast.alice, agent_id)
        use = held_against(asked_by(cast.alice, agent_id))
        assert use is not None
        take_away(cast.bob, approval_id)
        put_to_use(replace(use, approval_ids=(approval_id,)))
        assert approval_of(approval_id).uses_count == 0

    def test_of_many_at_once_each_is_decided_once(
        self, app: Flask, cast: Cast, agent_id: UUID
    ) -> None:
        """Two workers that hold the same request, with several approvals each."""
        approvals = [standing(cast.alice, agent_id, uses_max=1) for _ in range(4)]
        asked = [asked_by(cast.alice, agent_id) for _ in range(6)]
        uses = [use for use in map(held_against, asked) if use is not None]

        def use_all(number: int) -> None:
            with app.app_context():
                for use in uses if number % 2 else reversed(uses):
                    patiently(lambda use=use: put_to_use(use))  # type: ignore[misc]

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(use_all, range(4)))
        by = [request_now(each).standing_approval_id for each in asked]
        assert sorted(map(str, filter(None, by))) == sorted(map(str, approvals))
        assert {approval_of(each).uses_count for each in approvals} == {1}


def patiently(act: Callable[[], Result]) -> Result:
    """Do it, however long a busy machine has others hold what it needs."""
    while True:
        with suppress(Unavailable):
            return act()
