"""What a person's decision does to the execution that waited for it: it goes on, or fails."""

from sqlalchemy import bindparam, case, update

from opensink_web import clock
from opensink_web.errors import Conflict
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    Execution,
    ExecutionStatus,
    InputRequest,
    InputRequestKind,
    InputRequestStatus,
    StepKind,
    User,
    db,
)
from opensink_web.models.execution import DECLINED, EXPIRED, REJECTED
from opensink_web.models.transaction import (
    Area,
    changed_after_commit,
    notify_after_commit,
    run_prepared,
)
from opensink_web.operations.executions.ending import (
    Ending,
    LockedExecution,
    Step,
    add_steps,
    end_executions,
)
from opensink_web.operations.requests.answer import (
    by_itself,
    decided_by,
    edited_count,
    why_no_default,
    with_edits,
)
from opensink_web.operations.requests.digest import digest_of_request
from opensink_web.schema.secrets import merged_paths, paths_from, secrets_of

NOBODY_DECIDED = "Nobody decided in time."

# Built once, because building a statement costs more than running it.
_MOMENT = bindparam("moment", type_=Execution.next_at.type)
_QUEUE = (
    update(Execution)
    .where(Execution.id == bindparam("of_execution"))
    .values(
        status=ExecutionStatus.QUEUED,
        # a call that was to be made later still is, once it is approved
        next_at=case((Execution.next_at > _MOMENT, Execution.next_at), else_=_MOMENT),
        updated_at=_MOMENT,
    )
)


def resume(request: InputRequest, execution: LockedExecution, by: User | None) -> None:
    """Queue a locked execution again. An approval's answer is its input. Raises: Conflict."""
    check_awaiting(execution)
    is_approval = request.kind is InputRequestKind.APPROVAL
    given: dict[str, object] = {}
    if is_approval:
        # what was secret stays so, also where the input's schema is another one by now
        before = db.session.get_one(Execution, execution.id).secret_input_paths
        secret = secrets_of(request.schema).paths_in(request.response)
        paths = merged_paths(secret, paths_from(before))
        given = {
            "input_data": Execution.input_data.seal(execution.id, request.response or {}),
            "secret_input_paths": Execution.secret_input_paths.seal(execution.id, paths),
        }
    run_prepared(_QUEUE, {"of_execution": execution.id, "moment": clock.now(), **given})
    who = decided_by(request, by)
    message = f"{who} answered “{request.title}”."
    if request.resolved_by_system:
        message = f"Nobody answered “{request.title}” in time, so the default was answered."
    if is_approval:
        message = f"{who} approved the call{with_edits(request.edited)}."
    if request.standing_approval_id is not None:
        what = "The call was approved" if is_approval else f"“{request.title}” was answered"
        message = f"{what} by {by_itself(request)}."
    details = {**_of_request(request), **edited_count(request.edited)}
    add_steps([Step(execution.id, StepKind.RESUMED, message, details)])
    notify_after_commit(Execution, execution.group_id)
    changed_after_commit(execution.workspace_id, Area.EXECUTIONS)


def fail_declined(request: InputRequest, execution: LockedExecution) -> None:
    """End a locked execution for a person's reason, or because nobody decided in time.

    Raises: Conflict.
    """
    check_awaiting(execution)
    if request.status is InputRequestStatus.EXPIRED:
        reason, code = f"{NOBODY_DECIDED}{why_no_default(request)}", EXPIRED
    else:
        reason = request.decline_reason or ""
        code = REJECTED if request.kind is InputRequestKind.APPROVAL else DECLINED
    details = _of_request(request)
    ending = Ending(ExecutionStatus.FAILED, error=reason, error_code=code, details=details)
    end_executions([(execution, ending)])


def _of_request(request: InputRequest) -> JSONObject:
    """Return what a step says of the decision that it comes from."""
    return {"input_request_id": str(request.id), "request_digest": digest_of_request(request)}


def check_awaiting(execution: LockedExecution) -> None:
    """Raises: Conflict, when an execution does not wait for a person."""
    if execution.status is not ExecutionStatus.AWAITING_INPUT:
        raise Conflict(f"The execution is no longer waiting for anybody: it is {execution.status}.")
