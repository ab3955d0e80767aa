"""Why an execution does not go on just now, in words for people."""

from opensink_web import clock
from opensink_web.models import Execution, ExecutionStatus
from opensink_web.models.execution import NOT_DUE_YET
from opensink_web.operations.executions.queries.execution import is_group_busy
from opensink_web.web.deliveries.delivery_wait import LATE_AFTER, Wait


def wait_of(execution: Execution) -> Wait | None:
    """Return what an execution waits for; None while it is carried out and once it has ended.

    What it asks people for is told where the requests stand.
    """
    moment = clock.now()
    if execution.status is ExecutionStatus.RUNNING and execution.lease_token is None:
        return Wait("It is running elsewhere and will report its result itself.", execution.next_at)
    if execution.status is not ExecutionStatus.QUEUED:
        return None
    if execution.next_at == NOT_DUE_YET:
        return Wait("The executions of its batch are still being queued.", is_usual=True)
    if execution.next_at > moment:
        return Wait("It was submitted to start later.", execution.next_at)
    if is_group_busy(execution):
        return Wait(f"It is waiting its turn: others of {execution.full_name} are running.")
    if moment - execution.next_at > LATE_AFTER:
        return Wait("No worker has picked it up yet: all are busy, or none is running.")
    return Wait("It is about to start.", is_usual=True)
