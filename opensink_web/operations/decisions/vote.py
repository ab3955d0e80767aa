"""Votes: where several people have to say the same, each does so on their own.

Whoever votes locks the asker first, as whoever decides does: so the vote that is the last one is
one decision, however many come at once. It is stored by decision.py as any other is.
"""

from dataclasses import replace
from uuid import UUID

from opensink_web.errors import Superseded
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    AuditAction,
    InputRequest,
    InputRequestStatus,
    User,
    Vote,
    VoteKind,
    Workspace,
    db,
)
from opensink_web.models.transaction import changed_after_commit
from opensink_web.operations.audit.record import digest_of
from opensink_web.operations.decisions.asker import (
    LockedRequest,
    check_waiting,
    lock_asker,
    note,
)
from opensink_web.operations.decisions.authority import Written, check_may_decide
from opensink_web.operations.decisions.claim import let_go
from opensink_web.operations.decisions.stand_in import in_whose_place
from opensink_web.operations.decisions.steps import advance, pass_to_rule
from opensink_web.operations.requests.answer import check_pending, decision
from opensink_web.operations.requests.claim import claims_of_ids
from opensink_web.operations.requests.digest import CHANGED, check_seen, digest_of_request
from opensink_web.operations.requests.draft import discard_draft
from opensink_web.operations.requests.input_request import record_of
from opensink_web.operations.requests.mention import answer_mentions
from opensink_web.operations.requests.policy import Frozen
from opensink_web.operations.requests.vote import (
    Ballot,
    count_said,
    is_voted_on,
    needed_for,
    remove_vote,
    standing_votes,
    store_vote,
    votes_of,
)


def vote(
    locked: LockedRequest,
    ballot: Ballot,
    *,
    by: User,
    seen: str | None,
    rule: Frozen | None = None,
) -> InputRequest | None:
    """Count what somebody says, once, whatever they said before. Return the request as it goes on
    waiting for others, in this step or the next; None where this was the vote that decides.

    By `rule` others decide on what is answered; it goes on to them. Raises: AlreadyResolved;
    Superseded; Conflict, and RequesterForbidden, as a decision does.
    """
    request_id = locked.request.id
    # what was read with the lock may be older than the lock
    request = db.session.get_one(InputRequest, request_id, populate_existing=True)
    check_pending(request)
    claim = claims_of_ids([request_id]).get(request_id)
    check_may_decide(Written(request, by, None if claim is None else claim.user_id))
    check_seen(request, seen)
    if ballot.step not in {None, request.step}:
        raise Superseded(CHANGED)
    check_waiting(locked)
    store_vote(request, ballot, by, in_whose_place(locked, by))
    _record(request, ballot, by)
    count = count_said(request, ballot, standing_votes(request))
    needed = needed_for(request, ballot.kind)
    locked = replace(locked, request=request)
    if count >= needed and rule is not None:
        pass_to_rule(locked, ballot, rule, by)
    elif count >= needed and not advance(locked, ballot, by):
        return None
    let_go(request, by)
    if request.comments_count:
        answer_mentions(request_id, by.id)
    if count < needed:
        word = decision(request.kind, _status_of(ballot.kind))
        payload: JSONObject = {"vote_by": str(by.id), "outcome": ballot.kind.value}
        message = f"{by.email} {word} “{request.title}”: {count} of {needed} so far."
        note(locked, message, payload=payload)
    changed_after_commit(request.workspace_id)
    return request


def take_back(workspace: Workspace, request_id: UUID, *, by: User) -> InputRequest:
    """Take back what one has said to a request that waits for others; there is nothing to do where
    that is nothing.

    Raises: NotFound; AlreadyResolved and Conflict when it does not wait any more.
    """
    locked = lock_asker(workspace.id, request_id)
    # what was read with the lock may be older than the lock
    request = db.session.get_one(InputRequest, request_id, populate_existing=True)
    check_pending(request)
    take_back_locked(replace(locked, request=request), by)
    return request


def take_back_locked(locked: LockedRequest, by: User) -> None:
    """Take back what somebody has said to a request that waits, and whose asker is locked."""
    request = locked.request
    if forget_vote(request, by.id):
        record_of(request, AuditAction.REQUEST_VOTE_RETRACTED, by=by)
        note(locked, f"{by.email} took back what they had said to “{request.title}”.")
        changed_after_commit(request.workspace_id)


def forget_vote(request: InputRequest, user_id: UUID) -> bool:
    """Forget what somebody has said; return False if it was nothing."""
    return is_voted_on(request) and remove_vote(request, user_id)


def discard_drafts(request: InputRequest, decider_id: UUID) -> None:
    """Forget what those have typed with whom a decision was made that took effect."""
    discard_draft(request.id, decider_id)
    if is_voted_on(request):
        for each in votes_of([request.id]).get(request.id, []):
            if each.user_id is not None:
                discard_draft(request.id, each.user_id)


def voters_of(request: InputRequest) -> JSONObject:
    """Return what the audit says of those with whom a decision on a request was made."""
    votes = votes_of([request.id]).get(request.id, [])
    return {"votes": [f"{_name(each)}: {each.kind}" for each in votes]}


def _name(vote: Vote) -> str:
    return vote.user.email if vote.user else "somebody who has left"


def _status_of(kind: VoteKind) -> InputRequestStatus:
    is_answer = kind is VoteKind.ANSWERED
    return InputRequestStatus.RESOLVED if is_answer else InputRequestStatus.DECLINED


def _record(request: InputRequest, ballot: Ballot, by: User) -> None:
    """Note for the audit what somebody says, as of a decision."""
    details: JSONObject = {
        "outcome": ballot.kind.value,
        "request_digest": digest_of_request(request),
    }
    if ballot.response is not None:
        details["answer_digest"] = digest_of(ballot.response)
    if ballot.edited is not None:
        details["edited"] = list(ballot.edited)
    record_of(request, AuditAction.REQUEST_VOTED, details, by=by)
