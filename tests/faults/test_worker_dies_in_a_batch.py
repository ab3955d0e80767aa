"""A worker that dies between any two steps of a batch: all is done, and told of once."""

import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web.models import BatchStatus, Callback, CallbackStatus, Execution, StepKind, db
from opensink_web.models.transaction import reading
from tests.chaos import execution_invariants
from tests.chaos.consistency_check import age_leases, are_callbacks_made
from tests.chaos.one_moment import one_moment
from tests.chaos.parts import ForkedPart
from tests.conftest import Cast
from tests.faults.conftest import RunPart
from tests.support.executions import Submitted, batch, execution, make_function, submit_many
from tests.support.real_servers import AgentEndpoint, wait_until

pytestmark = pytest.mark.server

SQLITE, POSTGRESQL = "sqlite, Redis keeps all", "postgresql, Redis is wiped"


@dataclass(frozen=True)
class Death:
    """Where a worker dies, and whether its executions are then carried out again."""

    point: str
    is_repeated: bool = True

    def __str__(self) -> str:
        return self.point


DEATHS = (
    (Death("after the group's claim"), SQLITE),
    (Death("before the call"), POSTGRESQL),
    (Death("before finish's transaction"), SQLITE),
    (Death("before the outcomes' commit"), POSTGRESQL),
    (Death("after the outcomes' commit", is_repeated=False), SQLITE),
)


@pytest.mark.parametrize(("death", "after_death"), DEATHS, indirect=["after_death"], ids=str)
def test_a_worker_that_dies_is_made_good(
    death: Death,
    after_death: Callable[[], None],
    callback_receiver: AgentEndpoint,
    app: Flask,
    cast: Cast,
    run_part: RunPart,
) -> None:
    with AgentEndpoint() as endpoint, app.app_context():
        submitted = submit_three(cast, endpoint, callback_receiver)
        wait_for_death(run_part("worker", failpoint_name=death.point))
        after_death()
        age_leases()
        end_soundly(run_part, submitted)
        ended = [execution(each) for each in submitted.execution_ids]
        assert batch(submitted.id).ended_as is BatchStatus.COMPLETED
    assert_called_alike(endpoint, submitted)
    assert any(has_recovered(each) for each in ended) or not death.is_repeated
    assert told_of(callback_receiver) == Counter(
        [str(submitted.id), *map(str, submitted.execution_ids)]
    )


def test_one_that_comes_back_after_its_lease_writes_nothing(
    callback_receiver: AgentEndpoint, app: Flask, cast: Cast, run_part: RunPart
) -> None:
    with AgentEndpoint(body=b'"early"') as endpoint, app.app_context():
        submitted = submit_three(cast, endpoint, callback_receiver)
        frozen = run_part("worker", failpoint_name="freeze before finish's transaction")
        wait_until(lambda: frozen.is_frozen)
        endpoint.body = b'"late"'
        age_leases()
        end_soundly(run_part, submitted)
        os.kill(frozen.pid, signal.SIGTERM)
        wait_until(lambda: has_ended_thawed(frozen))
        ended = [execution(each) for each in submitted.execution_ids]
        with one_moment():
            assert execution_invariants.violations() == []
    assert [each.output_data for each in ended] == ["late"] * 3
    assert_called_alike(endpoint, submitted)
    assert set(told_of(callback_receiver).values()) == {1}


def test_a_callback_that_may_have_been_heard_is_not_made_again(
    callback_receiver: AgentEndpoint, app: Flask, cast: Cast, run_part: RunPart
) -> None:
    with AgentEndpoint() as endpoint, app.app_context():
        submitted = submit_three(cast, endpoint, callback_receiver)
        wait_for_death(run_part("worker", failpoint_name="after a callback"))
        age_leases()
        end_soundly(run_part, submitted)
        with reading():
            query = select(Callback.status, Callback.error_message)
            callbacks = db.session.execute(query).all()
    assert len(callbacks) == 4
    lost = [error for status, error in callbacks if status is CallbackStatus.FAILED]
    assert lost
    assert all("is not made again" in (error or "") for error in lost)
    assert max(told_of(callback_receiver).values()) == 1


def has_ended_thawed(frozen: ForkedPart) -> bool:
    """Return True if it has ended; each of its threads freezes it once more."""
    if frozen.is_running:
        os.kill(frozen.pid, signal.SIGCONT)
    return not frozen.is_running


def submit_three(cast: Cast, endpoint: AgentEndpoint, receiver: AgentEndpoint) -> Submitted:
    function_id = make_function(cast.alice, endpoint.url)
    return submit_many(
        cast.alice, function_id, 3, callback_url=receiver.url, batch_callback_url=receiver.url
    )


def wait_for_death(dying: ForkedPart) -> None:
    wait_until(lambda: not dying.is_running)
    assert dying.exit_code == -signal.SIGKILL


def end_soundly(run_part: RunPart, submitted: Submitted) -> None:
    """Let a worker and a sweeper that live do the rest."""
    run_part("worker")
    run_part("sweeper")
    wait_until(lambda: batch(submitted.id).ended_as is not None)
    wait_until(are_callbacks_made)
    with one_moment():
        assert execution_invariants.violations() == []


def assert_called_alike(endpoint: AgentEndpoint, submitted: Submitted) -> None:
    """Each execution was called, at most twice, always under its own id."""
    calls = Counter(call.headers["webhook-id"] for call in endpoint.calls)
    assert set(calls) == {str(each) for each in submitted.execution_ids}
    assert max(calls.values()) <= 2
    for call in endpoint.calls:
        assert call.headers["x-opensink-execution-id"] == call.headers["webhook-id"]


def has_recovered(ended: Execution) -> bool:
    return any(step.kind is StepKind.RECOVERED for step in ended.steps)


def told_of(receiver: AgentEndpoint) -> Counter[str]:
    """Count the callbacks that arrived, by the batch or execution that they are about."""
    return Counter(
        call.body.get("batch_id") or call.body["execution_id"] for call in receiver.calls
    )
