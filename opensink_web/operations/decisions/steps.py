"""From one step of a rule to the next: who decides in the next is asked what the last has answered.

A decline ends the request in whichever step it comes, and so does the answer in the last: those are
decisions as any other (decision.py). Whoever votes has locked the asker.
"""

from opensink_web.json_value import JSONObject
from opensink_web.models import AuditAction, InputRequestStatus, User, VoteKind, db
from opensink_web.models.transaction import changed_after_commit
from opensink_web.operations.decisions.asker import LockedRequest, note
from opensink_web.operations.requests.answer import decision
from opensink_web.operations.requests.assignment import (
    assignments_of,
    change_assignments,
    rows_of_assignees,
    those_left,
)
from opensink_web.operations.requests.digest import digest_of
from opensink_web.operations.requests.input_request import record_of, store_step
from opensink_web.operations.requests.policy_step import steps_of
from opensink_web.operations.requests.step import words_of
from opensink_web.operations.requests.vote import Ballot


def advance(locked: LockedRequest, ballot: Ballot, by: User) -> bool:
    """Begin the next step, where what was said ends this one and no decision is made with it."""
    request, steps = locked.request, steps_of(locked.request.steps)
    number = request.step + 1
    if number >= len(steps) or ballot.kind is not VoteKind.ANSWERED:
        return False
    answer, following = ballot.response or {}, steps[number]
    shown = (request.title, request.message, request.schema, answer, request.revision)
    store_step(request, number, answer, following, digest_of(*shown))
    before = assignments_of([request.id]).get(request.id, [])
    there = those_left(request.workspace_id, following.assignees)
    added = rows_of_assignees(request.id, request.workspace_id, there)
    change_assignments(request.id, [each.id for each in before], added)
    done = words_of(number, len(steps), steps[number - 1])
    words = words_of(number + 1, len(steps), following)
    message = f"{by.email} {_word(locked)} “{request.title}” in {done}. It waits in {words}."
    note(locked, message, payload={"step": number + 1, "decided_by": str(by.id)})
    after = assignments_of([request.id]).get(request.id, [])
    were, are = [each.name for each in before], [each.name for each in after]
    changes: JSONObject = {"assignees": [[*were], [*are]]}
    details: JSONObject = {"step": words, "after": done, "changes": changes}
    record_of(request, AuditAction.REQUEST_STEP_BEGUN, details, by=by)
    changed_after_commit(request.workspace_id)
    db.session.expire(request)
    return True


def _word(locked: LockedRequest) -> str:
    return decision(locked.request.kind, InputRequestStatus.RESOLVED)
