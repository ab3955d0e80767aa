"""A web server that dies while it stores an answer: all of it is there, or nothing."""

import socket
from collections.abc import Callable

import pytest
import requests
from flask import Flask

from tests.chaos.consistency_check import age, count_deliveries, delivery_state, is_resolved
from tests.conftest import Cast, Person
from tests.faults.conftest import RunPart
from tests.support.real_servers import AgentEndpoint, wait_until
from tests.support.scenarios import Waiting, ask_in, endpoint_at

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("after_death")]


@pytest.mark.parametrize(
    ("point", "is_stored"),
    [
        ("before the answer's commit", False),
        ("before the announcement", True),
        ("before the answer is sent", True),
    ],
)
def test_a_web_server_that_dies_stores_an_answer_whole_or_not_at_all(
    point: str,
    is_stored: bool,
    app: Flask,
    cast: Cast,
    run_part: RunPart,
    after_death: Callable[[], None],
) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with AgentEndpoint() as endpoint, app.app_context(), listener:
        waiting = ask_in(cast.alice, endpoint_at(endpoint.url))
        dying = run_part("web", "--fd", failpoint_name=point, listener=listener)
        with pytest.raises(requests.ConnectionError):
            resolve(cast.bob, waiting, listener)
        dying.kill()
        assert is_resolved(waiting) is is_stored
        assert count_deliveries() == is_stored
        after_death()

        run_part("web", "--fd", listener=listener)
        assert resolve(cast.bob, waiting, listener) == (409 if is_stored else 200)
        age()
        run_part("worker")
        run_part("sweeper")
        wait_until(lambda: delivery_state(waiting).status == "succeeded")
        state = delivery_state(waiting)
    assert len(endpoint.calls) == 1
    assert state.violations == []


def resolve(person: Person, waiting: Waiting, listener: socket.socket) -> int:
    """Answer as a client that does not try again, and return the status."""
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1"
    answer = requests.post(
        f"{base_url}/agent-session-input-requests/{waiting.request_id}/resolve",
        json={"response": {"approved": True}},
        headers=person.headers,
        timeout=60,
    )
    return answer.status_code
