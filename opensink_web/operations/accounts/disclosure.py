"""What is shown of secrets, and to whom: to programs that work with them, and to no person.

Who reads them: an execution's own token, of what that may look at; the key with which a question
was put by /ask, of its answer; an API key that may write
agents' sessions, of what agents asked and of their configurations; an API key that may have a
function or an agent executed, of its executions. Everybody else, on pages and over the API, sees a
mark in their place: what is secret by the schema as it was when the value was stored.
"""

from collections.abc import Iterator

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import AgentConfiguration, Execution, ExecutionKind, InputRequest
from opensink_web.operations.accounts.permission import SERVICE, Action, Principal
from opensink_web.operations.accounts.permission_pattern import Reach
from opensink_web.outbound.redaction import spelled
from opensink_web.schema.secrets import (
    HIDDEN,
    hide_at,
    paths_from,
    secrets_of,
    value_at,
    without_secret_proposals,
)

ECHO_LENGTH_MIN = 4
"""Shorter texts are ordinary words: hiding them would garble an error."""


def reads_secrets_of(principal: Principal, owner: Execution | InputRequest) -> bool:
    """Return True if the caller is told the secrets of an execution or a request."""
    if principal.execution_id is not None:
        return True  # what it may look at, it has been called with or has asked for
    if principal.key is None:
        return False
    if isinstance(owner, InputRequest):
        if owner.asked_with_key_id == principal.key.id:
            return True
        if owner.execution is None:
            return principal.may("agent_sessions", Action.WRITE)
        owner = owner.execution
    what, verb = "functions", "execute"
    if owner.kind is ExecutionKind.AGENT:
        what, verb = "agents", "chat"
    reach = principal.reach(f"{SERVICE}.{what}/{owner.full_name}.{verb}")
    return reach is Reach.ALL or (reach is Reach.OWN and owner.user_id == principal.user.id)


def reads_secrets_of_configurations(principal: Principal) -> bool:
    """Return True if the caller is told the secrets in what agents are to go by."""
    is_program = principal.key is not None and principal.execution_id is None
    return is_program and principal.may("agent_sessions", Action.WRITE)


def shown_configuration(configuration: AgentConfiguration) -> tuple[JSONValue, JSONObject]:
    """Return the schema and the value without the secrets in them."""
    schema, value = configuration.schema, configuration.value
    shown = secrets_of(schema).hide(value)
    return without_secret_proposals(schema), shown if isinstance(shown, dict) else {HIDDEN: HIDDEN}


def shown_input(execution: Execution) -> JSONObject:
    """Return an execution's input without the secrets in it; nothing of one that is all secret."""
    shown = hide_at(execution.input_data, paths_from(execution.secret_input_paths))
    return shown if isinstance(shown, dict) else {HIDDEN: HIDDEN}


def shown_output(execution: Execution) -> JSONValue:
    """Return an execution's output without the secrets in it."""
    return hide_at(execution.output_data, paths_from(execution.secret_output_paths))


def shown_error(execution: Execution) -> str | None:
    """Return an execution's error without the secrets of its input and output, if it has any."""
    return without_echoes(execution, execution.error)


def without_echoes(execution: Execution, text: str | None) -> str | None:
    """Return a text about an execution without the secrets that it repeats, however spelled."""
    if not text:
        return text
    for spelling in spelled(_texts_of_secrets(execution)):
        text = text.replace(spelling, HIDDEN)
    return text


def shown_response(request: InputRequest, response: JSONObject | None) -> JSONObject | None:
    """Return an answer, or a proposal, without the secrets in it."""
    if response is None:
        return None
    shown = secrets_of(request.schema).hide(response)
    return shown if isinstance(shown, dict) else {HIDDEN: HIDDEN}


def secret_texts_of(request: InputRequest) -> list[str]:
    """Return the texts in an answer that are secret, as they stand in it."""
    response = request.response
    paths = () if response is None else secrets_of(request.schema).paths_in(response)
    return [text for path in paths for text in _texts_in(value_at(response, path))]


def shown_schema(request: InputRequest) -> JSONValue:
    """Return what is asked, without the secrets that the schema itself proposes."""
    return without_secret_proposals(request.schema)


def _texts_of_secrets(execution: Execution) -> Iterator[str]:
    for value, paths in (
        (execution.input_data, execution.secret_input_paths),
        (execution.output_data, execution.secret_output_paths),
    ):
        for path in paths_from(paths):
            yield from _texts_in(value_at(value, path))


def _texts_in(value: JSONValue) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts_in(inner)
    elif value is not None and not isinstance(value, bool) and len(str(value)) >= ECHO_LENGTH_MIN:
        yield str(value)
