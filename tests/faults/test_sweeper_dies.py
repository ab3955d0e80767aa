"""A sweeper that dies before it wakes anybody: the next one does."""

import signal
from collections.abc import Callable

import pytest
from flask import Flask

from tests.chaos.consistency_check import age, delivery_state
from tests.conftest import Cast
from tests.faults.conftest import RunPart
from tests.support.real_servers import AgentEndpoint, wait_until
from tests.support.scenarios import answer, ask_in, endpoint_at

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("after_death")]


def test_what_was_found_and_not_woken_for_is_woken_for_later(
    app: Flask, cast: Cast, run_part: RunPart, after_death: Callable[[], None]
) -> None:
    with AgentEndpoint() as endpoint, app.app_context():
        waiting = ask_in(cast.alice, endpoint_at(endpoint.url))
        answer(cast.bob, waiting)
        dying = run_part("sweeper", failpoint_name="before the sweeper's wake-up")
        wait_until(lambda: not dying.is_running)
        assert dying.exit_code == -signal.SIGKILL
        after_death()
        age()
        run_part("worker")
        run_part("sweeper")
        wait_until(lambda: delivery_state(waiting).status == "succeeded")
        state = delivery_state(waiting)
    assert len(endpoint.calls) == 1
    assert state.violations == []
