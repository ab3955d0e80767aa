"""From one step of a rule to the next: who decides in the next is asked what the last has answered.

A decline ends the request in whichever step it comes, and so does the answer in the last: those are
decisions as any other (decision.py). Where a rule holds for an answer, and did not for what was
proposed, that rule's steps follow. Whoever votes has locked the asker.
"""

from collections.abc import Sequence
from dataclasses import replace

from opensink_web.json_value import JSONObject
from opensink_web.models import (
    AuditAction,
    InputRequest,
    InputRequestStatus,
    Quorum,
    User,
    VoteKind,
    db,
)
from opensink_web.models.transaction import changed_after_commit
from opensink_web.operations.decisions.asker import LockedRequest, note
from opensink_web.operations.decisions.authority import why_not_decided_by
from opensink_web.operations.decisions.stand_in import in_whose_place
from opensink_web.operations.requests.answer import decision
from opensink_web.operations.requests.assignment import (
    assignments_of,
    change_assignments,
    rows_of_assignees,
    those_left,
)
from opensink_web.operations.requests.digest import digest_of
from opensink_web.operations.requests.input_request import record_of, store_step
from opensink_web.operations.requests.policy import Frozen
from opensink_web.operations.requests.policy_step import PolicyStep, steps_of
from opensink_web.operations.requests.step import step_now, words_of
from opensink_web.operations.requests.vote import (
    Ballot,
    count_said,
    move_vote,
    needed_for,
    standing_votes,
)

ANSWERED = "Answer"
"""The name of the step in which a request was answered that went by no rule until then."""


def advance(locked: LockedRequest, ballot: Ballot, by: User) -> bool:
    """Begin the next step, where what was said ends this one and no decision is made with it."""
    steps = steps_of(locked.request.steps)
    if locked.request.step + 1 >= len(steps) or ballot.kind is not VoteKind.ANSWERED:
        return False
    _begin_next(locked, steps, ballot, by)
    return True


def pass_to_rule(locked: LockedRequest, ballot: Ballot, rule: Frozen, by: User) -> None:
    """Begin the first step of a rule that holds for what was answered, in place of what steps were
    to follow.

    What `by` has said counts in there where they are among those who decide in it. It never is the
    decision: by that rule others decide than they alone.
    """
    request = locked.request
    before = [
        replace(each, is_before_rule=True)
        for each in (steps_of(request.steps) or (_own_step(request),))[: request.step + 1]
    ]
    forbids = (
        request.forbid_requester
        if request.steps is None
        else all(each.forbid_requester for each in steps_of(request.steps))
    )
    steps = [*before, *rule.steps_for(forbid_requester=forbids)]
    _begin_next(locked, steps, ballot, by, rule)
    if why_not_decided_by(request, step_now(request), by.id):
        return
    move_vote(request, by, len(before) - 1, in_whose_place(locked, by))
    if count_said(request, ballot, standing_votes(request)) >= needed_for(request, ballot.kind):
        advance(locked, ballot, by)


def _own_step(request: InputRequest) -> PolicyStep:
    """Return the step in which a request was answered that went by no rule until then."""
    return PolicyStep(
        ANSWERED,
        required_responses=request.required_responses,
        quorum=request.quorum or Quorum.FIRST_DECLINE,
        forbid_requester=request.forbid_requester,
    )


def _begin_next(
    locked: LockedRequest,
    steps: Sequence[PolicyStep],
    ballot: Ballot,
    by: User,
    rule: Frozen | None = None,
) -> None:
    """Have a request wait in the next of its steps, about what was answered; by another rule from
    now on, if one is given.
    """
    request, number, answer = locked.request, locked.request.step + 1, ballot.response or {}
    following, title = steps[number], f"“{locked.request.title}”"
    shown = (request.title, request.message, request.schema, answer, request.revision)
    revision_id = None if rule is None else rule.revision_id
    store_step(request, number, answer, steps, digest_of(*shown), rule_revision_id=revision_id)
    before = assignments_of([request.id]).get(request.id, [])
    there = those_left(request.workspace_id, following.assignees)
    added = rows_of_assignees(request.id, request.workspace_id, there)
    change_assignments(request.id, [each.id for each in before], added)
    done = words_of(number, len(steps), steps[number - 1])
    words = words_of(number + 1, len(steps), following)
    why = "" if rule is None else f"The rule “{rule.name}” holds for this answer. "
    message = f"{by.email} {_word(locked)} {title} in {done}. {why}It waits in {words}."
    note(locked, message, payload={"step": number + 1, "decided_by": str(by.id)})
    after = assignments_of([request.id]).get(request.id, [])
    were, are = [each.name for each in before], [each.name for each in after]
    changes: JSONObject = {"assignees": [[*were], [*are]]}
    details: JSONObject = {"step": words, "after": done, "changes": changes}
    if rule is not None:
        details |= {"rule": rule.name, "rule_revision": str(rule.revision_id)}
    record_of(request, AuditAction.REQUEST_STEP_BEGUN, details, by=by)
    changed_after_commit(request.workspace_id)
    db.session.expire(request)


def _word(locked: LockedRequest) -> str:
    return decision(locked.request.kind, InputRequestStatus.RESOLVED)
