"""A worker that dies between any two steps of claim, call and finish: nothing is lost by it."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask

from opensink_web.models import User, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.decisions.comment import add_comment
from tests.chaos.consistency_check import DeliveryState, age, delivery_state
from tests.conftest import Cast
from tests.faults.conftest import RunPart
from tests.support.real_servers import AgentEndpoint, wait_until
from tests.support.scenarios import Waiting, answer, ask_in, endpoint_at

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("after_death")]

LOST_AND_MADE_GOOD = ("unknown", "succeeded")


@dataclass(frozen=True)
class Death:
    """Where a worker dies, and what is to be seen once others have made it good."""

    point: str
    attempts: tuple[str, ...]
    calls: int


DEATHS = (
    Death("before the claim's commit", ("succeeded",), calls=1),
    Death("before the call", LOST_AND_MADE_GOOD, calls=1),
    Death("before the reply is read", LOST_AND_MADE_GOOD, calls=2),
    Death("before finish's transaction", LOST_AND_MADE_GOOD, calls=2),
    Death("before finish's commit", LOST_AND_MADE_GOOD, calls=2),
    Death("after finish's commit", ("succeeded",), calls=1),
)


@pytest.mark.parametrize("death", DEATHS, ids=lambda death: death.point)
def test_a_worker_that_dies_is_made_good(
    death: Death,
    app: Flask,
    cast: Cast,
    run_part: RunPart,
    after_death: Callable[[], None],
) -> None:
    with AgentEndpoint() as endpoint, app.app_context():
        waiting = answered(cast, endpoint)
        dying = run_part("worker", failpoint_name=death.point)
        wait_until(lambda: not dying.is_running)
        assert dying.exit_code == -signal.SIGKILL
        after_death()
        age()
        run_part("worker")
        run_part("sweeper")
        wait_until(lambda: delivery_state(waiting).status == "succeeded")
        state = delivery_state(waiting)
    assert state.attempts == death.attempts
    assert_consistent(state, endpoint, calls=death.calls)


def test_one_that_comes_back_after_its_lease_writes_nothing(
    app: Flask, cast: Cast, run_part: RunPart
) -> None:
    with AgentEndpoint() as endpoint, app.app_context():
        waiting = answered(cast, endpoint)
        frozen = run_part("worker", failpoint_name="freeze before finish's transaction")
        wait_until(lambda: endpoint.calls)
        wait_until(lambda: frozen.is_frozen)
        age()
        endpoint.status = 500
        run_part("worker")
        run_part("sweeper")  # the frozen worker, still listening, may be given its first wake-up
        wait_until(lambda: delivery_state(waiting).status == "failed")
        os.kill(frozen.pid, signal.SIGCONT)
        os.kill(frozen.pid, signal.SIGTERM)  # it ends when its job has
        wait_until(lambda: not frozen.is_running)
        state = delivery_state(waiting)
    assert (state.status, state.session_status) == ("failed", "failed")
    assert state.attempts == ("unknown", "failed")
    assert_consistent(state, endpoint, calls=2)


def test_of_a_comment_that_wakes_an_agent_the_call_is_made_again(
    app: Flask,
    cast: Cast,
    run_part: RunPart,
    after_death: Callable[[], None],
) -> None:
    with AgentEndpoint() as endpoint, app.app_context():
        waiting = ask_in(cast.alice, endpoint_at(endpoint.url))
        with writing():
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            by = db.session.get_one(User, cast.bob.id)
            add_comment(workspace, waiting.request_id, "Why?", by=by, wakes=True)
        dying = run_part("worker", failpoint_name="before the reply is read")
        wait_until(lambda: not dying.is_running)
        after_death()
        age()
        run_part("worker")
        run_part("sweeper")
        wait_until(lambda: delivery_state(waiting).status == "succeeded")
        state = delivery_state(waiting)
    assert state.attempts == LOST_AND_MADE_GOOD
    assert state.session_status == "waiting_for_input"
    assert [call.headers["webhook-id"] for call in endpoint.calls] == [state.delivery_id] * 2
    assert endpoint.calls[0].body == endpoint.calls[1].body


def answered(cast: Cast, endpoint: AgentEndpoint) -> Waiting:
    waiting = ask_in(cast.alice, endpoint_at(endpoint.url))
    answer(cast.bob, waiting)
    return waiting


def assert_consistent(state: DeliveryState, endpoint: AgentEndpoint, *, calls: int) -> None:
    """So many calls were seen, all the same, and the database holds no contradiction."""
    assert [call.headers["webhook-id"] for call in endpoint.calls] == [state.delivery_id] * calls
    assert all(call.body == endpoint.calls[0].body for call in endpoint.calls)
    assert state.violations == []
