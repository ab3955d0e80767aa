"""What the executions of a lane call, decrypted; or why nothing can be called."""

from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import bindparam, select

from opensink_web import clock
from opensink_web.errors import UnreadableSecret
from opensink_web.json_value import JSONValue
from opensink_web.models import Function, Workspace, db
from opensink_web.operations.function_target import PythonTarget, target_of
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.outcome import Failure

# Built once, because building a statement costs more than running it.
_FIND_FUNCTION = (
    select(Function, Workspace)
    .join(Workspace, Workspace.id == Function.workspace_id)
    .where(Function.id == bindparam("of_function"))
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True, slots=True)
class HttpCallee:
    """A function's endpoint; `secrets` sign a call, the workspace's current one first."""

    endpoint: EndpointSpec
    secrets: tuple[str, ...]
    output_schema: JSONValue


@dataclass(frozen=True, slots=True)
class PythonCallee:
    """A function that an installed package advertises."""

    entry_point: str
    output_schema: JSONValue


Callee: TypeAlias = HttpCallee | PythonCallee


def callee_of_function(function_id: UUID | None) -> Callee | Failure:
    """Find how a function is called."""
    row = db.session.execute(_FIND_FUNCTION, {"of_function": function_id}).one_or_none()
    if row is None:
        return Failure("The function does not exist any more.")
    function, workspace = row
    if not function.is_active:
        return Failure("The function was switched off.")
    try:
        target = target_of(function)
        if isinstance(target, PythonTarget):
            return PythonCallee(target.entry_point, function.output_schema)
        secrets = workspace.signing_secrets(clock.now())
        return HttpCallee(target, secrets, function.output_schema)
    except UnreadableSecret as error:
        return Failure(f"The call cannot be made. {error.message}")
