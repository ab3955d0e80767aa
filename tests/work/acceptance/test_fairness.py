"""A group in which thousands are due lets others have their turn."""

import pytest

from tests.support.endpoints import Endpoints
from tests.work.acceptance.conftest import MakeServer

pytestmark = pytest.mark.server

MANY = 1000
OTHERS = 3
A_TURN = 100
"""How many calls of the large group may come between: a few rounds of its claims."""


def test_one_row_does_not_wait_for_a_thousand(
    make_server: MakeServer, endpoints: Endpoints
) -> None:
    with make_server(workers=1, variables={"CALLS_PER_WORKER": 2}) as server:
        large = server.make_function("large", endpoints.url("slow-0.01", "large"))
        for n in range(OTHERS):
            server.make_function(f"small-{n}", endpoints.url("quick", f"small-{n}"))
        agent_id = server.make_agent(endpoints.url("quick", "agent"))
        (request_id,) = server.ask(agent_id, 1)
        server.start()
        server.submit(large, MANY)
        waits = {}
        for subject in (*(f"small-{n}" for n in range(OTHERS)), request_id):
            sent = server.execute(subject) if subject != request_id else server.resolve(request_id)
            arrival = endpoints.wait_for(sent.subject_id, seconds=60)
            calls = [each.at for each in endpoints.calls("large")]
            waits[subject] = sum(sent.at < at < arrival.at for at in calls)
        assert len(endpoints.calls("large")) < MANY, "it was still at work"
    assert max(waits.values()) < A_TURN, waits
