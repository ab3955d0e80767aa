"""What came of carrying out a function or an agent, wherever that was done."""

from dataclasses import dataclass, field
from typing import TypeAlias

from opensink_web.json_value import JSONObject, JSONValue

Paths: TypeAlias = tuple[tuple[str | int, ...], ...]
"""Where in an output there are secrets, by the schema it was held against."""


@dataclass(frozen=True, slots=True)
class Output:
    """It is done, with this as its output."""

    value: JSONValue
    secret_paths: Paths = ()


@dataclass(frozen=True, slots=True)
class Pending:
    """It was taken on and will report by itself."""


@dataclass(frozen=True, slots=True)
class Awaits:
    """It cannot go on before a person has answered; `prompt` is Markdown.

    `options` are what a request may say besides, as they were sent.
    """

    prompt: str
    schema: JSONValue
    options: JSONObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """It did not succeed, and why in a sentence; `output` is what it said nevertheless.

    `code` is one of CallError's, or bad_status, bad_output, output_too_large, approval_required,
    not_installed, function_failed, process_ended, out_of_memory; with `timeout` it took too long.
    """

    message: str
    code: str = "function_failed"
    output: JSONValue = None
    secret_paths: Paths = ()


@dataclass(frozen=True, slots=True)
class AgentReply:
    """An agent's last word; `content` is a text, or the list of parts that some models speak in.

    `tool_calls` are those it says it made, as it writes them.
    """

    role: str
    content: JSONValue
    tool_calls: list[JSONValue] | None


Outcome: TypeAlias = Output | AgentReply | Pending | Awaits | Failure
