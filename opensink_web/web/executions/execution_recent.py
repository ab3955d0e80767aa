"""What a function was executed lately, for its page."""

from dataclasses import dataclass

from opensink_web.models import Execution, Function
from opensink_web.operations.accounts.permission import SERVICE, Action, Principal
from opensink_web.operations.executions.queries.batch import BatchFilter, list_batches
from opensink_web.operations.executions.queries.execution import ExecutionFilter, list_executions
from opensink_web.operations.page import PageRequest
from opensink_web.web.executions.batch_progress import BatchRow, rows_of
from opensink_web.web.executions.reach import only_user

_SOME = PageRequest(limit=5)


@dataclass(frozen=True, slots=True)
class Recent:
    """The newest executions and batches, as far as the reader may see them."""

    executions: list[Execution]
    batches: list[BatchRow]


def recent_of(principal: Principal, function: Function) -> Recent:
    """Look up what became of a function lately."""
    executions, batches = list[Execution](), list[BatchRow]()
    workspace = principal.workspace
    if principal.reach(f"{SERVICE}.executions.read") is not None:
        user_id = only_user(principal, "executions", Action.READ)
        filters = ExecutionFilter(user_id=user_id, function_id=function.id)
        executions = list_executions(workspace, filters, _SOME).items
    if principal.reach(f"{SERVICE}.batches.read") is not None:
        user_id = only_user(principal, "batches", Action.READ)
        of_function = BatchFilter(user_id=user_id, function_id=function.id)
        batches = rows_of(list_batches(workspace, of_function, _SOME).items)
    return Recent(executions, batches)
