"""A web server that dies while it stores an answer or a batch: all of it is there, or nothing."""

import socket
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select, update

from opensink_web import clock
from opensink_web.models import Batch, BatchStatus, Execution, db
from opensink_web.models.transaction import reading, writing
from tests.chaos.consistency_check import age, count_deliveries, delivery_state, is_resolved
from tests.conftest import Cast, Person
from tests.faults.conftest import RunPart
from tests.support.executions import batch, claim_some, make_function
from tests.support.real_servers import AgentEndpoint, wait_until
from tests.support.scenarios import Waiting, ask_in, endpoint_at

BATCH_SIZE = 240
pytestmark = [pytest.mark.server, pytest.mark.usefixtures("after_death")]


@pytest.mark.parametrize(
    ("point", "is_stored"),
    [
        ("before the answer's commit", False),
        ("before the wake-up", True),
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


@pytest.mark.parametrize("point", ["between two slices of a batch", "before a batch is accepted"])
def test_nothing_is_found_of_a_batch_whose_web_server_died(
    point: str, app: Flask, cast: Cast, run_part: RunPart, after_death: Callable[[], None]
) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with AgentEndpoint() as endpoint, app.app_context(), listener:
        function_id = make_function(cast.alice, endpoint.url)
        dying = run_part("web", "--fd", failpoint_name=point, listener=listener)
        with pytest.raises(requests.ConnectionError):
            submit(cast.alice, listener, "lost")
        dying.kill()
        assert stored_executions(), "a slice was stored, the smaller the busier the machine is"
        after_death()

        run_part("web", "--fd", listener=listener)
        run_part("worker")
        run_part("sweeper")
        assert call(cast.alice, listener, "GET", "/batches").json() == []
        assert call(cast.alice, listener, "GET", "/executions").json() == []
        with writing():  # as if some time had gone by
            table: Any = Batch.__table__
            db.session.execute(update(table).values(staged_until=clock.now()))
        wait_until(lambda: stored_executions() == 0)

        accepted = submit(cast.alice, listener, "tried again")
        assert accepted.status_code == 202, accepted.text
        batch_id = UUID(accepted.json()["batch_id"])
        wait_until(lambda: batch(batch_id).ended_as is BatchStatus.COMPLETED)
        assert stored_executions() == BATCH_SIZE
        assert set(claim_some(function_id)) == set()
    called = sorted(each.body["input"]["n"] for each in endpoint.calls)
    assert called == list(range(BATCH_SIZE))


def stored_executions() -> int:
    """Count all that is stored, found or not."""
    with reading():
        table: Any = Execution.__table__
        return db.session.scalar(select(func.count()).select_from(table)) or 0


def submit(person: Person, listener: socket.socket, name: str) -> requests.Response:
    inputs = [{"n": n} for n in range(BATCH_SIZE)]
    body = {"inputs": inputs, "trigger_id_prefix": name}
    return call(person, listener, "POST", "/functions/tests/work/execute/batch", body)


def call(
    person: Person, listener: socket.socket, method: str, path: str, body: Any = None
) -> requests.Response:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}{path}"
    return requests.request(method, url, json=body, headers=person.headers, timeout=60)


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
