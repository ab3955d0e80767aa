"""Executions that wait for a person: what they ask goes into the inbox, the answer comes from it.

Locks are taken in this order: batch, execution, request. What a decision does to the execution is
resumption.py's.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self
from uuid import UUID

from sqlalchemy import BindParameter, Row, bindparam, select, update

from opensink_web import clock
from opensink_web.errors import (
    Conflict,
    InvalidInput,
    InvalidSchema,
    NotFound,
)
from opensink_web.json_value import JSONObject, JSONValue, dump, parse
from opensink_web.models import (
    Batch,
    Execution,
    ExecutionStatus,
    Function,
    InputRequestKind,
    StepKind,
    db,
)
from opensink_web.models.traced import trace_of
from opensink_web.models.transaction import Area, changed_after_commit, run_prepared
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.executions.ending import (
    Ending,
    Step,
    add_steps,
    end_executions,
    lock_executions,
)
from opensink_web.operations.executions.queries.question import Question, pending_request_of
from opensink_web.operations.requests.answer import CheckedAnswer, check_answer
from opensink_web.operations.requests.assignment import those_there
from opensink_web.operations.requests.creation import (
    LINE_LENGTH_MAX,
    NewRequest,
    create_requests,
)
from opensink_web.operations.requests.options import (
    NO_OPTIONS,
    RequestOptions,
    check_options,
    options_of,
)
from opensink_web.operations.tracing import trace_begun
from opensink_web.schema.limits import check_schema
from opensink_web.trace_context import TraceContext

PROMPT_LENGTH_MAX = 100_000

# Built once, because building a statement costs more than running it.
_OF_EXECUTIONS: BindParameter[Sequence[UUID]] = bindparam("of_executions", expanding=True)
_ASKERS = select(
    Execution.id,
    Execution.workspace_id,
    Execution.user_id,
    Execution.batch_id,
    Execution.target_namespace,
    Execution.target_name,
    Execution.trace_id,
    Execution.trace_parent,
    Execution.trace_state,
).where(Execution.id.in_(_OF_EXECUTIONS))
_PAUSE = (
    update(Execution)
    .where(Execution.id.in_(_OF_EXECUTIONS))
    # a worker that was lost before the pause has no part in the call after it
    .values(pause_count=Execution.pause_count + 1, recovery_count=0)
)
_OF_CANCELLED_BATCHES = (
    select(Execution.id)
    .join(Batch, Batch.id == Execution.batch_id)
    .where(Execution.id.in_(_OF_EXECUTIONS), Batch.cancelled_at.is_not(None))
)


def check_question(prompt: str, schema: JSONValue, options: JSONObject) -> str | None:
    """Say in a sentence why a question cannot be asked; None if it can."""
    if not 1 <= len(prompt.strip()) <= PROMPT_LENGTH_MAX:
        return f"A prompt is a text of 1 to {PROMPT_LENGTH_MAX} characters."
    try:
        # a Python function can return what is no JSON, or more of it than is taken
        parse(dump([prompt, schema, options]))
        check_schema(schema)
        check_options(options_of(options), schema)
    except InvalidSchema as error:
        place = error.errors[0].path if error.errors else ""
        return f"{error.message} (At {place}.)" if place else error.message
    except InvalidInput as error:
        wrong = error.errors[0] if error.errors else None
        return f"Of the options, {wrong.path}: {wrong.message}" if wrong else error.message
    return None


def pause_for_input(questions: Sequence[Question]) -> None:
    """Let executions that are locked and running wait for a person, and ask.

    Those of a batch that has been cancelled meanwhile are cancelled instead.
    """
    # a batch is cancelled a slice at a time: nobody is asked for one whose turn has not come yet
    late = _cancel_late([each.execution_id for each in questions])
    questions = [each for each in questions if each.execution_id not in late]
    if not questions:
        return
    values = {"of_executions": [each.execution_id for each in questions]}
    moment = clock.now()
    run_prepared(
        _PAUSE,
        {
            **values,
            "status": ExecutionStatus.AWAITING_INPUT,
            "lease_token": None,
            "lease_until": None,
            "next_at": moment,
            "updated_at": moment,
        },
    )
    askers = {row.id: row for row in run_prepared(_ASKERS, values)}
    _create(
        {
            question.execution_id: _request_of(question, askers[question.execution_id])
            for question in questions
        }
    )
    for question in questions:
        if "assignees" in question.options:
            _note_missing(question, askers[question.execution_id].workspace_id)


@dataclass(frozen=True, slots=True)
class Approval:
    """What people are asked before each call of a function: one, or those of a batch of `total`.

    `asker` says who wants the calls made, for `requested_by_id`.
    """

    workspace_id: UUID
    requested_by_id: UUID
    name: str
    description: str | None
    schema: JSONValue
    asker: str
    total: int | None = None
    options: RequestOptions = NO_OPTIONS
    trace: TraceContext | None = None

    @classmethod
    def of(cls, function: Function, by: Principal, *, total: int | None = None) -> Self:
        """Return what is asked before what the principal wants is called."""
        name = f"{function.namespace}/{function.name}"
        return cls(
            function.workspace_id,
            by.user.id,
            name,
            function.description,
            function.input_schema,
            _who_wants(by),
            total,
            approval_options_of(function),
            trace_begun(by.execution_id),
        )

    @property
    def key(self) -> str:
        """Under which it is asked."""
        return _cut(self.name)

    def request(
        self,
        execution_id: UUID,
        proposed: JSONObject,
        *,
        index: int = 0,
        batch_id: UUID | None = None,
    ) -> NewRequest:
        """Return what is asked before one call; `index` is the number of its input in the batch."""
        which = "" if self.total is None else f", with input {index} of a batch of {self.total}"
        message = f"{self.asker} to call `{self.name}`{which}."
        return NewRequest(
            workspace_id=self.workspace_id,
            requested_by_id=self.requested_by_id,
            execution_id=execution_id,
            batch_id=batch_id,
            key=self.key,
            title=_cut(f"Call {self.name}?"),
            message="\n\n".join(filter(None, (message, self.description))),
            schema=self.schema,
            kind=InputRequestKind.APPROVAL,
            proposed_response=proposed,
            trace=self.trace,
            options=self.options,
        )


def approval_options_of(function: Function) -> RequestOptions:
    """Return who has to approve the calls of a function."""
    if function.required_responses == 1 and not function.forbid_requester:
        return NO_OPTIONS  # which costs the many rows of a batch nothing
    return RequestOptions(
        required_responses=function.required_responses,
        quorum=function.quorum if function.required_responses > 1 else None,
        forbid_requester=function.forbid_requester,
    )


def ask_for_approval(approval: Approval, execution_id: UUID, proposed: JSONObject) -> None:
    """Ask whether a call may be made whose execution was just written down as awaiting input."""
    _create({execution_id: approval.request(execution_id, proposed)})


def _who_wants(by: Principal) -> str:
    """Say who wants something: a person, or an execution that acts for one."""
    person = f"`{by.user.email}`"
    acting = db.session.get(Execution, by.execution_id) if by.execution_id else None
    if acting is None:
        return f"{person} wants"
    return f"An execution of `{acting.full_name}`, which acts for {person}, wants"


def check_reply(principal: Principal, execution_id: UUID, response: JSONObject) -> CheckedAnswer:
    """Check the answer to what an execution waits for, to be given with resolve().

    Takes its time: call it outside a transaction that writes. Raises: NotFound; Conflict when it
    waits for nothing, or for an approval; AlreadyResolved; InvalidAnswer.
    """
    execution = db.session.get(Execution, execution_id)
    if execution is None or execution.workspace_id != principal.workspace.id:
        raise NotFound("There is no such execution.")
    pending = pending_request_of(execution_id)
    if pending is None:
        raise Conflict(f"The execution is not waiting for input: it is {execution.status}.")
    if pending.kind is InputRequestKind.APPROVAL:
        raise Conflict(
            "The execution waits for the approval of its call, which is given in the inbox or by"
            f" POST /api/v1/agent-session-input-requests/{pending.id}/resolve."
        )
    return check_answer(principal.workspace, pending.id, response)


def _cancel_late(execution_ids: Sequence[UUID]) -> set[UUID]:
    """End those whose batch waits for nobody any more; return which those are."""
    if not execution_ids:
        return set()
    late = run_prepared(_OF_CANCELLED_BATCHES, {"of_executions": list(execution_ids)}).scalars()
    locked = lock_executions(list(late))
    ending = Ending(ExecutionStatus.CANCELLED, error="The batch was cancelled.")
    end_executions([(each, ending) for each in locked.values()])
    return set(locked)


def _request_of(question: Question, asker: Row[Any]) -> NewRequest:
    return NewRequest(
        workspace_id=asker.workspace_id,
        requested_by_id=asker.user_id,
        execution_id=question.execution_id,
        batch_id=asker.batch_id,
        key=_cut(f"{asker.target_namespace}/{asker.target_name}"),
        title=_title_of(question.prompt),
        message=question.prompt,
        schema=question.schema,
        trace=trace_of(asker),
        options=_options_of(question.options, asker.workspace_id),
    )


def _options_of(sent: JSONObject, workspace_id: UUID) -> RequestOptions:
    """Read the options of a question that was checked before this transaction."""
    if not sent:
        return NO_OPTIONS
    assignees, _ = those_there(workspace_id, sent.get("assignees"))
    return replace(options_of(sent), assignees=assignees)


def _note_missing(question: Question, workspace_id: UUID) -> None:
    """Say in an execution's timeline who was to decide and is not there: then all others do."""
    _, missing = those_there(workspace_id, question.options.get("assignees"))
    if missing:
        names = " and ".join(f"“{each}”" for each in missing)
        message = f"There is no active member and no team {names}, so it is not assigned to them."
        add_steps([Step(question.execution_id, StepKind.PAUSED, message)])


def _create(requests: Mapping[UUID, NewRequest]) -> None:
    """Create the requests of executions, each with a step of its execution."""
    request_ids = create_requests(list(requests.values()))
    for workspace_id in {each.workspace_id for each in requests.values()}:
        changed_after_commit(workspace_id, Area.EXECUTIONS)
    add_steps(
        [
            step_of_request(request_id, execution_id, request.title)
            for request_id, (execution_id, request) in zip(
                request_ids, requests.items(), strict=True
            )
        ]
    )


def step_of_request(request_id: UUID, execution_id: UUID, title: str) -> Step:
    """Return what an execution's timeline says of a request."""
    details: dict[str, JSONValue] = {"input_request_id": str(request_id)}
    return Step(execution_id, StepKind.PAUSED, title, details)


def _title_of(prompt: str) -> str:
    """Return a prompt's first line without the Markdown of headings and emphasis."""
    line = prompt.strip().splitlines()[0]
    return _cut(re.sub(r"\*\*(.+?)\*\*|`(.+?)`", r"\1\2", line.lstrip("#> ")) or line)


def _cut(line: str) -> str:
    return line if len(line) <= LINE_LENGTH_MAX else line[: LINE_LENGTH_MAX - 1] + "…"
