"""A real worker has an agent's endpoint answer chats, and one of them asks for an approval."""

import json
from collections.abc import Callable

import pytest
from flask import Flask

from opensink_web.models import BatchStatus, ExecutionStatus
from opensink_web.operations.agents.initial_messages import Message
from opensink_web.outbound.agent_call import APPROVAL_REQUIRED
from tests.conftest import Cast
from tests.support.chats import chat_input, make_agent, said_in, submit_some
from tests.support.executions import batch, execution
from tests.support.http_server import Received
from tests.support.real_servers import AgentEndpoint
from tests.support.scenarios import endpoint_at

pytestmark = pytest.mark.server


def clerk(call: Received) -> bytes:
    """Answer what was asked, and ask for an approval before anything is transferred."""
    *_, asked = call.body["messages"]
    if asked["content"] == "Transfer 13":
        return json.dumps({"status": "approval_required", "tool": "transfer"}).encode()
    return json.dumps({"message": f"Done: {asked['content']}", "tool_calls": []}).encode()


def test_an_agent_answers_a_batch_of_chats(
    app: Flask, cast: Cast, work: Callable[[], None]
) -> None:
    with AgentEndpoint(body_for=clerk) as endpoint, app.app_context():
        agent_id = make_agent(
            cast.alice,
            endpoint_at(endpoint.url),
            initial_messages=[Message("system", "You are in {{ city }}.")],
        )
        inputs = [chat_input(f"Transfer {n}", city="Bern") for n in range(20)]
        submitted = submit_some(cast.alice, agent_id, inputs)
        work()
        ended = [execution(each) for each in submitted.execution_ids]
        said = [said_in(each) for each in submitted.chat_ids]
        assert batch(submitted.batch_id).ended_as is BatchStatus.PARTIAL
    (failed,) = [each for each in ended if each.status is not ExecutionStatus.COMPLETED]
    assert (failed.batch_index, failed.error) == (13, APPROVAL_REQUIRED)
    assert said[13] == [("system", "You are in Bern."), ("user", "Transfer 13")]
    assert said[7][-1] == ("assistant", "Done: Transfer 7")
    assert ended[7].output_data == {
        "chat_id": str(submitted.chat_ids[7]),
        "final_message": "Done: Transfer 7",
        "final_message_role": "assistant",
        "tool_calls": [],
    }
    assert {call.body["chat_id"] for call in endpoint.calls} == {*map(str, submitted.chat_ids)}
    call = next(each for each in endpoint.calls if each.body["chat_id"] == str(ended[7].chat_id))
    assert call.headers["webhook-id"] == call.body["execution_id"] == str(ended[7].id)
    assert call.body["input_variables"] == {"city": "Bern"}
    assert call.body["messages"][0] == {"role": "system", "content": "You are in Bern."}
    assert call.body["context"]["user_email"] == cast.alice.email
