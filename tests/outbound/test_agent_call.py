"""The call that has an agent answer a chat of a batch, and what its answer means."""

import json
from dataclasses import replace

import pytest

from opensink_web.json_value import JSONValue
from opensink_web.outbound.agent_call import (
    APPROVAL_REQUIRED,
    build_agent_call,
    read_agent_answer,
)
from opensink_web.outbound.client import Call
from opensink_web.outbound.outcome import AgentReply, Failure
from tests.outbound.test_function_call import ANSWER, CONTEXT, ENDPOINT, SENDER


def build() -> Call:
    return build_agent_call(
        ENDPOINT,
        messages=[{"role": "user", "content": "Hello"}],
        input_variables={"city": "Bern"},
        context=replace(CONTEXT, chat_id="chat-1"),
        sender=SENDER,
    )


def read(said: JSONValue) -> AgentReply | Failure:
    return read_agent_answer(build(), replace(ANSWER, body=json.dumps(said).encode()))


def test_the_body_has_the_chat_and_the_context() -> None:
    call = build()
    assert dict(call.headers)["X-OpenSink-Execution-Id"] == "execution-1"
    body = json.loads(call.body or b"")
    assert body.pop("context")["chat_id"] == "chat-1"
    assert body == {
        "source": "opensink",
        "input": "configured",
        "execution_id": "execution-1",
        "chat_id": "chat-1",
        "messages": [{"role": "user", "content": "Hello"}],
        "input_variables": {"city": "Bern"},
    }


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ({"message": "Hi"}, AgentReply("assistant", "Hi", None)),
        ({"message": {"role": "tool", "content": "Hi"}}, AgentReply("tool", "Hi", None)),
        (
            {"message": {"content": [{"type": "text", "text": "Hi"}]}, "tool_calls": [{"id": 1}]},
            AgentReply("assistant", [{"type": "text", "text": "Hi"}], [{"id": 1}]),
        ),
        ({"message": "", "tool_calls": []}, AgentReply("assistant", "", [])),
    ],
)
def test_the_message_is_a_text_or_has_a_role(said: JSONValue, reply: AgentReply) -> None:
    assert read(said) == reply


def test_an_agent_that_wants_an_approval_has_failed() -> None:
    said: JSONValue = {"status": "approval_required", "tool": "transfer"}
    assert read(said) == Failure(APPROVAL_REQUIRED, "approval_required", said)


@pytest.mark.parametrize(
    "said",
    [
        None,
        "Hi",
        [],
        {},
        {"message": None},
        {"message": 3},
        {"message": {"role": 1, "content": "Hi"}},
        {"message": {"role": "x" * 33, "content": "Hi"}},
        {"message": {"role": "user"}},
        {"message": "Hi", "tool_calls": "none"},
    ],
)
def test_anything_else_is_a_failure_that_says_what_is_missing(said: JSONValue) -> None:
    failed = read(said)
    assert isinstance(failed, Failure)
    assert (failed.code, failed.output) == ("bad_output", said)
    assert '"message"' in failed.message


def test_an_agent_answers_at_once() -> None:
    failed = read_agent_answer(build(), replace(ANSWER, status_code=202, body=b"{}"))
    assert isinstance(failed, Failure)
