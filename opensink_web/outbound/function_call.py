"""A function's endpoint and an execution, made into the call to send, and its answer read.

Pure: the same values make the same call, byte for byte. The body's shape is the wire contract:
`{"input", "context"}`, and `"resume": {"input_request_id", "response", "edited"}` when a person has
answered what an earlier call of this execution asked for. A GET has no body: the input's fields are
parameters of its address, and so is `resume`; the context is in the headers alone.
"""

from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from opensink_web import json_value
from opensink_web.functions import Context
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.outbound.client import Call, Response
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.execution_call import (
    Sender,
    context_to_json,
    execution_call,
    read_json,
)
from opensink_web.outbound.outcome import Awaits, Failure, Outcome, Output, Pending

_RESUME = "resume"


def build_function_call(
    endpoint: EndpointSpec, *, input_data: JSONObject, context: Context, sender: Sender
) -> Call:
    """Make the call that has an endpoint carry a function out."""
    fields: JSONObject = {"input": input_data, "context": context_to_json(context)}
    resume = context.resume
    if resume is not None:
        fields[_RESUME] = {
            "input_request_id": resume.input_request_id,
            "response": resume.response,
            "edited": None if resume.edited is None else [*resume.edited],
        }
    call = execution_call(endpoint, fields, context, sender)
    if endpoint.method != "GET":
        return call
    given = input_data
    if resume is not None:
        given = {**input_data, _RESUME: fields[_RESUME]}
    return replace(call, url=_with_query(endpoint.url, given), configured_url=endpoint.url)


def parameter_conflict(endpoint: EndpointSpec, input_data: JSONObject) -> Failure | None:
    """Say which field of the input would pass, in a GET's address, for what is not the caller's.

    That is a parameter that the function's owner configured, or the answer of a person.
    """
    if endpoint.method != "GET":
        return None
    configured = parse_qsl(urlsplit(endpoint.url).query, keep_blank_values=True)
    taken = {_variable(name) for name, _ in configured} | {_RESUME}
    for name in input_data:
        if _variable(name) in taken:
            why = (
                "tells it a person's answer"
                if _variable(name) == _RESUME
                else "is set in its address already"
            )
            return Failure(
                f"The endpoint was not called: its parameter “{name}” {why}, so the input must"
                " not have a field of that name. Rename the field, or use another method than GET.",
                "invalid_request",
            )
    return None


def _variable(name: str) -> str:
    """What frameworks make of a parameter's name: some read `a[]` and `A` as `a`."""
    return name.partition("[")[0].strip().casefold()


def read_function_answer(call: Call, answer: Response) -> Outcome:
    """Tell what an answer means: any 2xx JSON is the output unless it asks for a person's input."""
    if answer.error is None and answer.status_code == 202:
        return Pending()
    read = read_json(call, answer)
    if isinstance(read, Failure):
        return read
    if isinstance(read.value, dict) and read.value.get("status") == "awaiting_input":
        return _question(read.value)
    return Output(read.value)


def _with_query(url: str, given: JSONObject) -> str:
    """Add each field to an address: a text as it is, anything else as JSON."""
    pairs = [
        (name, value if isinstance(value, str) else json_value.dump(value))
        for name, value in given.items()
    ]
    if not pairs:
        return url
    whole, _, _ = url.partition("#")
    joint = "" if whole.endswith(("?", "&")) else "&" if "?" in whole else "?"
    return f"{whole}{joint}{urlencode(pairs)}"


def _question(said: dict[str, JSONValue]) -> Awaits | Failure:
    prompt, schema, options = said.get("prompt"), said.get("schema"), said.get("options") or {}
    if isinstance(prompt, str) and prompt.strip() and isinstance(schema, dict):
        if isinstance(options, dict):
            return Awaits(prompt, schema, options)
        return Failure(
            "The endpoint asks for input with `options` that are no object.", "bad_output", said
        )
    message = "The endpoint asks for input without a `prompt` (a text) and a `schema` (an object)."
    return Failure(message, "bad_output", said)
