"""/agent-session-input-requests: what agents and executions ask people, and the answers."""

from dataclasses import dataclass, replace
from typing import Annotated, Protocol
from uuid import UUID

from flask import current_app
from pydantic import Field, JsonValue

from opensink_web.api.request_answer import InputRequestResponse, RequestStatus
from opensink_web.api.request_body import (
    Assigning,
    Claiming,
    Delegating,
    Extension,
    InputRequestCreate,
    OptionFields,
    Refusal,
    Resolution,
    Revision,
    Withdrawal,
)
from opensink_web.api.request_query import InputRequestQuery, listed
from opensink_web.api.resume import ResumeBody
from opensink_web.contract import waiting
from opensink_web.contract.example import Example
from opensink_web.contract.route import Routes
from opensink_web.contract.shapes import (
    DIGITS,
    PageResponse,
    Query,
)
from opensink_web.errors import FieldError, InvalidAnswer, InvalidInput, InvalidSchema
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.operations.accounts.delegation import ASKING, THIS_QUESTION
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.agents import question
from opensink_web.operations.agents.resume import check_resume
from opensink_web.operations.decisions import assignment, expiry, withdrawal
from opensink_web.operations.decisions import claim as claims
from opensink_web.operations.decisions import decision as decisions
from opensink_web.operations.decisions import vote as votes
from opensink_web.operations.executions.execution import refuse_to_pause
from opensink_web.operations.requests import queries as input_requests
from opensink_web.operations.requests.answer import CheckedAnswer, check_answer
from opensink_web.operations.requests.assignment import assignees_named, those_there
from opensink_web.operations.requests.options import RequestOptions, check_options
from opensink_web.schema.limits import check_schema
from opensink_web.services import EXTENSION, Services

RESOURCE = "agent_session_input_requests"
routes = Routes(
    RESOURCE,
    title="Input requests",
    about="What agents ask people: questions and approvals, until they are decided.",
)
WAIT_SECONDS_MAX = 60


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


@dataclass(frozen=True, slots=True)
class CheckedQuestion:
    """What was checked of a question before the transaction, because it takes its time."""

    options: RequestOptions
    resume: JSONObject | None


def check_question(
    principal: Principal, body: OptionFields, schema: JSONValue, resume: ResumeBody | None
) -> CheckedQuestion:
    """Check what of a question is not its text; the schema has been. Raises: InvalidInput."""
    options = body.options
    if body.assignees:
        options = replace(options, assignees=assignees_named(principal.workspace.id, body.named))
    check_options(options, schema)
    if resume is None:
        return CheckedQuestion(options, None)
    try:
        return CheckedQuestion(options, check_resume(resume.to_resume(), _services().policy))
    except InvalidInput as error:
        raise error.below("/resume") from None


def _check_question(principal: Principal, body: InputRequestCreate) -> CheckedQuestion:
    check_sent_schema(body.schema_)
    return check_question(principal, body, body.schema_, body.resume)


@routes.post(
    "/agent-session-input-requests",
    summary="Ask a person.",
    errors=(404,),
    delegated=ASKING,
    precheck=_check_question,
    example=Example(
        body={
            "session_id": "{session_id}",
            "agent_id": "{agent_id}",
            "key": "order",
            "title": "Order 40 more lamps?",
            "message": "There are **6** left.",
            "schema": {
                "type": "object",
                "properties": {
                    "approved": {"type": "boolean"},
                    "limit": {"type": "integer", "minimum": 1},
                },
                "required": ["approved"],
            },
            "priority": 50,
            "expires_at": "{+2d}",
        }
    ),
    about=(
        "The session waits from then on. A person answers in a form that is made from `schema`. "
        "When the answer takes effect, the agent's execution endpoint is called, if it has one. "
        "Without, read the request with `wait`."
    ),
)
def ask(
    principal: Principal, body: InputRequestCreate, checked: CheckedQuestion
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
        requested_by_id=principal.user.id,
        options=checked.options,
        asked_with_id=principal.execution_id,
        resume=checked.resume,
    )
    return InputRequestResponse.new_shown_to(principal, request)


@routes.get(
    "/agent-session-input-requests",
    summary="List the requests.",
    example=Example(query={"status": "pending", "agent_id": "{agent_id}"}),
)
def list_input_requests(principal: Principal, query: InputRequestQuery) -> InputRequestPage:
    page = listed(principal.workspace, query)
    items = InputRequestResponse.all_shown_to(principal, page.items)
    return InputRequestPage(items=items, trail=page.trail)


class Answered(Protocol):
    """An answer that says of a request where it stands."""

    @property
    def id(self) -> UUID: ...
    @property
    def status(self) -> RequestStatus: ...


def until_decided(answer: Answered, query: WaitQuery) -> waiting.Wait | None:
    """Wait as long as is asked for until a decision takes effect; no longer, once it is deleted."""
    if not query.wait or answer.status is not RequestStatus.PENDING:
        return None
    return waiting.Wait(input_requests.still_pending, answer.id, query.wait)


@routes.get(
    "/agent-session-input-requests/{request_id}",
    summary="Read a request, or wait for it.",
    delegated=THIS_QUESTION,
    waits=until_decided,
    example=Example(query={"wait": 30}),
    about=(
        "With `wait` the answer is held until the request is decided, so that reading it in a loop "
        "asks once a minute at most."
    ),
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
    example=Example(body={"response": {"approved": True, "limit": 40}}),
    about=(
        "The response is held against the request's schema. Of many who answer at once, one wins; "
        "the others hear 409 `already_resolved`. It cannot be undone."
    ),
)
def resolve(
    principal: Principal, request_id: UUID, body: Resolution, checked: CheckedAnswer
) -> InputRequestResponse:
    request = decisions.resolve(principal.workspace, checked, by=principal.user)
    return InputRequestResponse.shown_to(principal, request)


def _step_of(principal: Principal, request_id: UUID, body: Refusal) -> int:
    """Raises: NotFound."""
    return input_requests.step_of(principal.workspace, request_id)


@routes.post(
    "/agent-session-input-requests/{request_id}/decline",
    summary="Decline to answer, or reject an execution's call.",
    status=200,
    precheck=_step_of,
    example=Example(body={"reason": "We move to another office first."}),
)
def decline(
    principal: Principal, request_id: UUID, body: Refusal, checked: int
) -> InputRequestResponse:
    request = decisions.decline(
        principal.workspace, request_id, body.reason, by=principal.user, step=checked
    )
    return InputRequestResponse.shown_to(principal, request)


@routes.post(
    "/agent-session-input-requests/{request_id}/retract",
    summary="Take one's own answer back, while others have to answer too.",
    status=200,
)
def retract(principal: Principal, request_id: UUID) -> InputRequestResponse:
    request = votes.take_back(principal.workspace, request_id, by=principal.user)
    return InputRequestResponse.shown_to(principal, request)


@routes.post(
    "/agent-session-input-requests/{request_id}/cancel",
    summary="Withdraw an agent's question.",
    status=200,
    delegated=THIS_QUESTION,
    example=Example(body={"reason": "They have been ordered by phone."}),
    about=("Nobody can decide it any more, and the agent goes on, as with an answer."),
)
def cancel(principal: Principal, request_id: UUID, body: Withdrawal) -> InputRequestResponse:
    request = withdrawal.cancel(principal.workspace, request_id, body.reason)
    return InputRequestResponse.shown_to(principal, request)


def _check_revision(
    principal: Principal, request_id: UUID, body: Revision
) -> withdrawal.CheckedRevision:
    if "schema_" in body.model_fields_set:
        check_sent_schema(body.schema_)
    options = body.changed_options
    if "assignees" in options:
        input_requests.find_input_request(principal.workspace, request_id)
        options["assignees"] = assignees_named(principal.workspace.id, body.named)
    return withdrawal.check_revision(principal.workspace, request_id, body.changes, options)


@routes.post(
    "/agent-session-input-requests/{request_id}/supersede",
    summary="Ask something else instead of a request that waits.",
    delegated=THIS_QUESTION,
    precheck=_check_revision,
    example=Example(
        body={"title": "Order 20 more lamps?", "message": "There are **6** left, and room for 20."}
    ),
    about=(
        "The request that waits becomes `superseded`, and a new revision waits in its place. What "
        "people had typed moves over, and they see what has changed."
    ),
)
def supersede(
    principal: Principal, request_id: UUID, body: Revision, checked: withdrawal.CheckedRevision
) -> InputRequestResponse:
    request = withdrawal.supersede(
        principal.workspace,
        checked,
        requested_by_id=principal.user.id,
        asked_with_id=principal.execution_id,
    )
    return InputRequestResponse.shown_to(principal, request)


@routes.post(
    "/agent-session-input-requests/{request_id}/extend",
    summary="Give people more time for a request.",
    status=200,
    delegated=THIS_QUESTION,
    example=Example(body={"expires_at": "{+3d}"}),
)
def extend(principal: Principal, request_id: UUID, body: Extension) -> InputRequestResponse:
    request = expiry.extend(principal.workspace, request_id, body.expires_at, by=principal.user)
    return InputRequestResponse.shown_to(principal, request)


@routes.post(
    "/agent-session-input-requests/{request_id}/assign",
    summary="Say whose a request is to decide.",
    status=200,
    example=Example(body={"assignees": ["bob@example.com", {"team": "{team_id}"}]}),
)
def assign(principal: Principal, request_id: UUID, body: Assigning) -> InputRequestResponse:
    input_requests.find_input_request(principal.workspace, request_id)
    assignees = assignees_named(principal.workspace.id, body.named)
    request = assignment.assign(principal.workspace, request_id, assignees, by=principal.user)
    return InputRequestResponse.shown_to(principal, request)


@routes.post(
    "/agent-session-input-requests/{request_id}/delegate",
    summary="Hand a request on that is assigned to oneself.",
    status=200,
    example=Example(body={"to": "bob@example.com"}),
)
def delegate(principal: Principal, request_id: UUID, body: Delegating) -> InputRequestResponse:
    input_requests.find_input_request(principal.workspace, request_id)
    assignees, _ = those_there(principal.workspace.id, [body.to.named])
    if not assignees:
        message = "There is no such active member, and no such team."
        raise InvalidInput(message, errors=(FieldError("/to", message),))
    request = assignment.delegate(principal.workspace, request_id, assignees[0], by=principal.user)
    return InputRequestResponse.shown_to(principal, request)


@routes.post(
    "/agent-session-input-requests/{request_id}/claim",
    summary="Take a request on: nobody else can decide it meanwhile.",
    status=200,
    example=Example(body={}),
    about=(
        "It ends by itself after a while unless the member goes on with it. Where somebody else "
        "has taken it on, `instead_of` says from whom it is taken over."
    ),
)
def claim(principal: Principal, request_id: UUID, body: Claiming) -> InputRequestResponse:
    request = claims.claim(
        principal.workspace,
        request_id,
        by=principal.user,
        minutes=_claim_minutes(),
        instead_of=body.instead_of,
    )
    return InputRequestResponse.shown_to(principal, request)


@routes.post(
    "/agent-session-input-requests/{request_id}/release",
    summary="Let a request go that one has taken on.",
    status=200,
)
def release(principal: Principal, request_id: UUID) -> InputRequestResponse:
    request = claims.release(principal.workspace, request_id, by=principal.user)
    return InputRequestResponse.shown_to(principal, request)


def _claim_minutes() -> int:
    return _services().settings.claim_minutes


def _services() -> Services:
    wired: Services = current_app.extensions[EXTENSION]
    return wired
