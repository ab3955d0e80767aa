"""One agent's hanging endpoint leaves the workers to the others, and its own calls all get a turn.

No sweeper runs: what waits is handed on by the workers alone, from one process to the other.
"""

import pytest
from flask import Flask

from tests.conftest import Cast
from tests.support.real_servers import AgentEndpoint, wait_until
from tests.support.scenarios import answer, ask_in, endpoint_at, make_due
from tests.work.conftest import StartWorker, succeeded

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]

WORKERS = 2
CALLS_PER_WORKER = 4
CALLS_PER_AGENT = 3
ALL_SLOTS = WORKERS * CALLS_PER_WORKER


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    limits = {"CALLS_PER_WORKER": CALLS_PER_WORKER, "CALLS_PER_AGENT": CALLS_PER_AGENT}
    return environment | {name: str(limit) for name, limit in limits.items()}


def test_another_agent_is_called_while_one_hangs_in_all_the_slots_it_may_have(
    app: Flask, cast: Cast, start_worker: StartWorker
) -> None:
    with AgentEndpoint() as hanging, AgentEndpoint() as other:
        hanging.gate.clear()
        with app.app_context():
            hung = ask_in(cast.alice, endpoint_at(hanging.url, timeout_seconds=300))
            make_due(cast.alice, hung.agent_id, ALL_SLOTS)
        for _ in range(WORKERS):
            start_worker()
        wait_until(lambda: len(hanging.calls) == CALLS_PER_AGENT)
        with app.app_context():
            answer(cast.bob, ask_in(cast.alice, endpoint_at(other.url)))
        wait_until(lambda: other.calls)
        wait_until(lambda: succeeded(app) == 1)
        assert len(hanging.calls) == CALLS_PER_AGENT
        hanging.gate.set()
        wait_until(lambda: succeeded(app) == 1 + ALL_SLOTS)
        assert len(hanging.calls) == ALL_SLOTS, "each was called once"
