"""Giving a request to somebody: assigning it, taking that back, and handing it on to another.

Who gave it to whom is written into the history of whoever asked. Whoever assigns locks the asker
first, as whoever decides does, so that nothing is assigned that is decided in the same moment.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from opensink_web.errors import Conflict, FieldError, InvalidInput
from opensink_web.models import Assignment, AuditAction, InputRequest, User, Workspace, db
from opensink_web.models.transaction import changed_after_commit
from opensink_web.operations.accounts.deputy import stands_for
from opensink_web.operations.decisions.asker import LockedRequest, lock_asker, note
from opensink_web.operations.requests.answer import check_pending
from opensink_web.operations.requests.assignment import (
    ASSIGNEES_MAX,
    Assignee,
    assignments_of,
    change_assignments,
    own_of,
    rows_of_assignees,
)
from opensink_web.operations.requests.input_request import record_of


def assign(
    workspace: Workspace,
    request_id: UUID,
    assignees: Sequence[Assignee],
    *,
    by: User,
    keeps_others: bool = False,
) -> InputRequest:
    """Say whose a request is from now on; nobody's in particular without `assignees`.

    With `keeps_others` it stays with those who have it, too. The assignees were looked up. Raises:
    NotFound, also for who has left meanwhile; InvalidInput for too many; Conflict and
    AlreadyResolved when it does not wait any more.
    """
    locked, before = _lock(workspace, request_id)
    known = {each.whom for each in before}
    remaining = {each.whom for each in assignees} | (known if keeps_others else set())
    if len(remaining) > ASSIGNEES_MAX:
        message = f"A request is assigned to {ASSIGNEES_MAX} at most."
        raise InvalidInput(message, errors=(FieldError("/assignees", message),))
    new = [replace(each, assigned_by_id=by.id) for each in assignees if each.whom not in known]
    _store(locked, [each for each in before if each.whom not in remaining], new)
    return _note_change(locked, before, by)


def unassign(
    workspace: Workspace, request_id: UUID, assignees: Collection[Assignee], *, by: User
) -> InputRequest:
    """Take a request off some of those who have it. Raises: as assign()."""
    locked, before = _lock(workspace, request_id)
    leaving = {each.whom for each in assignees}
    _store(locked, [each for each in before if each.whom in leaving], [])
    return _note_change(locked, before, by)


def delegate(workspace: Workspace, request_id: UUID, to: Assignee, *, by: User) -> InputRequest:
    """Hand a request on that is assigned to oneself, or to whom one stands in for; whose it was at
    first stays on record.

    Raises: as assign(); InvalidInput for oneself; Conflict where it is not one's own.
    """
    locked, before = _lock(workspace, request_id)
    own = own_of(before, by.id, stands_for(workspace.id, by.id))
    if own is None:
        raise Conflict("This is not assigned to you, so you cannot hand it on. Assign it instead.")
    if to.user_id == by.id:
        message = "This is yours already: choose somebody else."
        raise InvalidInput(message, errors=(FieldError("/to", message),))
    first = own.delegated_from_id or own.user_id
    new = replace(to, assigned_by_id=by.id, delegated_from_id=first)
    leaving = [each for each in before if each is own or each.whom == to.whom]
    _store(locked, leaving, [new])
    return _note_change(locked, before, by, to)


def _lock(workspace: Workspace, request_id: UUID) -> tuple[LockedRequest, list[Assignment]]:
    """Return a request that waits, and whose it is. Raises: NotFound; AlreadyResolved; Conflict."""
    locked = lock_asker(workspace.id, request_id)
    # what was read with the lock may be older than the lock
    request = db.session.get_one(InputRequest, request_id, populate_existing=True)
    check_pending(request)
    if request.steps is not None:
        raise Conflict("A rule says who decides this, so it cannot be given to others.")
    return replace(locked, request=request), assignments_of([request_id]).get(request_id, [])


def _store(locked: LockedRequest, leaving: Sequence[Assignment], new: Sequence[Assignee]) -> None:
    request = locked.request
    added = rows_of_assignees(request.id, request.workspace_id, new)
    change_assignments(request.id, [each.id for each in leaving], added)


def _note_change(
    locked: LockedRequest, before: Sequence[Assignment], by: User, to: Assignee | None = None
) -> InputRequest:
    """Write down what changed, if anything did; `to` is who it was handed on to."""
    request, were = locked.request, [each.name for each in before]
    after = assignments_of([request.id]).get(request.id, [])
    db.session.expire(request)
    now = [each.name for each in after]
    if [each.id for each in before] == [each.id for each in after]:
        return request
    title = f"“{request.title}”"
    if to is not None:
        whom = [each.name for each in after if each.whom == to.whom]
        message = f"{by.email} handed {title} on to {_listed(whom)}."
    elif now:
        was = f" It was assigned to {_listed(were)}." if were else ""
        message = f"{by.email} assigned {title} to {_listed(now)}.{was}"
    else:
        message = f"{by.email} took {title} off {_listed(were)}."
    note(locked, message, payload={"assigned_by": str(by.id), "before": [*were], "after": [*now]})
    action = AuditAction.REQUEST_ASSIGNED if to is None else AuditAction.REQUEST_HANDED_ON
    record_of(request, action, {"changes": {"assignees": [[*were], [*now]]}}, by=by)
    changed_after_commit(request.workspace_id)
    return request


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
