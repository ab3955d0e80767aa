"""Requests whose time is over before anybody has decided, and more time for those that wait."""

from dataclasses import replace
from datetime import datetime
from typing import assert_never
from uuid import UUID

from opensink_web.errors import Conflict, FieldError, InvalidInput, Unavailable
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    AuditAction,
    InputRequest,
    InputRequestStatus,
    OnExpire,
    User,
    Workspace,
    db,
)
from opensink_web.operations.decisions.asker import let_go_on, lock_asker, note
from opensink_web.operations.decisions.holding import lock_asker_of
from opensink_web.operations.executions.resumption import NOBODY_DECIDED
from opensink_web.operations.requests.answer import CheckedAnswer, check_pending
from opensink_web.operations.requests.input_request import (
    record_of,
    store_deadline,
    store_expiry,
    store_refusal,
    store_response,
)
from opensink_web.operations.requests.options import check_deadline
from opensink_web.operations.requests.policy import Rules
from opensink_web.schema.edits import proposal_of


def expire(request_id: UUID) -> None:
    """Do with a request that waits what was said when it was asked, and let whoever asked go on.

    There is nothing to do once somebody has decided, also if that can be undone still: then it is
    looked at again when it is.
    """
    locked = lock_asker_of(request_id)
    if locked is None:
        return
    # what was read with the lock may be older than the lock
    request = db.session.get_one(InputRequest, request_id, populate_existing=True)
    if request.status is not InputRequestStatus.PENDING:
        return
    match request.on_expire:
        case OnExpire.NONE:
            store_expiry(request)
        case OnExpire.DECLINE:
            store_refusal(request, NOBODY_DECIDED, None)
        case OnExpire.DEFAULT if _is_ruled(request):
            store_expiry(request)  # who asked decides by no default what a rule gives to people
        case OnExpire.DEFAULT:
            store_response(request, _default_of(request), None)
        case _:
            assert_never(request.on_expire)
    record_of(request, AuditAction.REQUEST_EXPIRED, {"outcome": request.status.value})
    let_go_on(replace(locked, request=request), None)


def _is_ruled(request: InputRequest) -> bool:
    """Return True if a rule says who decides on a request, or on its default; in doubt one does."""
    if request.steps is not None:
        return True
    default = request.default_response or {}
    rules = Rules(request.workspace_id, request.agent_id).of_key(request.key)
    try:
        return any(each.concerns(default) for each in rules)
    except Unavailable:
        return True


def _default_of(request: InputRequest) -> CheckedAnswer:
    """Return the answer that fitted the schema when it was asked."""
    response = request.default_response or {}
    proposal = proposal_of(request.schema, request.proposed_response)
    edited = None if proposal is None else proposal.changed_in(response)
    return CheckedAnswer(request.id, response, request.schema, edited)


def extend(
    workspace: Workspace, request_id: UUID, expires_at: datetime, *, by: User
) -> InputRequest:
    """Give people more time for a request that waits.

    Raises: NotFound; InvalidInput unless it is later than the deadline and than now; Conflict
    without a deadline, and when nobody waits any more; AlreadyResolved.
    """
    locked = lock_asker(workspace.id, request_id)
    # what was read with the lock may be older than the lock
    request = db.session.get_one(InputRequest, request_id, populate_existing=True)
    if not request.status.is_open:
        check_pending(request)
    if request.expires_at is None:
        raise Conflict("This has no deadline, so there is none to put off.")
    check_deadline(expires_at)
    if expires_at <= request.expires_at:
        message = "This must be later than the deadline that it has."
        raise InvalidInput(message, errors=(FieldError("/expires_at", message),))
    before = request.expires_at
    store_deadline(request, expires_at)
    db.session.refresh(request)
    changes: JSONObject = {"expires_at": [before.isoformat(), expires_at.isoformat()]}
    record_of(request, AuditAction.REQUEST_EXTENDED, {"changes": changes}, by=by)
    until = f"{request.expires_at:%Y-%m-%d %H:%M} UTC"
    note(locked, f"{by.email} gave more time for “{request.title}”, until {until}.")
    return request
