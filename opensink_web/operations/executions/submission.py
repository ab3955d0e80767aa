"""Taking executions on: everything is checked before anything is stored.

What takes long is done before, outside the transaction, so that nobody waits for it who wants to
write: asking a name server where a callback may go, and holding inputs against a schema. The
transaction looks only whether the schema is still the same.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from opensink_web import clock
from opensink_web.errors import (
    BatchSizeRefused,
    Conflict,
    FieldError,
    InvalidFunctionInput,
    InvalidInput,
    NotFound,
)
from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.models import (
    Execution,
    ExecutionKind,
    ExecutionStatus,
    Function,
    StepKind,
    db,
)
from opensink_web.models.base import new_id
from opensink_web.models.sealed import sealed_values
from opensink_web.models.traced import trace_values
from opensink_web.models.transaction import (
    Area,
    changed_after_commit,
    notify_after_commit,
    run_prepared,
)
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.executions.ending import Step, add_steps
from opensink_web.operations.executions.pause import (
    Approval,
    approval_options_of,
    ask_for_approval,
)
from opensink_web.operations.requests.options import NO_OPTIONS, RequestOptions
from opensink_web.operations.tracing import trace_begun
from opensink_web.schema.secrets import Secrets, merged_paths, secrets_of
from opensink_web.schema.subschemas import Path
from opensink_web.schema.validation import Checker

TRIGGER_ID_DEFAULT = "runtime-api"
TRIGGER_ID_LENGTH_MAX = 247
"""A batch's executions add a colon and their index to it, in a column of 255."""
DELAY_SECONDS_MAX = 366 * 86_400
DELEGATED_DELAY_SECONDS_MAX = 86_400
"""How much later an execution may have another begin: its token is not to live on for long."""
DEPTH_MAX = 8
"""How many executions may start each other, one after the other."""
TIMEOUT_SECONDS_MAX = 86_400
BATCH_SIZE_MAX_DEFAULT = 1000
CHECKING_SECONDS_MAX = 3.0
"""How much of a processor's time the inputs of a batch may take to check, for each thousand."""
_CHECKED_AT_ONCE = 500
_ADD_EXECUTION = insert(Execution)


@dataclass(frozen=True, slots=True)
class Options:
    """How executions are run and told of; `callback_url` has been checked.

    `trigger_ids` are given where each execution has one already, in the order of the inputs.
    `scopes` limit them where the principal's own do not. `secret_paths` say, for each input, what
    is secret in it besides what the schema says.
    """

    trigger_type: str = "api"
    trigger_id: str | None = None
    trigger_ids: tuple[str, ...] | None = None
    delay_seconds: float = 0
    callback_url: str | None = None
    timeout_seconds: int | None = None
    scopes: Sequence[str] | None = None
    secret_paths: tuple[Sequence[Path], ...] | None = None

    def scopes_of(self, principal: Principal) -> list[str] | None:
        """Return what executions are limited to that the principal starts."""
        scopes = self.scopes if principal.scopes is None else principal.scopes
        return None if scopes is None else list(scopes)


@dataclass(frozen=True, slots=True)
class CheckedInputs:
    """Inputs that fit a function's input schema, as it was when check_inputs() looked."""

    values: Sequence[JSONObject]
    schema_text: str


@dataclass(frozen=True, slots=True)
class TargetSnapshot:
    """What is executed, as its executions keep it."""

    kind: ExecutionKind
    id: UUID
    namespace: str
    name: str
    timeout_seconds: int
    requires_approval: bool = False
    approved_by: RequestOptions = NO_OPTIONS
    input_schema: JSONValue = True

    @property
    def first_status(self) -> ExecutionStatus:
        """The status that its executions begin with."""
        is_waiting = self.requires_approval
        return ExecutionStatus.AWAITING_INPUT if is_waiting else ExecutionStatus.QUEUED


def check_input(function: Function, input_data: JSONObject) -> CheckedInputs:
    """Check the input of one execution. Takes its time: call it outside a transaction that writes.

    Raises: InvalidFunctionInput; Conflict for a function that is switched off.
    """
    check_active(function)
    checker = Checker(function.input_schema)
    _check_value(function, checker, input_data)
    return CheckedInputs([input_data], checker.schema_text)


def check_inputs(
    function: Function, inputs: Sequence[JSONObject], size_max: int = BATCH_SIZE_MAX_DEFAULT
) -> CheckedInputs:
    """Check the inputs of a batch, as check_input() does; it names the index of a wrong one.

    Raises: as check_input(); BatchSizeRefused.
    """
    check_size(inputs, size_max)
    check_active(function)
    checker = Checker(function.input_schema)
    seconds = CHECKING_SECONDS_MAX * max(len(inputs) / 1000, 1)
    ends_at = time.thread_time() + seconds  # of a processor: a busy machine refuses nothing
    for index, input_data in enumerate(inputs):
        _check_value(function, checker, input_data, index)
        if time.thread_time() + checker.seconds_apart > ends_at:
            message = (
                f"It takes more than {seconds:g} seconds to check these {len(inputs)} inputs "
                f"against the input schema of {function.namespace}/{function.name}: {index + 1} "
                "were checked in that time. Submit them in several batches."
            )
            raise InvalidFunctionInput(message, errors=(FieldError("/inputs", message),))
        if index % _CHECKED_AT_ONCE == 0:
            time.sleep(0)  # others' requests have their turn
    return CheckedInputs(inputs, checker.schema_text)


def submit(
    principal: Principal, function: Function, checked: CheckedInputs, options: Options
) -> UUID:
    """Take on one execution, as the principal's user; return its id.

    Raises: InvalidInput; Conflict for a function that is switched off, or has another schema now.
    """
    check_options(options)
    # the input was checked before this transaction, against the function as it was then
    check_active(function)
    check_unchanged(function, checked.schema_text)
    target, execution_id = target_of(function), new_id()
    (input_data,) = checked.values
    own = own_values(execution_id, input_data, secrets_of(target.input_schema), options)
    run_prepared(_ADD_EXECUTION, common_values(principal, target, options) | own)
    add_steps([Step(execution_id, StepKind.QUEUED)])
    if target.requires_approval:
        ask_for_approval(Approval.of(function, principal), execution_id, input_data)
    elif options.delay_seconds == 0:  # what is for later the sweeper finds when its time comes
        notify_after_commit(Execution, target.id)
    changed_after_commit(principal.workspace.id, Area.EXECUTIONS)
    return execution_id


def target_of(function: Function) -> TargetSnapshot:
    """Return what the executions of a function keep of it."""
    return TargetSnapshot(
        kind=ExecutionKind.FUNCTION,
        id=function.id,
        namespace=function.namespace,
        name=function.name,
        timeout_seconds=function.timeout_seconds,
        requires_approval=function.requires_approval,
        approved_by=approval_options_of(function),
        input_schema=function.input_schema,
    )


def check_size(inputs: Sequence[object], most: int) -> None:
    """Raises: BatchSizeRefused."""
    if not 1 <= len(inputs) <= most:
        message = f"A batch has 1 to {most} inputs; this one has {len(inputs)}."
        raise BatchSizeRefused(message, errors=(FieldError("/inputs", message),))


def check_options(options: Options) -> None:
    """Raises: InvalidInput."""
    errors = []
    if options.trigger_id is not None and len(options.trigger_id) > TRIGGER_ID_LENGTH_MAX:
        message = f"A trigger id has at most {TRIGGER_ID_LENGTH_MAX} characters."
        errors.append(FieldError("/trigger_id", message))
    if not 0 <= options.delay_seconds <= DELAY_SECONDS_MAX:
        message = f"The delay is between 0 and {DELAY_SECONDS_MAX} seconds."
        errors.append(FieldError("/delay_seconds", message))
    timeout = options.timeout_seconds
    if timeout is not None and not 1 <= timeout <= TIMEOUT_SECONDS_MAX:
        message = f"The timeout is between 1 and {TIMEOUT_SECONDS_MAX} seconds."
        errors.append(FieldError("/timeout", message))
    if errors:
        raise InvalidInput(errors[0].message, errors=tuple(errors))


def common_values(
    principal: Principal, target: TargetSnapshot, options: Options, batch_id: UUID | None = None
) -> dict[str, Any]:
    """Return what all executions have in common that are submitted together.

    Raises: Conflict; InvalidInput; NotFound, for what an execution may not start.
    """
    moment = clock.now()
    is_function = target.kind is ExecutionKind.FUNCTION
    return {
        "workspace_id": principal.workspace.id,
        "user_id": principal.user.id,
        "kind": target.kind,
        "function_id": target.id if is_function else None,
        "agent_id": None if is_function else target.id,
        "target_namespace": target.namespace,
        "target_name": target.name,
        "batch_id": batch_id,
        "parent_id": principal.execution_id,
        "depth": _depth_below(principal, options),
        "trigger_type": options.trigger_type,
        "scopes": options.scopes_of(principal),
        "status": target.first_status,
        "timeout_seconds": options.timeout_seconds or target.timeout_seconds,
        "pause_count": 0,
        "group_id": target.id,
        "next_at": moment + timedelta(seconds=options.delay_seconds),
        "recovery_count": 0,
        **trace_values(trace_begun(principal.execution_id)),
        "created_at": moment,
        "updated_at": moment,
    }


def own_values(
    execution_id: UUID,
    input_data: JSONObject,
    secrets: Secrets,
    options: Options,
    *,
    index: int | None = None,
    chat_id: UUID | None = None,
) -> dict[str, Any]:
    """Return what one execution has for itself, encrypted; `index` is its number in a batch.

    `secrets` are those of its target's input schema. Needs no transaction.
    """
    number = index or 0
    further = options.secret_paths[number] if options.secret_paths else ()
    return sealed_values(
        Execution,
        {
            "id": execution_id,
            "input_data": input_data,
            "secret_input_paths": merged_paths(secrets.paths_in(input_data), further),
            "callback_url": options.callback_url,
            "trigger_id": _trigger_id_of(options, index),
            "batch_index": index,
            "chat_id": chat_id,
        },
    )


def _trigger_id_of(options: Options, index: int | None) -> str:
    if options.trigger_ids is not None:
        return options.trigger_ids[index or 0] or TRIGGER_ID_DEFAULT
    if options.trigger_id is None:
        return TRIGGER_ID_DEFAULT
    return options.trigger_id if index is None else f"{options.trigger_id}:{index}"


def _depth_below(principal: Principal, options: Options) -> int:
    """Return how deep what the principal starts is. Raises: Conflict; InvalidInput."""
    if principal.execution_id is None:
        return 0
    # functions that start each other without end would keep all workers busy for ever
    if options.delay_seconds > DELEGATED_DELAY_SECONDS_MAX:
        message = (
            f"An execution can have another begin at most {DELEGATED_DELAY_SECONDS_MAX} seconds"
            " later."
        )
        raise InvalidInput(message, errors=(FieldError("/delay_seconds", message),))
    query = select(Execution.depth, Execution.status)
    above = db.session.execute(query.where(Execution.id == principal.execution_id)).one_or_none()
    if above is None:
        raise NotFound("The execution that this token was made for is not there any more.")
    if above.status is ExecutionStatus.CANCELLED:
        raise Conflict("The execution was cancelled, so it starts nothing more.")
    if above.depth >= DEPTH_MAX:
        raise Conflict(
            f"Executions have started each other {DEPTH_MAX} times in a row, so this one starts no"
            " more. If functions call each other without end, that has to be mended."
        )
    return int(above.depth) + 1


def check_active(function: Function) -> None:
    """Raises: Conflict for a function that is switched off."""
    if not function.is_active:
        raise Conflict(
            f"{function.namespace}/{function.name} is switched off, so it is not executed."
        )


def check_unchanged(
    function: Function, schema_text: str, target: TargetSnapshot | None = None
) -> None:
    """Look whether the inputs still fit, and executions would still keep `target` of it.

    Raises: Conflict.
    """
    # a schema is compared as it was written: to Python 1 and true are equal
    is_same = target is None or replace(target, input_schema=True) == replace(
        target_of(function), input_schema=True
    )
    if not is_same or dump(function.input_schema) != schema_text:
        what = "The input schema of " if is_same else ""
        raise Conflict(
            f"{what}{function.namespace}/{function.name} was changed just now, so nothing was "
            "executed. Please try again."
        )


def _check_value(
    function: Function, checker: Checker, input_data: JSONObject, index: int | None = None
) -> None:
    errors = checker.errors_of(input_data)
    if not errors:
        return
    which = "The input" if index is None else f"Input {index}"
    place = "/input" if index is None else f"/inputs/{index}"
    raise InvalidFunctionInput(
        f"{which} does not fit the input schema of {function.namespace}/{function.name}.",
        errors=tuple(FieldError(place + each.path, each.message) for each in errors),
    )
