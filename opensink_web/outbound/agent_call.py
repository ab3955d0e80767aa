"""An agent's endpoint and an execution of a batch, made into the call to send, its answer read.

Pure, as function_call is. An agent that is executed like this answers at once: nobody is there
to approve a tool, and no session to pause.
"""

from collections.abc import Sequence

from opensink_web.functions import Context
from opensink_web.json_value import JSONObject
from opensink_web.outbound.client import Call, Response
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.execution_call import (
    Sender,
    context_to_json,
    execution_call,
    read_json,
)
from opensink_web.outbound.outcome import AgentReply, Failure

APPROVAL_REQUIRED = "approval required; agent invoked async cannot pause"
ROLE_LENGTH_MAX = 32


def build_agent_call(
    endpoint: EndpointSpec,
    *,
    messages: Sequence[JSONObject],
    input_variables: JSONObject,
    context: Context,
    sender: Sender,
) -> Call:
    """Make the call that has an agent answer a chat, `{role, content}` each of its messages."""
    fields: JSONObject = {
        "execution_id": context.execution_id,
        "chat_id": context.chat_id,
        "messages": [*messages],
        "input_variables": input_variables,
        "context": context_to_json(context),
    }
    return execution_call(endpoint, fields, context, sender)


def read_agent_answer(call: Call, answer: Response) -> AgentReply | Failure:
    """Tell what an answer means: `{"message": text or {role, content}, "tool_calls"?: […]}`."""
    read = read_json(call, answer)
    if isinstance(read, Failure):
        return read
    said = read.value
    if isinstance(said, dict) and said.get("status") == "approval_required":
        return Failure(APPROVAL_REQUIRED, "approval_required", said)
    reply = _reply(said) if isinstance(said, dict) else None
    return reply or Failure(_NO_REPLY, "bad_output", said)


_NO_REPLY = (
    'The agent\'s answer has no "message" that is a text or {"role", "content"}, '
    'or "tool_calls" that are no list.'
)


def _reply(said: JSONObject) -> AgentReply | None:
    message, tool_calls = said.get("message"), said.get("tool_calls")
    if isinstance(message, str):
        message = {"role": "assistant", "content": message}
    if not isinstance(message, dict) or not isinstance(tool_calls, list | None):
        return None
    role, content = message.get("role", "assistant"), message.get("content")
    if not isinstance(role, str) or not 1 <= len(role) <= ROLE_LENGTH_MAX:
        return None
    if not isinstance(content, str | list):
        return None
    return AgentReply(role, content, tool_calls)
