"""Taking a batch of a function's executions on: all of them or none."""

from uuid import UUID

from opensink_web.models import Function
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.executions.draft import Draft
from opensink_web.operations.executions.pause import Approval
from opensink_web.operations.executions.staging import accept
from opensink_web.operations.executions.submission import (
    CheckedInputs,
    Options,
    check_active,
    check_options,
    check_unchanged,
    target_of,
)
from opensink_web.operations.requests.standing_approval import candidates_of


def draft_batch(
    principal: Principal,
    function: Function,
    checked: CheckedInputs,
    options: Options,
    *,
    batch_callback_url: str | None = None,
    rerun_of_id: UUID | None = None,
) -> Draft:
    """Put a batch together for submit_batch(), or to be staged before. Writes nothing.

    `options.trigger_id` is the prefix of the executions' own. Raises: InvalidInput.
    """
    check_options(options)
    asks = function.requires_approval
    approval = Approval.of(function, principal, total=len(checked.values)) if asks else None
    return Draft(
        target=target_of(function),
        inputs=checked.values,
        options=options,
        checked_against=checked.schema_text,
        callback_url=batch_callback_url,
        approval=approval,
        standing=candidates_of(approval.key, None, function.id) if approval else (),
        rerun_of_id=rerun_of_id,
    )


def submit_batch(principal: Principal, function: Function, draft: Draft) -> None:
    """Take on a batch, staged or not.

    Raises: Conflict for a function that is switched off, or was changed meanwhile; what accept()
    raises.
    """
    check_active(function)
    check_unchanged(function, str(draft.checked_against), draft.target)
    accept(principal, draft)
