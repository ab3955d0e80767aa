"""All that the page of one execution tells, looked up and put into words."""

from dataclasses import dataclass
from uuid import UUID

from opensink_web.models import Batch, Execution, InputRequest, InputRequestStatus, db
from opensink_web.operations.accounts.disclosure import shown_error, shown_input, shown_output
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.requests.queries import InputRequestFilter, list_input_requests
from opensink_web.web.deliveries.delivery_wait import Wait
from opensink_web.web.executions.callback_words import ShownCallback, shown_callback
from opensink_web.web.executions.execution_data import ShownJson, has_output, shown_json
from opensink_web.web.executions.execution_target import target_href
from opensink_web.web.executions.execution_timeline import execution_events
from opensink_web.web.executions.execution_wait import wait_of
from opensink_web.web.executions.reach import reaches_rows_of
from opensink_web.web.executions.rerun import Reruns, reruns
from opensink_web.web.rendering.edits import edits_in
from opensink_web.web.rendering.live import version_of
from opensink_web.web.rendering.timeline import NEWEST, Event


@dataclass(frozen=True, slots=True)
class ExecutionPage:
    """An execution as it is drawn; `is_live` while something may still happen to it.

    `batch` is the one it belongs to, where the reader may see it; `has_chat` tells of a chat that
    they may see. `waiting` are the requests that nobody has decided, `decided` the others, and
    `edits` say how much of what was proposed was changed.
    `more_error` is an error of several lines, whole.
    """

    execution: Execution
    target_href: str | None
    batch: Batch | None
    waiting: list[InputRequest]
    decided: list[InputRequest]
    edits: dict[UUID, str]
    events: list[Event]
    wait: Wait | None
    callback: ShownCallback | None
    input: ShownJson
    output: ShownJson | None
    error: str
    more_error: str | None
    has_chat: bool
    may_cancel: bool
    reruns: Reruns
    is_live: bool
    version: str


def execution_page(principal: Principal, execution: Execution) -> ExecutionPage:
    """Look up all that is told of an execution."""
    only_its = InputRequestFilter(execution_id=execution.id)
    input_requests = list_input_requests(principal.workspace, only_its, NEWEST).items
    events = execution_events(principal.workspace, execution)
    wait = wait_of(execution)
    callback = shown_callback(execution.callback_url, execution.callback)
    error = (shown_error(execution) or "").strip()
    may_cancel = reaches_rows_of(principal, "executions", "cancel", execution.user_id)
    return ExecutionPage(
        execution=execution,
        target_href=target_href(principal, execution),
        batch=_batch_of(principal, execution),
        waiting=[
            input_request
            for input_request in input_requests
            if input_request.status is InputRequestStatus.PENDING
        ],
        decided=[
            input_request
            for input_request in input_requests
            if input_request.status is not InputRequestStatus.PENDING
        ],
        edits=edits_in(input_requests),
        events=events,
        wait=wait,
        callback=callback,
        input=shown_json(shown_input(execution)),
        output=shown_json(shown_output(execution)) if has_output(execution) else None,
        error=error.partition("\n")[0],
        more_error=error if "\n" in error else None,
        has_chat=execution.chat_id is not None
        and reaches_rows_of(principal, "chats", Action.READ, execution.user_id),
        may_cancel=may_cancel and not execution.status.has_ended,
        reruns=reruns(principal, execution, has_ended=execution.status.has_ended),
        is_live=not execution.status.has_ended or (callback is not None and callback.is_under_way),
        version=version_of(
            (execution.status, execution.updated_at, wait, callback),
            [(input_request.id, input_request.status) for input_request in input_requests],
            [event.id for event in events],
        ),
    )


def _batch_of(principal: Principal, execution: Execution) -> Batch | None:
    batch = db.session.get(Batch, execution.batch_id) if execution.batch_id else None
    if batch is None or not reaches_rows_of(principal, "batches", Action.READ, batch.user_id):
        return None
    return batch
