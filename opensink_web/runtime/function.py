"""/functions/{namespace}/{name}/execute: one execution, waited for or queued; a batch."""

from typing import Annotated, Literal, Self, TypeAlias
from uuid import UUID

from flask import current_app
from pydantic import Field, JsonValue, RootModel

from opensink_web import json_value
from opensink_web.contract import waiting
from opensink_web.contract.example import Example
from opensink_web.contract.route import Authenticate, Permission, Routes
from opensink_web.contract.shapes import WHOLE, JsonObject, PathName, Received, ResponseModel
from opensink_web.contract.surface import RUNTIME
from opensink_web.errors import FieldError, InvalidInput
from opensink_web.models import BatchStatus, Execution, ExecutionStatus
from opensink_web.models.transaction import reading
from opensink_web.operations.accounts.delegation import EXECUTING
from opensink_web.operations.accounts.disclosure import reads_secrets_of, shown_error, shown_output
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.accounts.permission_pattern import Reach
from opensink_web.operations.executions import submission
from opensink_web.operations.executions.batch_submission import draft_batch, submit_batch
from opensink_web.operations.executions.claim import TIMEOUT
from opensink_web.operations.executions.draft import Draft
from opensink_web.operations.executions.permission import executable_function
from opensink_web.operations.executions.queries.execution import (
    BUSY,
    find_execution,
    moves_of,
    still_busy,
)
from opensink_web.operations.executions.staging import stage
from opensink_web.operations.executions.submission import (
    DELAY_SECONDS_MAX,
    TIMEOUT_SECONDS_MAX,
    TRIGGER_ID_DEFAULT,
    TRIGGER_ID_LENGTH_MAX,
    CheckedInputs,
    Options,
    target_of,
)
from opensink_web.runtime.callback_url import CallbackUrl, check_callback_urls
from opensink_web.services import EXTENSION, Services

GRACE_SECONDS = 2.0
"""How much longer than an execution may take its end is waited for, so that it can be told."""
_ADDRESS = "/functions/{namespace}/{name}/execute"
_EXECUTE = Permission("functions", "execute", path="{namespace}/{name}", least=Reach.OWN)
routes = Routes("functions", RUNTIME)

TriggerId: TypeAlias = Annotated[
    str,
    Field(
        max_length=TRIGGER_ID_LENGTH_MAX,
        description=f"What the caller calls it; `{TRIGGER_ID_DEFAULT}` without.",
    ),
]
DelaySeconds: TypeAlias = Annotated[
    int,
    Field(ge=0, le=DELAY_SECONDS_MAX, description="How long it stays queued at least."),
    WHOLE,
]


class Execute(Received):
    """`input` has to fit the function's schema; without `timeout` the function's own counts.

    It is for each call of the function: a person who is asked in between takes none of it.
    """

    input: JsonObject
    timeout: Annotated[int, Field(ge=1, le=TIMEOUT_SECONDS_MAX), WHOLE] | None = None


class ExecuteAsync(Received):
    """`input` has to fit the function's schema. A field that is null is as if it were not there."""

    input: JsonObject
    trigger_id: TriggerId | None = None
    delay_seconds: DelaySeconds | None = None
    callback_url: CallbackUrl | None = None

    @property
    def options(self) -> Options:
        """What operations take."""
        return Options(
            trigger_id=self.trigger_id,
            delay_seconds=self.delay_seconds or 0,
            callback_url=self.callback_url,
        )


class BatchOptions(Received):
    """What a batch is taken on with besides its inputs. A field that is null is as if not there.

    The i-th execution, from 0, has the trigger id `{trigger_id_prefix}:{i}`.
    """

    trigger_id_prefix: TriggerId | None = None
    delay_seconds: DelaySeconds | None = None
    callback_url: CallbackUrl | None = None
    batch_callback_url: CallbackUrl | None = None
    execution_mode: JsonValue = Field(
        default=None,
        description="Some clients send it. It means nothing here: it is taken and ignored.",
    )

    @property
    def options(self) -> Options:
        """What operations take."""
        return Options(
            trigger_type="batch",
            trigger_id=self.trigger_id_prefix,
            delay_seconds=self.delay_seconds or 0,
            callback_url=self.callback_url,
        )


class ExecuteBatch(BatchOptions):
    """At least one input and at most MAX_BATCH_SIZE, each of which fits the function's schema.

    The i-th execution, from 0, has the trigger id `{trigger_id_prefix}:{i}`.
    """

    inputs: list[JsonObject]


class TakenResponse(ResponseModel):
    """What is kept of a call that waits: which execution it waits for, and how long."""

    execution_id: UUID
    timeout_seconds: int


class SuccessResponse(ResponseModel):
    status: Literal["success"] = "success"
    execution_id: UUID
    result: JsonValue


class ErrorResponse(ResponseModel):
    """With `timeout` it took too long, waits for a person, or goes on: `GET /executions/{id}` says
    which, and how it ends.
    """

    status: Literal["error", "timeout"]
    execution_id: UUID
    error: str


class OutcomeResponse(ResponseModel, RootModel[SuccessResponse | ErrorResponse]):
    """How an execution went, as far as it has gone in the time."""

    @classmethod
    def shown_to(cls, principal: Principal, execution: Execution) -> Self:
        """Write how it went, the secrets only for those who read them."""
        reads = reads_secrets_of(principal, execution)
        if execution.status is ExecutionStatus.COMPLETED:
            result = execution.output_data if reads else shown_output(execution)
            return cls(SuccessResponse(execution_id=execution.id, result=result))
        error = (execution.error if reads else shown_error(execution)) or ""
        if not execution.status.has_ended:
            error = _why_it_goes_on(execution)
        is_late = not execution.status.has_ended or execution.error_code == TIMEOUT
        status: Literal["error", "timeout"] = "timeout" if is_late else "error"
        return cls(ErrorResponse(status=status, execution_id=execution.id, error=error))


class QueuedResponse(ResponseModel):
    """`awaiting_input` is one that a person approves before it begins."""

    execution_id: UUID
    status: ExecutionStatus


class QueuedBatchResponse(ResponseModel):
    """The ids are in the inputs' order."""

    batch_id: UUID
    execution_ids: list[UUID]
    total: int
    status: BatchStatus = BatchStatus.QUEUED


def until_ended(accepted: TakenResponse, _query: object) -> waiting.Wait:
    """Wait until an execution has ended or waits for a person, at most for the time of a call.

    Whoever answers quicker than we look starts another call, which has its own time.
    """

    def after(pauses: int) -> waiting.Wait:
        def again() -> waiting.Wait | None:
            with reading():
                status, pause_count = moves_of(accepted.execution_id) or (None, pauses)
            is_another_call = status in BUSY and pause_count != pauses
            return after(pause_count) if is_another_call else None

        seconds = accepted.timeout_seconds + GRACE_SECONDS
        return waiting.Wait(still_busy, accepted.execution_id, seconds, again)

    return after(0)


def tell_outcome(authenticate: Authenticate, accepted: TakenResponse) -> OutcomeResponse:
    """Tell how an execution has gone so far."""
    with reading():
        principal = authenticate()
        execution = find_execution(
            principal.workspace, accepted.execution_id, user_id=principal.user.id
        )
        return OutcomeResponse.shown_to(principal, execution)


def _check_input(
    principal: Principal, namespace: str, name: str, body: Execute | ExecuteAsync
) -> CheckedInputs:
    """Raises: CallbackRefused; NotFound; PermissionMissing; Conflict; InvalidFunctionInput."""
    check_callback_urls(body)
    function = executable_function(principal, namespace, name)
    return submission.check_input(function, body.input)


@routes.post(
    _ADDRESS,
    summary="Execute a function, and wait for its output.",
    status=200,
    permission=_EXECUTE,
    delegated=EXECUTING,
    precheck=_check_input,
    after_commit=tell_outcome,
    waits=until_ended,
    example=Example(body={"input": {"amount": 120, "to": "Lamps Ltd."}, "timeout": 30}),
    about=(
        "Holds its answer until the execution has ended or waits for a person, for as long as the "
        "function may take, or `timeout` seconds."
    ),
)
def execute(
    principal: Principal,
    namespace: PathName,
    name: PathName,
    body: Execute,
    checked: CheckedInputs,
) -> TakenResponse:
    function = executable_function(principal, namespace, name)
    timeout_seconds = body.timeout or function.timeout_seconds
    options = Options(timeout_seconds=timeout_seconds)
    execution_id = submission.submit(principal, function, checked, options)
    return TakenResponse(execution_id=execution_id, timeout_seconds=timeout_seconds)


@routes.post(
    f"{_ADDRESS}/async",
    summary="Queue an execution of a function.",
    status=202,
    permission=_EXECUTE,
    delegated=EXECUTING,
    errors=(400,),
    precheck=_check_input,
    example=Example(body={"input": {"amount": 120, "to": "Lamps Ltd."}, "trigger_id": "order-7"}),
    about=("The execution goes on by itself; read it, or have `callback_url` called at its end."),
)
def execute_async(
    principal: Principal,
    namespace: PathName,
    name: PathName,
    body: ExecuteAsync,
    checked: CheckedInputs,
) -> QueuedResponse:
    function = executable_function(principal, namespace, name)
    execution_id = submission.submit(principal, function, checked, body.options)
    return QueuedResponse(execution_id=execution_id, status=target_of(function).first_status)


def _check_batch(principal: Principal, namespace: str, name: str, body: ExecuteBatch) -> Draft:
    """Refuse callbacks that may not be made, and inputs that are too large or do not fit.

    Raises: as _check_input(); InvalidInput; BatchSizeRefused.
    """
    check_callback_urls(body)
    wired: Services = current_app.extensions[EXTENSION]
    settings = wired.settings
    function = executable_function(principal, namespace, name)
    submission.check_size(body.inputs, settings.max_batch_size)
    most = settings.max_body_bytes
    for index, each in enumerate(body.inputs):
        if len(json_value.dump(each).encode()) > most:
            message = f"Input {index} is larger than {most:,} bytes."
            raise InvalidInput(message, errors=(FieldError(f"/inputs/{index}", message),))
    checked = submission.check_inputs(function, body.inputs, settings.max_batch_size)
    url = body.batch_callback_url
    return draft_batch(principal, function, checked, body.options, batch_callback_url=url)


@routes.post(
    f"{_ADDRESS}/batch",
    summary="Queue many executions of a function as one.",
    status=202,
    permission=_EXECUTE,
    delegated=EXECUTING,
    errors=(400,),
    takes_batch=True,
    precheck=_check_batch,
    stage=stage,
    example=Example(
        body={
            "inputs": [{"amount": 120, "to": "Lamps Ltd."}, {"amount": 80, "to": "Bulbs Inc."}],
            "trigger_id_prefix": "orders",
        }
    ),
    about=(
        "All of them are checked before any is queued; one that does not fit refuses the batch."
    ),
)
def execute_batch(
    principal: Principal,
    namespace: PathName,
    name: PathName,
    body: ExecuteBatch,
    checked: Draft,
) -> QueuedBatchResponse:
    del body  # the draft has all of it
    submit_batch(principal, executable_function(principal, namespace, name), checked)
    return QueuedBatchResponse(
        batch_id=checked.batch_id,
        execution_ids=checked.execution_ids,
        total=len(checked.execution_ids),
    )


def _why_it_goes_on(execution: Execution) -> str:
    look = f"GET /executions/{execution.id} tells how it goes on."
    if execution.status is ExecutionStatus.AWAITING_INPUT:
        return f"It waits for a person, and its own time stands still meanwhile. {look}"
    if execution.status is ExecutionStatus.QUEUED:
        return f"It has not begun within {execution.timeout_seconds} seconds. {look}"
    return f"It has not ended within {execution.timeout_seconds} seconds. {look}"
