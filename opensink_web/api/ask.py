"""/ask: a question in one call, for whoever has neither an agent nor a session."""

from uuid import UUID

from flask import current_app
from pydantic import Field

from opensink_web.api.input_request import (
    CheckedQuestion,
    WaitQuery,
    check_question,
    check_sent_schema,
    until_decided,
)
from opensink_web.api.request_answer import RequestStatus
from opensink_web.api.request_body import AnswerSchema, OptionFields, Withdrawal
from opensink_web.api.resume import ResumeBody
from opensink_web.contract.example import Example
from opensink_web.contract.route import Routes
from opensink_web.contract.shapes import JsonObject, Line, Name, ResponseModel
from opensink_web.errors import FieldError, InvalidAnswer, InvalidInput, NotFound
from opensink_web.json_value import JSONValue
from opensink_web.models import DecisionOutcome, InputRequest, InputRequestStatus, User, db
from opensink_web.operations.accounts.disclosure import reads_secrets_of, shown_response
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.agents import question
from opensink_web.operations.agents.signing_secret import resume_secrets
from opensink_web.operations.decisions import withdrawal
from opensink_web.operations.name import checked_name
from opensink_web.operations.requests import queries as input_requests
from opensink_web.schema.of_value import APPROVAL, schema_of
from opensink_web.schema.validation import validate
from opensink_web.services import EXTENSION, Services

NAME_DEFAULT = "Ask"
routes = Routes(
    "asks",
    title="Ask",
    about="A question in one call. The agent and its session are made as needed.",
)


class AskBody(OptionFields):
    """What is asked. `message` is Markdown."""

    title: Line
    message: str = ""
    schema_: AnswerSchema | None = Field(
        default=None,
        alias="schema",
        description="The JSON Schema of the answer. Without one it is made from the proposal; "
        "without either, a person approves or declines.",
    )
    proposal: JsonObject | None = Field(
        default=None, description="The answer that is proposed; people may change it."
    )
    agent: Name | None = Field(
        default=None,
        description="Who asks, by name; an agent of that name is made if there is none. Without "
        "it, the key's name.",
    )
    key: Line | None = Field(
        default=None, description="What sort of question it is: rules go by it. `ask` without it."
    )
    resume: ResumeBody | None = Field(
        default=None, description="What is called when it is decided."
    )


class AskResponse(ResponseModel):
    """A question, and what became of it.

    `url` is the page on which people answer. `outcome` is null while the question waits, and
    `response` where it was not answered. `by` is the e-mail address of who decided, null where
    nobody did. Where there is a `resume`, calls to it are signed with `signing_secret`, which is
    shown to the key that has asked.
    """

    id: UUID
    url: str
    agent_id: UUID | None
    session_id: UUID | None
    status: RequestStatus
    outcome: DecisionOutcome | None
    response: JsonObject | None
    edited: list[str] | None = Field(
        description="JSON Pointers to what the response changes of what was proposed."
    )
    reason: str | None
    by: str | None
    superseded_by: UUID | None
    signing_secret: str | None


def _check(principal: Principal, body: AskBody) -> tuple[JSONValue, CheckedQuestion]:
    """Return the schema of the answer, and what else was checked."""
    schema = body.schema_
    if schema is not None:
        check_sent_schema(schema)
    else:
        schema = APPROVAL if body.proposal is None else schema_of(body.proposal)
    if body.proposal is not None and (errors := validate(schema, body.proposal)):
        raise InvalidAnswer("The proposal does not match the schema.", errors=errors).below(
            "/proposal"
        )
    if body.agent is not None:
        try:
            checked_name(body.agent)
        except InvalidInput as error:
            message = error.errors[0].message
            raise InvalidInput(message, errors=(FieldError("/agent", message),)) from None
    return schema, check_question(principal, body, schema, body.resume)


@routes.post(
    "/ask",
    summary="Ask a person, in one call.",
    precheck=_check,
    example=Example(
        body={
            "title": "Refund order 1042?",
            "message": "The customer got the wrong size.",
            "proposal": {"amount": 49.9, "reason": "Wrong size"},
            "agent": "Shop workflow",
            "key": "refund",
        }
    ),
    about=(
        "Needs no agent and no session: they are made as needed. With `resume`, its address is "
        "called with the decision; otherwise read the question with `wait`."
    ),
)
def ask_in_one_call(
    principal: Principal, body: AskBody, checked: tuple[JSONValue, CheckedQuestion]
) -> AskResponse:
    schema, rest = checked
    name = body.agent or (principal.key.name if principal.key else None) or NAME_DEFAULT
    request = question.ask_for(
        principal.workspace,
        name,
        _services().policy,
        key=body.key or "ask",
        title=body.title,
        message=body.message,
        schema=schema,
        requested_by_id=principal.user.id,
        may_have_called=principal.may("agent_sessions", Action.WRITE),
        options=rest.options,
        proposed_response=body.proposal,
        resume=rest.resume,
        asked_with_key_id=principal.key.id if principal.key else None,
    )
    return _shown(principal, request)


@routes.get(
    "/ask/{request_id}",
    summary="Read what became of a question, or wait for it.",
    waits=until_decided,
    example=Example(query={"wait": 30}),
    about="A key that may read no requests reads what it has asked itself.",
)
def get_ask(principal: Principal, request_id: UUID, query: WaitQuery) -> AskResponse:
    return _shown(principal, _own(principal, request_id, Action.READ))


@routes.post(
    "/ask/{request_id}/cancel",
    summary="Withdraw a question.",
    status=200,
    example=Example(body={"reason": "The order was cancelled."}),
    about="Nobody can decide it any more. A `resume` address is told.",
)
def cancel_ask(principal: Principal, request_id: UUID, body: Withdrawal) -> AskResponse:
    _own(principal, request_id, Action.WRITE)
    return _shown(principal, withdrawal.cancel(principal.workspace, request_id, body.reason))


def _own(principal: Principal, request_id: UUID, action: Action) -> InputRequest:
    """Return a request that is the caller's own, or as all are to them. Raises: NotFound."""
    request = input_requests.find_input_request(principal.workspace, request_id)
    is_own = principal.key is not None and request.asked_with_key_id == principal.key.id
    if is_own or principal.may("agent_session_input_requests", action):
        return request
    raise NotFound("There is no such input request.")


def _shown(principal: Principal, request: InputRequest) -> AskResponse:
    status = request.status
    response, reason, by = request.response, request.decline_reason, None
    if status is InputRequestStatus.HELD:  # it can be undone, and is nobody's to know yet
        status, response, reason = InputRequestStatus.PENDING, None, None
    elif request.resolved_by_id is not None:
        user = db.session.get(User, request.resolved_by_id)
        by = user.email if user else None
    is_own = reads_secrets_of(principal, request)
    successors = (
        input_requests.successors_of([request.id])
        if status is InputRequestStatus.SUPERSEDED
        else {}
    )
    settings = _services().settings
    return AskResponse(
        id=request.id,
        url=f"{settings.public_url}/w/{principal.workspace.slug}/requests/{request.id}",
        agent_id=request.agent_id,
        session_id=request.session_id,
        status=RequestStatus(status),
        outcome=status.outcome,
        response=response if is_own else shown_response(request, response),
        edited=None if response is None else request.edited,
        reason=reason,
        by=by,
        superseded_by=successors.get(request.id),
        signing_secret=_signing_secret(principal, request) if is_own else None,
    )


def _signing_secret(principal: Principal, request: InputRequest) -> str | None:
    if request.sealed_resume is None:
        return None
    return resume_secrets(principal.workspace, request.thread).signing_secrets[0]


def _services() -> Services:
    wired: Services = current_app.extensions[EXTENSION]
    return wired
