"""A batch that is checked and not written down yet, and the rows that it will consist of."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from opensink_web import clock
from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.models import (
    Assignment,
    Batch,
    Chat,
    ChatMessage,
    Deadline,
    Execution,
    ExecutionKind,
    ExecutionStep,
    InputRequest,
    StepKind,
)
from opensink_web.models.base import Base, new_id
from opensink_web.models.sealed import sealed_values
from opensink_web.models.traced import trace_values
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.agents.initial_messages import Message
from opensink_web.operations.executions.chat_message import NewMessage, rows_of_messages
from opensink_web.operations.executions.ending import Step, rows_of_steps
from opensink_web.operations.executions.pause import Approval, step_of_request
from opensink_web.operations.executions.queries.chat import title_of
from opensink_web.operations.executions.submission import Options, TargetSnapshot, own_values
from opensink_web.operations.requests.creation import (
    NewRequest,
    assignment_rows,
    rows_of_requests,
    with_rules,
)
from opensink_web.operations.requests.standing_approval import Asked, Candidate, those_that_hold
from opensink_web.operations.tracing import trace_begun
from opensink_web.schema.secrets import secrets_of

Rows = dict[type[Base], list[dict[str, Any]]]
"""What is inserted, by its table, in this order."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A batch that is checked and can be written down; its ids are given out already.

    `checked_against` is what its inputs were held against. `approval` is what people are asked
    before each call, `standing` what may answer it. `beginnings` are the messages that each chat
    with an agent begins with. `held_until` is when a batch that is staged is given up; of one that
    is not, `prepared` is what stage() has encrypted already.
    """

    target: TargetSnapshot
    inputs: Sequence[JSONObject]
    options: Options
    checked_against: JSONValue
    callback_url: str | None = None
    approval: Approval | None = None
    standing: Sequence[Candidate] = ()
    beginnings: Sequence[Sequence[Message]] | None = None
    rerun_of_id: UUID | None = None
    held_until: datetime | None = None
    prepared: Rows | None = None
    batch_id: UUID = field(default_factory=new_id)
    execution_ids: list[UUID] = field(default_factory=list)
    chat_ids: list[UUID] = field(default_factory=list)

    def __post_init__(self) -> None:
        # a secret is encrypted for its row, so ids are known before anything is encrypted
        if not self.execution_ids:
            self.execution_ids.extend(new_id() for _ in self.inputs)
            self.chat_ids.extend(new_id() for _ in self.beginnings or ())

    def length_of(self, index: int) -> int:
        """Return about how many characters one execution and its chat are stored in."""
        length = len(dump(self.inputs[index]))
        if self.beginnings is not None:
            length += sum(len(said.content) for said in self.beginnings[index])
        return length


def rows_of(draft: Draft, indexes: range) -> Rows:
    """Encrypt what belongs to some of the executions; needs no transaction."""
    secrets = secrets_of(draft.target.input_schema)
    rows: Rows = {}
    if draft.beginnings is not None:
        rows[Chat], rows[ChatMessage] = _rows_of_chats(draft, draft.beginnings, indexes)
    rows[Execution] = [
        own_values(
            draft.execution_ids[index],
            draft.inputs[index],
            secrets,
            draft.options,
            index=index,
            chat_id=draft.chat_ids[index] if draft.chat_ids else None,
        )
        for index in indexes
    ]
    steps = [Step(draft.execution_ids[index], StepKind.QUEUED) for index in indexes]
    if draft.approval is not None:
        questions = with_rules(
            [
                draft.approval.request(
                    draft.execution_ids[index],
                    draft.inputs[index],
                    index=index,
                    batch_id=draft.batch_id,
                )
                for index in indexes
            ]
        )
        requests = rows[InputRequest] = rows_of_requests(questions)
        if assigned := assignment_rows(questions, requests):
            rows[Assignment] = assigned
        rows[Deadline] = [
            {"id": new_id(), "request_id": row["id"]}
            for row, request in zip(requests, questions, strict=True)
            if draft.standing and those_that_hold(_seen(request), draft.standing)
        ]
        steps += [step_of_request(row["id"], row["execution_id"], row["title"]) for row in requests]
    rows[ExecutionStep] = rows_of_steps(steps)
    return rows


def _seen(request: NewRequest) -> Asked:
    return Asked(
        request.kind, request.title, request.message, request.schema, request.proposed_response
    )


def _rows_of_chats(
    draft: Draft, beginnings: Sequence[Sequence[Message]], indexes: range
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    chats = [
        sealed_values(
            Chat,
            {
                "id": draft.chat_ids[index],
                "agent_id": draft.target.id,
                "batch_id": draft.batch_id,
                "input_variables": draft.inputs[index]["input_variables"],
                "title": title_of(str(draft.inputs[index]["message"])),
            },
        )
        for index in indexes
    ]
    messages = [
        NewMessage(draft.chat_ids[index], number, said.role, said.content)
        for index in indexes
        for number, said in enumerate(beginnings[index])
    ]
    return chats, rows_of_messages(messages)


def batch_row(principal: Principal, draft: Draft, **values: Any) -> dict[str, Any]:
    """Return the row of the batch itself; `values` are what it has besides, or otherwise."""
    target, options = draft.target, draft.options
    is_function = target.kind is ExecutionKind.FUNCTION
    return sealed_values(
        Batch,
        {
            "id": draft.batch_id,
            "created_at": clock.now(),
            "workspace_id": principal.workspace.id,
            "user_id": principal.user.id,
            "kind": target.kind,
            "function_id": target.id if is_function else None,
            "agent_id": None if is_function else target.id,
            "rerun_of_id": draft.rerun_of_id,
            "parent_id": principal.execution_id,
            "target_namespace": target.namespace,
            "target_name": target.name,
            "total": len(draft.inputs),
            "trigger_id_prefix": options.trigger_id,
            "callback_url": draft.callback_url,
            "scopes": options.scopes_of(principal),
            **trace_values(trace_begun(principal.execution_id)),
            **values,
        },
    )
