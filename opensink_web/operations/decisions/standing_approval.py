"""Standing approvals: granted with a decision, and revoked by anybody who decides.

How one is used is in standing_use.py. Whoever grants locks who asked first, as whoever decides.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select

from opensink_web import clock
from opensink_web.errors import (
    Conflict,
    FieldError,
    InvalidInput,
    NotFound,
    PermissionMissing,
    Unavailable,
)
from opensink_web.json_value import JSONObject, dump
from opensink_web.models import (
    AuditAction,
    InputRequest,
    InputRequestStatus,
    Membership,
    StandingApproval,
    SubjectKind,
    User,
    Workspace,
    db,
)
from opensink_web.models.transaction import changed_after_commit
from opensink_web.operations.accounts.user import keep_account
from opensink_web.operations.audit.record import digest_of, record
from opensink_web.operations.decisions.asker import lock_asker, note
from opensink_web.operations.decisions.authority import check_is_not_forbidden
from opensink_web.operations.decisions.holding import take_effect
from opensink_web.operations.requests.digest import digest_of_request
from opensink_web.operations.requests.queries import find_input_request
from opensink_web.operations.requests.standing_approval import (
    ALIVE_MAX,
    IS_ALIVE,
    Asked,
    Fit,
    Terms,
)
from opensink_web.schema.limits import check_schema
from opensink_web.schema.standing import (
    condition_for,
    is_affirmed_by,
    is_closed,
    open_parts,
    takes_more,
)

USES_MAX = 1000
LASTS_MAX = timedelta(days=366)
CONDITION_LENGTH_MAX = 64 * 1024
NOTE_LENGTH_MAX = 500
_NOT_CLOSED = 'Rule out what the condition does not name, by "additionalProperties": false.'


class RevokedBecause(StrEnum):
    """Why something is revoked that nobody revoked by itself; it stands in the audit."""

    ROLE = "granter may not decide any more"
    LEAVING = "granter was shut out or left"


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody wants to allow: what is asked like a request that was decided.

    `same_words`: the title, message and links have to be the same too. Of a call they are ours, and
    are not compared.
    """

    request_id: UUID
    condition: JSONObject
    same_words: bool
    uses_max: int
    expires_at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class CheckedGrant:
    """A grant whose condition is sound and takes what was decided, on these terms."""

    grant: Grant
    terms: Terms


def why_not(request: InputRequest, question: Asked) -> str | None:
    """Say in a sentence why the same cannot be allowed again; None where it can."""
    if request.decided_as is not InputRequestStatus.RESOLVED or request.response is None:
        return "Only what was approved can be allowed again."
    if request.resolved_by_id is None:
        return "Only what a person approved can be allowed again."
    if question.is_for_several:
        return "Several people decide on this together, each time."
    if question.affirmation is None:
        return "There was something to fill in or to choose, which a person does each time."
    if not is_affirmed_by(question.affirmation, request.response):
        return "It was not approved as it was proposed, so there is no proposal to allow again."
    if condition_for(question.schema, question.affirmation.value) is None:
        return "All of what was proposed is secret."
    return None


def check_grant(workspace: Workspace, grant: Grant) -> CheckedGrant:
    """Check what is to be allowed. Takes its time: call it outside a transaction that writes.

    Raises: NotFound; Conflict, saying why it cannot be; InvalidInput.
    """
    request = find_input_request(workspace, grant.request_id)
    question = Asked.of(request)
    if reason := why_not(request, question):
        raise Conflict(reason)
    terms = terms_of(question, grant.condition, same_words=grant.same_words)
    errors = [*_errors_in_bounds(grant), *errors_in_condition(question, terms)]
    if errors:
        raise InvalidInput(errors[0].message, errors=tuple(errors))
    return CheckedGrant(grant, terms)


def terms_of(question: Asked, condition: JSONObject, *, same_words: bool) -> Terms:
    """Return on which terms the same is allowed again.

    Where a question says no more than yes or no, its words are all there is, and have to be the
    same.
    """
    is_bare = question.affirmation is None or not question.affirmation.has_facts
    wording = question.wording if same_words or is_bare else None
    return Terms(question.is_call, question.shape, wording, condition)


def _errors_in_bounds(grant: Grant) -> list[FieldError]:
    moment, errors = clock.now(), []
    if not 1 <= grant.uses_max <= USES_MAX:
        errors.append(FieldError("/uses_max", f"This is a whole number from 1 to {USES_MAX:,}."))
    if not moment < grant.expires_at <= moment + LASTS_MAX:
        message = "This must be a moment in the future, and no more than a year from now."
        errors.append(FieldError("/expires_at", message))
    if len(grant.note) > NOTE_LENGTH_MAX:
        errors.append(FieldError("/note", f"Use at most {NOTE_LENGTH_MAX} characters."))
    return errors


def errors_in_condition(question: Asked, terms: Terms) -> list[FieldError]:
    """Say what is wrong with a condition; it may at least not refuse what was decided."""
    if len(dump(terms.condition)) > CONDITION_LENGTH_MAX:
        message = f"A condition has at most {CONDITION_LENGTH_MAX // 1024} KB."
        return [FieldError("/condition", message)]
    try:
        check_schema(terms.condition)
    except InvalidInput as error:
        return list(error.below("/condition").errors)
    if not is_closed(terms.condition):
        return [FieldError("/condition", _NOT_CLOSED)]
    for pointer in open_parts(terms.condition):
        message = 'Say whether this takes properties that it does not name: "additionalProperties".'
        return [FieldError(f"/condition{pointer}", message)]
    if question.affirmation is None or question.fit(terms) is not Fit.HOLDS:
        message = "This does not even take what was approved here."
        return [FieldError("/condition", message)]
    try:
        is_open = takes_more(terms.condition, question.affirmation.value)
    except Unavailable as error:
        return [FieldError("/condition", str(error))]
    return [FieldError("/condition", _NOT_CLOSED)] if is_open else []


def grant(workspace: Workspace, checked: CheckedGrant, *, by: User) -> StandingApproval:
    """Let the same be approved again without a person, from now on.

    A decision of one's own that could be undone takes effect with that. Raises: PermissionMissing
    for who was shut out meanwhile; NotFound; RequesterForbidden; Conflict, saying why it cannot be.
    """
    bounds = checked.grant
    keep_account(by.id)
    # what was read before the lock may be older than a deactivation, of the account too
    has_account = db.session.scalar(select(User.is_active).where(User.id == by.id))
    member = db.session.get(Membership, (by.id, workspace.id), populate_existing=True)
    if not has_account or member is None or not member.is_active:
        raise PermissionMissing("You are not active in this workspace any more.")
    locked = lock_asker(workspace.id, bounds.request_id)
    # what was read with the lock may be older than the lock
    request = db.session.get_one(InputRequest, bounds.request_id, populate_existing=True)
    if request.status is InputRequestStatus.HELD:
        if request.resolved_by_id != by.id:
            raise Conflict("Whoever decided this can undo it still. Try again in a moment.")
        take_effect(request.id)
    if reason := why_not(request, Asked.of(request)):
        raise Conflict(reason)
    check_is_not_forbidden(request, by)
    function_id = request.execution.function_id if request.execution else None
    if request.agent_id is None and function_id is None:
        raise Conflict("What asked this was deleted, so it asks nothing again.")
    _check_count(request, function_id)
    approval = StandingApproval(
        workspace_id=workspace.id,
        granted_by_id=by.id,
        from_request_id=request.id,
        seen_digest=digest_of_request(request),
        agent_id=request.agent_id,
        function_id=function_id,
        key=request.key,
        is_for_calls=checked.terms.is_for_calls,
        shape=checked.terms.shape,
        wording=checked.terms.wording,
        uses_max=bounds.uses_max,
        expires_at=bounds.expires_at,
    )
    approval.condition = checked.terms.condition
    approval.note = bounds.note.strip()
    db.session.add(approval)
    db.session.flush()
    details: JSONObject = {
        "request": str(request.id),
        "seen_digest": approval.seen_digest,
        "condition_digest": digest_of(dump(approval.condition)),
        "same_words": approval.wording is not None,
        "uses_max": approval.uses_max,
        "expires_at": approval.expires_at.isoformat(),
    }
    _record(AuditAction.STANDING_APPROVAL_GRANTED, approval, details, by)
    times = "once" if approval.uses_max == 1 else f"{approval.uses_max:,} times"
    until = f"{approval.expires_at:%Y-%m-%d %H:%M} UTC"
    note(locked, f"{by.email} allowed the same again, at most {times}, until {until}.")
    changed_after_commit(workspace.id)
    return approval


def _check_count(request: InputRequest, function_id: UUID | None) -> None:
    """Raises: Conflict."""
    of_whom = (
        StandingApproval.agent_id == request.agent_id
        if request.agent_id is not None
        else StandingApproval.function_id == function_id
    )
    query = select(func.count()).where(of_whom, StandingApproval.key == request.key, *IS_ALIVE)
    if (db.session.scalar(query, {"moment": clock.now()}) or 0) >= ALIVE_MAX:
        message = f"There are {ALIVE_MAX} standing approvals for this key already. Revoke some."
        raise Conflict(message)


def revoke(workspace: Workspace, approval_id: UUID, *, by: User) -> StandingApproval:
    """Let it hold for nothing more, from the moment in which this is stored.

    One that is revoked already is left as it is. Raises: NotFound.
    """
    query = (
        select(StandingApproval)
        .where(StandingApproval.id == approval_id, StandingApproval.workspace_id == workspace.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    approval = db.session.scalars(query).one_or_none()
    if approval is None:
        raise NotFound("There is no such standing approval.")
    _revoke(approval, by)
    return approval


def revoke_all(
    locked: Iterable[StandingApproval], *, by: User | None, because: RevokedBecause
) -> int:
    """Let those hold for nothing more that whoever calls has locked; return how many."""
    return sum(_revoke(each, by, because) for each in locked)


def _revoke(
    approval: StandingApproval, by: User | None, because: RevokedBecause | None = None
) -> bool:
    if approval.revoked_at is not None:
        return False
    approval.revoked_at = clock.now()
    approval.revoked_by_id = by.id if by else None
    db.session.flush()
    details: JSONObject = {"uses_count": approval.uses_count}
    if because is not None:
        details["because"] = because.value
    _record(AuditAction.STANDING_APPROVAL_REVOKED, approval, details, by)
    changed_after_commit(approval.workspace_id)
    return True


def _record(
    action: AuditAction, approval: StandingApproval, details: JSONObject, by: User | None
) -> None:
    record(
        action,
        approval.workspace_id,
        SubjectKind.STANDING_APPROVAL,
        approval.id,
        details,
        by=by,
    )
