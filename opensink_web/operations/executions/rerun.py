"""Running again what has ended: one execution, or those of a batch that failed.

New executions get the inputs of the old ones and are those of whoever asks for them, limited as the
old ones were. A callback speaks for them too, so it goes only where they sent it themselves.

Whoever asks says how often they know it was run again already: two who press the button at the same
moment do not have everything done twice.

The old inputs are read and checked before the transaction: what has ended changes no more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update

from opensink_web.errors import Conflict
from opensink_web.json_value import JSONObject
from opensink_web.message_template.renderer import TemplateRenderer
from opensink_web.models import (
    Agent,
    Batch,
    Execution,
    ExecutionKind,
    ExecutionStatus,
    Function,
    db,
)
from opensink_web.operations.accounts.permission import SERVICE, Principal
from opensink_web.operations.executions.batch import lock_batch
from opensink_web.operations.executions.batch_submission import draft_batch, submit_batch
from opensink_web.operations.executions.chat_submission import (
    ChatInput,
    check_chats,
    draft_chats,
    find_addressed_agent,
    submit_chats,
)
from opensink_web.operations.executions.draft import Draft
from opensink_web.operations.executions.ending import lock_executions
from opensink_web.operations.executions.permission import executable_function, may_execute
from opensink_web.operations.executions.queries.batch import find_batch
from opensink_web.operations.executions.queries.execution import find_execution
from opensink_web.operations.executions.queries.rerun import childrens_callback_url, reruns_of
from opensink_web.operations.executions.submission import (
    CheckedInputs,
    Options,
    check_input,
    check_inputs,
    submit,
)
from opensink_web.schema.secrets import paths_from
from opensink_web.schema.subschemas import Path

TRIGGER_TYPE = "rerun"


@dataclass(frozen=True, slots=True)
class RerunOrder:
    """How to run again: `known_count` is how often that was done as far as the caller knows.

    `user_id` limits it to what that user has started; callbacks go where they went before, for
    what the caller has started.
    """

    known_count: int
    with_callbacks: bool
    size_max: int
    user_id: UUID | None = None


def check_execution(principal: Principal, execution_id: UUID, order: RerunOrder) -> CheckedInputs:
    """Check the input of an execution for rerun_execution(); takes its time.

    Raises: NotFound; PermissionMissing; InvalidFunctionInput; Conflict while it has not ended.
    """
    execution = find_execution(principal.workspace, execution_id, user_id=order.user_id)
    if not execution.status.has_ended:
        raise Conflict("The execution has not ended yet, so it cannot be run again.")
    return check_input(_function_of(principal, execution), execution.input_data)


def rerun_execution(
    principal: Principal, execution_id: UUID, checked: CheckedInputs, order: RerunOrder
) -> UUID:
    """Take on the same call of a function once more; return the new execution's id.

    It has the same trigger id, and as much time as the function has now. Raises: NotFound;
    PermissionMissing; Conflict when others have run it again meanwhile, for somebody else's
    callback, and for a function that was changed meanwhile.
    """
    execution = find_execution(principal.workspace, execution_id, user_id=order.user_id)
    lock_executions([execution.id])  # of two who run it again at once, the second sees the first
    _check_known(execution, order)
    _check_callbacks(principal, execution, order)
    function = _function_of(principal, execution)
    options = Options(
        trigger_type=TRIGGER_TYPE,
        trigger_ids=(execution.trigger_id,),
        callback_url=execution.callback_url if order.with_callbacks else None,
        scopes=execution.scopes,
        secret_paths=(paths_from(execution.secret_input_paths),),
    )
    new_id = submit(principal, function, checked, options)
    link = update(Execution).where(Execution.id == new_id)
    db.session.execute(link.values(rerun_of_id=execution.id))
    return new_id


def check_failed(
    principal: Principal, batch_id: UUID, order: RerunOrder, templates: TemplateRenderer
) -> Draft:
    """Put a batch together of what has failed of another, for rerun_failed(); takes its time.

    Raises: as check_execution() and check_chats(), and Conflict when none has failed.
    """
    batch = find_batch(principal.workspace, batch_id, user_id=order.user_id)
    if batch.ended_as is None:
        raise Conflict("The batch has not ended yet, so nothing in it can be run again.")
    failed = _failed_of(batch)
    if not failed:
        raise Conflict("None of the batch's executions has failed.")
    # here for nothing to be checked in vain; rerun_failed() looks again, with the batch locked
    _check_known(batch, order)
    _check_callbacks(principal, batch, order)
    options = Options(
        trigger_type=TRIGGER_TYPE,
        trigger_id=batch.trigger_id_prefix,
        trigger_ids=tuple(each.trigger_id for each in failed),
        callback_url=childrens_callback_url(batch) if order.with_callbacks else None,
        scopes=batch.scopes,
        secret_paths=tuple(each.secret_paths for each in failed),
    )
    url = batch.callback_url if order.with_callbacks else None
    inputs = [each.input_data for each in failed]
    if batch.kind is ExecutionKind.AGENT:
        agent = _agent_of(principal, batch)
        chats = check_chats(
            agent, templates, [_chat_input(each) for each in inputs], order.size_max
        )
        # filling in ended the transaction that the batch was read in
        agent = _agent_of(principal, batch)
        return draft_chats(agent, chats, options, batch_callback_url=url, rerun_of_id=batch_id)
    function = _function_of(principal, batch)
    checked = check_inputs(function, inputs, order.size_max)
    return draft_batch(
        principal, function, checked, options, batch_callback_url=url, rerun_of_id=batch_id
    )


def rerun_failed(principal: Principal, draft: Draft, order: RerunOrder) -> None:
    """Take on the failed executions of a batch once more, as a batch of their own: all or none.

    They keep their trigger ids. Raises: as rerun_execution().
    """
    if draft.rerun_of_id is None:
        raise ValueError("this batch runs no other one again")
    batch = lock_batch(principal.workspace, draft.rerun_of_id, user_id=order.user_id)
    _check_known(batch, order)
    _check_callbacks(principal, batch, order)
    if batch.kind is ExecutionKind.AGENT:
        submit_chats(principal, _agent_of(principal, batch), draft)
    else:
        submit_batch(principal, _function_of(principal, batch), draft)


def may_rerun(principal: Principal, original: Execution | Batch) -> bool:
    """Return True if what was executed is still there, and the principal may have it executed.

    A single chat with an agent is not had again: it would not be the same chat.
    """
    if original.kind is ExecutionKind.AGENT:
        is_batch = isinstance(original, Batch) and original.agent_id is not None
        is_there = is_batch and db.session.get(Agent, original.agent_id) is not None
        return is_there and principal.reach(_permission_to_chat(original)) is not None
    function = db.session.get(Function, original.function_id) if original.function_id else None
    return function is not None and may_execute(principal, function)


def may_tell(principal: Principal, original: Execution | Batch) -> bool:
    """Return True if running it again may tell of it where it was told of before.

    A callback carries an access token of whoever runs it. Somebody else named the address.
    """
    return original.user_id == principal.user.id


def _check_callbacks(principal: Principal, original: Execution | Batch, order: RerunOrder) -> None:
    if order.with_callbacks and not may_tell(principal, original):
        raise Conflict(
            "The callback would carry an access token of yours to an address that somebody else "
            "has named. It can be run again without the callback."
        )


def _check_known(original: Execution | Batch, order: RerunOrder) -> None:
    if len(reruns_of(original)) != order.known_count:
        raise Conflict(
            "Somebody has run it again since you loaded this page. Look at what came of that first."
        )


def _agent_of(principal: Principal, batch: Batch) -> Agent:
    """Find the agent by its address. Raises: NotFound; PermissionMissing."""
    principal.require_reach(_permission_to_chat(batch))
    return find_addressed_agent(principal.workspace, batch.target_namespace, batch.target_name)


def _function_of(principal: Principal, original: Execution | Batch) -> Function:
    """Find the function by what it is called now. Raises: Conflict; PermissionMissing."""
    function = db.session.get(Function, original.function_id) if original.function_id else None
    if function is None:
        raise Conflict(f"{original.full_name} is not there any more, so it is not run again.")
    return executable_function(principal, function.namespace, function.name)


def _permission_to_chat(original: Execution | Batch) -> str:
    return f"{SERVICE}.agents/{original.full_name}.chat"


def _chat_input(kept: JSONObject) -> ChatInput:
    variables = kept["input_variables"]
    return ChatInput(str(kept["message"]), variables if isinstance(variables, dict) else {})


@dataclass(frozen=True, slots=True)
class _Failed:
    """What an execution that failed began with."""

    trigger_id: str
    input_data: JSONObject
    secret_paths: Sequence[Path]


def _failed_of(batch: Batch) -> list[_Failed]:
    """Return the executions that failed, in the inputs' order."""
    query = (
        select(
            Execution.id,
            Execution.trigger_id,
            Execution.sealed_input_data,
            Execution.sealed_secret_input_paths,
        )
        .where(Execution.batch_id == batch.id, Execution.status == ExecutionStatus.FAILED)
        .order_by(Execution.batch_index)
    )
    return [
        _Failed(
            trigger_id,
            Execution.input_data.unseal(execution_id, input_data),
            paths_from(Execution.secret_input_paths.unseal(execution_id, secret_paths)),
        )
        for execution_id, trigger_id, input_data, secret_paths in db.session.execute(query)
    ]
