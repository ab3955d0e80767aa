"""/agent-session-input-requests: what agents and executions ask people, and the answers."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, JsonValue

from opensink_web.api.request_body import (
    ContextLinkResponse,
    Extension,
    InputRequestCreate,
    Refusal,
    Resolution,
    Revision,
    Withdrawal,
)
from opensink_web.contract import waiting
from opensink_web.contract.route import Routes
from opensink_web.contract.shapes import (
    DIGITS,
    JsonObject,
    PageQuery,
    PageResponse,
    PersonResponse,
    Query,
    ResponseModel,
)
from opensink_web.errors import InvalidAnswer, InvalidSchema
from opensink_web.models import InputRequest, InputRequestKind, InputRequestStatus, OnExpire
from opensink_web.operations.accounts.delegation import ASKING, THIS_QUESTION
from opensink_web.operations.accounts.disclosure import (
    reads_secrets_of,
    shown_response,
    shown_schema,
)
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.agents import question
from opensink_web.operations.decisions import decision as decisions
from opensink_web.operations.decisions import expiry, withdrawal
from opensink_web.operations.executions.execution import refuse_to_pause
from opensink_web.operations.requests import queries as input_requests
from opensink_web.operations.requests.answer import CheckedAnswer, check_answer
from opensink_web.operations.requests.digest import digest_of_request
from opensink_web.operations.requests.options import RequestOptions, check_options
from opensink_web.schema.limits import check_schema

RESOURCE = "agent_session_input_requests"
routes = Routes(RESOURCE)
WAIT_SECONDS_MAX = 60


class RequestStatus(StrEnum):
    """Where a request stands."""

    PENDING = "pending"
    RESOLVED = "resolved"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"

    @property
    def stored(self) -> InputRequestStatus:
        """What operations take."""
        return InputRequestStatus(self)


def _public_status(status: object) -> object:
    # a decision that can be undone is nobody's to know yet
    return RequestStatus.PENDING if status is InputRequestStatus.HELD else status


_NOT_DECIDED: dict[str, Any] = {
    "response": None,
    "edited": None,
    "decline_reason": None,
    "resolved_at": None,
    "resolved_by": None,
}


# what other rows say of a request, and what is written otherwise than it is kept
_WRITTEN_OTHERWISE = {"tags", "superseded_by", "digest", "decline_reason", "cancel_reason"}


class InputRequestResponse(ResponseModel):
    """A question, and once it is decided what was answered, when and by whom.

    It was asked by an agent in a session, or by an execution. Of the kind `approval` the response
    is the input that the execution's call is made with, and `proposed_response` what the caller
    wants it to be. `edited` are JSON Pointers to what the response changes of what was proposed: of
    `proposed_response`, or else of the defaults and constants of the schema. It is empty when all
    was taken as proposed, and null when nothing was proposed, there is no response, or it was given
    before OpenSink kept this. Who declined, and when, is in `resolved_by` and `resolved_at`; where
    a deadline decided, nobody is, and `resolved_by_system` is true. What the schema calls secret is
    shown to the API key of the agent, which is one that may write agents' sessions, or execute the
    function that asked, and to an execution's own token; everybody else sees `"••••••"` in its
    place.
    """

    id: UUID
    session_id: UUID | None
    agent_id: UUID | None
    execution_id: UUID | None
    workspace_id: UUID
    kind: InputRequestKind
    key: str
    title: str
    message: str
    schema_: JsonValue = Field(validation_alias="schema", serialization_alias="schema")
    proposed_response: JsonObject | None
    response: JsonObject | None
    edited: list[str] | None
    decline_reason: str | None
    cancel_reason: str | None
    status: Annotated[RequestStatus, BeforeValidator(_public_status)]
    created_at: datetime
    resolved_at: datetime | None
    resolved_by: PersonResponse | None
    resolved_by_system: bool
    priority: int
    tags: list[str]
    reference: str | None
    context: list[ContextLinkResponse]
    allow_decline: bool
    expires_at: datetime | None
    on_expire: OnExpire
    default_response: JsonObject | None
    revision: int = Field(description="1, and one more for each request that this one supersedes.")
    supersedes_id: UUID | None = Field(description="The request that this one is asked instead of.")
    superseded_by: UUID | None = Field(description="The request that is asked instead of it.")
    comments_count: int
    digest: str = Field(
        description="The SHA-256, in hexadecimal, of what people are shown: title, message, schema,"
        " proposed_response and revision, as JSON with sorted keys and no spaces."
    )

    @classmethod
    def all_shown_to(cls, principal: Principal, requests: Sequence[InputRequest]) -> list[Self]:
        """Write requests, their secrets only for those who read them."""
        tags = input_requests.tags_of_each(requests)
        is_old = InputRequestStatus.SUPERSEDED
        old = [request.id for request in requests if request.status is is_old]
        successors = input_requests.successors_of(old) if old else {}
        return [
            cls._shown_to(principal, request, its_tags, successors.get(request.id))
            for request, its_tags in zip(requests, tags, strict=True)
        ]

    @classmethod
    def shown_to(cls, principal: Principal, request: InputRequest) -> Self:
        """Write one request."""
        return cls.all_shown_to(principal, [request])[0]

    @classmethod
    def _shown_to(
        cls,
        principal: Principal,
        request: InputRequest,
        tags: list[str],
        superseded_by: UUID | None,
    ) -> Self:
        # asking an object for what it has costs less than being asked by pydantic, and least is to
        # look at what was read of its row
        read = vars(request)
        values: dict[str, Any] = {
            name: read[name] if name in read else getattr(request, name)
            for name in _kept_as_written()
        }
        is_cancelled = request.status is InputRequestStatus.CANCELLED
        reason = request.decline_reason
        answer = cls.model_validate(
            {
                **values,
                "tags": tags,
                "superseded_by": superseded_by,
                "digest": digest_of_request(request),  # old requests have none
                "decline_reason": None if is_cancelled else reason,
                "cancel_reason": reason if is_cancelled else None,
            }
        )
        shown = _NOT_DECIDED if request.status is InputRequestStatus.HELD else {}
        if reads_secrets_of(principal, request):
            return answer.model_copy(update=shown) if shown else answer
        hidden = {
            "schema_": shown_schema(request),
            "proposed_response": shown_response(request, request.proposed_response),
            "response": shown_response(request, request.response),
            "default_response": shown_response(request, request.default_response),
        }
        return answer.model_copy(update=hidden | shown)


@cache
def _kept_as_written() -> tuple[str, ...]:
    """Return what is answered of a request as its row has it."""
    fields = InputRequestResponse.model_fields.items()
    return tuple(
        str(field.validation_alias or name)
        for name, field in fields
        if name not in _WRITTEN_OTHERWISE
    )


class InputRequestQuery(PageQuery):
    session_id: UUID | None = None
    agent_id: UUID | None = None
    execution_id: UUID | None = None
    kind: InputRequestKind | None = None
    status: RequestStatus | None = None
    key: str | None = None
    tag: str | None = None
    reference: str | None = None


class WaitQuery(Query):
    wait: Annotated[int, Field(ge=0, le=WAIT_SECONDS_MAX), DIGITS] = Field(
        default=0, description="Seconds to hold the answer while the request is pending."
    )


InputRequestPage = PageResponse[InputRequestResponse]


def check_sent_schema(schema: JsonValue) -> None:
    """Raises: InvalidSchema, pointing into the body."""
    try:
        check_schema(schema)
    except InvalidSchema as error:
        raise error.below("/schema") from None


def _check_question(principal: Principal, body: InputRequestCreate) -> RequestOptions:
    check_sent_schema(body.schema_)
    check_options(body.options, body.schema_)
    return body.options


@routes.post(
    "/agent-session-input-requests",
    summary="Ask a person.",
    errors=(404,),
    delegated=ASKING,
    precheck=_check_question,
)
def ask(
    principal: Principal, body: InputRequestCreate, checked: RequestOptions
) -> InputRequestResponse:
    if principal.execution_id is not None:
        refuse_to_pause(principal.workspace, principal.execution_id)
        principal.require(RESOURCE, Action.WRITE)
    request = question.ask(
        principal.workspace,
        body.session_id,
        body.agent_id,
        key=body.key,
        title=body.title,
        message=body.message,
        schema=body.schema_,
        options=checked,
        asked_with_id=principal.execution_id,
    )
    return InputRequestResponse.shown_to(principal, request)


@routes.get("/agent-session-input-requests", summary="List the requests.")
def list_input_requests(principal: Principal, query: InputRequestQuery) -> InputRequestPage:
    filters = input_requests.InputRequestFilter(
        session_id=query.session_id,
        agent_id=query.agent_id,
        execution_id=query.execution_id,
        kind=query.kind,
        status=None if query.status is None else query.status.stored,
        key=query.key,
        tag=query.tag,
        reference=query.reference,
    )
    page = input_requests.list_input_requests(principal.workspace, filters, query.page)
    items = InputRequestResponse.all_shown_to(principal, page.items)
    return InputRequestPage(items=items, trail=page.trail)


def until_decided(answer: InputRequestResponse, query: WaitQuery) -> waiting.Wait | None:
    """Wait as long as is asked for until a decision takes effect; no longer, once it is deleted."""
    if not query.wait or answer.status is not RequestStatus.PENDING:
        return None
    return waiting.Wait(input_requests.still_pending, answer.id, query.wait)


@routes.get(
    "/agent-session-input-requests/{request_id}",
    summary="Read a request, or wait for it.",
    delegated=THIS_QUESTION,
    waits=until_decided,
)
def get_input_request(
    principal: Principal, request_id: UUID, query: WaitQuery
) -> InputRequestResponse:
    request = input_requests.find_input_request(principal.workspace, request_id)
    return InputRequestResponse.shown_to(principal, request)


def _check_answer(principal: Principal, request_id: UUID, body: Resolution) -> CheckedAnswer:
    """Raises: NotFound; AlreadyResolved; Conflict; InvalidAnswer."""
    try:
        return check_answer(principal.workspace, request_id, body.response)
    except InvalidAnswer as error:
        raise error.below("/response") from None


@routes.post(
    "/agent-session-input-requests/{request_id}/resolve",
    summary="Answer a request.",
    status=200,
    precheck=_check_answer,
)
def resolve(
    principal: Principal, request_id: UUID, body: Resolution, checked: CheckedAnswer
) -> InputRequestResponse:
    request = decisions.resolve(principal.workspace, checked, by=principal.user)
    return InputRequestResponse.shown_to(principal, request)


@routes.post(
    "/agent-session-input-requests/{request_id}/decline",
    summary="Decline to answer, or reject an execution's call.",
    status=200,
)
def decline(principal: Principal, request_id: UUID, body: Refusal) -> InputRequestResponse:
    request = decisions.decline(principal.workspace, request_id, body.reason, by=principal.user)
    return InputRequestResponse.shown_to(principal, request)


@routes.post(
    "/agent-session-input-requests/{request_id}/cancel",
    summary="Withdraw an agent's question.",
    status=200,
    delegated=THIS_QUESTION,
)
def cancel(principal: Principal, request_id: UUID, body: Withdrawal) -> InputRequestResponse:
    request = withdrawal.cancel(principal.workspace, request_id, body.reason)
    return InputRequestResponse.shown_to(principal, request)


def _check_revision(
    principal: Principal, request_id: UUID, body: Revision
) -> withdrawal.CheckedRevision:
    if "schema_" in body.model_fields_set:
        check_sent_schema(body.schema_)
    return withdrawal.check_revision(
        principal.workspace, request_id, body.changes, body.changed_options
    )


@routes.post(
    "/agent-session-input-requests/{request_id}/supersede",
    summary="Ask something else instead of a request that waits.",
    delegated=THIS_QUESTION,
    precheck=_check_revision,
)
def supersede(
    principal: Principal, request_id: UUID, body: Revision, checked: withdrawal.CheckedRevision
) -> InputRequestResponse:
    request = withdrawal.supersede(
        principal.workspace, checked, asked_with_id=principal.execution_id
    )
    return InputRequestResponse.shown_to(principal, request)


@routes.post(
    "/agent-session-input-requests/{request_id}/extend",
    summary="Give people more time for a request.",
    status=200,
    delegated=THIS_QUESTION,
)
def extend(principal: Principal, request_id: UUID, body: Extension) -> InputRequestResponse:
    request = expiry.extend(principal.workspace, request_id, body.expires_at, by=principal.user)
    return InputRequestResponse.shown_to(principal, request)
