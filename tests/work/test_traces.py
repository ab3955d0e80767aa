"""The trace of whoever asked goes on with each call that follows, through a real worker."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from opensink_web.trace_context import current_trace, read_trace, span_id_of
from tests.api.conftest import Api, made, make_agent, question, start_session
from tests.conftest import Cast
from tests.support.executions import make_function
from tests.support.http_server import Received
from tests.support.real_servers import AgentEndpoint

pytestmark = pytest.mark.server

ASKED, DECIDED, OTHER = (digit * 32 for digit in "abc")
SPAN = "00f067aa0ba902b7"
Work = Callable[[], None]


def traced(trace_id: str, flags: str = "01") -> dict[str, str]:
    return {"traceparent": f"00-{trace_id}-{SPAN}-{flags}", "tracestate": "vendor=1"}


def trace_sent(call: Received) -> tuple[str, str]:
    """Return the trace that a call came with, and its span."""
    trace = read_trace(call.headers["traceparent"])
    assert trace is not None
    assert call.headers["tracestate"] == "vendor=1"
    assert trace.flags == "01"
    return trace.trace_id, trace.parent_id


def asked(api: Api, url: str, headers: dict[str, str]) -> Any:
    session = start_session(api, make_agent(api, execution_endpoint={"url": url})["id"])
    return made(api.post("/agent-session-input-requests", question(session), headers))


def resolve(api: Api, request: Any, headers: dict[str, str] | None = None) -> Any:
    path = f"/agent-session-input-requests/{request['id']}/resolve"
    answer = api.post(path, {"response": {"approved": True}}, headers)
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.fixture
def api(app: Flask, cast: Cast) -> Api:
    return Api(app, cast.alice.headers)


@pytest.mark.usefixtures("on_each_database")
def test_the_trace_that_asked_is_the_one_that_goes_on(
    app: Flask, cast: Cast, api: Api, work: Work
) -> None:
    with AgentEndpoint(status=500) as endpoint:
        request = asked(api, endpoint.url, traced(ASKED))
        assert (request["trace_id"], request["resolved_trace_id"]) == (ASKED, None)
        resolved = resolve(api, request, traced(DECIDED))
        assert (resolved["trace_id"], resolved["resolved_trace_id"]) == (ASKED, DECIDED)
        work()
        (delivery,) = api.read(f"/deliveries?trace_id={ASKED}")["items"]
        again = api.post(f"/deliveries/{delivery['id']}/redeliver", {}, traced(OTHER))
        assert again.status_code == 200, again.text
        work()
        first, second = endpoint.calls
    (trace_id, first_span), (same_id, second_span) = trace_sent(first), trace_sent(second)
    assert trace_id == same_id == delivery["trace_id"] == ASKED
    assert len({SPAN, first_span, second_span}) == 3
    attempts = api.read(f"/deliveries/{delivery['id']}")["attempts"]
    assert [each["span_id"] for each in attempts] == [first_span, second_span]
    # what is known of a call whose worker was lost says the same
    assert first_span == span_id_of(UUID(delivery["id"]), 1)
    for none in (DECIDED, OTHER):
        assert api.read(f"/deliveries?trace_id={none}")["items"] == []
    assert Api(app, cast.charlie.headers).read(f"/deliveries?trace_id={ASKED}")["items"] == []
    assert api.get("/deliveries?trace_id=XYZ").status_code == 400


def test_without_a_trace_that_of_the_program_that_decides_goes_on_or_none(
    api: Api, work: Work
) -> None:
    broken = {"traceparent": f"ff-{ASKED}-{SPAN}-01", "tracestate": "vendor=1"}
    with AgentEndpoint() as endpoint:
        for asking, deciding in ((broken, traced(DECIDED)), ({}, broken)):
            resolve(api, asked(api, endpoint.url, asking), deciding)
            work()
        by_program, by_nobody = endpoint.calls
    assert trace_sent(by_program)[0] == DECIDED
    assert {"traceparent", "tracestate"}.isdisjoint(by_nobody.headers)
    assert [each["trace_id"] for each in api.read("/deliveries")["items"]] == [None, DECIDED]


def test_a_session_hands_its_trace_to_what_is_asked_in_it(api: Api) -> None:
    agent = make_agent(api)
    begun = api.post("/agent-sessions", {"agent_id": agent["id"]}, traced(ASKED))
    session = made(begun)
    assert session["trace_id"] == ASKED
    plain = made(api.post("/agent-session-input-requests", question(session)))
    own = made(api.post("/agent-session-input-requests", question(session), traced(OTHER)))
    assert (plain["trace_id"], own["trace_id"]) == (ASKED, OTHER)
    path = f"/agent-session-input-requests/{own['id']}/supersede"
    assert made(api.post(path, {"title": "Sell?"}))["trace_id"] == OTHER


def test_an_execution_goes_on_with_its_trace_after_a_person_has_answered(
    app: Flask, cast: Cast, api: Api, work: Work
) -> None:
    asks = b'{"status": "awaiting_input", "prompt": "Sure?", "schema": {"type": "object"}}'
    with app.app_context(), AgentEndpoint(body=asks) as endpoint:
        make_function(cast.alice, endpoint.url)
        path = "/functions/tests/work/execute/async"
        queued: Any = api.at(path, "POST", {"input": {"n": 1}}, traced(ASKED)).json
        work()
        (request,) = api.read("/agent-session-input-requests")["items"]
        assert request["trace_id"] == ASKED
        endpoint.body = b'{"done": true}'
        address = f"/agent-session-input-requests/{request['id']}/resolve"
        assert api.post(address, {"response": {}}, traced(DECIDED)).status_code == 200
        work()
        first, second = endpoint.calls
        token = first.headers["authorization"]
    execution: Any = api.at(f"/executions/{queued['execution_id']}", "GET").json
    assert (execution["status"], execution["trace_id"]) == ("completed", ASKED)
    (first_id, first_span), (second_id, second_span) = trace_sent(first), trace_sent(second)
    assert first_id == second_id == ASKED
    assert first_span != second_span
    assert token


@pytest.mark.usefixtures("on_each_database")
def test_what_an_execution_starts_with_its_token_is_part_of_its_trace(
    app: Flask, cast: Cast, api: Api, work: Work
) -> None:
    with app.app_context(), AgentEndpoint() as endpoint:
        make_function(cast.alice, endpoint.url)
        path = "/functions/tests/work/execute"

        def answer(received: Received) -> bytes:
            if len(endpoint.calls) == 1:
                own = Api(app, {"Authorization": received.headers["authorization"]})
                body = {"inputs": [{"n": 2}, {"n": 3}]}
                started.append(own.at(f"{path}/batch", "POST", body).json)
            return b"{}"

        started: list[Any] = []
        endpoint.body_for = answer
        api.at(f"{path}/async", "POST", {"input": {"n": 1}}, traced(ASKED))
        work()
        assert [trace_sent(each)[0] for each in endpoint.calls] == [ASKED] * 3
    batch: Any = api.at(f"/batches/{started[0]['batch_id']}", "GET").json
    assert batch["trace_id"] == ASKED


def test_a_run_of_a_job_belongs_to_the_trace_of_who_asked_for_it(api: Api, work: Work) -> None:
    with AgentEndpoint() as endpoint:
        fields = {"interval_minutes": 60, "start_minute": 0, "url": endpoint.url, "method": "POST"}
        job = made(api.post("/background-jobs", {"name": "Nightly", **fields}))
        run: Any = api.post(f"/background-jobs/{job['id']}/run", {}, traced(ASKED)).json
        assert run["trace_id"] == ASKED
        work()
        (call,) = endpoint.calls
    assert trace_sent(call)[0] == ASKED


@pytest.mark.parametrize(("path", "is_entered"), [("/api/v1/agents", True), ("/w/main", False)])
def test_a_page_belongs_to_no_trace(app: Flask, path: str, is_entered: bool) -> None:
    """A proxy before us may send one along with what a person's browser asks for."""
    with app.test_request_context(path, headers=traced(OTHER)):
        app.preprocess_request()
        assert (current_trace() is not None) is is_entered
