"""Taking executions on, one or a batch: everything is checked before anything is stored.

What takes long is done before, outside the transaction, so that nobody waits for it who wants to
write: asking a name server where a callback may go, and holding inputs against a schema. The
transaction looks only whether the schema is still the same.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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
    Batch,
    Execution,
    ExecutionKind,
    ExecutionStatus,
    Function,
    LaneWork,
    StepKind,
    db,
)
from opensink_web.models.base import new_id
from opensink_web.models.sealed import sealed_values
from opensink_web.models.transaction import announce_lane_after_commit
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.executions.ending import Step, add_steps
from opensink_web.operations.executions.pause import ask_for_approval
from opensink_web.schema.secrets import merged_paths, secrets_of
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
"""How much of a processor's time the inputs of a batch may take to check."""
_ADD_EXECUTIONS = insert(Execution)


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


@dataclass(frozen=True, slots=True)
class CheckedInputs:
    """Inputs that fit a function's input schema, as it was when check_inputs() looked."""

    values: Sequence[JSONObject]
    schema_text: str


@dataclass(frozen=True, slots=True)
class Target:
    """What is executed, as its executions keep it."""

    kind: ExecutionKind
    id: UUID
    namespace: str
    name: str
    timeout_seconds: int
    requires_approval: bool = False
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
    _check_active(function)
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
    _check_active(function)
    checker = Checker(function.input_schema)
    ends_at = time.thread_time() + CHECKING_SECONDS_MAX
    for index, input_data in enumerate(inputs):
        _check_value(function, checker, input_data, index)
        if time.thread_time() > ends_at:
            message = (
                "These inputs together take too long to check against the input schema of "
                f"{function.namespace}/{function.name}. Submit them in several batches."
            )
            raise InvalidFunctionInput(message, errors=(FieldError("/inputs", message),))
    return CheckedInputs(inputs, checker.schema_text)


def submit(
    principal: Principal, function: Function, checked: CheckedInputs, options: Options
) -> UUID:
    """Take on one execution, as the principal's user; return its id.

    Raises: InvalidInput; Conflict for a function that is switched off, or has another schema now.
    """
    check_options(options)
    _check_active(function)
    _check_unchanged(function, checked)
    (execution_id,) = insert_executions(
        principal,
        target_of(function),
        checked.values,
        options,
        options.trigger_ids or [options.trigger_id],
    )
    if function.requires_approval:
        (input_data,) = checked.values
        ask_for_approval(function, [(execution_id, input_data)], by=principal)
    return execution_id


def submit_batch(
    principal: Principal,
    function: Function,
    checked: CheckedInputs,
    options: Options,
    *,
    batch_callback_url: str | None = None,
) -> tuple[Batch, list[UUID]]:
    """Take on a batch, in one go; return it and the ids of its executions in the inputs' order.

    `options.trigger_id` is the prefix of the executions' own. Raises: as submit().
    """
    check_options(options)
    _check_active(function)
    _check_unchanged(function, checked)
    inputs = checked.values
    target = target_of(function)
    batch = add_batch(principal, target, len(inputs), options, batch_callback_url)
    trigger_ids = trigger_ids_of(options, len(inputs))
    ids = insert_executions(principal, target, inputs, options, trigger_ids, batch=batch)
    if function.requires_approval:
        calls = list(zip(ids, inputs, strict=True))
        ask_for_approval(function, calls, by=principal, batch=batch)
    return batch, ids


def target_of(function: Function) -> Target:
    """Return what the executions of a function keep of it."""
    return Target(
        kind=ExecutionKind.FUNCTION,
        id=function.id,
        namespace=function.namespace,
        name=function.name,
        timeout_seconds=function.timeout_seconds,
        requires_approval=function.requires_approval,
        input_schema=function.input_schema,
    )


def trigger_ids_of(options: Options, count: int) -> Sequence[str | None]:
    """Return the trigger ids of a batch's executions."""
    if options.trigger_ids is not None:
        return options.trigger_ids
    prefix = options.trigger_id
    return [None if prefix is None else f"{prefix}:{index}" for index in range(count)]


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


def add_batch(
    principal: Principal, target: Target, total: int, options: Options, callback_url: str | None
) -> Batch:
    """Write down a batch, before its executions."""
    batch = Batch(
        workspace_id=principal.workspace.id,
        user_id=principal.user.id,
        kind=target.kind,
        target_namespace=target.namespace,
        target_name=target.name,
        total=total,
        trigger_id_prefix=options.trigger_id,
        callback_url=callback_url,
        scopes=_scopes_of(principal, options),
        parent_id=principal.execution_id,
    )
    if target.kind is ExecutionKind.FUNCTION:
        batch.function_id = target.id
    else:
        batch.agent_id = target.id
    db.session.add(batch)
    db.session.flush()
    return batch


def insert_executions(
    principal: Principal,
    target: Target,
    inputs: Sequence[JSONObject],
    options: Options,
    trigger_ids: Sequence[str | None],
    *,
    batch: Batch | None = None,
    chat_ids: Sequence[UUID] | None = None,
) -> list[UUID]:
    """Write executions down in bulk, and have them announced if they are due.

    Those of a target that requires approval wait for it; the caller asks.
    """
    moment = clock.now()
    common = _common_values(principal, target, options, batch, moment)
    ids = [new_id() for _ in inputs]
    secrets = secrets_of(target.input_schema)
    further = options.secret_paths or [()] * len(inputs)
    rows = [
        sealed_values(
            Execution,
            {
                **common,
                "id": ids[index],
                "input_data": input_data,
                "secret_input_paths": merged_paths(secrets.paths_in(input_data), further[index]),
                "trigger_id": trigger_id or TRIGGER_ID_DEFAULT,
                "batch_index": None if batch is None else index,
                "chat_id": chat_ids[index] if chat_ids else None,
            },
        )
        for index, (input_data, trigger_id) in enumerate(zip(inputs, trigger_ids, strict=True))
    ]
    db.session.connection().execute(_ADD_EXECUTIONS, rows)
    add_steps([Step(each, StepKind.QUEUED) for each in ids])
    if options.delay_seconds == 0 and not target.requires_approval:
        announce_lane_after_commit(LaneWork.EXECUTIONS, target.id)
    return ids


def _common_values(
    principal: Principal, target: Target, options: Options, batch: Batch | None, moment: datetime
) -> dict[str, object]:
    is_function = target.kind is ExecutionKind.FUNCTION
    return {
        "workspace_id": principal.workspace.id,
        "user_id": principal.user.id,
        "kind": target.kind,
        "function_id": target.id if is_function else None,
        "agent_id": None if is_function else target.id,
        "target_namespace": target.namespace,
        "target_name": target.name,
        "batch_id": None if batch is None else batch.id,
        "parent_id": principal.execution_id,
        "depth": _depth_below(principal, options),
        "trigger_type": options.trigger_type,
        "scopes": _scopes_of(principal, options),
        "status": target.first_status,
        "timeout_seconds": options.timeout_seconds or target.timeout_seconds,
        "pause_count": 0,
        "callback_url": options.callback_url,
        "lane_id": target.id,
        "next_at": moment + timedelta(seconds=options.delay_seconds),
        "recovery_count": 0,
        "created_at": moment,
        "updated_at": moment,
    }


def _depth_below(principal: Principal, options: Options) -> int:
    """Return how deep what the principal starts is. Raises: Conflict; InvalidInput."""
    if principal.execution_id is None:
        return 0
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


def _scopes_of(principal: Principal, options: Options) -> list[str] | None:
    scopes = options.scopes if principal.scopes is None else principal.scopes
    return None if scopes is None else list(scopes)


def _check_active(function: Function) -> None:
    if not function.is_active:
        raise Conflict(
            f"{function.namespace}/{function.name} is switched off, so it is not executed."
        )


def _check_unchanged(function: Function, checked: CheckedInputs) -> None:
    if dump(function.input_schema) != checked.schema_text:
        raise Conflict(
            f"The input schema of {function.namespace}/{function.name} was changed just now, so "
            "nothing was executed. Please try again."
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
