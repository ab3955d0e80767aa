"""Deciding on requests: answering one, or declining it. One decision stands, of however many.

A decision takes effect at once, or is held for a moment in which it can be undone (holding.py).
Whoever decides locks first what locked, so that it cannot end or go on meanwhile (asker.py).
"""

from uuid import UUID

from opensink_web.errors import Conflict, FieldError, InvalidInput
from opensink_web.json_value import JSONObject
from opensink_web.models import AuditAction, InputRequest, User, VoteKind, Workspace
from opensink_web.operations.audit.record import digest_of
from opensink_web.operations.decisions.asker import (
    LockedRequest,
    check_waiting,
    let_go_on,
    lock_asker,
)
from opensink_web.operations.decisions.authority import (
    Written,
    asks_others,
    check_may_decide,
)
from opensink_web.operations.decisions.holding import held_until, hold
from opensink_web.operations.decisions.stand_in import in_whose_place
from opensink_web.operations.decisions.vote import discard_drafts, vote, voters_of
from opensink_web.operations.requests.answer import CheckedAnswer
from opensink_web.operations.requests.digest import check_seen, digest_of_request
from opensink_web.operations.requests.input_request import (
    record_of,
    store_refusal,
    store_response,
)
from opensink_web.operations.requests.mention import answer_mentions
from opensink_web.operations.requests.vote import Ballot, is_voted_on

REASON_LENGTH_MAX = 2000
NEEDS_ANSWER = "Whoever asked this needs an answer, so it cannot be declined."


def resolve(
    workspace: Workspace,
    answer: CheckedAnswer,
    *,
    by: User,
    hold_seconds: int = 0,
    seen: str | None = None,
) -> InputRequest:
    """Store the answer, once, and let whoever asked go on with it, when it is not held any more.

    The answer to a call that waits for approval is the input that it is made with. `seen` is the
    digest of what the person was shown. Where others have to answer too, it counts, and the request
    waits until as many have said the same as it takes. Where a rule holds for it that does not hold
    for what was proposed, the people of that rule are asked about it. Raises: NotFound;
    AlreadyResolved, saying who and when; Superseded, when that is not what is asked; Conflict when
    there is nobody to answer any more, and where somebody else has taken it on;
    RequesterForbidden; NotInStep.
    """
    locked = lock_asker(workspace.id, answer.request_id)
    InputRequest.schema.remember(locked.request, answer.schema)
    rule = answer.rule
    if rule is not None and not asks_others(locked.request, rule, by):
        rule = None
    if rule is not None or is_voted_on(locked.request):
        waiting = vote(locked, Ballot.of(answer), by=by, seen=seen, rule=rule)
        if waiting is not None:
            return waiting
    until, away = held_until(hold_seconds), in_whose_place(locked, by)
    holder_id = store_response(locked.request, answer, by, until, away)
    _record(AuditAction.REQUEST_ANSWERED, locked.request, by, answer)
    return _decided(locked, Written(locked.request, by, holder_id), seen)


def decline(
    workspace: Workspace,
    request_id: UUID,
    reason: str,
    *,
    by: User,
    hold_seconds: int = 0,
    seen: str | None = None,
    step: int | None = None,
) -> InputRequest:
    """Refuse to answer, or to let a call be made, once; whoever locked is told the reason.

    An agent goes on as after an answer, an execution fails with it. Where a majority declines, it
    counts as an answer does. `step` is the one that is declined, where nothing was `seen`: what was
    answered in it meanwhile is not what was declined. Raises: NotFound;
    AlreadyResolved, saying who and when; InvalidInput without a usable reason; Superseded; Conflict
    when it has to be answered, when nobody waits any more, and where somebody else has taken it on;
    RequesterForbidden.
    """
    reason = _checked_reason(reason)
    locked = lock_asker(workspace.id, request_id)
    if not locked.request.allow_decline:
        raise Conflict(NEEDS_ANSWER)
    if is_voted_on(locked.request):
        ballot = Ballot(VoteKind.DECLINED, reason=reason, step=step)
        waiting = vote(locked, ballot, by=by, seen=seen)
        if waiting is not None:
            return waiting
    until, away = held_until(hold_seconds), in_whose_place(locked, by)
    holder_id = store_refusal(locked.request, reason, by, until, away)
    _record(AuditAction.REQUEST_DECLINED, locked.request, by)
    return _decided(locked, Written(locked.request, by, holder_id), seen)


def _decided(locked: LockedRequest, written: Written, seen: str | None) -> InputRequest:
    """Hold a decision that was just stored, or have it take effect."""
    check_may_decide(written)
    check_seen(locked.request, seen)
    if locked.request.comments_count:  # whoever is asked there has said what they think
        answer_mentions(locked.request.id, written.by.id)
    if locked.request.held_until is None:
        let_go_on(locked, written.by)
        if seen is not None:  # only a page has shown something, and only a page has drafts
            discard_drafts(locked.request, written.by.id)
    else:
        check_waiting(locked)
        hold(locked.request)
    return locked.request


def _record(
    action: AuditAction, request: InputRequest, by: User, answer: CheckedAnswer | None = None
) -> None:
    """Note for the audit who decided, on what, and what of a proposal they have changed.

    The answer is theirs who asked: of it there is a digest, made as that of what was shown.
    """
    details: JSONObject = {"request_digest": digest_of_request(request)}
    if request.resolved_for is not None:
        details["in_place_of"] = request.resolved_for.email
    if is_voted_on(request):
        details |= voters_of(request)
    if answer is not None:
        details["answer_digest"] = digest_of(answer.value)
        if answer.edited is not None:
            details["edited"] = list(answer.edited)
    record_of(request, action, details, by=by)


def _checked_reason(reason: str) -> str:
    """Raises: InvalidInput."""
    reason = reason.strip()
    if 1 <= len(reason) <= REASON_LENGTH_MAX:
        return reason
    message = "Give a reason; whoever asked will see it."
    if reason:
        message = f"A reason has at most {REASON_LENGTH_MAX} characters."
    raise InvalidInput(message, errors=(FieldError("/reason", message),))
