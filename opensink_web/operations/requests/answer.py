"""Answers to requests, as they are checked before one is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from opensink_web.errors import AlreadyResolved, Conflict, InvalidAnswer, Superseded
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import (
    InputRequest,
    InputRequestKind,
    InputRequestStatus,
    OnExpire,
    User,
    Workspace,
    db,
)
from opensink_web.operations.requests.policy import Frozen, Rules, frozen_rule, rule_of_answer
from opensink_web.operations.requests.queries import AnswerTerms, find_input_request, find_pending
from opensink_web.schema.edits import Proposal, proposal_of
from opensink_web.schema.validation import validate


@dataclass(frozen=True, slots=True)
class CheckedAnswer:
    """An answer that fits the `schema` of a request, which stays as it was asked with.

    `edited` are the pointers of what it changes of what was proposed; None when nothing was.
    `rule` is one that holds for it, and not for what was proposed; `step` is the step in which that
    was looked up.
    """

    request_id: UUID
    value: JSONObject
    schema: JSONValue
    edited: list[str] | None
    rule: Frozen | None = None
    step: int | None = None


def check_answer(workspace: Workspace, request_id: UUID, response: JSONObject) -> CheckedAnswer:
    """Check an answer. Takes its time: call it outside a transaction that writes.

    Raises: NotFound; AlreadyResolved, saying who and when; Conflict when there is nobody to answer
    any more; InvalidAnswer with an error for each failure; Unavailable.
    """
    terms = find_pending(workspace, request_id)
    if terms is None:
        request = find_input_request(workspace, request_id)
        check_pending(request)
        # it was asked in this moment
        terms = AnswerTerms(
            request.schema,
            request.proposed_response,
            request.key,
            request.agent_id,
            request.policy_revision_id,
            request.step,
            request.step_answer,
        )
    errors = validate(terms.schema, response)
    if errors:
        raise InvalidAnswer("The response does not match the request's schema.", errors=errors)
    proposal = proposal_of(terms.schema, terms.proposed_response)
    edited = None if proposal is None else proposal.changed_in(response)
    rule = None
    if terms.may_be_ruled:
        rules = Rules(workspace.id, terms.agent_id).of_key(terms.key)
        rule = _rule_of(rules, terms, proposal, response)
    return CheckedAnswer(request_id, response, terms.schema, edited, rule, terms.step)


def _rule_of(
    rules: Sequence[Frozen], terms: AnswerTerms, proposal: Proposal | None, response: JSONObject
) -> Frozen | None:
    """Return the rule that holds for an answer, if it is another than that of its request.

    In a later step what was proposed is what the one before has answered. Raises: Unavailable.
    """
    own_id = terms.policy_revision_id
    own = None if own_id is None else frozen_rule(own_id)
    proposed = terms.step_answer
    if proposed is None:
        proposed = {} if proposal is None else proposal.value
    return rule_of_answer(rules, own, proposed, response)


def check_pending(request: InputRequest) -> None:
    """Raises: AlreadyResolved, saying who and when; Conflict when nobody waits any more."""
    when = f"on {request.resolved_at:%Y-%m-%d %H:%M:%S} UTC" if request.resolved_at else "before"
    asker = "agent" if request.execution_id is None else "function"
    match request.status:
        case InputRequestStatus.PENDING:
            return
        case InputRequestStatus.CANCELLED if request.resolved_at is not None:
            raise Conflict(f"The {asker} withdrew this {when}, so it takes no answer any more.")
        case InputRequestStatus.CANCELLED:
            ended = "agent's session" if request.execution_id is None else "execution"
            raise Conflict(f"The {ended} has ended, so it takes no answer any more.")
        case InputRequestStatus.SUPERSEDED:
            raise Superseded(f"The {asker} asked something else instead of this {when}.")
        case InputRequestStatus.EXPIRED:
            raise Conflict(f"Its time was over {when}, before anybody had decided.")
    word = decision(request.kind, request.decided_as)
    who = request.resolved_by.email if request.resolved_by else "somebody"
    if request.resolved_by_system:
        who = by_itself(request)
    raise AlreadyResolved(f"This was already {word} by {who} {when}.")


def why_no_default(request: InputRequest) -> str:
    """Say why a default was not answered though the time is over; nothing if there was none."""
    if request.on_expire is not OnExpire.DEFAULT:
        return ""
    return " The default was not answered, because a rule says who decides on it."


def by_itself(request: InputRequest) -> str:
    """Say what decided a request that no person did: its deadline, or what one had granted."""
    if request.standing_approval_id is None:
        return "its deadline"
    approval = request.standing_approval
    if approval is None:
        return "a standing approval that is gone"
    who = approval.granted_by.email if approval.granted_by else "somebody who has left"
    return f"a standing approval that {who} granted"


def decision(kind: InputRequestKind, status: InputRequestStatus) -> str:
    """Say what somebody has done to a request; by whom follows."""
    is_approval = kind is InputRequestKind.APPROVAL
    match status:
        case InputRequestStatus.RESOLVED:
            return "approved" if is_approval else "answered"
        case InputRequestStatus.DECLINED:
            return "declined"
        case InputRequestStatus.CANCELLED:
            return "cancelled"
        case InputRequestStatus.EXPIRED:
            return "expired"
        case InputRequestStatus.SUPERSEDED:
            return "superseded"
        case InputRequestStatus.HELD:
            return "decided"
        case InputRequestStatus.PENDING:
            return "left open"
        case _:
            assert_never(status)


def decided_by(request: InputRequest, by: User | None) -> str:
    """Name who decided in a sentence, and whose deputy they were."""
    who = by.email if by else "Somebody who has left"
    if request.resolved_for_id is None:
        return who
    # a request that was read past the session knows nobody
    away = db.session.get(User, request.resolved_for_id)
    return f"{who} for {away.email}" if away else who


def edited_count(edited: list[str] | None) -> JSONObject:
    """Return what a history notes of changes: how many there are, for keys may be confidential."""
    return {} if edited is None else {"edited_count": len(edited)}


def with_edits(edited: list[str] | None) -> str:
    """Say how much was changed of a proposal, as the end of a sentence about the decision."""
    return with_edit_count(len(edited or ()))


def with_edit_count(count: int) -> str:
    """Say how much was changed of a proposal, as the end of a sentence about the decision."""
    if not count:
        return ""
    return ", with 1 field changed" if count == 1 else f", with {count:,} fields changed"
