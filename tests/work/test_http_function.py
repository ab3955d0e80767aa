"""A real worker carries executions out by calling endpoints."""

from collections.abc import Callable

import pytest
from flask import Flask

from opensink_web.access_token import TokenSigner
from opensink_web.models import BatchStatus, ExecutionStatus
from opensink_web.services import EXTENSION, Services
from tests.conftest import Cast
from tests.support.executions import batch, execution, make_function, submit_many, submit_one
from tests.support.real_servers import AgentEndpoint

pytestmark = pytest.mark.server


def test_an_endpoint_is_called_with_input_context_and_token(
    app: Flask, cast: Cast, work: Callable[[], None]
) -> None:
    with AgentEndpoint(body=b'{"pages": 3}') as endpoint, app.app_context():
        execution_id = submit_one(cast.alice, make_function(cast.alice, endpoint.url), 7)
        work()
        ended = execution(execution_id)
    (call,) = endpoint.calls
    assert (ended.status, ended.output_data) == (ExecutionStatus.COMPLETED, {"pages": 3})
    assert call.body["input"] == {"n": 7}
    assert call.body["context"]["user_email"] == cast.alice.email
    assert call.headers["x-opensink-execution-id"] == call.headers["webhook-id"]
    token = signer_of(app).read(call.headers["authorization"].removeprefix("Bearer "))
    assert token is not None
    assert (token.user_id, token.execution_id) == (cast.alice.id, execution_id)


def test_an_endpoint_that_fails_fails_the_execution_alone(
    app: Flask, cast: Cast, work: Callable[[], None]
) -> None:
    with AgentEndpoint(status=500) as endpoint, app.app_context():
        function_id = make_function(cast.alice, endpoint.url)
        submitted = submit_many(cast.alice, function_id, 3)
        work()
        ended = [execution(each) for each in submitted.execution_ids]
        assert batch(submitted.id).ended_as is BatchStatus.FAILED
    assert {each.error for each in ended} == {"The endpoint answered 500 Internal Server Error."}


def test_each_execution_of_a_batch_is_called_once(
    app: Flask, cast: Cast, work: Callable[[], None]
) -> None:
    with AgentEndpoint() as endpoint, app.app_context():
        submitted = submit_many(cast.alice, make_function(cast.alice, endpoint.url), 100)
        work()
        ended = batch(submitted.id)
    assert ended.ended_as is BatchStatus.COMPLETED
    assert sorted(call.body["input"]["n"] for call in endpoint.calls) == list(range(100))


def test_an_input_that_passes_for_a_configured_parameter_is_not_sent(
    app: Flask, cast: Cast, work: Callable[[], None]
) -> None:
    with AgentEndpoint() as endpoint, app.app_context():
        function_id = make_function(cast.alice, f"{endpoint.url}?n=1", method="GET")
        execution_id = submit_one(cast.alice, function_id, 2)
        work()
        ended = execution(execution_id)
    assert endpoint.calls == []
    assert ended.status is ExecutionStatus.FAILED
    assert "its parameter “n” is set in its address already" in str(ended.error)


def signer_of(app: Flask) -> TokenSigner:
    services: Services = app.extensions[EXTENSION]
    return services.signer
