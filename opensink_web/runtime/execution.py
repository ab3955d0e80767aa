"""/executions: how far they are, what happened to them, and what is done to one from outside."""

from datetime import datetime
from typing import Annotated, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import BeforeValidator, Field, JsonValue

from opensink_web.contract import large_response
from opensink_web.contract.example import Example
from opensink_web.contract.route import Access, Permission, Routes
from opensink_web.contract.shapes import (
    JsonObject,
    ListResponse,
    Query,
    Received,
    ResponseModel,
    SliceLimit,
    SliceStart,
)
from opensink_web.contract.surface import RUNTIME
from opensink_web.errors import InvalidAnswer, PermissionMissing
from opensink_web.models import (
    CallbackStatus,
    Execution,
    ExecutionStatus,
    ExecutionStep,
    StepKind,
)
from opensink_web.operations.accounts.delegation import (
    OWN_EXECUTION,
    STARTED_EXECUTION,
    THIS_EXECUTION,
)
from opensink_web.operations.accounts.disclosure import (
    reads_secrets_of,
    shown_error,
    shown_input,
    shown_output,
    without_echoes,
)
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.accounts.permission_pattern import Reach
from opensink_web.operations.decisions.decision import resolve
from opensink_web.operations.executions import execution as executions
from opensink_web.operations.executions import pause
from opensink_web.operations.executions.queries import execution as execution_queries
from opensink_web.operations.executions.queries.question import question_of
from opensink_web.operations.requests.answer import CheckedAnswer
from opensink_web.outbound.redaction import redact_address
from opensink_web.schema.secrets import without_secret_proposals

RESOURCE = "executions"
ERROR_LENGTH_MAX = 10_000
_READ = Permission(RESOURCE, Action.READ, least=Reach.OWN)
_CANCEL = Permission(RESOURCE, "cancel", least=Reach.OWN)
_CONTINUE = Permission(RESOURCE, "continue", least=Reach.OWN)
_ADDRESS = "/executions/{execution_id}"
routes = Routes(
    RESOURCE,
    RUNTIME,
    title="Executions",
    about="The runs of functions: how far they are, and what came of them.",
)


def _status_word(text: object) -> object:
    word = text.lower() if isinstance(text, str) else text
    return ExecutionStatus.QUEUED if word == "pending" else word


StatusFilter: TypeAlias = Annotated[
    ExecutionStatus,
    Field(description="In any letter case; `pending` is `queued`."),
    BeforeValidator(_status_word),
]


class ExecutionQuery(Query):
    function_name: str | None = Field(default=None, description="`name`, or `namespace/name`.")
    status: StatusFilter | None = None
    trigger_id: str | None = None
    batch_id: UUID | None = None
    skip: SliceStart = 0
    limit: SliceLimit = 100

    def filters(self, user_id: UUID | None) -> execution_queries.ExecutionFilter:
        """Return what operations take."""
        namespace, _, name = (self.function_name or "").rpartition("/")
        return execution_queries.ExecutionFilter(
            user_id=user_id,
            target_namespace=namespace or None,
            target_name=name or None,
            status=self.status,
            trigger_id=self.trigger_id,
            batch_id=self.batch_id,
        )


class ExecutionResponse(ResponseModel):
    """One run of a function, or of an agent as part of a batch, whose name is there then.

    `duration_ms` is the time from the start to the end, pauses included. What the function's
    schemas called secret when it was stored is shown to the execution's own token, and to API keys
    that may execute the function; everybody else sees `"••••••"` in its place.
    """

    execution_id: UUID = Field(validation_alias="id")
    function_namespace: str = Field(validation_alias="target_namespace")
    function_name: str = Field(validation_alias="target_name")
    trigger_type: str
    trigger_id: str
    chat_id: UUID | None
    batch_id: UUID | None
    user_id: UUID
    status: ExecutionStatus
    input_data: JsonObject
    output_data: JsonValue
    error: str | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None = Field(validation_alias="finished_at")
    duration_ms: int | None
    callback_url: str | None = Field(
        description="Its user and the values in its query count as secrets."
    )
    callback_status: Literal[CallbackStatus.SENT, CallbackStatus.FAILED] | None = Field(
        description="Null without a callback, and until it has been made."
    )
    callback_response_code: int | None
    trace_id: str | None = Field(description="The trace in which it was asked for.")

    @classmethod
    def shown_to(cls, principal: Principal, execution: Execution) -> Self:
        """Write an execution, its secrets only for those who read them."""
        answer = cls.of(execution)
        if reads_secrets_of(principal, execution):
            return answer
        url = execution.callback_url
        shown = {
            "input_data": shown_input(execution),
            "output_data": shown_output(execution),
            "error": shown_error(execution),
            "callback_url": None if url is None else redact_address(url),
        }
        return answer.model_copy(update=shown)


class ContinuedResponse(ExecutionResponse):
    """An execution that goes on with an answer, and what it asks next if it does already."""

    prompt: str | None = Field(description="Markdown; null while it asks nothing.")
    schema_: JsonValue = Field(
        serialization_alias="schema",
        description="What the next answer has to fit; null while it asks nothing.",
    )

    @classmethod
    def shown_to(cls, principal: Principal, execution: Execution) -> Self:
        """Write an execution and what it asks, its secrets only for those who read them."""
        question = question_of(execution)
        schema = question.schema if question else None
        if not reads_secrets_of(principal, execution):
            schema = without_secret_proposals(schema)
        return cls.model_construct(
            **dict(ExecutionResponse.shown_to(principal, execution)),
            prompt=question.prompt if question else None,
            schema_=schema,
        )


class StepResponse(ResponseModel):
    """What happened to an execution, and when.

    `status` is the execution's after it, or, of a callback, whether it was sent (`completed`).
    """

    id: UUID
    kind: StepKind
    step_name: str = Field(validation_alias="kind", description="As `kind`; some clients read it.")
    status: ExecutionStatus
    message: str | None
    details: JsonObject | None
    created_at: datetime

    @classmethod
    def shown_to(cls, principal: Principal, execution: Execution, step: ExecutionStep) -> Self:
        """Write a step, without the execution's secrets for those who do not read them."""
        answer = cls.of(step)
        if reads_secrets_of(principal, execution):
            return answer
        return answer.model_copy(update={"message": without_echoes(execution, step.message)})


class Output(Received):
    """What came of an execution; it has to fit the function's output schema, or it has failed."""

    output: JsonValue


class Reason(Received):
    """Why an execution failed, for people to read."""

    error: Annotated[str, Field(min_length=1, max_length=ERROR_LENGTH_MAX)]


class Reply(Received):
    """What an execution asked for; it has to fit the schema that it asked with."""

    input: JsonObject


@routes.get(
    "/executions",
    summary="List executions, newest first.",
    permission=_READ,
    example=Example(query={"function_name": "billing/transfer", "limit": 20}),
)
def list_executions(principal: Principal, query: ExecutionQuery) -> ListResponse[ExecutionResponse]:
    filters = query.filters(_READ.only_user_of(principal))
    page = execution_queries.slice_executions(
        principal.workspace,
        filters,
        skip=query.skip,
        limit=query.limit,
        reserve=large_response.reserve,
    )
    answer = ListResponse[ExecutionResponse](
        [ExecutionResponse.shown_to(principal, each) for each in page]
    )
    is_paged = not query.model_fields_set.isdisjoint({"skip", "limit"})
    if is_paged or len(page) < query.limit:
        return answer
    has_more = execution_queries.has_more_than(principal.workspace, filters, query.limit)
    return answer.cut() if has_more else answer


@routes.get(_ADDRESS, summary="Read an execution.", permission=_READ, delegated=THIS_EXECUTION)
def get_execution(principal: Principal, execution_id: UUID) -> ExecutionResponse:
    user_id = _READ.only_user_of(principal)
    execution = execution_queries.find_execution(principal.workspace, execution_id, user_id=user_id)
    return ExecutionResponse.shown_to(principal, execution)


@routes.get(
    f"{_ADDRESS}/steps",
    summary="Read an execution's timeline.",
    permission=_READ,
    delegated=THIS_EXECUTION,
)
def list_execution_steps(principal: Principal, execution_id: UUID) -> ListResponse[StepResponse]:
    user_id = _READ.only_user_of(principal)
    execution = execution_queries.find_execution(principal.workspace, execution_id, user_id=user_id)
    steps = execution_queries.steps_of(execution)
    return ListResponse[StepResponse](
        [StepResponse.shown_to(principal, execution, each) for each in steps]
    )


@routes.post(
    f"{_ADDRESS}/cancel",
    summary="Cancel an execution.",
    status=200,
    permission=_CANCEL,
    delegated=STARTED_EXECUTION,
)
def cancel_execution(principal: Principal, execution_id: UUID) -> ExecutionResponse:
    user_id = _CANCEL.only_user_of(principal)
    cancelled = executions.cancel_execution(principal.workspace, execution_id, user_id=user_id)
    return ExecutionResponse.shown_to(principal, cancelled)


def _check_reply(principal: Principal, execution_id: UUID, body: Reply) -> CheckedAnswer:
    """Raises: NotFound; PermissionMissing; Conflict; AlreadyResolved; InvalidAnswer."""
    user_id = _CONTINUE.only_user_of(principal)
    execution_queries.find_execution(principal.workspace, execution_id, user_id=user_id)
    try:
        return pause.check_reply(principal, execution_id, body.input)
    except InvalidAnswer as refusal:
        raise refusal.below("/input") from None


@routes.post(
    f"{_ADDRESS}/continue",
    summary="Answer what an execution asked for.",
    status=200,
    permission=_CONTINUE,
    precheck=_check_reply,
    example=Example(body={"input": {"approved": True}}),
    about=("Of a function that asked for input; it is called again with the answer."),
)
def continue_execution(
    principal: Principal, execution_id: UUID, body: Reply, checked: CheckedAnswer
) -> ContinuedResponse:
    user_id = _CONTINUE.only_user_of(principal)
    execution_queries.find_execution(principal.workspace, execution_id, user_id=user_id)
    resolve(principal.workspace, checked, by=principal.user)
    execution = execution_queries.find_execution(principal.workspace, execution_id)
    return ContinuedResponse.shown_to(principal, execution)


def _check_output(
    principal: Principal, execution_id: UUID, body: Output
) -> executions.CheckedOutput:
    """Raises: NotFound; PermissionMissing; Conflict."""
    _require_own_token(principal, execution_id)
    return executions.check_output(principal.workspace, execution_id, body.output)


@routes.post(
    f"{_ADDRESS}/complete",
    summary="Report a running execution's output, as the execution itself.",
    status=200,
    permission=Access.BEARER,
    delegated=OWN_EXECUTION,
    precheck=_check_output,
    example=Example(body={"output": {"transfer": "T-7"}}),
    about=(
        "For a function that answered its call with 202: it reports with the access token that it "
        "was called with."
    ),
)
def complete_execution(
    principal: Principal, execution_id: UUID, body: Output, checked: executions.CheckedOutput
) -> ExecutionResponse:
    _require_own_token(principal, execution_id)
    ended = executions.complete_execution(principal.workspace, checked)
    return ExecutionResponse.shown_to(principal, ended)


@routes.post(
    f"{_ADDRESS}/fail",
    summary="Report that a running execution failed, as the execution itself.",
    status=200,
    permission=Access.BEARER,
    delegated=OWN_EXECUTION,
    example=Example(body={"error": "The bank is closed."}),
)
def fail_execution(principal: Principal, execution_id: UUID, body: Reason) -> ExecutionResponse:
    _require_own_token(principal, execution_id)
    ended = executions.fail_execution(principal.workspace, execution_id, body.error)
    return ExecutionResponse.shown_to(principal, ended)


def _require_own_token(principal: Principal, execution_id: UUID) -> None:
    """Raises: PermissionMissing, and NotFound for what the caller may not see."""
    if principal.execution_id == execution_id:
        return
    user_id = _READ.only_user_of(principal)
    execution_queries.find_execution(principal.workspace, execution_id, user_id=user_id)
    raise PermissionMissing(
        "An execution reports its end itself, with the access token that it was called with."
    )
