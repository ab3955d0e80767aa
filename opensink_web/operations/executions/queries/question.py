"""What executions ask people, and what was answered. Nothing is written here."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Row, bindparam, select

from opensink_web.errors import UnreadableSecret
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import (
    OPEN_STATUSES,
    Execution,
    ExecutionStatus,
    InputRequest,
    InputRequestKind,
    InputRequestStatus,
    db,
)
from opensink_web.models.transaction import run_prepared
from opensink_web.outbound.outcome import Failure

# Built once, because building a statement costs more than running it.
_OF_EXECUTIONS: BindParameter[Sequence[UUID]] = bindparam("of_executions", expanding=True)
_PENDING = select(InputRequest.id, InputRequest.kind).where(
    InputRequest.execution_id == bindparam("of_execution"),
    InputRequest.status.in_(OPEN_STATUSES),
)
_ANSWERS = (
    select(
        InputRequest.execution_id,
        InputRequest.id,
        InputRequest.sealed_response,
        InputRequest.sealed_edited,
    )
    .where(
        InputRequest.execution_id.in_(_OF_EXECUTIONS),
        InputRequest.kind == InputRequestKind.INPUT,
        InputRequest.status == InputRequestStatus.RESOLVED,
    )
    .order_by(InputRequest.id)
)


@dataclass(frozen=True, slots=True)
class Question:
    """What an execution wants to know; `prompt` is Markdown, and check_question() passed it all."""

    execution_id: UUID
    prompt: str
    schema: JSONValue
    options: JSONObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person answered to an execution's question, and changed of what it proposed."""

    input_request_id: UUID
    response: JSONObject
    edited: list[str] | None = None


def answers_of(execution_ids: Collection[UUID]) -> dict[UUID, Answer | Failure]:
    """Return the newest answer to each execution's questions; those without are left out.

    A Failure stands for one that cannot be decrypted.
    """
    if not execution_ids:
        return {}
    rows = run_prepared(_ANSWERS, {"of_executions": list(execution_ids)})
    newest = {row.execution_id: row for row in rows}
    return {each: _unsealed(row) for each, row in newest.items()}


def question_of(execution: Execution) -> Question | None:
    """Return what an execution waits for a person to answer; None if it does not."""
    if execution.status is not ExecutionStatus.AWAITING_INPUT:
        return None
    pending = pending_request_of(execution.id)
    if pending is None or pending.kind is InputRequestKind.APPROVAL:
        return None
    request = db.session.get_one(InputRequest, pending.id)
    return Question(execution.id, request.message, request.schema)


def pending_request_of(execution_id: UUID) -> Row[Any] | None:
    """Return the id and the kind of what an execution waits for; None if it waits for nothing."""
    return run_prepared(_PENDING, {"of_execution": execution_id}).one_or_none()


def _unsealed(row: Row[Any]) -> Answer | Failure:
    try:
        response = InputRequest.response.unseal(row.id, row.response)
        edited = InputRequest.edited.unseal(row.id, row.edited)
    except UnreadableSecret as error:
        return Failure(f"The answer cannot be passed on. {error.message}", error.code)
    return Answer(row.id, response or {}, edited)
