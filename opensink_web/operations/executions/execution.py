"""Executions: what is done to one from outside, and what one reports of itself."""

from dataclasses import dataclass
from uuid import UUID

from opensink_web.errors import Conflict, NotFound, RecordedConflict
from opensink_web.json_value import JSONValue
from opensink_web.models import (
    AuditAction,
    Execution,
    ExecutionKind,
    ExecutionStatus,
    Function,
    SubjectKind,
    Workspace,
    db,
)
from opensink_web.operations.audit.record import record
from opensink_web.operations.executions.ending import (
    Ending,
    LockedExecution,
    end_executions,
    lock_executions,
)
from opensink_web.operations.executions.outcome import checked_output, ending_of
from opensink_web.operations.executions.queries.execution import find_execution
from opensink_web.operations.requests.cancellation import cancel_requests_of_execution
from opensink_web.outbound.agent_call import APPROVAL_REQUIRED
from opensink_web.outbound.outcome import Failure, Output

REPORTED_FAILURE = "function_failed"


@dataclass(frozen=True, slots=True)
class CheckedOutput:
    """What an execution reports of itself, held against its function's output schema."""

    execution_id: UUID
    outcome: Output | Failure


def check_output(workspace: Workspace, execution_id: UUID, output: JSONValue) -> CheckedOutput:
    """Check an output. Takes its time: call it outside a transaction that writes.

    One that does not fit the output schema fails the execution, and is kept. Raises: NotFound;
    Conflict for an agent's execution.
    """
    execution = find_execution(workspace, execution_id)
    if execution.kind is ExecutionKind.AGENT:
        raise Conflict("An agent ends its execution by answering the call, in its chat.")
    function = db.session.get(Function, execution.function_id) if execution.function_id else None
    schema = None if function is None else function.output_schema
    return CheckedOutput(execution_id, checked_output(Output(output), schema))


def complete_execution(workspace: Workspace, reported: CheckedOutput) -> Execution:
    """End a running execution with the output that it reports itself.

    Raises: NotFound; Conflict unless it is running.
    """
    locked = _lock_running(workspace, reported.execution_id)
    _end(locked, ending_of(reported.outcome))
    return find_execution(workspace, reported.execution_id)


def fail_execution(workspace: Workspace, execution_id: UUID, error: str) -> Execution:
    """End a running execution as failed, for the reason that it reports itself.

    Raises: NotFound; Conflict unless it is running.
    """
    locked = _lock_running(workspace, execution_id)
    _end(locked, ending_of(Failure(error, REPORTED_FAILURE)))
    return find_execution(workspace, execution_id)


def refuse_to_pause(workspace: Workspace, execution_id: UUID) -> None:
    """Fail the execution of an agent that asks for a person's approval: nobody is there to wait.

    Raises: RecordedConflict if it is an agent's execution; Conflict for one that was cancelled;
    NotFound.
    """
    execution = find_execution(workspace, execution_id)
    if execution.status is ExecutionStatus.CANCELLED:
        raise Conflict("The execution was cancelled, so it asks nothing more.")
    if execution.kind is not ExecutionKind.AGENT:
        return
    locked = lock_executions([execution_id]).get(execution_id)
    if locked is not None and not locked.status.has_ended:
        _end(locked, ending_of(Failure(APPROVAL_REQUIRED, "approval_required")))
    raise RecordedConflict(APPROVAL_REQUIRED)


def cancel_execution(
    workspace: Workspace, execution_id: UUID, *, user_id: UUID | None = None
) -> Execution:
    """End an execution that has not ended; what it still says afterwards is not written down.

    Raises: NotFound; Conflict for one that has ended.
    """
    find_execution(workspace, execution_id, user_id=user_id)
    locked = lock_executions([execution_id]).get(execution_id)
    if locked is None:
        raise NotFound("There is no such execution.")
    if locked.status.has_ended:
        raise Conflict(f"The execution has ended: it is {locked.status}.")
    _end(locked, Ending(ExecutionStatus.CANCELLED, error="Cancelled."))
    record(AuditAction.EXECUTION_CANCELLED, workspace.id, SubjectKind.EXECUTION, execution_id)
    return find_execution(workspace, execution_id)


def _lock_running(workspace: Workspace, execution_id: UUID) -> LockedExecution:
    find_execution(workspace, execution_id)
    locked = lock_executions([execution_id]).get(execution_id)
    if locked is None:
        raise NotFound("There is no such execution.")
    if locked.status is not ExecutionStatus.RUNNING:
        raise Conflict(f"Only a running execution can report; this one is {locked.status}.")
    return locked


def _end(locked: LockedExecution, ending: Ending) -> None:
    if locked.status is ExecutionStatus.AWAITING_INPUT:
        cancel_requests_of_execution(locked.id)
    end_executions([(locked, ending)])
