"""Who may decide on a request: asked in one place, by which every decision of a person passes.

It is asked once the decision is written and before anything follows from it. What is refused is
rolled back; until then the row is locked by what was written, so nothing that is looked at here can
change any more. (Who may decide in a workspace at all is permission.py's.)

What was said when it was asked can never change: whoever draws a page asks `is_forbidden_to`, so
that nobody fills in what would be refused.
"""

from dataclasses import dataclass
from uuid import UUID

from opensink_web.errors import Conflict, NotInStep, RequesterForbidden
from opensink_web.models import InputRequest, User
from opensink_web.operations.accounts.deputy import stands_for
from opensink_web.operations.requests.claim import claims_of_ids
from opensink_web.operations.requests.policy import Frozen
from opensink_web.operations.requests.step import StepState, is_decided_by_alone, step_now


@dataclass(frozen=True, slots=True)
class Written:
    """A decision that was just written; `holder_id` is who had taken the request on by then."""

    request: InputRequest
    by: User
    holder_id: UUID | None


def check_may_decide(written: Written) -> None:
    """Raises: RequesterForbidden; Conflict, where somebody else has taken it on, saying who."""
    check_is_not_forbidden(written.request, written.by)
    if written.holder_id not in {None, written.by.id}:
        raise refusal_of(written.request.id)


def is_forbidden_to(request: InputRequest, user_id: UUID) -> bool:
    """Return True if somebody may not decide because it was asked for them, or an earlier revision
    was: else they would decide on their own request once somebody else has revised it.
    """
    return request.forbid_requester and user_id in request.asked_by_ids


def check_is_not_forbidden(request: InputRequest, by: User) -> None:
    """Raises: RequesterForbidden; NotInStep."""
    if is_forbidden_to(request, by.id):
        raise RequesterForbidden(_why_forbidden(request, by.id))
    if request.steps is not None and (why := why_not_in_step(request, step_now(request), by.id)):
        raise NotInStep(why)


def _why_forbidden(request: InputRequest, user_id: UUID) -> str:
    what = "this yourself" if user_id == request.requested_by_id else "an earlier revision of this"
    return f"You asked for {what}, and whoever asked may not decide on it. Somebody else has to."


def why_not_decided_by(request: InputRequest, step: StepState | None, user_id: UUID) -> str:
    """Say why somebody may not decide on a request that waits in a step; nothing if they may."""
    if is_forbidden_to(request, user_id):
        return _why_forbidden(request, user_id)
    return why_not_in_step(request, step, user_id)


def why_not_in_step(request: InputRequest, step: StepState | None, by_id: UUID) -> str:
    """Say why somebody may not decide in the step in which a request waits; nothing if they may."""
    if step is None or step.allows(by_id, stands_for(request.workspace_id, by_id)):
        return ""
    if by_id in step.earlier:
        return (
            "You decided in an earlier step, or your deputy did, so others decide now:"
            f" {step.words}."
        )
    return f"A rule says who decides this now: {step.words}. You are not among them."


def asks_others(request: InputRequest, rule: Frozen, by: User) -> bool:
    """Return True if a rule that holds for an answer, and not for what was proposed, has others
    decide than `by` alone.
    """
    away = stands_for(request.workspace_id, by.id)
    return not is_decided_by_alone(request, rule.steps, by.id, away)


def refusal_of(request_id: UUID) -> Conflict:
    """Say who has a request, and what can be done."""
    claim = claims_of_ids([request_id]).get(request_id)
    if claim is None:  # it lapsed in this moment
        return Conflict("Somebody else had this until now. Try again.")
    until = f"{claim.lapses_at:%Y-%m-%d %H:%M:%S} UTC"
    return Conflict(
        f"{claim.user.email} has claimed this, until {until} unless they go on with it. To decide"
        " instead of them, take it over first."
    )
