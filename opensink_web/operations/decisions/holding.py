"""Decisions that are held: for a moment they can be undone, and then they take effect.

While one is held, everybody sees that it was decided and nobody else can decide; programs see that
the request is pending, and nothing has left. Each has a deadline, by which a worker has it take
effect. Undoing it and taking effect lock what locked, and of the two the first one stands.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, select

from opensink_web import clock
from opensink_web.errors import Conflict, NotFound
from opensink_web.models import (
    ActivitySource,
    AuditAction,
    DeadlineKind,
    InputRequest,
    InputRequestStatus,
    User,
    Workspace,
    db,
)
from opensink_web.models.transaction import changed_after_commit, run_prepared
from opensink_web.operations.decisions.asker import LockedRequest, let_go_on, lock_asker, note
from opensink_web.operations.decisions.vote import discard_drafts, forget_vote, take_back_locked
from opensink_web.operations.requests.answer import check_pending
from opensink_web.operations.requests.deadline import drop_deadline, set_deadline
from opensink_web.operations.requests.input_request import record_of, reopen, store_effect

_WORKSPACE_ID = select(InputRequest.workspace_id).where(InputRequest.id == bindparam("of_request"))


def held_until(hold_seconds: int) -> datetime | None:
    """Return until when a decision of this moment can be undone; None if it cannot."""
    return clock.now() + timedelta(seconds=hold_seconds) if hold_seconds else None


def hold(request: InputRequest) -> None:
    """Have a decision that was stored until then take effect when its time is over."""
    if request.held_until is not None:
        set_deadline(request.id, request.workspace_id, DeadlineKind.EFFECT, request.held_until)


def undo(workspace: Workspace, request_id: UUID, *, by: User) -> InputRequest:
    """Take a decision back that is held; the request waits again, and nobody was told anything.

    What one has said to a request that waits for others is taken back as well. One that is undone
    already is left as it is. Raises: NotFound; Conflict, when it has taken
    effect, was somebody else's, or whoever asked has ended or asked anew meanwhile.
    """
    locked = lock_asker(workspace.id, request_id)
    was_held = reopen(request_id, by.id)
    # what was read with the lock may be older than the lock
    request = db.session.get_one(InputRequest, request_id, populate_existing=True)
    if was_held:
        record_of(request, AuditAction.DECISION_UNDONE, by=by)
        forget_vote(request, by.id)
        _wait_again(replace(locked, request=request))
    elif request.status is InputRequestStatus.PENDING:
        take_back_locked(replace(locked, request=request), by)
    elif request.status is InputRequestStatus.HELD:
        who = request.resolved_by.email if request.resolved_by else "Somebody who has left"
        raise Conflict(f"{who} decided this, so nobody else can undo it.")
    elif request.status in {InputRequestStatus.RESOLVED, InputRequestStatus.DECLINED}:
        moment = request.held_until or request.resolved_at
        when = f"at {moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "before"
        raise Conflict(f"It has taken effect {when}, so it cannot be undone.")
    else:
        check_pending(request)
    return request


def take_effect(request_id: UUID) -> None:
    """Have a decision stand that was held, and let whoever asked go on with it.

    There is nothing to do if none is held any more, or who asked was deleted. Raises: Conflict;
    UnreadableSecret.
    """
    locked = lock_asker_of(request_id)
    if locked is None or not store_effect(request_id):
        return
    drop_deadline(request_id, DeadlineKind.EFFECT)
    changed_after_commit(locked.request.workspace_id)
    # what was read with the lock may be older than the lock
    request = db.session.get_one(InputRequest, request_id, populate_existing=True)
    let_go_on(replace(locked, request=request), request.resolved_by)
    if request.resolved_by_id is not None:  # until now it was what undoing would show again
        discard_drafts(request, request.resolved_by_id)


def give_back(request_id: UUID, reason: str) -> None:
    """Open a request again whose decision cannot take effect, and say so where people look."""
    locked = lock_asker_of(request_id)
    if locked is None:
        return
    decider_id = locked.request.resolved_by_id
    if not reopen(request_id):
        return
    request = db.session.get_one(InputRequest, request_id, populate_existing=True)
    record_of(request, AuditAction.DECISION_GIVEN_BACK)
    if decider_id is not None:  # of those who said the same, the last one is asked again
        forget_vote(request, decider_id)
    _wait_again(replace(locked, request=request))
    failure = f"The decision on “{request.title}” could not take effect, so it waits again."
    message = f"{failure} {reason}"
    note(locked, message, source=ActivitySource.SYSTEM)


def lock_asker_of(request_id: UUID) -> LockedRequest | None:
    """Lock who asked a request, in whichever workspace; None if it was deleted."""
    workspace_id = run_prepared(_WORKSPACE_ID, {"of_request": request_id}).scalar()
    try:
        return None if workspace_id is None else lock_asker(workspace_id, request_id)
    except NotFound:
        return None


def _wait_again(locked: LockedRequest) -> None:
    request = locked.request
    drop_deadline(request.id, DeadlineKind.EFFECT)
    changed_after_commit(request.workspace_id)
    if request.expires_at is not None:
        # it may have passed while there was a decision, which kept it from expiring
        set_deadline(request.id, request.workspace_id, DeadlineKind.EXPIRY, request.expires_at)
