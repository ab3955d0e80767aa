"""Executions that wait for a person: one that asks something, calls that want approval."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import (
    Execution,
    ExecutionStep,
    Function,
    InputRequest,
    StepKind,
    User,
    Workspace,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.decisions.decision import decline, resolve
from opensink_web.operations.executions.batch_submission import draft_batch, submit_batch
from opensink_web.operations.executions.execution import cancel_execution
from opensink_web.operations.executions.outcome import finish_executions
from opensink_web.operations.executions.pause import check_reply
from opensink_web.operations.executions.submission import (
    Options,
    check_input,
    check_inputs,
    submit,
)
from opensink_web.operations.requests.answer import check_answer
from opensink_web.outbound.outcome import Awaits
from tests.conftest import Person
from tests.support.executions import claim_executions, make_function, principal_of
from tests.support.scenarios import SCHEMA

REFUND: JSONValue = {
    "type": "object",
    "required": ["amount"],
    "properties": {
        "amount": {"type": "number", "maximum": 100},
        "note": {"type": "string", "default": "none"},
        "token": {"type": "string", "writeOnly": True},
    },
}
PROPOSED: JSONObject = {"amount": 60.0, "token": "s3cret"}
PROMPT = "# Which account?\n\nThere are **two**."


@dataclass(frozen=True)
class Paused:
    """An execution, and the request with which it waits."""

    execution_id: UUID
    request_id: UUID


def paused_in(
    person: Person,
    prompt: str = PROMPT,
    schema: JSONValue = SCHEMA,
    options: JSONObject | None = None,
) -> Paused:
    """Have a function called that asks something before it goes on."""
    function_id = _function(person, "transfer")
    checked = check_input(db.session.get_one(Function, function_id), {"amount": 5})
    with writing():
        function = db.session.get_one(Function, function_id)
        execution_id = submit(principal_of(person), function, checked, Options())
    ask_again(person, prompt, schema, options)
    return _paused(execution_id)


def ask_again(
    person: Person,
    prompt: str = PROMPT,
    schema: JSONValue = SCHEMA,
    options: JSONObject | None = None,
) -> None:
    """Have a worker call what is due, which asks."""
    with writing():
        claims = claim_executions(_function(person, "transfer"), 10, 10)
    with writing():
        finish_executions([(each, Awaits(prompt, schema, options or {})) for each in claims])


def approval_in(
    person: Person,
    inputs: Sequence[JSONObject] = (PROPOSED,),
    *,
    is_batch: bool = False,
    delay_seconds: float = 0,
) -> list[Paused]:
    """Have a function called, once or in a batch, that wants every call approved."""
    function_id = _function(person, "refund", requires_approval=True)
    options = Options(delay_seconds=delay_seconds)
    function = db.session.get_one(Function, function_id)
    checked = check_inputs(function, inputs)
    each_checked = [check_input(function, each) for each in inputs]
    with writing():
        function = db.session.get_one(Function, function_id)
        by = principal_of(person)
        if is_batch:
            draft = draft_batch(by, function, checked, options)
            submit_batch(by, function, draft)
            ids = draft.execution_ids
        else:
            ids = [submit(by, function, each, options) for each in each_checked]
    return [_paused(each) for each in ids]


def cancel(person: Person, execution_id: UUID) -> None:
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        cancel_execution(workspace, execution_id)


def _function(person: Person, name: str, *, requires_approval: bool = False) -> UUID:
    found = db.session.scalars(
        select(Function.id).where(
            Function.workspace_id == person.workspace_id, Function.name == name
        )
    ).one_or_none()
    return found or make_function(
        person,
        namespace="billing",
        name=name,
        description="Sends money *back*.",
        input_schema=REFUND,
        requires_approval=requires_approval,
    )


def _paused(execution_id: UUID) -> Paused:
    query = select(InputRequest.id).where(InputRequest.execution_id == execution_id)
    return Paused(execution_id, db.session.scalars(query).one())


def answer(person: Person, paused: Paused, response: JSONObject) -> None:
    workspace = db.session.get_one(Workspace, person.workspace_id)
    checked = check_answer(workspace, paused.request_id, response)
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        resolve(workspace, checked, by=db.session.get_one(User, person.id))


def refuse(person: Person, request_id: UUID, reason: str = "Too expensive.") -> None:
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        decline(workspace, request_id, reason, by=db.session.get_one(User, person.id))


def carry_on(person: Person, execution_id: UUID, response: JSONObject) -> None:
    checked = check_reply(principal_of(person), execution_id, response)
    with writing():
        by = principal_of(person)
        resolve(by.workspace, checked, by=by.user)


def execution_of(paused: Paused) -> Execution:
    return db.session.get_one(Execution, paused.execution_id, populate_existing=True)


def request_of(paused: Paused) -> InputRequest:
    return db.session.get_one(InputRequest, paused.request_id, populate_existing=True)


def steps_of(paused: Paused) -> list[StepKind]:
    query = select(ExecutionStep.kind).where(ExecutionStep.execution_id == paused.execution_id)
    return list(db.session.scalars(query.order_by(ExecutionStep.id)))
