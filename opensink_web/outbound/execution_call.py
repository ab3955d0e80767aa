"""What calls of functions and of agents have in common: their headers, and how answers are read.

Header names are the wire contract that receivers rely on.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime

from opensink_web import json_value
from opensink_web.functions import Context
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.outbound.client import Call, Headers, Response
from opensink_web.outbound.endpoint_call import (
    EndpointSpec,
    default_headers,
    signature_headers,
    traced,
)
from opensink_web.outbound.explained import NoJSON, json_of, status_sentence
from opensink_web.outbound.outcome import Awaits, Failure, Outcome, Output
from opensink_web.outbound.redaction import (
    hidden_in,
    secret_values,
    secrets_of,
    spelled,
    without_secrets,
)
from opensink_web.outbound.signing import CallSecrets

OUTPUT_MAX_BYTES = 1024 * 1024
_REASON_LENGTH_MAX = 1000
_SECRET_LENGTH_MIN = 16
"""What is shorter may be an ordinary word, and an output is more than something to look at."""
_CALLERS = frozenset(("input", "input_variables", "messages", "resume"))
"""The fields of a body that are from people and applications, who may have them back."""


@dataclass(frozen=True, slots=True)
class Sender:
    """What a call is signed with: the secrets, its `webhook-id` and the moment; and the headers of
    the trace that it belongs to.
    """

    secrets: CallSecrets
    webhook_id: str
    now: datetime
    trace: Headers = ()


def execution_call(
    endpoint: EndpointSpec, fields: JSONObject, context: Context, sender: Sender
) -> Call:
    """Make the call that carries an execution out; `fields` go over the configured body.

    A GET has no body: an agent's endpoint looks the execution up by the id in the header, and a
    function's has the input in its address.
    """
    body = None
    if endpoint.method != "GET":
        # set last, so that no configured field can stand in their place
        body = json_value.dump({**(endpoint.body or {}), **fields}).encode()
    headers = (
        *default_headers(endpoint.headers),
        *_authorization(endpoint.headers, context.access_token),
        ("X-OpenSink-Execution-Id", context.execution_id),
        ("X-OpenSink-Secret", sender.secrets.execution_secret),
        *signature_headers(
            sender.webhook_id, sender.secrets.signing_secrets, sender.now, body or b""
        ),
        *traced(endpoint.headers, sender.trace),
    )
    return Call(
        endpoint.method, endpoint.url, headers, body, endpoint.timeout_seconds, OUTPUT_MAX_BYTES
    )


def context_to_json(context: Context) -> JSONObject:
    """Return the context as a call's body has it."""
    return {
        "execution_id": context.execution_id,
        "user_id": context.user_id,
        "user_email": context.user_email,
        "trigger_type": context.trigger_type,
        "trigger_id": context.trigger_id,
        "chat_id": context.chat_id,
        "access_token": context.access_token,
    }


def without_token(outcome: Outcome, access_token: str) -> Outcome:
    """Return what code came to that was given a token, without that token."""
    secrets = spelled([access_token])
    if isinstance(outcome, Output):
        return Output(hidden_in(outcome.value, secrets))
    if isinstance(outcome, Awaits):
        prompt = without_secrets(outcome.prompt, secrets)
        options = hidden_in(outcome.options, secrets)
        kept = options if isinstance(options, dict) else {}
        return Awaits(prompt, hidden_in(outcome.schema, secrets), kept)
    if isinstance(outcome, Failure):
        message = without_secrets(outcome.message, secrets)
        return replace(outcome, message=message, output=hidden_in(outcome.output, secrets))
    return outcome


@dataclass(frozen=True, slots=True)
class Said:
    """The JSON of a 2xx answer."""

    value: JSONValue


def read_json(call: Call, answer: Response) -> Said | Failure:
    """Return what a 2xx answer says, null for 204, or why there is nothing to read."""
    if answer.error is not None:
        return Failure(answer.error.message, answer.error.code)
    if not answer.succeeded:
        return Failure(_bad_status(call, answer), "bad_status")
    if answer.body_truncated:
        limit = f"{OUTPUT_MAX_BYTES // 1024**2} MiB"
        return Failure(f"The endpoint's answer is longer than {limit}.", "output_too_large")
    if answer.status_code == 204:
        return Said(None)
    try:
        value = json_of(answer)
    except NoJSON as reason:
        return Failure(str(reason), "bad_output")
    if len(answer.body) < _SECRET_LENGTH_MIN:
        return Said(value)  # a short answer like {"ok":true} has no room for a secret
    return Said(hidden_in(value, _secrets_sent(call)))


def _authorization(configured: Headers, access_token: str) -> Headers:
    """The token, unless the endpoint wants credentials of its own; then it is in the body alone."""
    if any(name.lower() == "authorization" for name, _ in configured):
        return ()
    return (("Authorization", f"Bearer {access_token}"),)


def _bad_status(call: Call, answer: Response) -> str:
    reason = _reason_in(answer.body)
    secrets = secrets_of(call)
    status = status_sentence("The endpoint", call, answer)
    if not reason:
        return status
    reason = without_secrets(reason, secrets)[:_REASON_LENGTH_MAX]
    return f"{status.removesuffix('.')}: {reason}"


def _secrets_sent(call: Call) -> tuple[str, ...]:
    """Return what an output may not repeat: tokens and credentials, not what the caller sent."""
    fields = {} if call.body is None else json.loads(call.body)
    own = {name: value for name, value in fields.items() if name not in _CALLERS}
    secrets = spelled(secret_values(call, own))
    return tuple(secret for secret in secrets if len(secret) >= _SECRET_LENGTH_MIN)


def _reason_in(body: bytes) -> str:
    """Return the text of an error in a usual form: `{"error": "…"}`, `{"error": {"message"}}`."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    for name in ("error", "message", "detail"):
        if isinstance(said, dict) and name in said:
            said = said[name]
    return said.strip() if isinstance(said, str) else ""
