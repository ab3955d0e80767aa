"""Functions: making, changing and deleting them. Executing them is another matter."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, fields
from typing import Any, TypedDict, cast

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from opensink_web import clock
from opensink_web.errors import Conflict, FieldError, InvalidInput, UnreadableSecret
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    AuditAction,
    Execution,
    Function,
    Quorum,
    SubjectKind,
    User,
    Workspace,
    db,
)
from opensink_web.models.execution import ENDED
from opensink_web.operations.audit.record import changes_between, digest_of, record
from opensink_web.operations.executions.function_target import (
    FunctionTarget,
    check_target,
    kind_of,
    target_of,
    target_to_json,
)
from opensink_web.operations.executions.queries.function import _named, _one
from opensink_web.outbound.policy import EndpointPolicy
from opensink_web.schema.limits import check_schema, check_value_schema

FUNCTION_NAME = "^[A-Za-z_][A-Za-z0-9_-]{0,254}$"
"""What a namespace and a name look like."""
NAME_RULE = (
    "This stands in addresses: letters, digits, _ and -, beginning with a letter or _, at most 255."
)
TIMEOUT_SECONDS_DEFAULT = 30
TIMEOUT_SECONDS_MAX = 86_400


@dataclass(frozen=True, slots=True)
class FunctionFields:
    """A whole function; without an output schema any output will do."""

    namespace: str
    name: str
    target: FunctionTarget
    description: str | None = None
    input_schema: JSONObject = field(default_factory=lambda: {"type": "object"})
    output_schema: JSONObject | None = None
    timeout_seconds: int = TIMEOUT_SECONDS_DEFAULT
    requires_approval: bool = False
    required_responses: int = 1
    quorum: Quorum | None = None
    forbid_requester: bool = False
    is_active: bool = True


class FunctionChanges(TypedDict, total=False):
    """What of a function to change; what is left out stays as it is."""

    namespace: str
    name: str
    target: FunctionTarget
    description: str | None
    input_schema: JSONObject
    output_schema: JSONObject | None
    timeout_seconds: int
    requires_approval: bool
    required_responses: int
    quorum: Quorum | None
    forbid_requester: bool
    is_active: bool


@dataclass(frozen=True, slots=True)
class CheckedFields:
    """What of a function to set, as check_fields() passed it."""

    changes: FunctionChanges


def check_fields(
    policy: EndpointPolicy,
    given: FunctionFields | FunctionChanges,
    function: Function | None = None,
) -> CheckedFields:
    """Check fields, of a new function or for this one, and say at once all that is wrong with them.

    Schemas take their time: call it outside a transaction that writes. Raises: InvalidInput;
    InvalidSchema.
    """
    changes: dict[str, Any] = {**(_all_of(given) if isinstance(given, FunctionFields) else given)}
    refusals: list[InvalidInput] = []
    for name, value in changes.items():
        try:
            if name == "target":
                check_target(value, policy, _readable_target_of(function))
            else:
                changes[name] = _CHECKS[name](value) if name in _CHECKS else value
        except InvalidInput as refusal:
            refusals.append(refusal.below(f"/{name}"))
    if len(refusals) == 1:
        raise refusals[0]
    if refusals:
        errors = tuple(error for refusal in refusals for error in refusal.errors)
        raise InvalidInput("The function is not valid.", errors=errors)
    return CheckedFields(cast("FunctionChanges", changes))


def create_function(
    workspace: Workspace, user: User, policy: EndpointPolicy, checked: CheckedFields
) -> Function:
    """Make a function of fields that are all there. Raises: Conflict when its name is taken."""
    function = Function(workspace_id=workspace.id, created_by_id=user.id)
    _set(function, policy, checked)
    db.session.add(function)
    _flush_unique()
    _note(AuditAction.FUNCTION_CREATED, function, _said_of(function))
    return function


def update_function(
    workspace: Workspace, namespace: str, name: str, policy: EndpointPolicy, checked: CheckedFields
) -> Function:
    """Change the given fields; masked headers keep the value they have.

    Raises: NotFound; InvalidInput; Conflict when the new name is taken.
    """
    function = lock_function(workspace, namespace, name)
    before = _said_of(function)
    _set(function, policy, checked)
    _flush_unique()
    if changed := changes_between(before, _said_of(function)):
        _note(AuditAction.FUNCTION_CHANGED, function, {"changes": changed})
    return function


def delete_function(workspace: Workspace, namespace: str, name: str) -> None:
    """Delete a function, as delete_agent() does; its executions stay.

    Raises: NotFound; Conflict while one of them is unfinished.
    """
    function = lock_function(workspace, namespace, name)
    unfinished = select(Execution.id).where(
        Execution.function_id == function.id, Execution.status.not_in(ENDED)
    )
    if db.session.scalars(unfinished.limit(1)).first() is not None:
        raise Conflict(
            "Executions of this function are not finished. Wait for them, or cancel them; to take "
            "no more of them, set the function to inactive first."
        )
    _note(AuditAction.FUNCTION_DELETED, function)
    function.deleted_at = clock.now()
    function.name = f"-{function.id}"  # as no other can be called
    db.session.flush()


def _said_of(function: Function) -> JSONObject:
    """Return what the audit says of a function; of schemas and targets there are digests."""
    schemas = {"input_schema": function.input_schema, "output_schema": function.output_schema}
    target = _readable_target_of(function)
    return {
        "name": f"{function.namespace}/{function.name}",
        "description": function.description,
        "timeout_seconds": function.timeout_seconds,
        "requires_approval": function.requires_approval,
        "required_responses": function.required_responses,
        "quorum": function.quorum,
        "forbid_requester": function.forbid_requester,
        "is_active": function.is_active,
        **{f"{name}_digest": digest_of(schema) for name, schema in schemas.items()},
        "target_digest": digest_of(target_to_json(target)) if target else None,
    }


def _note(action: AuditAction, function: Function, details: JSONObject | None = None) -> None:
    said = details or {"name": f"{function.namespace}/{function.name}"}
    record(action, function.workspace_id, SubjectKind.FUNCTION, function.id, said)


def lock_function(workspace: Workspace, namespace: str, name: str) -> Function:
    """Find a function and keep others from changing it until the commit. Raises: NotFound."""
    return _one(_named(workspace, namespace, name).with_for_update())


def _all_of(whole: FunctionFields) -> FunctionChanges:
    return cast("FunctionChanges", {each.name: getattr(whole, each.name) for each in fields(whole)})


def _set(function: Function, policy: EndpointPolicy, checked: CheckedFields) -> None:
    for name, value in checked.changes.items():
        if name != "target":
            setattr(function, name, value)
    if "target" in checked.changes:
        # anew, because a masked header gets the value that the function has now
        current = _readable_target_of(function)
        target = check_target(checked.changes["target"], policy, current)
        function.kind = kind_of(target)
        function.target = dict(target_to_json(target))


def _readable_target_of(function: Function | None) -> FunctionTarget | None:
    """Return what the function has; what cannot be decrypted can only be entered anew."""
    with suppress(UnreadableSecret):
        return target_of(function) if function is not None and function.sealed_target else None
    return None


def _checked_name(text: str) -> str:
    if not re.fullmatch(FUNCTION_NAME, text):
        raise InvalidInput(NAME_RULE)
    return text


def _checked_timeout(seconds: int) -> int:
    if not 1 <= seconds <= TIMEOUT_SECONDS_MAX:
        raise InvalidInput(f"The timeout is between 1 and {TIMEOUT_SECONDS_MAX:,} seconds.")
    return seconds


def _checked_input_schema(schema: JSONObject) -> JSONObject:
    check_schema(schema)
    return schema


def _checked_output_schema(schema: JSONObject | None) -> JSONObject | None:
    if schema is not None:
        check_value_schema(schema)
    return schema


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "namespace": _checked_name,
    "name": _checked_name,
    "description": lambda text: text or None,
    "input_schema": _checked_input_schema,
    "output_schema": _checked_output_schema,
    "timeout_seconds": _checked_timeout,
}


def _flush_unique() -> None:
    try:
        db.session.flush()
    except IntegrityError as error:
        message = "A function with this name already exists in this namespace."
        raise Conflict(message, errors=(FieldError("/name", message),)) from error
