"""The life of a request to a person: it is created once (creation.py), and decided once, here.

Nothing else changes these rows (but cancellation.py, where whoever asked has ended), so what is to
happen when something is decided belongs here. What it means to whoever asked, a session or an
execution, is theirs to write down.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, case, select, update
from sqlalchemy.orm.attributes import set_committed_value

from opensink_web import clock
from opensink_web.errors import Conflict, NotFound, Superseded
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    OPEN_STATUSES,
    AuditAction,
    Claim,
    DeadlineKind,
    InputRequest,
    InputRequestStatus,
    SubjectKind,
    User,
    db,
)
from opensink_web.models.transaction import changed_after_commit, run_prepared
from opensink_web.operations.audit.record import record
from opensink_web.operations.requests.answer import CheckedAnswer, check_pending
from opensink_web.operations.requests.deadline import set_deadline
from opensink_web.operations.requests.digest import CHANGED
from opensink_web.operations.requests.policy_step import PolicyStep, steps_as_json
from opensink_web.trace_context import current_trace

# Built once, because building a statement costs more than running it.
# who has taken a request on in the moment in which it is decided; looked up by the statement that
# decides, it is what nobody can change until the transaction ends
_HOLDER_ID = (
    select(Claim.user_id)
    .where(Claim.request_id == InputRequest.id, Claim.lapses_at > bindparam("moment"))
    .correlate(InputRequest)
    .scalar_subquery()
    .label("holder_id")
)
_DECIDE = (
    update(InputRequest)
    .where(
        InputRequest.id == bindparam("of_request"),
        InputRequest.status == InputRequestStatus.PENDING,
    )
    # whose it is may have changed while this waited for the lock of whoever asked
    .returning(_HOLDER_ID, InputRequest.is_assigned, InputRequest.step)
)
_IS_HELD = (
    InputRequest.id == bindparam("of_request"),
    InputRequest.status == InputRequestStatus.HELD,
)
UNDECIDED = {
    "sealed_response": None,
    "sealed_edited": None,
    "sealed_decline_reason": None,
    "resolved_at": None,
    "resolved_by_id": None,
    "resolved_for_id": None,
    "resolved_trace_id": None,
    "held_until": None,
}
# what was sealed when it was decided says what it was
_DECIDED_AS = case(
    (InputRequest.sealed_decline_reason.is_not(None), InputRequestStatus.DECLINED),
    else_=InputRequestStatus.RESOLVED,
)
_TAKE_EFFECT = update(InputRequest).where(*_IS_HELD).values(status=_DECIDED_AS)
_REOPEN = (
    update(InputRequest).where(*_IS_HELD).values(status=InputRequestStatus.PENDING, **UNDECIDED)
)
_REOPEN_OWN = _REOPEN.where(InputRequest.resolved_by_id == bindparam("of_user"))
# whoever asked has the last word: a decision that is held comes to nothing
_WITHDRAW = (
    update(InputRequest)
    .where(InputRequest.id == bindparam("of_request"), InputRequest.status.in_(OPEN_STATUSES))
    .values({**UNDECIDED, "sealed_decline_reason": bindparam("reason")})
)
_EXTEND = update(InputRequest).where(InputRequest.id == bindparam("of_request"))
_BEGIN_STEP = update(InputRequest).where(
    InputRequest.id == bindparam("of_request"), InputRequest.status == InputRequestStatus.PENDING
)
_COUNT_COMMENT = (
    update(InputRequest)
    .where(InputRequest.id == bindparam("of_request"))
    .values(comments_count=InputRequest.comments_count + 1)
)


def store_response(
    request: InputRequest,
    answer: CheckedAnswer,
    by: User | None,
    held_until: datetime | None = None,
    in_place_of: User | None = None,
    *,
    standing_approval_id: UUID | None = None,
) -> UUID | None:
    """Answer a request, once; `by` nobody where its deadline or a standing approval does. Return
    who had taken it on.

    Raises: AlreadyResolved, saying who and when; Conflict.
    """
    holder_id = _decide(
        request,
        by,
        InputRequestStatus.RESOLVED,
        held_until,
        in_place_of,
        sealed_response=InputRequest.response.seal(request.id, answer.value),
        sealed_edited=InputRequest.edited.seal(request.id, answer.edited),
        standing_approval_id=standing_approval_id,
    )
    InputRequest.response.remember(request, answer.value)
    InputRequest.edited.remember(request, answer.edited)
    return holder_id


def store_refusal(
    request: InputRequest,
    reason: str,
    by: User | None,
    held_until: datetime | None = None,
    in_place_of: User | None = None,
) -> UUID | None:
    """Decline a request, once; `by` nobody where its deadline does. Return who had taken it on.

    Raises: AlreadyResolved, saying who and when; Conflict.
    """
    sealed = InputRequest.decline_reason.seal(request.id, reason)
    status = InputRequestStatus.DECLINED
    holder_id = _decide(request, by, status, held_until, in_place_of, sealed_decline_reason=sealed)
    InputRequest.decline_reason.remember(request, reason)
    return holder_id


def store_effect(request_id: UUID) -> bool:
    """Have a decision that is held stand, from now on for good; return False if none is held."""
    values = {"of_request": request_id, "held_until": clock.now()}
    return run_prepared(_TAKE_EFFECT, values).rowcount == 1


def store_expiry(request: InputRequest) -> None:
    """End a request whose time is over. Raises: AlreadyResolved, saying who and when; Conflict."""
    _decide(request, None, InputRequestStatus.EXPIRED, None, None)


def store_withdrawal(
    request_id: UUID, workspace_id: UUID, status: InputRequestStatus, reason: str | None
) -> bool:
    """End a request by the word of whoever asked it, a decision that is held too; return False if
    it does not wait any more.
    """
    values = {
        "of_request": request_id,
        "status": status,
        "resolved_at": clock.now(),
        "reason": InputRequest.decline_reason.seal(request_id, reason),
    }
    changed_after_commit(workspace_id)
    return run_prepared(_WITHDRAW, values).rowcount == 1


def store_deadline(request: InputRequest, expires_at: datetime) -> None:
    """Move the deadline of a request that waits, and whose asker is locked."""
    run_prepared(_EXTEND, {"of_request": request.id, "expires_at": expires_at})
    set_deadline(request.id, request.workspace_id, DeadlineKind.EXPIRY, expires_at)
    changed_after_commit(request.workspace_id)


def store_step(
    request: InputRequest,
    number: int,
    answer: JSONObject,
    steps: Sequence[PolicyStep],
    digest: str,
    *,
    rule_revision_id: UUID | None = None,
) -> None:
    """Have a request wait in its next step, about what was answered in the one before; the asker is
    locked. From now on it goes by these steps of another rule, if one is given.
    """
    step = steps[number]
    values: dict[str, object] = {
        "of_request": request.id,
        "step": number,
        "step_answer": InputRequest.step_answer.seal(request.id, answer),
        "required_responses": step.required_responses,
        "quorum": step.quorum if step.required_responses > 1 else None,
        "forbid_requester": step.forbid_requester,
        "digest": digest,
    }
    if rule_revision_id is not None:
        values |= {"policy_revision_id": rule_revision_id, "steps": steps_as_json(steps)}
    run_prepared(_BEGIN_STEP, values)
    changed_after_commit(request.workspace_id)


def count_comment(request: InputRequest) -> None:
    """Note that there is one comment more on a request whose asker is locked."""
    run_prepared(_COUNT_COMMENT, {"of_request": request.id})
    changed_after_commit(request.workspace_id)


def reopen(request_id: UUID, by_id: UUID | None = None) -> bool:
    """Take a decision back that is held, by this person if one is given; return False if none is.

    It waits for another as if there had been none.
    """
    statement = _REOPEN if by_id is None else _REOPEN_OWN
    values = {"of_request": request_id} | ({} if by_id is None else {"of_user": by_id})
    return run_prepared(statement, values).rowcount == 1


def record_of(
    request: InputRequest,
    action: AuditAction,
    details: JSONObject | None = None,
    *,
    by: User | None = None,
) -> None:
    """Note for the audit what happened to a request."""
    record(action, request.workspace_id, SubjectKind.REQUEST, request.id, details, by=by)


def _decide(
    request: InputRequest,
    by: User | None,
    status: InputRequestStatus,
    held_until: datetime | None,
    in_place_of: User | None,
    *,
    sealed_response: str | None = None,
    sealed_edited: str | None = None,
    sealed_decline_reason: str | None = None,
    standing_approval_id: UUID | None = None,
) -> UUID | None:
    """Decide if nobody has: of many at once exactly one gets through. It is held until a moment, if
    one is given. Return who had taken it on.

    Raises: AlreadyResolved; Conflict; NotFound.
    """
    sealed = {
        "response": sealed_response,
        "edited": sealed_edited,
        "decline_reason": sealed_decline_reason,
    }
    values: dict[str, object] = {
        "status": status,
        "resolved_at": clock.now(),
        "resolved_by_id": None if by is None else by.id,
        "resolved_by_system": by is None,
        "resolved_for_id": None if in_place_of is None else in_place_of.id,
    }
    if held_until is not None:
        values |= {"status": InputRequestStatus.HELD, "held_until": held_until}
    if (trace := current_trace()) is not None:
        values["resolved_trace_id"] = trace.trace_id
    if standing_approval_id is not None:
        values["standing_approval_id"] = standing_approval_id
    meant = {"of_request": request.id, "moment": values["resolved_at"]}
    decided = run_prepared(_DECIDE, {**meant, **sealed, **values}).one_or_none()
    if decided is None:
        # one that was read past the session does not know who decided
        newest = db.session.get(InputRequest, request.id, populate_existing=True)
        if newest is None:
            raise NotFound("There is no such input request.")
        check_pending(newest)
        raise Conflict("Somebody else is deciding this. Look again.")
    if by is not None and decided.step != request.step:  # read before the lock
        raise Superseded(CHANGED)
    changed_after_commit(request.workspace_id)
    stored = {f"sealed_{name}": value for name, value in sealed.items()}
    for name, value in {**stored, **values}.items():
        set_committed_value(request, name, value)
    set_committed_value(request, "resolved_by", by)
    set_committed_value(request, "resolved_for", in_place_of)
    set_committed_value(request, "is_assigned", bool(decided.is_assigned))
    holder_id: UUID | None = decided.holder_id
    return holder_id
