"""What came of carrying executions out: each ends, waits for a person, or will report by itself.

Many are written in one transaction, by whoever still holds their leases.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import bindparam, update

from opensink_web import clock
from opensink_web.json_value import JSONObject, JSONValue, storable
from opensink_web.models import Execution, ExecutionStatus, StepKind
from opensink_web.models.transaction import Area, changed_after_commit, run_prepared
from opensink_web.operations.executions.agent_health import note_agent_calls
from opensink_web.operations.executions.chat_message import NewMessage, add_messages
from opensink_web.operations.executions.claim import ExecutionClaim
from opensink_web.operations.executions.ending import (
    Ending,
    LockedExecution,
    SealedEnding,
    Step,
    add_steps,
    end_executions,
    lock_held_executions,
    sealed_ending,
)
from opensink_web.operations.executions.pause import check_question, pause_for_input
from opensink_web.operations.executions.queries.question import Question
from opensink_web.operations.executions.target import HttpTarget, PythonTarget
from opensink_web.outbound.outcome import AgentReply, Awaits, Failure, Outcome, Output, Pending
from opensink_web.schema.secrets import secrets_of
from opensink_web.schema.validation import validate

Settled = tuple[ExecutionClaim, Outcome | SealedEnding]

# Built once, because building a statement costs more than running it.
_WAIT_FOR_REPORT = update(Execution).where(Execution.id == bindparam("of_execution"))


def checked(claim: ExecutionClaim, outcome: Outcome) -> Outcome:
    """Hold an outcome against what the function promises; costs time, so outside a transaction."""
    if isinstance(outcome, Output) and isinstance(claim.target, HttpTarget | PythonTarget):
        return checked_output(outcome, claim.target.output_schema)
    if isinstance(outcome, Awaits):
        refusal = check_question(outcome.prompt, outcome.schema, outcome.options)
        if refusal is not None:
            return Failure(f"It asked for input, but the question is not valid. {refusal}")
    return outcome


def sealed(claim: ExecutionClaim, outcome: Outcome) -> Outcome | SealedEnding:
    """Seal what an execution ends with; this too costs time, so outside a transaction."""
    if isinstance(outcome, Output | Failure):
        return sealed_ending(claim.id, ending_of(outcome), claim.ring)
    return outcome


def finish_executions(settled: Sequence[Settled]) -> None:
    """Write down how executions went; of those whose lease was lost, nothing."""
    leases = [(claim.id, claim.lease_token) for claim, _ in settled]
    batch_ids = {claim.batch_id for claim, _ in settled if claim.batch_id is not None}
    locked = lock_held_executions(leases, batch_ids)
    held = [
        (claim, row, outcome)
        for claim, outcome in settled
        if (row := locked.get(claim.id)) and row.lease_token == claim.lease_token
    ]
    end_executions(
        [
            (row, _ending(claim, outcome))
            for claim, row, outcome in held
            if isinstance(outcome, Output | AgentReply | Failure | SealedEnding)
        ]
    )
    add_messages(
        [_said(claim, outcome) for claim, _, outcome in held if isinstance(outcome, AgentReply)]
    )
    _wait_for_reports(
        [(claim, row) for claim, row, outcome in held if isinstance(outcome, Pending)]
    )
    pause_for_input(
        [
            Question(row.id, outcome.prompt, outcome.schema, outcome.options)
            for _, row, outcome in held
            if isinstance(outcome, Awaits)
        ]
    )
    note_agent_calls(
        [
            (claim.target, outcome)
            for claim, _, outcome in held
            if not isinstance(outcome, SealedEnding)  # of a function
        ]
    )


def checked_output(output: Output, schema: JSONValue) -> Output | Failure:
    """Fail what does not fit the output schema, and keep it for whoever looks into it."""
    if schema is None:
        return output
    paths = tuple(secrets_of(schema).paths_in(output.value))
    errors = validate(schema, output.value)
    if not errors:
        return replace(output, secret_paths=paths)
    first = errors[0]
    place = f" at {first.path}" if first.path else ""
    message = f"The output does not fit the output schema{place}: {first.message}"
    return Failure(message, "invalid_output", output.value, paths)


def ending_of(outcome: Output | Failure) -> Ending:
    """Return how an execution ends with this."""
    if isinstance(outcome, Output):
        return Ending(ExecutionStatus.COMPLETED, outcome.value, secret_paths=outcome.secret_paths)
    error = storable(outcome.message)  # it may quote whatever was called
    return Ending(ExecutionStatus.FAILED, outcome.output, error, outcome.code, outcome.secret_paths)


def _ending(
    claim: ExecutionClaim, outcome: Output | AgentReply | Failure | SealedEnding
) -> Ending | SealedEnding:
    if isinstance(outcome, SealedEnding):
        return outcome
    if not isinstance(outcome, AgentReply):
        return ending_of(outcome)
    reply: JSONObject = {
        "chat_id": str(claim.chat_id),
        "final_message": outcome.content,
        "final_message_role": outcome.role,
        "tool_calls": outcome.tool_calls,
    }
    return ending_of(Output(reply))


def _said(claim: ExecutionClaim, reply: AgentReply) -> NewMessage:
    if claim.chat_id is None:
        raise TypeError("an agent replies in a chat")
    number = len(claim.messages)
    return NewMessage(claim.chat_id, number, reply.role, reply.content, reply.tool_calls)


def _wait_for_reports(waiting: Sequence[tuple[ExecutionClaim, LockedExecution]]) -> None:
    """Let executions run on without a worker; they are due again when their time is over."""
    moment = clock.now()
    for claim, row in waiting:
        run_prepared(
            _WAIT_FOR_REPORT,
            {
                "of_execution": row.id,
                "lease_token": None,
                "lease_until": None,
                "next_at": moment + timedelta(seconds=claim.timeout_seconds),
                "updated_at": moment,
            },
        )
        changed_after_commit(row.workspace_id, Area.EXECUTIONS)
    add_steps([Step(row.id, StepKind.PENDING) for _, row in waiting])
